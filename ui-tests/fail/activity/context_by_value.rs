//! An activity that takes its context by value.

use durably::prelude::*;

#[activity]
async fn greet(ctx: ActivityCtx, name: String) -> String {
    format!("{name} {}", ctx.attempt())
}

fn main() {}
