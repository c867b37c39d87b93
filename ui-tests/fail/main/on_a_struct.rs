//! `#[durably::main]` on a struct.

#[durably::main]
struct Main;

fn main() {}
