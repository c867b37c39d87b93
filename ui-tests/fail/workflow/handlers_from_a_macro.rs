//! Handlers that a macro writes into the block.

use durably::prelude::*;

macro_rules! handlers {
    () => {
        #[signal]
        fn submit(&mut self) {}
    };
}

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

    handlers!();
}

fn main() {}
