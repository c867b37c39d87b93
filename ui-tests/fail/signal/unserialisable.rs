//! A signal argument that is not serialisable.

use durably::prelude::*;

struct Money {
    cents: usize,
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

    #[signal]
    fn pay(&mut self, amount: Money) {
        self.n += amount.cents;
    }
}

fn main() {}
