//! One scenario on both servers: the histories are the same, event by event.

use std::future::Future;

use durably::{prelude::*, workflow::CancellationType};
use durably_tests::{
    World, eventually,
    history::{Recordings, comparable, events},
    unique,
};

const A_CHANGE: Patch = Patch::new("a change");

#[activity(start_to_close = "10s")]
async fn third_time(ctx: &ActivityCtx) -> Result<u32> {
    if ctx.attempt() < 3 {
        return Err(AppError::new("TooEarly", "not yet").into());
    }
    Ok(ctx.attempt())
}

#[activity(start_to_close = "10s")]
async fn hopeless(why: String) -> Result<()> {
    Err(AppError::new("Hopeless", why)
        .non_retryable()
        .details(1)
        .into())
}

#[activity(start_to_close = "1s", max_attempts = 1)]
async fn too_slow() {
    tokio::time::sleep(secs(20)).await;
}

#[activity(start_to_close = "30s", heartbeat = "1s", max_attempts = 1)]
async fn falls_silent(ctx: &ActivityCtx) {
    ctx.heartbeat(("last", 1));
    tokio::time::sleep(secs(20)).await;
}

#[activity(start_to_close = "30s", heartbeat = "1s")]
async fn until_cancelled(ctx: &ActivityCtx) -> Result<()> {
    loop {
        ctx.heartbeat(());
        if ctx.is_cancelled() {
            return Err(Cancelled.into());
        }
        tokio::time::sleep(millis(20)).await;
    }
}

/// Does what its scenario says; `stage` tells the test how far it is.
#[derive(Default)]
struct Scenario {
    stage: u32,
    words: Vec<String>,
}

#[workflow]
impl Scenario {
    #[run]
    async fn run(&mut self, ctx: &Ctx, name: String) -> Result<String> {
        match name.as_str() {
            "activity and timer" => {
                let attempts = third_time::call(ctx)
                    .retry(Retry::attempts(5).initial_interval(millis(10)))
                    .await?;
                ctx.sleep(millis(10)).await?;
                Ok(format!("{attempts}"))
            }
            "local activities" => {
                let attempts = third_time::call(ctx)
                    .local()
                    .retry(Retry::attempts(5).initial_interval(millis(10)))
                    .local_retry_threshold(millis(5))
                    .summary("in the worker")
                    .await?;
                let refused = hopeless::call(ctx, "no reason").local().await;
                let number = ctx.side_effect(|| 7).summary("a number").await?;
                ctx.mutable_side_effect("a flag", || true).await?;
                ctx.sleep(millis(10)).await?;
                Ok(format!("{attempts} {} {number}", refused.is_err()))
            }
            "slow activity" => {
                too_slow::call(ctx).await?;
                Ok(String::new())
            }
            "silent activity" => {
                falls_silent::call(ctx).await?;
                Ok(String::new())
            }
            "failing run" => Err(AppError::new("Hopeless", "no reason")
                .non_retryable()
                .details(("why", 1))
                .into()),
            "retried run" if ctx.attempt() == 1 => bail!("try again"),
            "retried run" => Ok("at the second attempt".into()),
            "panicking" => panic!("a bug"),
            "failing activity" => {
                hopeless::call(ctx, "no reason").await?;
                Ok(String::new())
            }
            "signals" => {
                ctx.wait_until(|| self.words.len() == 2).await?;
                Ok(self.words.join(" "))
            }
            "updates" => {
                ctx.wait_until(|| self.words.len() == 2).await?;
                ctx.wait_until(|| ctx.handlers_finished()).await?;
                Ok(self.words.join(" "))
            }
            "cancelled timer" => match race(ctx.sleep(hours(1)), ctx.sleep(millis(10))).await {
                Either::First(_) => Ok("an hour".into()),
                Either::Second(_) => Ok("a moment".into()),
            },
            "cancelled run" => {
                self.stage = 1;
                ctx.sleep(hours(1)).await?;
                Ok(String::new())
            }
            "cancelled activity" => {
                self.stage = 1;
                until_cancelled::call(ctx)
                    .cancellation(CancellationType::WaitCompleted)
                    .await?;
                Ok(String::new())
            }
            "described" => {
                third_time::call(ctx)
                    .retry(Retry::attempts(5).initial_interval(millis(10)))
                    .priority(Priority::key(1).fairness_weight(0.5))
                    .summary("soon")
                    .await?;
                ctx.sleep(millis(10)).summary("a moment").await?;
                Self::continue_as_new("signals").into()
            }
            "continued" => Self::continue_as_new("signals").into(),
            "patched" => {
                if ctx.patched(A_CHANGE) {
                    ctx.sleep(millis(1)).await?;
                }
                Ok("patched".into())
            }
            "terminated" | "timed out" => {
                self.stage = 1;
                ctx.sleep(hours(1)).await?;
                Ok(String::new())
            }
            other => bail!("no scenario {other}"),
        }
    }

