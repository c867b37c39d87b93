//! A client that is constructed instead of connected.

use durably::prelude::*;

async fn go() -> Result<()> {
    let client = Client::new("localhost:7233").await?;
    println!("{}", client.namespace());
    Ok(())
}

fn main() {}
