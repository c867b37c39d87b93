//! A list of what is not serialisable.

use durably::prelude::*;

struct Money {
    cents: u64,
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
    fn pay(&mut self, amounts: Vec<Money>) {
        self.n += amounts.len();
    }
}

fn main() {}