    #[signal]
    fn word(&mut self, word: String) {
        self.words.push(word);
    }

    #[update(validator = check)]
    async fn add(&mut self, ctx: &Ctx, word: String) -> Result<usize> {
        ctx.sleep(millis(5)).await?;
        self.words.push(word);
        Ok(self.words.len())
    }

    fn check(&self, word: &str) -> Result<(), &'static str> {
        if word.is_empty() {
            Err("empty")
        } else {
            Ok(())
        }
    }

    #[query]
    fn stage(&self) -> u32 {
        self.stage
    }
}

/// Waits until a worker has run the first workflow task, so that what follows finds both servers
/// in the same state.
async fn settled(handle: &Handle<Scenario>) {
    eventually("the first workflow task", || async {
        handle.stage().await.ok().filter(|stage| *stage == 1)
    })
    .await;
}

async fn recorded<D, F>(world: &World, name: &str, drive: D) -> Result<Vec<String>>
where
    D: Fn(Handle<Scenario>) -> F,
    F: Future<Output = Result<()>>,
{
    let worker = world
        .worker()
        .workflow::<Scenario>()
        .activity::<third_time>()
        .activity::<hopeless>()
        .activity::<too_slow>()
        .activity::<falls_silent>()
        .activity::<until_cancelled>()
        .spawn()
        .await?;
    let mut start = Scenario::start(&world.client, name)
        .id(unique("scenario"))
        .task_queue(&world.queue);
    match name {
        "retried run" => start = start.retry(Retry::attempts(2).initial_interval(millis(10))),
        "timed out" => start = start.run_timeout(secs(1)),
        "described" => {
            start = start
                .priority(Priority::key(2).fairness_key("acme"))
                .summary("a scenario")
                .details("of *two* runs");
        }
        _ => {}
    }
    let handle = start.await?;
    drive(handle.clone()).await?;
    let _ = handle.result().await;
    let run_id = handle.run_id().expect("a started handle knows its run");
    let recorded = comparable(events(&world.address(), handle.id(), run_id).await);
    worker.shutdown().await?;
    Ok(recorded)
}

async fn same_on_both<D, F>(name: &str, drive: D) -> Result<()>
where
    D: Fn(Handle<Scenario>) -> F,
    F: Future<Output = Result<()>>,
{
    let Some(real) = World::real(name).await? else {
        return Ok(());
    };
    let embedded = World::embedded().await?;
    let mut recordings = Recordings::default();
    for _ in 0..Recordings::ATTEMPTS {
        recordings.add(
            recorded(&real, name, &drive).await?,
            recorded(&embedded, name, &drive).await?,
        );
        if recordings.agree() {
            break;
        }
    }
    recordings.assert_agree(name);
    Ok(())
}

macro_rules! scenarios {
    ($($test:ident: $name:literal, $drive:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() -> Result<()> {
            same_on_both($name, $drive).await
        })*
    };
}

async fn nothing(_: Handle<Scenario>) -> Result<()> {
    Ok(())
}

scenarios! {
    activity_and_timer: "activity and timer", nothing;
    local_activities: "local activities", nothing;
    failing_activity: "failing activity", nothing;
    slow_activity: "slow activity", nothing;
    silent_activity: "silent activity", nothing;
    failing_run: "failing run", nothing;
    retried_run: "retried run", nothing;
    timed_out: "timed out", nothing;
    panicking: "panicking", |handle| async move {
        eventually("the failed task", || async {
            let history = handle.history().await.ok()?;
            history
                .events()
                .iter()
                .any(|event| event.name() == "WorkflowTaskFailed")
                .then_some(())
        })
        .await;
        handle.terminate("seen").await?;
        Ok(())
    };
    cancelled_timer: "cancelled timer", nothing;
    patched: "patched", nothing;
    signals: "signals", |handle| async move {
        handle.stage().await?;
        handle.word("a").await?;
        handle.stage().await?;
        Ok(handle.word("b").await?)
    };
    updates: "updates", |handle| async move {
        handle.stage().await?;
        handle.add("a").await?;
        handle.add("").await.expect_err("the validator refuses it");
        handle.add("b").await?;
        Ok(())
    };
    cancelled_run: "cancelled run", |handle| async move {
        settled(&handle).await;
        Ok(handle.cancel().await?)
    };
    cancelled_activity: "cancelled activity", |handle| async move {
        settled(&handle).await;
        Ok(handle.cancel().await?)
    };
    terminated: "terminated", |handle| async move {
        settled(&handle).await;
        Ok(handle.terminate("enough").await?)
    };
    described: "described", |handle| async move {
        let first = handle.untyped().run(handle.run_id().unwrap_or_default());
        eventually("the next run", || async {
            let described = first.describe().await.ok()?;
            (!described.status.is_running()).then_some(())
        })
        .await;
        Ok(handle.terminate("enough").await?)
    };
    continued: "continued", |handle| async move {
        handle.stage().await?;
        handle.terminate("enough").await.ok();
        Ok(())
    };
}
