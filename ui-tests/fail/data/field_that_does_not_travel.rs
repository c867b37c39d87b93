struct Money;

#[durably::data]
struct Order {
    price: Money,
}

fn main() {}
