//! Workers that serve: limits, health, heartbeats, and every way to stop.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use durably_proto::api::{
    enums::v1::WorkerStatus, namespace::v1::namespace_info::Capabilities,
    taskqueue::v1::PollerScalingDecision, worker::v1::WorkerSlotsInfo,
    workflowservice::v1::PollActivityTaskQueueResponse,
};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tonic::Status;

use super::{
    past::{Past, attempt, json},
    server::{Call, Server},
};
use crate::{
    error::Result,
    prelude::*,
    telemetry::log::test_log,
    worker::{
        PollKind, PollerLimit, ScaledPollers, WorkerError, WorkerHandle, WorkerHealth, WorkerState,
        lifecycle::Phase,
    },
};

#[activity(start_to_close = "10s")]
async fn double(n: u32) -> u32 {
    n * 2
}

#[activity(start_to_close = "10s")]
async fn never_ends(ctx: &ActivityCtx) {
    ctx.heartbeat(());
    pending().await
}

#[derive(Default)]
struct Idle;

#[workflow]
impl Idle {
    #[run]
    async fn run(&mut self) {}
}

/// Reports each start, and ends when it may.
struct Held {
    started: mpsc::UnboundedSender<u32>,
    may_end: Arc<Semaphore>,
}

#[activities]
impl Held {
    #[activity(start_to_close = "10s")]
    async fn hold(&self, n: u32) -> Result<u32> {
        self.started.send(n)?;
        self.may_end.acquire().await?.forget();
        Ok(n)
    }
}

fn held() -> (Held, mpsc::UnboundedReceiver<u32>, Arc<Semaphore>) {
    let (started, starts) = mpsc::unbounded_channel();
    let may_end = Arc::new(Semaphore::new(0));
    let held = Held {
        started,
        may_end: Arc::clone(&may_end),
    };
    (held, starts, may_end)
}

/// Waits until the worker's health is as expected.
async fn eventually(worker: &WorkerHandle, expected: impl Fn(&WorkerHealth) -> bool) {
    for _ in 0..4_000 {
        if expected(&worker.health()) {
            return;
        }
        tokio::time::sleep(millis(5)).await;
    }
    panic!("its health stays {:?}", worker.health());
}

fn open(health: &WorkerHealth, kind: PollKind) -> usize {
    let polls = health.polls.iter().find(|polls| polls.kind == kind);
    polls.map_or(0, |polls| polls.open)
}

#[tokio::test]
async fn a_shutdown_that_is_requested_again_is_the_same_one() -> Result<()> {
    let mut server = Server::new();
    let (held, mut starts, may_end) = held();
    let worker = server.worker().activities(held).spawn().await?;
    server.activities.send(Ok(attempt("hold", json("7"))))?;
    assert_eq!(starts.recv().await, Some(7));
    let handle = worker.handle();
    handle.shutdown();
    handle.shutdown();
    may_end.add_permits(1);
    worker.shutdown().await?;
    let mut announced = 0;
    let completed = loop {
        match server.next_call().await {
            Call::ShutDown(_) => announced += 1,
            Call::ActivityCompleted(completed) => break completed,
            other => panic!("unexpected: {other:?}"),
        }
    };
    assert_eq!(completed.result, json("7"));
    assert!(announced <= 1, "it is one shutdown");
    assert_eq!(handle.health().state, WorkerState::Stopped);
    handle.shutdown();
    handle.shutdown_now();
    assert_eq!(handle.health().state, WorkerState::Stopped);
    Ok(())
}

#[tokio::test]
async fn a_shutdown_can_be_cut_short() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().shutdown_grace(hours(1));
    let worker = worker.activity::<never_ends>().spawn().await?;
    server.activities.send(Ok(attempt("never_ends", None)))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    let handle = worker.handle();
    handle.shutdown();
    assert!(matches!(server.next_call().await, Call::ShutDown(_)));
    assert_eq!(handle.health().state, WorkerState::Stopping);
    handle.shutdown_now();
    worker.shutdown().await?;
    let failed = server.activity_failed().await;
    assert!(failed.failure.unwrap().message.contains("shutting down"));
    Ok(())
}

