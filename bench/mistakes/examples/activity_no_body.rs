//! An activity without a body.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn ocr(_ctx: ActivityContext, url: String) -> Result<String, ActivityError>;
}

fn main() {}
