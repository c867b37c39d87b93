//! A handler named like a function that `#[workflow]` generates.

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

    #[signal]
    fn start(&mut self) {}

    fn child(&self) -> usize {
        self.n
    }
}

fn main() {}
