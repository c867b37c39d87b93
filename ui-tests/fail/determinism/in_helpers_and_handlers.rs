//! Nondeterminism in a helper and in a handler.

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
    fn submit(&mut self) {
        self.n = std::process::id() as usize;
    }

    fn helper(&self) -> std::time::Instant {
        std::time::Instant::now()
    }
}

fn main() {}
