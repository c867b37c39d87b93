//! Tasks that are put aside while their runs wait for work outside of history.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use durably_proto::api::{
    command::v1::{Command, command::Attributes},
    enums::v1::CommandType,
    query::v1::WorkflowQuery,
    workflowservice::v1::{
        PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest,
        RespondWorkflowTaskCompletedResponse,
    },
};
use tokio::sync::oneshot;
use tonic::Status;

use super::{
    past::{Past, json},
    server::Server,
};
use crate::{activity::CancelReason, prelude::*};

/// The local activities that hold a run's task, by run id.
static RUNNING: Mutex<Option<HashMap<String, Running>>> = Mutex::new(None);

/// Why local activities were cancelled, with their run ids.
static REASONS: Mutex<Vec<(String, CancelReason)>> = Mutex::new(Vec::new());

/// A local activity that runs until the test ends it.
pub(super) struct Running(oneshot::Sender<()>);

impl Running {
    pub(super) fn end(self) {
        // The run may have gone on without it.
        let _ = self.0.send(());
    }
}

/// Runs until a test ends it: [`end`].
#[activity(start_to_close = "1h")]
pub(super) async fn until_the_test_ends_it(ctx: &ActivityCtx) {
    let (end, ended) = oneshot::channel();
    let run_id = ctx.info().run_id.clone();
    RUNNING
        .lock()
        .unwrap()
        .get_or_insert_default()
        .insert(run_id, Running(end));
    tokio::select! {
        _ = ended => {}
        reason = ctx.cancelled() => {
            let run_id = ctx.info().run_id.clone();
            REASONS.lock().unwrap().push((run_id, reason));
        }
    }
}

/// Why the first local activity of a run was cancelled, once it was.
async fn cancel_reason(run_id: &str) -> CancelReason {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let reasons = REASONS.lock().unwrap().clone();
        match reasons.into_iter().find(|(id, _)| id == run_id) {
            Some((_, reason)) => return reason,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    panic!("the local activity of run {run_id} was not cancelled");
}

/// Waits for a local activity that a test ends: [`end`].
pub(super) async fn held(ctx: &Ctx) {
    let ended = until_the_test_ends_it::call(ctx).local().await;
    ended.expect("it has no error");
}

/// The local activity that the run waits for, once it does.
pub(super) async fn begun(run_id: &str) -> Running {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let running = RUNNING
            .lock()
            .unwrap()
            .as_mut()
            .and_then(|it| it.remove(run_id));
        match running {
            Some(running) => return running,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    panic!("run {run_id} does not wait for a local activity");
}

/// Ends the local activity that the run waits for, once it does.
async fn end(run_id: &str) {
    begun(run_id).await.end();
}

/// Waits for a local activity and a timer at once; then returns the number of its signals.
#[derive(Default)]
pub(super) struct Waiting {
    signals: u32,
}

#[workflow]
impl Waiting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        let _ = race(ctx.sleep(secs(60)), held(ctx)).await;
        Ok(self.signals)
    }

    #[signal]
    fn poke(&mut self) {
        self.signals += 1;
    }

    #[query]
    fn signals(&self) -> u32 {
        self.signals
    }
}

/// Drops the wait for a local activity, and continues without it.
#[derive(Default)]
struct Racing;

#[workflow]
impl Racing {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let _ = race(held(ctx), async {}).await;
        ctx.sleep(secs(60)).await?;
        Ok(())
    }
}

/// Ends at once.
#[derive(Default)]
pub(super) struct Quick;

#[workflow]
impl Quick {
    #[run]
    async fn run(&mut self) {}
}

/// Blocks its thread for longer than it may.
#[derive(Default)]
struct Blocking;

#[workflow]
impl Blocking {
    #[run]
    async fn run(&mut self) {
        #[allow_nondeterminism(reason = "the test needs a run that blocks")]
        std::thread::sleep(Duration::from_millis(1_500));
    }
}

pub(super) fn waiting(run_id: &str) -> Past {
    Past::begin("Waiting", run_id).task_timeout(Duration::from_secs(1))
}

/// The next task of a run whose last one was answered with a heartbeat.
fn after_heartbeat(past: Past) -> Past {
    past.answered().task().task_timeout(Duration::from_secs(1))
}

