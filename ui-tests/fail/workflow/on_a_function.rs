//! `#[workflow]` on a function.

use durably::prelude::*;

#[workflow]
async fn greeting(ctx: &Ctx) -> Result<()> {
    ctx.sleep(secs(1)).await?;
    Ok(())
}

fn main() {}
