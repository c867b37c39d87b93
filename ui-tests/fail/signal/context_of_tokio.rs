//! A signal that asks for a handle of tokio.

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

    #[signal]
    async fn submit(&mut self, _runtime: &tokio::runtime::Handle) {}
}

fn main() {}
