//! A query that awaits a method of the workflow.

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
    fn count(&self) -> usize {
        self.counted().await
    }

    async fn counted(&self) -> usize {
        self.n
    }
}

fn main() {}
