//! A validator whose view comes last.

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

    fn check(&self, _n: &usize, _view: &View) -> Result<(), String> {
        Ok(())
    }
}

fn main() {}
