//! A signal in an `#[activities]` block.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn save(self: Arc<Self>, _ctx: ActivityContext) -> Result<(), ActivityError> {
        Ok(())
    }

    #[signal]
    pub fn stop(&mut self) {}
}

fn main() {}
