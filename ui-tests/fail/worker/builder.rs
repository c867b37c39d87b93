//! A builder of workers, as other SDKs have it.

use durably::prelude::*;

async fn go(client: &Client) -> Result<()> {
    Worker::builder().task_queue("q").run().await
}

fn main() {}
