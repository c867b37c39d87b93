//! An activity that takes its context by `&mut`.

use durably::prelude::*;

#[activity]
async fn greet(ctx: &mut ActivityCtx, name: String) -> String {
    format!("{name} {}", ctx.attempt())
}

fn main() {}
