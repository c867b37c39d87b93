//! An activity that takes `&mut self`.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn save(&mut self, _ctx: ActivityContext, row: String) -> Result<(), ActivityError> {
        drop(row);
        Ok(())
    }
}

fn main() {}
