//! A workflow registered by its name without a turbofish, as in the Python SDK.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<Vec<String>> {
        ctx.wait_until(|| !self.names.is_empty()).await?;
        self.names.push(greeting);
        Ok(self.names.clone())
    }

    #[signal]
    fn submit(&mut self, name: String) {
        self.names.push(name);
    }
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "q").workflow(Greeting)
}

fn main() {}
