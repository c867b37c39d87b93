//! Nondeterminism permitted without a reason.

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
        #[allow_nondeterminism]
        let started = std::time::Instant::now();
        ctx.sleep(secs(1)).await?;
        drop(started);
        Ok(())
    }
}

fn main() {}
