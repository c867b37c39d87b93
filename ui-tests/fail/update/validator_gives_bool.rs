//! A validator that returns a `bool`.

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

    #[update(validator = check)]
    fn add(&mut self, n: usize, why: String) -> usize {
        drop(why);
        self.n += n;
        self.n
    }

    fn check(&self, n: &usize, why: &str) -> bool {
        *n > 0 && !why.is_empty()
    }
}

fn main() {}
