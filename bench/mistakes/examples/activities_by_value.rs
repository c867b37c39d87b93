//! An activity that takes `self` by value.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn save(self, _ctx: ActivityContext, row: String) -> Result<(), ActivityError> {
        drop(row);
        Ok(())
    }
}

fn main() {}