#[tokio::test]
async fn a_worker_can_end_without_an_orderly_shutdown() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().shutdown_grace(hours(1));
    let worker = worker.activity::<never_ends>().spawn().await?;
    server.activities.send(Ok(attempt("never_ends", None)))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    worker.handle().shutdown_now();
    worker.shutdown().await?;
    let mut announced = false;
    let failed = loop {
        match server.next_call().await {
            Call::ShutDown(_) => announced = true,
            Call::ActivityFailed(failed) if announced => break failed,
            Call::ActivityFailed(failed) => {
                assert!(matches!(server.next_call().await, Call::ShutDown(_)));
                break failed;
            }
            other => panic!("unexpected: {other:?}"),
        }
    };
    assert!(failed.failure.unwrap().message.contains("shutting down"));
    Ok(())
}

#[tokio::test]
async fn a_worker_that_ends_at_once_waits_for_its_announcement() -> Result<()> {
    let mut server = Server::new();
    let (release, hold) = oneshot::channel();
    server.script().hold_shutdown = Some(hold);
    let worker = server.worker().activity::<double>().spawn().await?;
    let handle = worker.handle();
    handle.shutdown_now();
    let ending = tokio::spawn(worker.shutdown());
    assert!(matches!(server.next_call().await, Call::ShutDown(_)));
    // Without the wait it has ended by then.
    tokio::time::sleep(millis(50)).await;
    assert_eq!(handle.health().state, WorkerState::Stopping);
    let _ = release.send(());
    ending.await?
}

#[tokio::test]
async fn a_shutdown_has_a_deadline() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().shutdown_grace(hours(1));
    let worker = worker.shutdown_deadline(millis(20));
    let worker = worker.activity::<never_ends>().spawn().await?;
    server.activities.send(Ok(attempt("never_ends", None)))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    worker.shutdown().await?;
    assert!(matches!(server.next_call().await, Call::ShutDown(_)));
    let failed = server.activity_failed().await;
    assert!(failed.failure.unwrap().message.contains("shutting down"));
    Ok(())
}

#[tokio::test]
async fn a_worker_stops_while_it_waits_for_its_server() -> Result<()> {
    let server = Server::new();
    server.script().unreachable = true;
    let worker = server.worker().activity::<double>();
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    let health = handle.health();
    assert_eq!(
        (&health.state, health.polls.len()),
        (&WorkerState::Starting, 0)
    );
    assert!(health.is_live() && !health.is_ready());
    handle.shutdown();
    running.await??;
    assert_eq!(handle.health().state, WorkerState::Stopped);

    let worker = server.worker().activity::<double>();
    let handle = worker.handle();
    let spawning = tokio::spawn(worker.spawn());
    handle.shutdown_now();
    spawning.await??.shutdown().await?;
    assert_eq!(handle.health().state, WorkerState::Stopped);
    Ok(())
}

