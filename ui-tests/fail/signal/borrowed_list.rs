//! A signal with a slice argument.

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
    fn submit(&mut self, ctx: &Ctx, names: &[String]) {
        let _ = ctx;
        self.names.extend_from_slice(names);
    }
}

fn main() {}
