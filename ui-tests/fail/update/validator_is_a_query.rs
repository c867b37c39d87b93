//! A query as a validator.

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

    #[update(validator = check)]
    fn add(&mut self, n: usize) {
        self.n += n;
    }

    #[query]
    fn check(&self, n: usize) -> bool {
        n > self.n
    }
}

fn main() {}
