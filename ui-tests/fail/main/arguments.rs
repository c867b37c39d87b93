//! A `main` with arguments.

#[durably::main]
async fn main(arguments: Vec<String>) {}
