//! A payload type with a `&'static str`.

#[durably::data]
struct Order {
    item: &'static str,
}

fn main() {}
