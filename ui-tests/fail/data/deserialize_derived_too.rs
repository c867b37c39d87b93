//! `Deserialize` derived beside `#[durably::data]`.

#[durably::data]
#[derive(Clone, serde::Deserialize)]
struct Order {
    id: u64,
}

fn main() {}
