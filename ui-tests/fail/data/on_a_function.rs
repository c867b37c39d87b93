#[durably::data]
fn order() {}

fn main() {}
