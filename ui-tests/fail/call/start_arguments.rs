//! A workflow started without one of its arguments.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, greeting: String, times: u32) -> Result<()> {
        ctx.sleep(secs(times.into())).await?;
        self.names.push(greeting);
        Ok(())
    }
}

pub async fn client(client: &Client) -> Result<()> {
    Greeting::start(client, "Hello").task_queue("q").await?;
    Ok(())
}

fn main() {}
