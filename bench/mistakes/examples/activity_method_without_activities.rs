//! An activity method outside an `#[activities]` block.
use bench_mistakes::*;

pub struct Shop;

impl Shop {
    #[activity]
    pub async fn pay(_ctx: ActivityContext) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
