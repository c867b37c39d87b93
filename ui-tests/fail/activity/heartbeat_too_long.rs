//! A heartbeat timeout longer than an attempt.

use durably::prelude::*;

#[activity(start_to_close = "10s", heartbeat = "1m")]
async fn copy(ctx: &ActivityCtx) {
    ctx.heartbeat(1);
}

fn main() {}
