//! A query that returns `impl Trait`.

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
    fn all(&self) -> impl Iterator<Item = String> {
        self.names.clone().into_iter()
    }
}

fn main() {}
