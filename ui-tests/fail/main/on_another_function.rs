//! `#[durably::main]` on another function than `main`.

#[durably::main]
async fn worker(queue: String) {}

fn main() {}
