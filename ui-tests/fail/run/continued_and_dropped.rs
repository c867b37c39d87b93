//! The next run made and not returned.
#![deny(unused_must_use)]

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
#[run]
async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<()> {
    ctx.sleep(secs(1)).await?;
    Self::continue_as_new(n + 1);
    Ok(())
}
}

fn main() {}
