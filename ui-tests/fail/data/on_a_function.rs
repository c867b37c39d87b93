//! `#[durably::data]` on a function.

#[durably::data]
fn order() {}

fn main() {}
