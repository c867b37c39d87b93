//! An option of serde given to `#[durably::data]`.

#[durably::data(rename_all = "camelCase")]
struct Order {
    id: String,
}

fn main() {}
