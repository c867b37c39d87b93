//! A condition of `wait_until` that changes the state.

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
        ctx.wait_until(|| {
            self.n += 1;
            true
        })
        .await?;
        Ok(())
    }
}

fn main() {}
