//! An activity that is implemented elsewhere, with a body.
use bench_mistakes::*;

pub struct Shop;

#[activity_definitions]
impl Shop {
    #[activity]
    pub async fn greet(name: String) -> Result<String, ActivityError> {
        Ok(name)
    }
}

fn main() {}
