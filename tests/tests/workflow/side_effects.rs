//! Side effects: taken once, recorded in the history, and used again by a replay.

use std::sync::atomic::{AtomicU32, Ordering};

use durably::{client::History, prelude::*, replay::Replayer};
use durably_tests::{World, eventually, on_both_servers};

/// How often a value was taken, in all runs of this process.
static TAKEN: AtomicU32 = AtomicU32::new(0);

fn take() -> u32 {
    TAKEN.fetch_add(1, Ordering::SeqCst)
}

fn no_value() -> String {
    panic!("no value")
}

/// A value that JSON cannot hold.
#[derive(Clone, Copy)]
struct NoJson;

impl serde::Serialize for NoJson {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it has no form"))
    }
}

impl<'de> serde::Deserialize<'de> for NoJson {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

#[derive(Default)]
struct Effects {
    limits: Vec<u32>,
}

#[workflow]
impl Effects {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        Ok(match case.as_str() {
            "once" => {
                let path = ctx.side_effect(|| std::env::var("PATH").is_ok()).await?;
                let first = ctx.side_effect(take).summary("a number").await?;
                ctx.sleep(millis(1)).await?;
                let second = ctx.side_effect(take).await?;
                ctx.sleep(millis(1)).await?;
                format!("{path} {}", second > first)
            }
            "mutable" => {
                for round in 0..6_u32 {
                    let limit = ctx.mutable_side_effect("limit", || round / 2).await?;
                    let other = ctx
                        .mutable_side_effect("other", || "same".to_owned())
                        .await?;
                    self.limits.push(limit + other.len() as u32);
                    ctx.sleep(millis(1)).await?;
                }
                format!("{:?}", self.limits)
            }
            "cancelled" => {
                ctx.cancelled().await;
                let shielded = ctx.shield().side_effect(|| 7).await?;
                let refused = ctx.side_effect(|| 8).await;
                format!("{shielded} {}", refused.is_err())
            }
            "panics" => ctx.side_effect(no_value).await?,
            "unwritable" => {
                ctx.side_effect(|| NoJson).await?;
                String::new()
            }
            "commands" => {
                let inner = ctx.clone();
                ctx.side_effect(move || inner.uuid().to_string()).await?
            }
            other => bail!("no case {other}"),
        })
    }
}

fn replay(history: History) -> Result<()> {
    Ok(Replayer::new().workflow::<Effects>().replay(history)?)
}

async fn start(world: &World, case: &str) -> Result<Handle<Effects>> {
    Ok(Effects::start(&world.client, case)
        .task_queue(&world.queue)
        .await?)
}

/// How many markers of a name a history has.
fn markers(history: &History) -> usize {
    let events = history.events().iter();
    events.filter(|it| it.name() == "MarkerRecorded").count()
}

async fn values_are_taken_once_however_often_the_run_is_replayed(world: &World) -> Result<()> {
    // Each task replays the whole history.
    let worker = world.worker().workflow::<Effects>().max_cached_workflows(0);
    let worker = worker.spawn().await?;
    let handle = start(world, "once").await?;
    assert_eq!(handle.result().await?, "true true");
    let history = handle.history().await?;
    assert_eq!(markers(&history), 3);
    replay(history)?;
    worker.shutdown().await
}

async fn values_that_change_are_recorded_when_they_do(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Effects>().max_cached_workflows(0);
    let worker = worker.spawn().await?;
    let handle = start(world, "mutable").await?;
    assert_eq!(handle.result().await?, "[4, 4, 5, 5, 6, 6]");
    let history = handle.history().await?;
    assert_eq!(markers(&history), 4);
    replay(history)?;
    worker.shutdown().await
}

async fn a_cancelled_context_takes_none(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Effects>().spawn().await?;
    let handle = start(world, "cancelled").await?;
    handle.cancel().await?;
    assert_eq!(handle.result().await?, "7 true");
    replay(handle.history().await?)?;
    worker.shutdown().await
}

async fn faults_fail_the_workflow_task_with_words(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Effects>().spawn().await?;
    for (case, expected) in [
        ("panics", "no value"),
        ("unwritable", "the value of the side effect at"),
        ("commands", "a side effect issued a command"),
    ] {
        let handle = start(world, case).await?;
        let text = eventually("a failed workflow task", || async {
            let history = handle.history().await.ok()?.to_string();
            history.contains("WorkflowTaskFailed").then_some(history)
        })
        .await;
        assert!(text.contains(expected), "{case}: {text}");
        handle.terminate("seen").await?;
    }
    worker.shutdown().await
}

on_both_servers! {
    values_are_taken_once_however_often_the_run_is_replayed
    values_that_change_are_recorded_when_they_do
    a_cancelled_context_takes_none
    faults_fail_the_workflow_task_with_words
}
