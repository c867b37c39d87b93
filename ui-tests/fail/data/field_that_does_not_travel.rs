//! A payload type with a field that is not serialisable.

struct Money;

#[durably::data]
struct Order {
    price: Money,
}

fn main() {}
