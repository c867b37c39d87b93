#[durably::main]
struct Main;

fn main() {}
