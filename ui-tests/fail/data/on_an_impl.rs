//! `#[durably::data]` on an impl block.

struct Order;

#[durably::data]
impl Order {}

fn main() {}
