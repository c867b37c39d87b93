//! A condition bound to a variable first.

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
        let done = || self.n > 0;
        ctx.wait_until(done).await?;
        Ok(())
    }
}

fn main() {}
