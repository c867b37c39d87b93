//! An `.await` in a signal that is not `async`.

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
    fn submit(&mut self, ctx: &Ctx) {
        let _ = ctx.sleep(secs(1)).await;
    }
}

fn main() {}
