//! A `#[run]` with a refused argument, started elsewhere.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, name: &str) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        self.names.push(name.to_owned());
        Ok(())
    }
}

pub async fn begin(client: &Client) -> Result<()> {
    Greeting::start(client, "Ada").id("greeting").task_queue("q").await?;
    Ok(())
}

fn main() {}
