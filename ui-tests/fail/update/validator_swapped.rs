//! A validator with its arguments in another order.

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
    fn add(&mut self, n: usize, _why: String) {
        self.n += n;
    }

    fn check(&self, _why: &str, _n: &usize) -> Result<(), String> {
        Ok(())
    }
}

fn main() {}
