//! A signal with a reference to a payload type as its first argument.

use durably::prelude::*;

#[durably::data]
struct Order {
    items: usize,
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
    fn submit(&mut self, order: &Order) {
        self.n += order.items;
    }
}

fn main() {}
