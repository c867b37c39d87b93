//! Side effects: taken once, recorded in the history, and used again by a replay.

use std::sync::Mutex;

use durably::{client::History, prelude::*, replay::Replayer};
use durably_tests::{World, eventually, on_both_servers};

/// The workflow ids of the runs of this process that took a value, once for each.
static TAKEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// How many values a run has taken.
fn taken(workflow_id: &str) -> usize {
    let taken = TAKEN.lock().expect("no test panics with it");
    taken.iter().filter(|id| *id == workflow_id).count()
}

/// The number of the value among those that the run took.
fn take(workflow_id: String) -> usize {
    let number = taken(&workflow_id);
    TAKEN
        .lock()
        .expect("no test panics with it")
        .push(workflow_id);
    number
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
        let id = ctx.workflow_id().to_owned();
        Ok(match case.as_str() {
            "once" => {
                let path = ctx.side_effect(|| std::env::var("PATH").is_ok()).await?;
                let number = {
                    let id = id.clone();
                    move || take(id)
                };
                let first = ctx.side_effect(number.clone()).summary("a number").await?;
                ctx.sleep(millis(1)).await?;
                let second = ctx.side_effect(number).await?;
                ctx.sleep(millis(1)).await?;
                format!("{path} {first} {second}")
            }
            "mutable" => {
                for round in 0..6_u32 {
                    let id = id.clone();
                    let limit = move || {
                        take(id);
                        round / 2
                    };
                    let limit = ctx.mutable_side_effect("limit", limit).await?;
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

/// The same workflow with corrected code.
mod corrected {
    use super::*;

    #[derive(Default)]
    pub(super) struct Effects;

    #[workflow]
    impl Effects {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
            Ok(ctx.side_effect(move || case + " no more").await?)
        }
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
    assert_eq!(handle.result().await?, "true 0 1");
    let history = handle.history().await?;
    assert_eq!(markers(&history), 3);
    replay(history)?;
    assert_eq!(taken(handle.id()), 2);
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
    assert_eq!(taken(handle.id()), 6);
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
    let mut failing = Vec::new();
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
        failing.push((case, handle));
    }
    worker.shutdown().await?;
    // Nothing was recorded that corrected code could not go on from.
    let worker = world.worker().workflow::<corrected::Effects>();
    let worker = worker.spawn().await?;
    for (case, handle) in failing {
        assert_eq!(handle.result().await?, format!("{case} no more"));
    }
    worker.shutdown().await
}

on_both_servers! {
    values_are_taken_once_however_often_the_run_is_replayed
    values_that_change_are_recorded_when_they_do
    a_cancelled_context_takes_none
    faults_fail_the_workflow_task_with_words
}
