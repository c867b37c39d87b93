//! `#[data]` without its crate.

#[data]
struct Order {
    price: u64,
}

fn main() {}
