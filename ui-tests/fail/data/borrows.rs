#[durably::data]
struct Order<'a> {
    id: &'a str,
}

fn main() {}
