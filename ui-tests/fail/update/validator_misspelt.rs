//! A misspelt validator.

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

    #[update(validator = chek_add)]
    fn add(&mut self, n: usize) {
        self.n += n;
    }

    fn check_add(&self, _n: &usize) -> Result<(), String> {
        Ok(())
    }
}

fn main() {}
