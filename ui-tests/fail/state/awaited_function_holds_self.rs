//! A function that holds `self` across its awaits.

use durably::prelude::*;

async fn note(state: &mut Greeting, ctx: &Ctx) -> Result<()> {
    ctx.sleep(secs(1)).await?;
    state.n += 1;
    Ok(())
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
        note(self, ctx).await?;
        Ok(())
    }
}

fn main() {}
