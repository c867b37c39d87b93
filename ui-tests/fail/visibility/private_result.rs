//! A public workflow whose result is a private type.

use durably::prelude::*;

#[durably::data]
struct Receipt(u64);

#[derive(Default)]
pub struct Order;

#[workflow]
impl Order {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx) -> Result<Receipt> {
        ctx.sleep(secs(1)).await?;
        Ok(Receipt(1))
    }
}

fn main() {}
