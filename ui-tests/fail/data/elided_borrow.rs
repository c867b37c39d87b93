//! A payload type with a borrowed field.

#[durably::data]
struct Order {
    item: &str,
}

fn main() {}
