//! Several mistakes in one workflow.

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

    #[query]
    async fn names(&mut self) -> Vec<String> {
        self.names.clone()
    }

    #[signal]
    fn submit(&mut self, name: &str) -> usize {
        name.len()
    }

    #[update(valdator = check)]
    fn add(&mut self) -> usize {
        self.n
    }
}

fn main() {}
