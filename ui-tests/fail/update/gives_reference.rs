//! An async update that returns a reference.

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

    #[update]
    async fn first(&mut self, ctx: &Ctx) -> &str {
        "Bob"
    }
}

fn main() {}
