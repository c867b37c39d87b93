//! A workflow started without a task queue.

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

pub async fn client(client: &Client) -> Result<()> {
    let handle = Greeting::start(client).id("x").await?;
    drop(handle);
    Ok(())
}

fn main() {}
