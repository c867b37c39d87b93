//! A client's handle made inside a workflow.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Greeting::handle(ctx, "other").submit("Bob").await?;
        Ok(())
    }

    #[signal]
    fn submit(&mut self, name: String) {
        self.names.push(name);
    }
}

fn main() {}
