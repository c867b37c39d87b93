//! A validator that returns a value.

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

    fn check(&self, n: &usize) -> Result<bool, String> {
        Ok(*n > 0)
    }
}

fn main() {}
