//! A wait as the condition of an `if`.

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
        if ctx.wait_until(|| self.n > 0).await? {
            self.n = 1;
        }
        Ok(())
    }
}

fn main() {}
