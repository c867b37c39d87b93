//! A result of another type.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.sleep(secs(1)).await?;
        Ok(self.n)
    }
}

fn main() {}
