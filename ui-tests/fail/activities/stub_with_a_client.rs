//! A stub made with a client.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    #[activity(start_to_close = "10s")]
    async fn pay(&self, cents: u64) -> u64 {
        cents
    }
}

async fn place(client: &Client) -> Result<u64> {
    Ok(Shop::stub(client).pay(1).await?)
}

fn main() {}
