//! A query with an argument by reference.

use durably::prelude::*;

#[durably::data]
struct Filter {
    prefix: String,
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
        ctx.sleep(secs(1)).await?;
        Ok(())
    }

    #[query]
    fn count(&self, _filter: &Filter) -> usize {
        self.n
    }
}

fn main() {}
