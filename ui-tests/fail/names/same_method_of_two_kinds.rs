//! A signal and a query of one Rust name.

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
    fn count(&mut self) {
        self.n += 1;
    }

    #[query]
    fn count(&self) -> usize {
        self.n
    }
}

fn main() {}
