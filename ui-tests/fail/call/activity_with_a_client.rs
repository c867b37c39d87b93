//! An activity called with a client.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

async fn go(client: &Client) -> Result<String> {
    Ok(greet::call(client, "Bob").await?)
}

fn main() {}
