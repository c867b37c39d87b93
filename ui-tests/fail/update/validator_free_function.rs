//! A function outside of the block as a validator.

use durably::prelude::*;

fn check(_n: &usize) -> Result<(), String> {
    Ok(())
}

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
}

fn main() {}
