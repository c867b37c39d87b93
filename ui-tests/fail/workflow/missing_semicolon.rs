//! A missing semicolon in the body of a workflow.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<usize> {
        self.pause(ctx).await?
        Ok(self.names.len())
    }

    async fn pause(&self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }

    #[signal]
    fn submit(&mut self, name: String) {
        self.names.push(name);
    }
}

async fn client(client: &Client) -> Result<usize> {
    let greeting = Greeting::start(client).task_queue("q").await?;
    greeting.submit("Bob").await?;
    Ok(greeting.result().await?)
}

fn main() {}
