//! A `#[run]` whose signature is half typed, started elsewhere.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, name: ) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

pub async fn begin(client: &Client) -> Result<()> {
    Greeting::start(client, "Ada").id("greeting").task_queue("q").await?;
    Ok(())
}

fn main() {}
