//! A local variable named `self_`.

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
        let self_ = 1;
        ctx.sleep(secs(self_)).await?;
        Ok(())
    }
}

fn main() {}
