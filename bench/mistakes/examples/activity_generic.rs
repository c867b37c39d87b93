//! A generic activity.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet<T: ToString>(
        _ctx: ActivityContext,
        name: T,
    ) -> Result<String, ActivityError> {
        Ok(name.to_string())
    }
}

fn main() {}
