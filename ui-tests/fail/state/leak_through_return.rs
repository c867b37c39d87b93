//! An async helper that returns a reference into the state.

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

    async fn first(&self, ctx: &Ctx) -> &String {
        ctx.sleep(secs(1)).await.ok();
        &self.names[0]
    }
}

fn main() {}
