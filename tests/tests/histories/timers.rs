//! Timers and waits: fired, cancelled, raced, joined; and what is drawn from the run's randomness.

use durably::{prelude::*, workflow::FutureSet};
use durably_tests::{recording::Recording, same_on_both_servers};

#[activity(start_to_close = "10s")]
async fn echo(text: String) -> String {
    text
}

#[derive(Default)]
struct Clock {
    ready: bool,
}

#[workflow]
impl Clock {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        match case.as_str() {
            "fires" => {
                ctx.sleep(millis(20)).summary("a moment").await?;
                ctx.sleep(millis(0)).await?;
                ctx.sleep(millis(1)).await?;
            }
            "loses a race" => {
                let years = ctx.sleep(days(3_650));
                assert!(race(years, ctx.sleep(millis(10))).await.second().is_some());
            }
            "unsent" => {
                let (scope, inner) = ctx.scope();
                scope.cancel();
                return Ok(format!("{}", inner.sleep(secs(1)).await.is_err()));
            }
            "cancelled later" => {
                let (scope, inner) = ctx.scope();
                let nap = ctx.spawn(async move { inner.sleep(hours(1)).await });
                ctx.sleep(millis(1)).await?;
                scope.cancel();
                return Ok(format!("{}", nap.await.is_err()));
            }
            "a condition in time" => {
                let ready = ctx
                    .wait_until(|| self.ready)
                    .timeout(hours(1))
                    .summary("an hour");
                return Ok(ready.await?.to_string());
            }
            "a condition too late" => {
                let ready = ctx.wait_until(|| self.ready).timeout(millis(20));
                return Ok(ready.await?.to_string());
            }
            "joined" => {
                // One after the other: what ends at the same time has no order.
                let timers = (0..3).map(|n| ctx.sleep(millis(10 + 1_500 * n)));
                let (timers, text) = join(join_all(timers), echo::call(ctx, "text")).await;
                return Ok(format!("{} {}", timers.len(), text?));
            }
            "a set" => {
                let nap = async |n: u64| ctx.sleep(millis(10 + 1_500 * n)).await.map(|()| n);
                let mut set: FutureSet<_> =
                    [2, 0, 1].into_iter().map(|n| Box::pin(nap(n))).collect();
                let mut ended = Vec::new();
                while let Some(n) = set.join_next().await {
                    ended.push(n?);
                }
                return Ok(format!("{ended:?}"));
            }
            "random" => {
                let number: f64 = ctx.random();
                let uuid = ctx.uuid();
                let echoed = echo::call(ctx, uuid.to_string()).await?;
                return Ok(format!("{} {}", number < 1.0, echoed == uuid.to_string()));
            }
            other => bail!("no case {other}"),
        }
        Ok(case)
    }

    #[signal]
    fn get_ready(&mut self) {
        self.ready = true;
    }
}

fn worker(cx: &Recording) -> Worker {
    cx.world.worker().workflow::<Clock>().activity::<echo>()
}

async fn clock(cx: &mut Recording, case: &str) -> Result<Handle<Clock>> {
    let id = cx.name("clock");
    let start = Clock::start(cx.client(), case).id(&id);
    let clock = start.task_queue(cx.queue()).await?;
    cx.follow(case, &clock.untyped());
    Ok(clock)
}

async fn run_all(cx: &mut Recording, cases: &[&str]) -> Result<()> {
    let worker = worker(cx).max_eager_activities(0).spawn().await?;
    for case in cases {
        let clock = clock(cx, case).await?;
        let ended = clock.result().await;
        let text = ended.unwrap_or_else(|error| Error::from(error).to_string());
        cx.note(&format!("{case}: its end"), text);
    }
    worker.shutdown().await
}

same_on_both_servers! {
    timers_fire_and_are_cancelled
    conditions_are_awaited_with_a_limit
    calls_are_joined
    random_values_are_repeated
}

async fn timers_fire_and_are_cancelled(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["fires", "loses a race", "unsent", "cancelled later"]).await
}

async fn conditions_are_awaited_with_a_limit(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let clock = clock(cx, "a condition in time").await?;
    cx.idle(clock.id()).await;
    cx.describe("while it waits", clock.id()).await?;
    clock.get_ready().await?;
    cx.note("in time", clock.result().await?);
    worker.shutdown().await?;
    run_all(cx, &["a condition too late"]).await
}

async fn calls_are_joined(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["joined", "a set"]).await
}

async fn random_values_are_repeated(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["random"]).await
}
