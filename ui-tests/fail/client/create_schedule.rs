//! `create_schedule`, as other SDKs have it

use durably::prelude::*;

pub async fn nightly(client: &Client) -> Result<()> {
    client.create_schedule("nightly", "0 7 * * *").await?;
    Ok(())
}

fn main() {}
