//! A condition that is a call.

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
        ctx.wait_until(self.names.is_empty()).await?;
        Ok(())
    }
}

fn main() {}
