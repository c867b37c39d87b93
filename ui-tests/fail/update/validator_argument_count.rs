//! A validator with other arguments than its update.

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
    fn add(&mut self, n: usize, why: String) -> usize {
        drop(why);
        self.n += n;
        self.n
    }

    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

fn main() {}
