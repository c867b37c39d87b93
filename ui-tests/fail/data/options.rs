#[durably::data(rename_all = "camelCase")]
struct Order {
    id: String,
}

fn main() {}
