//! A validator whose error is not `Display`.

use durably::prelude::*;

#[derive(Debug)]
struct TooMany;

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

    fn check(&self, _n: &usize) -> Result<(), TooMany> {
        Ok(())
    }
}

fn main() {}
