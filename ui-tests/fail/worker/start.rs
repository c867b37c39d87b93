//! A worker that is started, as in other SDKs.

use durably::prelude::*;

async fn go(client: &Client) -> Result<()> {
    Worker::new(client, "q").start().await
}

fn main() {}
