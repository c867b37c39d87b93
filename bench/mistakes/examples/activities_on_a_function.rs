//! `#[activities]` on a function.
use bench_mistakes::*;

#[activities]
pub async fn save(_ctx: ActivityContext) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
