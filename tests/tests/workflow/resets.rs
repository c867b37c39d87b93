//! Runs that were reset.

use durably::client::{History, ResetPoint};
use durably::error::{HandleError, ResultError, RpcError};
use durably::prelude::*;
use durably::replay::{self, Replayer};
use durably_tests::{World, eventually, on_both_servers, unique};

on_both_servers! {
    updates_and_signals_keep_their_order_through_a_reset
    a_run_after_a_reset_knows_its_id_in_a_replay_too
    a_reset_to_the_last_task_keeps_what_was_done
    a_reset_run_gets_the_result_of_the_child_that_was_running
}

#[activity(start_to_close = "10s")]
async fn print_note(text: String) -> String {
    format!("note {text}")
}

#[activity(start_to_close = "10s")]
async fn print_entry(text: String) -> String {
    format!("entry {text}")
}

enum Line {
    Note(String),
    Entry(String),
}

/// Prints each line by the activity of its kind, so that its history holds the order of lines.
#[derive(Default)]
struct Diary {
    lines: Vec<Line>,
    printed: Vec<String>,
    closed: bool,
}

#[workflow]
impl Diary {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
        loop {
            ctx.wait_until(|| self.closed || self.lines.len() > self.printed.len())
                .await?;
            let Some(line) = self.lines.get(self.printed.len()) else {
                return Ok(std::mem::take(&mut self.printed));
            };
            let line = match line {
                Line::Note(text) => {
                    let text = text.clone();
                    print_note::call(ctx, text).await?
                }
                Line::Entry(text) => {
                    let text = text.clone();
                    print_entry::call(ctx, text).await?
                }
            };
            self.printed.push(line);
        }
    }

    #[signal]
    fn note(&mut self, text: String) {
        self.lines.push(Line::Note(text));
    }

    #[update]
    fn enter(&mut self, text: String) -> usize {
        self.lines.push(Line::Entry(text));
        self.lines.len()
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn printed(&self) -> Vec<String> {
        self.printed.clone()
    }
}

async fn updates_and_signals_keep_their_order_through_a_reset(world: &World) -> Result<()> {
    let worker = || {
        let worker = world.worker().workflow::<Diary>();
        worker.activity::<print_note>().activity::<print_entry>()
    };
    let first = worker().spawn().await?;
    let id = unique("diary");
    let diary = Diary::start(&world.client)
        .id(&id)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(diary.enter("1").await?, 1);
    diary.note("2").await?;
    assert_eq!(diary.enter("3").await?, 3);
    diary.note("4").await?;
    let printed = ["entry 1", "note 2", "entry 3", "note 4"];
    eventually("all lines are printed", || async {
        (diary.printed().await.ok()? == printed).then_some(())
    })
    .await;

    let refused = diary.reset(ResetPoint::Event(2), "no end of a task").await;
    assert!(
        matches!(
            refused,
            Err(HandleError::Rpc(RpcError::InvalidArgument { .. }))
        ),
        "{refused:?}"
    );
    let missing = Diary::handle(&world.client, unique("nobody"));
    let missing = missing.reset(ResetPoint::LastTask, "test").await;
    assert!(
        matches!(missing, Err(HandleError::NotFound(_))),
        "{missing:?}"
    );

    // The first task ended before anything arrived.
    let again = diary.reset(ResetPoint::FirstTask, "test").await?;
    assert_ne!(again.run_id(), diary.run_id());
    eventually("all lines are printed again", || async {
        (again.printed().await.ok()? == printed).then_some(())
    })
    .await;
    first.shutdown().await?;

    // A worker that knows nothing of the run replays it.
    let second = worker().spawn().await?;
    assert_eq!(again.printed().await?, printed);
    again.close().await?;
    assert_eq!(again.result().await?, printed);
    let history = again.history().await?;
    let names: Vec<_> = history.events().iter().map(|event| event.name()).collect();
    let admitted = names.iter().filter(|name| name.ends_with("UpdateAdmitted"));
    assert_eq!(admitted.count(), 2, "{names:?}");
    Replayer::new().workflow::<Diary>().replay(history)?;
    second.shutdown().await
}

/// Its child is called by its run.
#[derive(Default)]
struct Parent;

#[workflow(name = "parent")]
impl Parent {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        let child = Child::child(ctx).id(format!("child of {}", ctx.run_id()));
        let child = child.task_queue(ctx.task_queue()).start().await?;
        Ok(child.result().await?)
    }
}