#[tokio::test]
async fn a_worker_that_is_dropped_while_it_waits_for_its_server_has_stopped() -> Result<()> {
    let server = Server::new();
    server.script().unreachable = true;
    let worker = || server.worker().activity::<double>();
    let (run, spawn) = (worker(), worker());
    let handles = [run.handle(), spawn.handle()];
    let (mut run, mut spawn) = (Box::pin(run.run()), Box::pin(spawn.spawn()));
    assert!(futures::poll!(&mut run).is_pending());
    assert!(futures::poll!(&mut spawn).is_pending());
    drop((run, spawn));
    for handle in handles {
        assert_eq!(handle.health().state, WorkerState::Stopped);
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_that_is_stopped_before_it_runs_does_not_run() -> Result<()> {
    let server = Server::new();
    let worker = server.worker().activity::<double>();
    let handle = worker.handle();
    handle.shutdown();
    worker.run().await?;
    assert_eq!(handle.health().state, WorkerState::Stopped);
    Ok(())
}

#[tokio::test]
async fn a_worker_runs_until_a_future_is_ready() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<double>();
    let handle = worker.handle();
    server.activities.send(Ok(attempt("double", json("21"))))?;
    let result = worker
        .run_until(async {
            let result = server.activity_completed().await.result;
            assert!(handle.health().is_ready());
            result
        })
        .await?;
    assert_eq!(result, json("42"));
    assert!(matches!(server.next_call().await, Call::ShutDown(_)));
    assert_eq!(handle.health().state, WorkerState::Stopped);
    Ok(())
}

#[tokio::test]
async fn a_future_that_is_ready_ends_a_worker_that_waits_for_its_server() -> Result<()> {
    let server = Server::new();
    server.script().unreachable = true;
    let worker = server.worker().activity::<double>();
    assert_eq!(worker.run_until(async { 7 }).await?, 7);
    Ok(())
}

#[tokio::test]
async fn a_future_that_was_not_ready_is_an_error() -> Result<()> {
    let server = Server::new();
    let worker = server.worker().activity::<double>();
    let handle = worker.handle();
    let running = tokio::spawn(worker.run_until(pending::<()>()));
    eventually(&handle, WorkerHealth::is_ready).await;
    handle.shutdown();
    let error = running.await?.unwrap_err();
    assert!(matches!(
        error.downcast_ref(),
        Some(WorkerError::Stopped { task_queue }) if task_queue == "queue"
    ));
    assert_eq!(
        error.to_string(),
        "the worker for task queue `queue` was shut down before the future that it ran for was ready"
    );
    Ok(())
}

#[tokio::test]
async fn a_worker_that_failed_says_why() -> Result<()> {
    let server = Server::new();
    let worker = server.worker().activity::<double>();
    let handle = worker.handle();
    let refusal = Status::permission_denied("the key is no longer valid");
    server.activities.send(Err(refusal))?;
    let error = worker.run().await.unwrap_err().to_string();
    let health = handle.health();
    assert!(error.contains("the key is no longer valid"), "{error}");
    assert_eq!(health.state, WorkerState::Failed { reason: error });
    assert!(!health.is_live() && !health.is_ready());

    let worker = server.worker();
    let handle = worker.handle();
    let error = worker.spawn().await.unwrap_err().to_string();
    assert_eq!(handle.health().state, WorkerState::Failed { reason: error });
    Ok(())
}

#[tokio::test]
async fn a_worker_that_failed_is_never_seen_as_one_that_stopped() -> Result<()> {
    let server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    let handle = worker.handle();
    let refusal = Status::permission_denied("the key is no longer valid");
    server.activities.send(Err(refusal))?;
    handle.lifecycle.reached(Phase::Ended).await;
    let state = handle.health().state;
    assert!(matches!(state, WorkerState::Failed { .. }), "{state:?}");
    worker.shutdown().await.unwrap_err();
    Ok(())
}

#[tokio::test]
async fn a_worker_that_is_denied_its_polls_resumes_when_its_key_is_renewed() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    let handle = worker.handle();
    let task = || Ok(attempt("double", json("21")));
    server.activities.send(task())?;
    server.activity_completed().await;
    for denial in [
        Status::unauthenticated("the key of this test has expired"),
        Status::permission_denied("the key of this test is not known"),
    ] {
        let error = format!("{} ({:?})", denial.message(), denial.code());
        server.activities.send(Err(denial))?;
        let denied = WorkerState::Disconnected { error };
        eventually(&handle, |health| health.state == denied).await;
        assert!(handle.health().is_live() && !handle.health().is_ready());
    }
    server.activities.send(task())?;
    assert_eq!(server.activity_completed().await.result, json("42"));
    eventually(&handle, WorkerHealth::is_ready).await;
    let line = test_log::find("the key of this test has expired").unwrap_or_default();
    for words in [
        "ERROR",
        "the server denies the worker its requests (polling for activity tasks failed), retrying in ",
        "`.api_key_from(..)`",
        "code=Unauthenticated",
    ] {
        assert!(line.contains(words), "{words}: {line}");
    }
    assert_eq!(test_log::count("the key of this test is not known"), 0);
    assert!(test_log::count("the server accepts the worker again task_queue=\"queue\"") > 0);
    worker.shutdown().await
}

#[tokio::test]
async fn an_answer_that_is_denied_is_sent_again() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Idle>().spawn().await?;
    let denial = Status::permission_denied("the key is renewed now");
    server.script().completions.push_back(Err(denial));
    server.normal.send(Ok(Past::begin("Idle", "run").whole()))?;
    let denied = server.completed().await;
    assert_eq!(server.completed().await, denied);
    worker.shutdown().await
}

