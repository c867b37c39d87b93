//! An activity's context in the last place.

use durably::prelude::*;

#[activity]
async fn greet(name: String, ctx: &ActivityCtx) -> String {
    format!("{name} {}", ctx.attempt())
}

fn main() {}