/// What the server answers to a heartbeat.
pub(super) fn returns(
    task: PollWorkflowTaskQueueResponse,
) -> Result<RespondWorkflowTaskCompletedResponse, Status> {
    Ok(RespondWorkflowTaskCompletedResponse {
        workflow_task: Some(task),
        ..Default::default()
    })
}

/// What a completion asks for, but for the markers of local activities.
pub(super) fn kinds(task: &RespondWorkflowTaskCompletedRequest) -> Vec<&str> {
    let markers = |it: &&Command| it.command_type() == CommandType::RecordMarker;
    let commands = task.commands.iter().filter(|it| !markers(it));
    let kinds = commands.map(|it| match &it.attributes {
        Some(Attributes::StartTimerCommandAttributes(_)) => "start timer",
        Some(Attributes::CancelTimerCommandAttributes(_)) => "cancel timer",
        Some(Attributes::CompleteWorkflowExecutionCommandAttributes(_)) => "complete",
        other => panic!("{other:?}"),
    });
    kinds.collect()
}

#[tokio::test]
async fn a_task_put_aside_is_prolonged_and_other_runs_are_served_meanwhile() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().executor_threads(1).max_cached_workflows(1);
    let worker = worker
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .workflow::<Quick>();
    let worker = worker.spawn().await?;
    let past = waiting("prolonged");
    let begun = Instant::now();
    server.normal.send(Ok(past.whole()))?;
    // Their thread is the same, and there are more of them than the cache holds.
    for n in 0..3 {
        let quick = Past::begin("Quick", &format!("quick-{n}"));
        server.normal.send(Ok(quick.whole()))?;
        assert_eq!(
            server.completed().await.task_token,
            quick.whole().task_token
        );
    }
    assert!(begun.elapsed() < Duration::from_millis(700));
    let second = past.clone().answered().timer("1").task();
    let second = second.task_timeout(Duration::from_secs(1));
    let third = after_heartbeat(second.clone());
    server
        .script()
        .completions
        .extend([returns(second.tail()), returns(third.tail())]);

    let heartbeat = server.completed().await;
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(790), "{waited:?}");
    assert_eq!(heartbeat.task_token, past.whole().task_token);
    assert!(heartbeat.force_create_new_workflow_task && heartbeat.return_new_workflow_task);
    assert!(heartbeat.sticky_attributes.is_some());
    // What user code has issued does not wait for what it waits for.
    assert_eq!(kinds(&heartbeat), ["start timer"]);

    let heartbeat = server.completed().await;
    assert_eq!(heartbeat.task_token, second.whole().task_token);
    assert!(heartbeat.force_create_new_workflow_task);
    assert_eq!(kinds(&heartbeat), [""; 0]);

    end("prolonged").await;
    let last = server.completed().await;
    assert_eq!(last.task_token, third.whole().task_token);
    assert!(!last.force_create_new_workflow_task);
    assert_eq!(kinds(&last), ["cancel timer", "complete"]);
    worker.shutdown().await
}

#[tokio::test]
async fn work_that_ends_in_time_needs_no_heartbeat() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    let past = Past::begin("Waiting", "in-time");
    server.normal.send(Ok(past.whole()))?;
    end("in-time").await;
    let completed = server.completed().await;
    assert!(!completed.force_create_new_workflow_task);
    assert_eq!(kinds(&completed), ["complete"]);
    worker.shutdown().await
}

#[tokio::test]
async fn a_run_that_waits_takes_in_what_comes_with_its_heartbeats() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    let past = waiting("poked");
    let poked = past.clone().answered().timer("1").signal("poke").task();
    let poked = poked.task_timeout(Duration::from_secs(1));
    let mut task = poked.tail();
    let query = WorkflowQuery {
        query_type: "signals".to_owned(),
        ..Default::default()
    };
    task.queries.insert("asked".to_owned(), query);
    let third = after_heartbeat(poked.clone());
    server
        .script()
        .completions
        .extend([returns(task), returns(third.tail())]);
    server.normal.send(Ok(past.whole()))?;
    server.completed().await;
    // The query is answered before the time of its task is used up.
    let begun = Instant::now();
    let answered = server.completed().await;
    assert!(begun.elapsed() < Duration::from_millis(500));
    assert!(answered.force_create_new_workflow_task);
    assert_eq!(answered.query_results["asked"].answer, json("1"));
    end("poked").await;
    let last = server.completed().await;
    assert_eq!(last.task_token, third.whole().task_token);
    assert_eq!(kinds(&last), ["cancel timer", "complete"]);
    worker.shutdown().await
}

