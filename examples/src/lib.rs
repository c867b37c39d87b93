//! Programs are in `examples/`.
