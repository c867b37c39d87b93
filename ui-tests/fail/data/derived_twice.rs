//! A payload type that derives `Serialize` a second time.

#[durably::data]
#[derive(serde::Serialize)]
struct Order {
    id: String,
}

fn main() {}
