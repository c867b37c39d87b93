//! An option of `#[durably::main]` without its key.

#[durably::main("multi_thread")]
async fn main() {}
