//! An activity called through a stub without a timeout.

use durably::prelude::*;

#[derive(Default)]
struct Shop;

#[activities]
impl Shop {
    #[activity]
    async fn save(&self) {}
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
        Shop::stub(ctx).save().await?;
        Ok(())
    }
}

fn main() {}
