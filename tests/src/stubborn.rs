//! An activity that goes on whatever it is told.

#![allow(missing_docs)]

use durably::prelude::*;

/// Reports what it is told, and does not end.
#[activity(start_to_close = "2m", heartbeat = "5s")]
pub async fn stubborn(ctx: &ActivityCtx) -> Result<String> {
    if let Some(reason) = ctx.heartbeat_details::<String>()? {
        return Ok(reason);
    }
    let mut told = String::new();
    loop {
        ctx.heartbeat(&told);
        tokio::select! {
            reason = ctx.cancelled(), if told.is_empty() => told = format!("{reason:?}"),
            () = tokio::time::sleep(millis(200)) => {}
        }
    }
}

/// Runs the activity, whose second attempt returns what the first one was told.
#[derive(Default)]
pub struct Stubborn;

#[workflow]
impl Stubborn {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        Ok(stubborn::call(ctx).await?)
    }
}
