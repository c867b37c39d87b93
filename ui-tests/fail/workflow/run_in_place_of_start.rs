//! `Greeting::run` with a client.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

pub async fn begin(client: &Client) -> Result<()> {
    Greeting::run(client).await
}

fn main() {}
