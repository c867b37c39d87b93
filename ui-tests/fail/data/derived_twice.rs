#[durably::data]
#[derive(serde::Serialize)]
struct Order {
    id: String,
}

fn main() {}
