//! A workflow that queries another one.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<usize> {
        let other = Greeting::external(ctx, "other");
        Ok(other.number().await?)
    }

    #[query]
    fn number(&self) -> usize {
        self.n
    }
}

fn main() {}