#[tokio::test]
async fn a_worker_whose_polls_fail_is_not_ready_until_they_succeed() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    let handle = worker.handle();
    eventually(&handle, WorkerHealth::is_ready).await;
    let is_disconnected = |health: &WorkerHealth| {
        server
            .activities
            .send(Err(Status::unavailable("cut")))
            .unwrap();
        let error = "cut (Unavailable)".to_owned();
        health.state == WorkerState::Disconnected { error } && health.is_live()
    };
    eventually(&handle, is_disconnected).await;
    server.activities.send(Ok(attempt("double", json("21"))))?;
    server.activity_completed().await;
    eventually(&handle, |health| {
        health.is_ready() && health.polls[0].last_success.is_some()
    })
    .await;
    worker.shutdown().await
}

#[tokio::test]
async fn a_worker_has_as_many_pollers_as_the_server_advises() -> Result<()> {
    let server = Server::new();
    let pollers = ScaledPollers::new().min(1).max(4).initial(3);
    let worker = server.worker().activity::<double>().workflow::<Idle>();
    let worker = worker.activity_pollers(pollers).workflow_pollers(pollers);
    let worker = worker.spawn().await?;
    let handle = worker.handle();
    let are_open = |expected: usize| {
        move |health: &WorkerHealth| open(health, PollKind::Activities) == expected
    };
    eventually(&handle, are_open(3)).await;
    let advice = |change| PollActivityTaskQueueResponse {
        poller_scaling_decision: Some(PollerScalingDecision {
            poll_request_delta_suggestion: change,
        }),
        ..Default::default()
    };
    server.activities.send(Ok(advice(1)))?;
    eventually(&handle, are_open(4)).await;
    // A poll that is open stays open; its poller ends with its answer.
    server.activities.send(Ok(advice(-3)))?;
    eventually(&handle, are_open(3)).await;
    for _ in 0..2 {
        server.activities.send(Ok(advice(0)))?;
    }
    eventually(&handle, are_open(1)).await;
    let health = handle.health();
    assert_eq!(open(&health, PollKind::Workflows), 3);
    assert_eq!(open(&health, PollKind::CachedWorkflows), 3);
    worker.shutdown().await
}

#[tokio::test]
async fn a_poller_that_fails_looks_for_its_server_before_it_retires() -> Result<()> {
    let server = Server::new();
    server.script().capabilities.poller_autoscaling = true;
    let pollers = ScaledPollers::new().min(1).max(4).initial(3);
    let worker = server
        .worker()
        .activity::<double>()
        .activity_pollers(pollers);
    let worker = worker.spawn().await?;
    let handle = worker.handle();
    eventually(&handle, |health| open(health, PollKind::Activities) == 3).await;
    server.activities.send(Err(Status::unavailable("cut")))?;
    eventually(&handle, |health| !health.is_ready()).await;
    // The polls of the others stay open, and say nothing.
    eventually(&handle, |health| {
        health.is_ready() && open(health, PollKind::Activities) == 2
    })
    .await;
    worker.shutdown().await
}

#[tokio::test]
async fn a_poll_without_a_task_does_not_use_the_rate_up() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<double>();
    let worker = worker.max_activities_per_second(0.001).spawn().await?;
    server.activities.send(Ok(Default::default()))?;
    server.activities.send(Err(Status::unavailable("cut")))?;
    server.activities.send(Ok(attempt("double", json("21"))))?;
    assert_eq!(server.activity_completed().await.result, json("42"));
    worker.shutdown().await
}

#[tokio::test]
async fn the_polls_carry_the_rate_of_the_queue() -> Result<()> {
    let server = Server::new();
    let worker = server.worker().activity::<double>();
    let worker = worker.max_task_queue_activities_per_second(7.5);
    let worker = worker.spawn().await?;
    let is_polled = |health: &WorkerHealth| open(health, PollKind::Activities) == 1;
    eventually(&worker.handle(), is_polled).await;
    worker.shutdown().await?;
    assert_eq!(server.script().queue_rate, Some(7.5));
    Ok(())
}

