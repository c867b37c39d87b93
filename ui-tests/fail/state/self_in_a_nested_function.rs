//! `self` in a function inside of a body.

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
        fn inner() -> usize {
            self.n
        }
        ctx.sleep(secs(inner() as u64)).await?;
        Ok(())
    }
}

fn main() {}
