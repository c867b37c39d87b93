//! An argument that cannot travel.
use bench_mistakes::*;

pub struct Money;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet(_ctx: ActivityContext, amount: Money) -> Result<String, ActivityError> {
        drop(amount);
        Ok(String::new())
    }
}

fn main() {}
