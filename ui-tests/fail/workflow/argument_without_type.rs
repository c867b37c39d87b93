//! An argument of a handler whose type is not written yet.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<usize> {
        ctx.wait_until(|| !self.names.is_empty()).await?;
        Ok(self.names.len())
    }

    #[signal]
    fn submit(&mut self, name: ) {
        self.names.push(name);
    }

    #[query]
    fn count(&self) -> usize {
        self.names.len()
    }
}

async fn client(client: &Client) -> Result<usize> {
    let greeting = Greeting::start(client).task_queue("q").await?;
    Ok(greeting.count().await?)
}

fn main() {}
