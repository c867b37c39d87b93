//! An activity whose error is a text.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet(_ctx: ActivityContext, name: String) -> Result<String, String> {
        Ok(name)
    }
}

fn main() {}
