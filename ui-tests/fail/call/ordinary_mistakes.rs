//! Ordinary mistakes in the body of a workflow.

use durably::prelude::*;

#[activity]
async fn greet(name: String) -> String {
    name
}

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<usize> {
        self.nmaes.push("x".into());
        self.n = greet::call(ctx, "Bob").start_to_close(secs(1)).await?;
        let total: u32 = ctx.sleep(secs(1)).await?;
        self.names.push(3);
        Ok(self.names)
    }
}

fn main() {}
