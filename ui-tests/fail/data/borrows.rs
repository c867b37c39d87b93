//! A payload type that borrows.

#[durably::data]
struct Order<'a> {
    id: &'a str,
}

fn main() {}
