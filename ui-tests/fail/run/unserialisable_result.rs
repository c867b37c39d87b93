//! A run whose result is not serialisable.

use durably::prelude::*;

struct Money;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Money> {
        ctx.sleep(secs(1)).await?;
        Ok(Money)
    }
}

fn main() {}
