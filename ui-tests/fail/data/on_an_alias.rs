//! `#[durably::data]` on a type alias.

#[durably::data]
type Order = (String, u64);

fn main() {}