#[tokio::test]
async fn attempts_past_the_limit_of_their_type_wait_and_others_do_not() -> Result<()> {
    let mut server = Server::new();
    let (held, mut starts, may_end) = held();
    let worker = server.worker().activities(held).activity::<double>();
    let worker = worker.activity_limit("hold", 1).spawn().await?;
    for n in ["1", "2"] {
        server.activities.send(Ok(attempt("hold", json(n))))?;
    }
    server.activities.send(Ok(attempt("double", json("21"))))?;
    let first = starts.recv().await;
    // It was polled after the second.
    assert_eq!(server.activity_completed().await.result, json("42"));
    assert!(starts.try_recv().is_err());
    may_end.add_permits(1);
    server.activity_completed().await;
    let second = starts.recv().await;
    assert_ne!(first, second);
    may_end.add_permits(1);
    server.activity_completed().await;
    worker.shutdown().await
}

/// Counts its bodies at the same time. The first attempt cleans up after its timeout.
#[derive(Clone, Default)]
struct Tidy {
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

#[activities]
impl Tidy {
    #[activity(start_to_close = "50ms")]
    async fn tidy(&self, ctx: &ActivityCtx) {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        if ctx.info().attempt == 1 {
            ctx.cancelled().await;
            tokio::time::sleep(millis(300)).await;
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct Tidies;

#[workflow]
impl Tidies {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let retry = Retry::attempts(1_000).initial_interval(millis(1));
        Ok(Tidy::stub(ctx).tidy().retry(retry).local().await?)
    }
}

#[tokio::test]
async fn a_local_attempt_counts_for_its_type_until_its_body_ends() -> Result<()> {
    let mut server = Server::new();
    let tidy = Tidy::default();
    let worker = server.worker().workflow::<Tidies>();
    let worker = worker.activities(tidy.clone()).activity_limit("tidy", 1);
    let worker = worker.spawn().await?;
    let past = Past::begin("Tidies", "tidies").task_timeout(secs(60));
    server.normal.send(Ok(past.whole()))?;
    server.completed().await;
    assert_eq!(tidy.most.load(Ordering::SeqCst), 1);
    worker.shutdown().await
}

#[tokio::test]
async fn an_attempt_that_waits_for_its_type_is_kept_alive_and_given_back_at_a_shutdown()
-> Result<()> {
    let mut server = Server::new();
    let (held, mut starts, may_end) = held();
    let worker = server.worker().activities(held).activity_limit("hold", 1);
    let worker = worker.spawn().await?;
    let mut first = attempt("hold", json("1"));
    first.task_token = b"first".to_vec();
    server.activities.send(Ok(first))?;
    assert_eq!(starts.recv().await, Some(1));
    let mut second = attempt("hold", json("2"));
    second.task_token = b"second".to_vec();
    second.heartbeat_timeout = Some(durably_proto::wkt::Duration {
        seconds: 0,
        nanos: 50_000_000,
    });
    server.activities.send(Ok(second))?;
    let Call::Heartbeat(beat) = server.next_call().await else {
        panic!("expected a heartbeat of the attempt that waits");
    };
    assert_eq!(beat.task_token, b"second");
    let handle = worker.handle();
    handle.shutdown();
    let failed = loop {
        match server.next_call().await {
            Call::ActivityFailed(failed) => break failed,
            Call::Heartbeat(_) | Call::ShutDown(_) => {}
            other => panic!("unexpected: {other:?}"),
        }
    };
    assert_eq!(failed.task_token, b"second");
    assert!(failed.failure.unwrap().message.contains("shutting down"));
    may_end.add_permits(1);
    worker.shutdown().await?;
    assert_eq!(server.activity_completed().await.task_token, b"first");
    assert!(starts.try_recv().is_err());
    Ok(())
}

#[tokio::test]
async fn a_limit_of_an_activity_that_is_not_registered_is_a_mistake() {
    let server = Server::new();
    let worker = server.worker().activity::<double>();
    let error = worker.activity_limit("duoble", 5).run().await.unwrap_err();
    let expected = "`activity_limit` of `duoble` limits nothing, because the worker has no such activity; registered: `double`";
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn a_namespace_that_takes_heartbeats_of_workers_has_them() -> Result<()> {
    let mut server = Server::new();
    server.script().capabilities = Capabilities {
        worker_heartbeats: true,
        ..Default::default()
    };
    let worker = server.worker().activity::<double>().identity("me-7");
    let worker = worker.activity_pollers(PollerLimit::Scaled(ScaledPollers::new()));
    let (held, mut starts, may_end) = held();
    let worker = worker.activities(held).max_concurrent_activities(9);
    let worker = worker.spawn().await?;
    let Call::WorkerHeartbeat(sent) = server.next_call().await else {
        panic!("expected a heartbeat of the worker");
    };
    assert_eq!((&*sent.namespace, &*sent.identity), ("default", "me-7"));
    let beat = sent.worker_heartbeat[0].clone();
    assert_eq!(beat.worker_identity, "me-7");
    assert_eq!(beat.task_queue, "queue");
    assert_eq!(beat.sdk_name, "durably");
    assert_eq!(beat.status(), WorkerStatus::Running);
    assert_eq!(beat.elapsed_since_last_heartbeat, None);
    let slots = beat.activity_task_slots_info.clone().unwrap();
    assert_eq!(slots.slot_supplier_kind, "Fixed");
    // Polls have slots, too, but no task.
    let used = |slots: &WorkerSlotsInfo| {
        let available = slots.current_available_slots;
        (slots.current_used_slots, available)
    };
    assert_eq!(used(&slots), (0, 9));
    assert!(beat.activity_poller_info.unwrap().is_autoscaling);
    assert_eq!(beat.workflow_poller_info, None);

    server.activities.send(Ok(attempt("hold", json("7"))))?;
    assert_eq!(starts.recv().await, Some(7));
    let handle = worker.handle();
    eventually(&handle, |health| open(health, PollKind::Activities) == 5).await;
    handle.shutdown();
    let Call::ShutDown(announced) = server.next_call().await else {
        panic!("expected the announcement of the shutdown");
    };
    let last = announced.worker_heartbeat.unwrap();
    assert_eq!(last.worker_instance_key, beat.worker_instance_key);
    assert_eq!(last.status(), WorkerStatus::ShuttingDown);
    assert!(last.elapsed_since_last_heartbeat.is_some());
    assert_eq!(used(&last.activity_task_slots_info.unwrap()), (1, 8));
    may_end.add_permits(1);
    worker.shutdown().await
}

#[tokio::test]
async fn heartbeats_count_tasks_by_their_ends() -> Result<()> {
    let mut server = Server::new();
    server.script().capabilities.worker_heartbeats = true;
    let worker = server.worker().activity::<double>().workflow::<Idle>();
    let worker = worker.spawn().await?;
    let too_large = "grpc: received message larger than max (9 vs. 4)";
    let refused = Err(Status::resource_exhausted(too_large));
    server.script().completions.push_back(refused);
    server
        .normal
        .send(Ok(Past::begin("Idle", "idle").whole()))?;
    server.activities.send(Ok(attempt("double", json("21"))))?;
    let (mut completed, mut failed) = (false, false);
    while !(completed && failed) {
        match server.next_call().await {
            Call::ActivityCompleted(_) => completed = true,
            Call::Failed(_) => failed = true,
            Call::WorkerHeartbeat(_) | Call::Completed(_) => {}
            other => panic!("unexpected: {other:?}"),
        }
    }
    worker.shutdown().await?;
    let Call::ShutDown(announced) = server.next_call().await else {
        panic!("expected the announcement of the shutdown");
    };
    let last = announced.worker_heartbeat.unwrap();
    let counts = |slots: Option<WorkerSlotsInfo>| {
        let slots = slots.unwrap();
        let processed = (
            slots.total_processed_tasks,
            slots.last_interval_processed_tasks,
        );
        let failed = (slots.total_failed_tasks, slots.last_interval_failure_tasks);
        (processed, failed)
    };
    assert_eq!(counts(last.activity_task_slots_info), ((1, 1), (0, 0)));
    assert_eq!(counts(last.workflow_task_slots_info), ((1, 1), (1, 1)));
    Ok(())
}

#[tokio::test]
async fn a_worker_sends_no_heartbeats_where_none_are_taken_or_wanted() -> Result<()> {
    for takes in [false, true] {
        let mut server = Server::new();
        server.script().capabilities.worker_heartbeats = takes;
        let worker = server.worker().activity::<double>();
        let worker = match takes {
            true => worker.heartbeat_interval(secs(0)),
            false => worker,
        };
        worker.spawn().await?.shutdown().await?;
        let Call::ShutDown(told) = server.next_call().await else {
            panic!("expected the announcement of the shutdown");
        };
        assert_eq!(told.worker_heartbeat, None);
    }
    Ok(())
}
