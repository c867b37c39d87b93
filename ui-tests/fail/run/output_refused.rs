//! A `#[run]` that gives an opaque type, started elsewhere.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<impl Send> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

pub async fn begin(client: &Client) -> Result<()> {
    Greeting::start(client).id("greeting").task_queue("q").await?;
    Ok(())
}

fn main() {}
