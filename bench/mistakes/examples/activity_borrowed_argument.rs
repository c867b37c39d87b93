//! An activity with a borrowed argument.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet(_ctx: ActivityContext, name: &str) -> Result<String, ActivityError> {
        Ok(name.into())
    }
}

fn main() {}
