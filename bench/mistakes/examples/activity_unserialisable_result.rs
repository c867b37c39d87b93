//! A result that cannot travel.
use bench_mistakes::*;

pub struct Money;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet(_ctx: ActivityContext, name: String) -> Result<Money, ActivityError> {
        drop(name);
        Ok(Money)
    }
}

fn main() {}
