//! An option that activities do not have.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity(validator = check)]
    pub async fn greet(_ctx: ActivityContext, name: String) -> Result<String, ActivityError> {
        Ok(name)
    }
}

fn main() {}
