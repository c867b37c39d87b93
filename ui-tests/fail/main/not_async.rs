//! `#[durably::main]` on a `main` that is not `async`.

#[durably::main]
fn main() {}
