//! The next run returned without `.into()`.

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
        Self::continue_as_new(n + 1)
    }
}

fn main() {}
