//! A misspelt or unknown option.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity(start_to_close_timeout = "10s")]
    pub async fn greet(_ctx: ActivityContext, name: String) -> Result<String, ActivityError> {
        Ok(name)
    }
}

fn main() {}
