//! A named lifetime of `self`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run<'a>(&'a mut self, ctx: &'a Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
