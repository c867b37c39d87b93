//! An async method of a field.

use durably::prelude::*;

#[derive(Default)]
struct Cart {
    items: u32,
}

impl Cart {
    async fn fill(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        self.items += 1;
        Ok(())
    }
}

#[derive(Default)]
struct Shopping {
    cart: Cart,
}

#[workflow]
impl Shopping {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        self.cart.fill(ctx).await?;
        Ok(())
    }
}

fn main() {}
