//! `durably::data` written as a derive.

#[derive(durably::data)]
struct Order {
    id: u64,
}

fn main() {}
