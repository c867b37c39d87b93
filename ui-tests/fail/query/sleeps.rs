//! A query that sleeps.

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
    fn count(&self, view: &View) -> usize {
        view.sleep(secs(1));
        self.n
    }
}

fn main() {}
