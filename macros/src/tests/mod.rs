//! What the macros make of code, right and wrong.