#[derive(Default)]
struct Child;

#[workflow(name = "child")]
impl Child {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> String {
        ctx.workflow_id().to_owned()
    }
}

async fn a_run_after_a_reset_knows_its_id_in_a_replay_too(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Parent>().workflow::<Child>();
    let worker = worker.spawn().await?;
    let parent = Parent::start(&world.client)
        .id(unique("parent"))
        .task_queue(&world.queue)
        .await?;
    let first = parent.result().await?;
    assert_eq!(
        first,
        format!("child of {}", parent.run_id().unwrap_or_default())
    );
    let again = parent.reset(ResetPoint::FirstTask, "test").await?;
    let second = again.result().await?;
    assert_eq!(
        second,
        format!("child of {}", again.run_id().unwrap_or_default())
    );
    assert_ne!(first, second);
    let history = again.history().await?;
    let exported = History::from_json(&history.to_json())?;
    replay::histories([history, exported])
        .workflow::<Parent>()
        .check()?;
    worker.shutdown().await
}

async fn a_reset_to_the_last_task_keeps_what_was_done(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Diary>();
    let worker = worker.activity::<print_note>().activity::<print_entry>();
    let worker = worker.spawn().await?;
    let diary = Diary::start(&world.client)
        .id(unique("diary"))
        .task_queue(&world.queue)
        .await?;
    let printed = ["entry 1", "note 2"];
    diary.enter("1").await?;
    diary.note("2").await?;
    eventually("all lines are printed", || async {
        (diary.printed().await.ok()? == printed).then_some(())
    })
    .await;
    let again = diary.reset(ResetPoint::LastTask, "test").await?;
    assert_ne!(again.run_id(), diary.run_id());
    assert_eq!(again.printed().await?, printed);
    again.close().await?;
    assert_eq!(again.result().await?, printed);
    // Nothing was printed again.
    let history = again.history().await?.to_string();
    let count = |event: &str| history.matches(event).count();
    assert_eq!(count("ActivityTaskScheduled"), 2, "{history}");
    let error = diary.untyped().run(diary.run_id().unwrap_or_default());
    let error = error.result::<Vec<String>>().await.unwrap_err();
    assert!(matches!(error, ResultError::Terminated(_)), "{error:?}");
    worker.shutdown().await
}

/// Waits for a child that others end.
#[derive(Default)]
struct Waiting {
    started: bool,
}

#[workflow]
impl Waiting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, id: String) -> Result<String> {
        let child = Slow::child(ctx).id(&id).start().await?;
        self.started = true;
        Ok(format!("{}: {}", ctx.run_id(), child.result().await?))
    }

    #[query]
    fn started(&self) -> bool {
        self.started
    }
}

#[derive(Default)]
struct Slow {
    word: Option<String>,
}

#[workflow]
impl Slow {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.wait_until(|| self.word.is_some()).await?;
        Ok(self.word.take().unwrap_or_default())
    }

    #[signal]
    fn finish(&mut self, word: String) {
        self.word = Some(word);
    }
}

async fn a_reset_run_gets_the_result_of_the_child_that_was_running(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Waiting>().workflow::<Slow>();
    let worker = worker.spawn().await?;
    let id = unique("slow");
    let waiting = Waiting::start(&world.client, &id)
        .id(unique("waiting"))
        .task_queue(&world.queue)
        .await?;
    eventually("the child to start", || async {
        waiting.started().await.ok().filter(|started| *started)
    })
    .await;
    let again = waiting.reset(ResetPoint::LastTask, "test").await?;
    let pending = again.describe().await?.pending_children;
    let pending: Vec<_> = pending.iter().map(|it| it.workflow_id.as_str()).collect();
    assert_eq!(pending, [id.as_str()]);
    Slow::handle(&world.client, &id).finish("at last").await?;
    let run_id = again.run_id().unwrap_or_default();
    assert_eq!(again.result().await?, format!("{run_id}: at last"));
    worker.shutdown().await
}

#[test]
fn the_recorded_history_of_a_reset_replays() -> Result<()> {
    let json = include_str!("../../histories/reset_updates.json");
    Ok(Replayer::new()
        .workflow::<Diary>()
        .replay(History::from_json(json)?)?)
}
