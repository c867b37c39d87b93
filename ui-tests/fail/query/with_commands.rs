//! A query that takes a `&Ctx`.

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

    #[query]
    fn names(&self, ctx: &Ctx) -> Vec<String> {
        let _ = ctx;
        self.names.clone()
    }
}

fn main() {}
