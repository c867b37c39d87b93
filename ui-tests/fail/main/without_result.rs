//! `?` in a `main` without a result.

use durably::prelude::*;

#[durably::main]
async fn main() {
    let client = Client::connect("localhost:7233").await?;
    println!("{}", client.namespace());
}