#[tokio::test]
async fn a_run_that_ends_without_its_local_activity_is_reported_at_once() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().executor_threads(1);
    let worker = worker
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .workflow::<Quick>();
    let worker = worker.spawn().await?;
    let past = waiting("over");
    let fired = past.clone().answered().timer("1").fired("1").task();
    let fired = fired.task_timeout(Duration::from_secs(60));
    server.script().completions.extend([returns(fired.tail())]);
    server.normal.send(Ok(past.whole()))?;
    let work = begun("over").await;
    let heartbeat = server.completed().await;
    assert!(heartbeat.force_create_new_workflow_task);
    let ended = server.completed().await;
    assert_eq!(ended.task_token, fired.whole().task_token);
    assert_eq!(kinds(&ended), ["complete"]);
    assert!(!ended.force_create_new_workflow_task);
    assert_eq!(cancel_reason("over").await, CancelReason::Requested);
    // Its thread is free, also when the work ends after all.
    work.end();
    let quick = Past::begin("Quick", "after-over");
    server.normal.send(Ok(quick.whole()))?;
    assert_eq!(
        server.completed().await.task_token,
        quick.whole().task_token
    );
    worker.shutdown().await
}

#[tokio::test]
async fn a_branch_that_lost_a_race_does_not_hold_the_task() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Racing>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    let past = Past::begin("Racing", "racing").task_timeout(Duration::from_secs(60));
    server.normal.send(Ok(past.whole()))?;
    let completed = server.completed().await;
    assert!(!completed.force_create_new_workflow_task);
    assert_eq!(kinds(&completed), ["start timer"]);
    worker.shutdown().await
}

#[activity(start_to_close = "1h")]
async fn at_once() {}

/// Waits for a local activity again and again, and computes in between.
#[derive(Default)]
struct Busy;

#[workflow]
impl Busy {
    #[run]
    async fn run(&mut self, ctx: &Ctx) {
        for _ in 0..30 {
            let ended = at_once::call(ctx).local().await;
            ended.expect("it has no error");
            #[allow_nondeterminism(reason = "the test needs a run that computes")]
            std::thread::sleep(Duration::from_millis(30));
        }
    }
}

#[tokio::test]
async fn the_watchdog_measures_each_resumption_by_itself() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().deadlock_timeout(millis(500));
    let worker = worker
        .workflow::<Busy>()
        .activity::<at_once>()
        .spawn()
        .await?;
    let past = Past::begin("Busy", "busy").task_timeout(Duration::from_secs(60));
    server.normal.send(Ok(past.whole()))?;
    assert_eq!(kinds(&server.completed().await), ["complete"]);
    worker.shutdown().await
}

#[tokio::test]
async fn a_run_that_resumes_again_and_again_lets_other_runs_of_its_thread_in() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().executor_threads(1);
    let worker = worker
        .workflow::<Busy>()
        .activity::<at_once>()
        .workflow::<Quick>();
    let worker = worker.spawn().await?;
    let busy = Past::begin("Busy", "busy-first").task_timeout(Duration::from_secs(60));
    let quick = Past::begin("Quick", "quick-second");
    server.normal.send(Ok(busy.whole()))?;
    server.normal.send(Ok(quick.whole()))?;
    let ended = [server.completed().await, server.completed().await];
    let tokens = ended.map(|task| task.task_token);
    assert_eq!(tokens, [quick, busy].map(|past| past.whole().task_token));
    worker.shutdown().await
}

#[tokio::test]
async fn a_task_that_times_out_while_put_aside_is_dropped_and_the_next_one_replays() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    let past = waiting("timed-out");
    let timed_out = || Err(Status::not_found("workflow task not found"));
    server.script().completions.extend([timed_out()]);
    server.normal.send(Ok(past.whole()))?;
    // The second attempt arrives before the first is known to be lost.
    let mut again = past.task_timeout(Duration::from_secs(60)).whole();
    again.attempt = 2;
    again.task_token = b"second attempt".to_vec();
    server.normal.send(Ok(again))?;
    let _first = begun("timed-out").await;
    let rejected = server.completed().await;
    assert!(rejected.force_create_new_workflow_task);
    assert_eq!(cancel_reason("timed-out").await, CancelReason::Gone);
    end("timed-out").await;
    let completed = server.completed().await;
    assert_eq!(completed.task_token, b"second attempt");
    assert_eq!(kinds(&completed), ["complete"]);
    worker.shutdown().await
}

