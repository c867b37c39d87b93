//! A validator that is `async`.

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

    async fn check(&self, n: &usize, why: &str) -> Result<(), String> {
        Err(format!("{n} {why}"))
    }
}

fn main() {}
