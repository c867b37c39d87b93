//! The body of an activity cleans up after the server has timed its attempt out.

use durably::{activity::CancelReason, error::TimeoutKind, prelude::*};
use durably_tests::{World, on_both_servers};
use tokio::sync::mpsc;

struct Tidy {
    cleaned: mpsc::UnboundedSender<CancelReason>,
}

#[activities]
impl Tidy {
    #[activity(start_to_close = "1s", max_attempts = 1)]
    async fn tidies_up(&self, ctx: &ActivityCtx) {
        let reason = ctx.cancelled().await;
        tokio::time::sleep(millis(200)).await;
        let _ = self.cleaned.send(reason);
    }
}

/// Says how its activity ended.
#[derive(Default)]
struct Impatient;

#[workflow]
impl Impatient {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> bool {
        let ended = Tidy::stub(ctx).tidies_up().await;
        ended.is_err_and(|error| error.timeout() == Some(TimeoutKind::StartToClose))
    }
}

on_both_servers! {
    the_body_of_an_attempt_that_timed_out_cleans_up
}

async fn the_body_of_an_attempt_that_timed_out_cleans_up(world: &World) -> Result<()> {
    let (cleaned, mut seen) = mpsc::unbounded_channel();
    let worker = world
        .worker()
        .workflow::<Impatient>()
        .activities(Tidy { cleaned })
        .spawn()
        .await?;
    let timed_out = Impatient::start(&world.client)
        .task_queue(&world.queue)
        .result()
        .await?;
    assert!(timed_out);
    assert_eq!(seen.recv().await, Some(CancelReason::TimedOut));
    worker.shutdown().await
}