#[tokio::test]
async fn a_shutdown_gives_tasks_that_are_put_aside_to_other_workers() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    let past = Past::begin("Waiting", "handed-back").task_timeout(Duration::from_secs(60));
    server.normal.send(Ok(past.whole()))?;
    let waits = || {
        RUNNING
            .lock()
            .unwrap()
            .as_ref()
            .is_some_and(|it| it.contains_key("handed-back"))
    };
    while !waits() {
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    let shutdown = tokio::spawn(worker.shutdown());
    server.next_call().await;
    let handed_back = server.completed().await;
    assert!(
        begun.elapsed() >= Duration::from_secs(4),
        "it has time to end"
    );
    assert!(handed_back.force_create_new_workflow_task);
    assert!(!handed_back.return_new_workflow_task);
    assert!(handed_back.sticky_attributes.is_none());
    assert_eq!(kinds(&handed_back), ["start timer"]);
    let reason = cancel_reason("handed-back").await;
    assert_eq!(reason, CancelReason::WorkerShutdown);
    shutdown.await?
}

#[tokio::test]
async fn a_shutdown_waits_for_tasks_that_can_go_on() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    server
        .normal
        .send(Ok(Past::begin("Waiting", "at-the-end").whole()))?;
    let waits = || {
        RUNNING
            .lock()
            .unwrap()
            .as_ref()
            .is_some_and(|it| it.contains_key("at-the-end"))
    };
    while !waits() {
        tokio::task::yield_now().await;
    }
    let shutdown = tokio::spawn(worker.shutdown());
    server.next_call().await;
    end("at-the-end").await;
    assert_eq!(kinds(&server.completed().await), ["complete"]);
    shutdown.await?
}

#[tokio::test]
async fn a_thread_that_is_lost_drops_the_tasks_it_has_put_aside() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .executor_threads(1)
        .deadlock_timeout(millis(500));
    let worker = worker
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .workflow::<Blocking>();
    let worker = worker.spawn().await?;
    let past = waiting("on-a-lost-thread");
    server.normal.send(Ok(past.whole()))?;
    server
        .normal
        .send(Ok(Past::begin("Blocking", "blocking").whole()))?;
    let text = server.failed().await.failure.unwrap().message;
    assert!(text.contains("has blocked its thread"), "{text}");
    // The server hands the task out again after its timeout.
    end("on-a-lost-thread").await;
    server.normal.send(Ok(past.whole()))?;
    end("on-a-lost-thread").await;
    let completed = server.completed().await;
    assert_eq!(kinds(&completed), ["complete"]);
    worker.shutdown().await
}

/// Holds a run's first task for so long; returns its history.
#[cfg(feature = "server")]
async fn hold(client: &Client, work: Duration, task_timeout: Duration) -> Result<String> {
    let queue = format!("held-{}", uuid::Uuid::new_v4());
    let worker = Worker::new(client, queue.as_str())
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    let handle = Waiting::start(client)
        .task_queue(queue)
        .task_timeout(task_timeout)
        .await?;
    let run_id = handle.run_id().expect("it was started here").to_owned();
    handle.poke().await?;
    let begun = begun(&run_id).await;
    tokio::time::sleep(work).await;
    begun.end();
    handle.result().await?;
    let history = handle.history().await?.to_string();
    worker.shutdown().await?;
    for trouble in ["WorkflowTaskFailed", "WorkflowTaskTimedOut"] {
        assert!(!history.contains(trouble), "{history}");
    }
    Ok(history)
}

#[cfg(feature = "server")]
#[tokio::test]
async fn a_server_keeps_a_task_alive_as_long_as_it_is_prolonged() -> Result<()> {
    let server = crate::Server::start().await?;
    let history = hold(
        &server.client().await?,
        Duration::from_secs(3),
        Duration::from_secs(1),
    )
    .await?;
    let heartbeats = history.matches("WorkflowTaskCompleted").count();
    assert!(heartbeats >= 4, "{history}");
    Ok(())
}
