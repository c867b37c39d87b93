//! A query that returns a type named like a `Result`.

use durably::prelude::*;

#[durably::data]
struct SearchResult {
    hits: u64,
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
    fn find(&self) -> SearchResult {
        SearchResult { hits: 1 }
    }
}

fn main() {}
