#[durably::main]
fn main() {}
