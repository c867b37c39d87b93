//! Local activities: results, retries, timeouts, cancellation, heartbeats of the workflow task, lost workers.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use durably::{
    client::History, error::TimeoutKind, prelude::*, replay::Replayer, workflow::CancellationType,
};
use durably_tests::{World, eventually, on_both_servers};

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    format!("Hello, {name}")
}

#[activity(start_to_close = "10s")]
fn block(ctx: &ActivityCtx) -> bool {
    std::thread::sleep(millis(20));
    ctx.info().is_local
}

/// Keeps its thread, as no async function should.
#[activity(start_to_close = "1m")]
async fn keeps_its_thread(ctx: &ActivityCtx) -> bool {
    std::thread::sleep(secs(7));
    ctx.info().is_local
}

#[activity(start_to_close = "10s")]
async fn flaky(ctx: &ActivityCtx, succeeds_at: u32) -> Result<u32> {
    if ctx.attempt() < succeeds_at {
        bail!("attempt {} fails", ctx.attempt());
    }
    Ok(ctx.attempt())
}

#[activity(start_to_close = "10s")]
async fn refuse() -> Result<()> {
    Err(AppError::new("Refused", "will never work")
        .non_retryable()
        .into())
}

/// Returns a cancellation that nobody requested.
#[activity(start_to_close = "10s")]
async fn gives_up() -> Result<()> {
    Err(Cancelled.into())
}

#[activity(start_to_close = "10s")]
async fn panics() -> u32 {
    panic!("the activity's own bug")
}

/// How often an activity of a run has begun, was asked to stop, and what lets it end; by workflow id.
static SEEN: Mutex<Option<HashMap<String, Seen>>> = Mutex::new(None);

#[derive(Clone, Copy, Default)]
struct Seen {
    begun: u32,
    cancelled: u32,
    released: bool,
}

fn seen(workflow_id: &str, change: impl FnOnce(&mut Seen)) -> Seen {
    let mut all = SEEN.lock().expect("no test panics with it");
    let seen = all.get_or_insert_default();
    let seen = seen.entry(workflow_id.to_owned()).or_default();
    change(seen);
    *seen
}

/// Runs until the test lets it end, or it is cancelled.
#[activity(start_to_close = "1m")]
async fn hold(ctx: &ActivityCtx) -> Result<String> {
    let id = ctx.workflow_id().to_owned();
    let begun = seen(&id, |it| it.begun += 1).begun;
    loop {
        if seen(&id, |_| {}).released {
            return Ok(format!("begun {begun}"));
        }
        tokio::select! {
            _ = ctx.cancelled() => {
                seen(&id, |it| it.cancelled += 1);
                return Err(Cancelled.into());
            }
            () = tokio::time::sleep(millis(5)) => {}
        }
    }
}

/// Fails with an error of its own when it is cancelled.
#[activity(start_to_close = "1m")]
async fn fails_to_clean_up(ctx: &ActivityCtx) -> Result<()> {
    let id = ctx.workflow_id().to_owned();
    seen(&id, |it| it.begun += 1);
    ctx.cancelled().await;
    seen(&id, |it| it.cancelled += 1);
    bail!("the clean-up fails")
}

/// Shared by the activities of one value.
#[derive(Default)]
struct Counter {
    count: AtomicU32,
}

#[activities]
impl Counter {
    #[activity]
    async fn add(&self, n: u32) -> u32 {
        self.count.fetch_add(n, Ordering::SeqCst) + n
    }
}

/// Does what its case says.
#[derive(Default)]
struct Locals {
    notes: Vec<String>,
}

fn quick() -> Retry {
    Retry::attempts(5).initial_interval(millis(10))
}

#[workflow]
impl Locals {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        Ok(match case.as_str() {
            "results" => {
                let typed = greet::call(ctx, "Bob")
                    .local()
                    .summary("a greeting")
                    .await?;
                let untyped: String = ctx
                    .activity("greet", ("Eve",))
                    .local()
                    .start_to_close(secs(5))
                    .await?;
                let counter = Counter::stub(ctx).start_to_close(secs(5));
                let sum = counter.add(2).local().await?;
                let blocking = block::call(ctx).local().await?;
                format!("{typed} {untyped} {sum} {blocking}")
            }
            "concurrent" => {
                let calls = (0..200).map(|n| greet::call(ctx, n.to_string()).local());
                let all = try_join_all(calls).await?;
                all.iter().map(String::len).sum::<usize>().to_string()
            }
            "ends out of order" => {
                let slow = flaky::call(ctx, 3).local().retry(quick());
                let slow = slow.start();
                let fast = greet::call(ctx, "first").local().await?;
                greet::call(ctx, "ordinary").await?;
                let slow = slow.await?;
                ctx.sleep(millis(1)).await?;
                format!("{fast} {slow}")
            }
            "flaky" => {
                let before = ctx.now();
                let attempts = flaky::call(ctx, 3).local().retry(quick()).await?;
                let moved = ctx.now().duration_since(before).unwrap_or_default();
                format!("{attempts} {}", moved >= millis(20))
            }
            "backoff" => {
                let attempts = flaky::call(ctx, 3)
                    .local()
                    .retry(quick())
                    .local_retry_threshold(millis(5))
                    .await?;
                attempts.to_string()
            }
            "hours" => {
                let retry = Retry::attempts(5).initial_interval(hours(1));
                let attempts = flaky::call(ctx, 3).local().retry(retry).await?;
                attempts.to_string()
            }
            "exhausted" => {
                let retry = Retry::attempts(2).initial_interval(millis(10));
                let error = flaky::call(ctx, 9).local().retry(retry).await;
                let error = error.expect_err("it fails");
                format!("{:?} {error}", error.retry_state())
            }
            "refused" => refuse::call(ctx)
                .local()
                .await
                .expect_err("it fails")
                .to_string(),
            "gives up" => {
                let retry = Retry::attempts(2).initial_interval(millis(1));
                let local = gives_up::call(ctx).local().retry(retry.clone()).await;
                let remote = gives_up::call(ctx).retry(retry).await;
                let [local, remote] = [local, remote].map(|it| {
                    let error = it.expect_err("it gives up");
                    let kind = error.app().map(|app| app.kind.clone());
                    format!(
                        "{} {kind:?} {:?}",
                        error.is_cancelled(),
                        error.retry_state()
                    )
                });
                format!("{local}, {remote}")
            }
            "panics" => {
                let call = panics::call(ctx).local().retry(Retry::attempts(1));
                call.await.expect_err("it panics").to_string()
            }
            "start_to_close" => {
                let call = hold::call(ctx).local().start_to_close(millis(50));
                let error = call
                    .retry(Retry::attempts(2).initial_interval(millis(1)))
                    .await;
                format!("{:?}", error.expect_err("it times out").timeout())
            }
            "schedule_to_close" => {
                let call = hold::call(ctx)
                    .local()
                    .start_to_close(millis(80))
                    .schedule_to_close(millis(80));
                format!("{:?}", call.await.expect_err("it times out").timeout())
            }
            "schedule_to_start" => {
                let first = hold::call(ctx).local().start();
                let second = greet::call(ctx, "late")
                    .local()
                    .schedule_to_start(millis(50));
                let error = second.await.expect_err("there is one slot");
                drop(first);
                format!("{:?}", error.timeout())
            }
            "keeps its thread" => keeps_its_thread::call(ctx).local().await?.to_string(),
            "hold" => hold::call(ctx).local().await?,
            "try cancel" | "wait" | "abandon" => {
                let kind = match case.as_str() {
                    "wait" => CancellationType::WaitCompleted,
                    "abandon" => CancellationType::Abandon,
                    _ => CancellationType::TryCancel,
                };
                let mut held = hold::call(ctx).local().cancellation(kind).start();
                let other = greet::call(ctx, "while it runs").local().await?;
                // The run goes on when the timer has fired, in another task.
                ctx.sleep(millis(1)).await?;
                held.cancel();
                let error = held.await.expect_err("it is cancelled");
                format!("{} {other}", error.is_cancelled())
            }
            "cancelled run" => {
                let held = hold::call(ctx).local().await;
                greet::call(&ctx.shield(), "bye").local().await?;
                held?
            }
            "fails when it is cancelled" => {
                let call = fails_to_clean_up::call(ctx).local();
                let call = call.cancellation(CancellationType::WaitCompleted);
                // Its second attempt would be a day later.
                let retry = Retry::attempts(9).initial_interval(days(1));
                let error = call.retry(retry).await.expect_err("its clean-up fails");
                format!("{} {error}", error.is_cancelled())
            }
            "raced" => {
                let held = hold::call(ctx).local();
                let fast = greet::call(ctx, "wins").local();
                match race(held, fast).await {
                    Either::First(held) => held?,
                    Either::Second(fast) => fast?,
                }
            }
            other => bail!("no case {other}"),
        })
    }

    #[signal]
    fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    #[query]
    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    #[update]
    fn add(&mut self, note: String) -> usize {
        self.notes.push(note);
        self.notes.len()
    }
}

fn worker(world: &World) -> Worker {
    world
        .worker()
        .workflow::<Locals>()
        .activities(Counter::default())
        .activity::<greet>()
        .activity::<block>()
        .activity::<keeps_its_thread>()
        .activity::<flaky>()
        .activity::<refuse>()
        .activity::<gives_up>()
        .activity::<panics>()
        .activity::<hold>()
        .activity::<fails_to_clean_up>()
}

fn replay(history: History) -> Result<()> {
    Ok(Replayer::new().workflow::<Locals>().replay(history)?)
}

/// Runs a case to its end, and replays its history; returns its result and the names of its events.
async fn ended(world: &World, case: &str) -> Result<(String, Vec<String>)> {
    let worker = worker(world).spawn().await?;
    let handle = Locals::start(&world.client, case)
        .task_queue(&world.queue)
        .await?;
    let result = handle.result().await?;
    let history = handle.history().await?;
    let names = history.events().iter().map(|event| event.name().to_owned());
    let names = names.collect();
    replay(history)?;
    worker.shutdown().await?;
    Ok((result, names))
}

fn count(names: &[String], name: &str) -> usize {
    names.iter().filter(|it| *it == name).count()
}

async fn results_come_from_all_kinds_of_calls_in_one_task(world: &World) -> Result<()> {
    let (result, names) = ended(world, "results").await?;
    assert_eq!(result, "Hello, Bob Hello, Eve 2 true");
    assert_eq!(count(&names, "MarkerRecorded"), 4);
    assert_eq!(count(&names, "WorkflowTaskCompleted"), 1);
    assert_eq!(count(&names, "ActivityTaskScheduled"), 0);
    Ok(())
}

async fn two_hundred_run_in_one_task(world: &World) -> Result<()> {
    let (result, names) = ended(world, "concurrent").await?;
    assert_eq!(result, "1890");
    assert_eq!(count(&names, "MarkerRecorded"), 200);
    assert_eq!(count(&names, "WorkflowTaskCompleted"), 1);
    Ok(())
}

async fn a_replay_repeats_the_order_in_which_they_ended(world: &World) -> Result<()> {
    let (result, names) = ended(world, "ends out of order").await?;
    assert_eq!(result, "Hello, first 3");
    assert_eq!(count(&names, "MarkerRecorded"), 2);
    Ok(())
}

async fn failed_attempts_are_retried_in_the_worker(world: &World) -> Result<()> {
    let (result, names) = ended(world, "flaky").await?;
    assert_eq!(result, "3 true");
    assert_eq!(count(&names, "MarkerRecorded"), 1);
    assert_eq!(count(&names, "TimerStarted"), 0);
    Ok(())
}

async fn a_long_pause_is_a_timer(world: &World) -> Result<()> {
    let (result, names) = ended(world, "backoff").await?;
    assert_eq!(result, "3");
    assert_eq!(count(&names, "MarkerRecorded"), 3);
    assert_eq!(count(&names, "TimerFired"), 2);
    Ok(())
}

async fn failures_are_those_of_activities(world: &World) -> Result<()> {
    let (exhausted, _) = ended(world, "exhausted").await?;
    assert!(
        exhausted.starts_with("MaximumAttemptsReached "),
        "{exhausted}"
    );
    assert!(exhausted.contains("attempt 2 fails"), "{exhausted}");
    let (refused, names) = ended(world, "refused").await?;
    assert!(refused.contains("will never work"), "{refused}");
    assert_eq!(count(&names, "MarkerRecorded"), 1);
    let (panicked, _) = ended(world, "panics").await?;
    assert!(panicked.contains("the activity's own bug"), "{panicked}");
    Ok(())
}

async fn a_cancellation_that_nobody_requested_is_a_failure(world: &World) -> Result<()> {
    let (result, _) = ended(world, "gives up").await?;
    let (local, remote) = result.split_once(", ").expect("two texts");
    assert_eq!(local, remote);
    assert!(local.starts_with("false Some("), "{local}");
    Ok(())
}

async fn each_timeout_ends_it(world: &World) -> Result<()> {
    for (case, kind) in [
        ("start_to_close", TimeoutKind::StartToClose),
        ("schedule_to_close", TimeoutKind::ScheduleToClose),
    ] {
        let (result, _) = ended(world, case).await?;
        assert_eq!(result, format!("{:?}", Some(kind)), "{case}");
    }
    let worker = worker(world).max_concurrent_local_activities(1);
    let worker = worker.spawn().await?;
    let start = Locals::start(&world.client, "schedule_to_start");
    let handle = start.task_queue(&world.queue).await?;
    let expected = format!("{:?}", Some(TimeoutKind::ScheduleToStart));
    assert_eq!(handle.result().await?, expected);
    replay(handle.history().await?)?;
    worker.shutdown().await
}

/// A run with short workflow tasks that is held by its local activity, once that has begun.
async fn held(world: &World, case: &str) -> Result<Handle<Locals>> {
    held_in_tasks_of(secs(5), world, case).await
}

/// A run that is held by its local activity, once that has begun.
async fn held_in_tasks_of(
    task_timeout: Duration,
    world: &World,
    case: &str,
) -> Result<Handle<Locals>> {
    let handle = Locals::start(&world.client, case)
        .task_queue(&world.queue)
        .task_timeout(task_timeout)
        .await?;
    eventually("the local activity", || async {
        (seen(handle.id(), |_| {}).begun > 0).then_some(())
    })
    .await;
    Ok(handle)
}

fn release(handle: &Handle<Locals>) {
    seen(handle.id(), |it| it.released = true);
}

async fn its_workflow_task_is_prolonged_and_messages_are_served(world: &World) -> Result<()> {
    let worker = worker(world).spawn().await?;
    let handle = held(world, "hold").await?;
    handle.note("a signal").await?;
    assert_eq!(handle.add("an update").await?, 2);
    assert_eq!(handle.notes().await?, ["a signal", "an update"]);
    release(&handle);
    assert_eq!(handle.result().await?, "begun 1");
    let history = handle.history().await?;
    let names: Vec<_> = history
        .events()
        .iter()
        .map(|event| event.name().to_owned())
        .collect();
    assert!(count(&names, "WorkflowTaskCompleted") > 1, "{names:?}");
    assert_eq!(count(&names, "WorkflowTaskTimedOut"), 0, "{names:?}");
    assert_eq!(count(&names, "WorkflowTaskFailed"), 0, "{names:?}");
    replay(history)?;
    worker.shutdown().await
}

async fn it_is_cancelled_in_each_way(world: &World) -> Result<()> {
    let worker = worker(world).spawn().await?;
    for case in ["try cancel", "wait", "abandon"] {
        let handle = held(world, case).await?;
        assert_eq!(
            handle.result().await?,
            "true Hello, while it runs",
            "{case}"
        );
        let asked = seen(handle.id(), |_| {}).cancelled > 0;
        match case {
            "abandon" => assert!(!asked, "{case}"),
            "wait" => assert!(asked, "{case}"),
            _ => {
                eventually("the request to stop", || async {
                    (seen(handle.id(), |_| {}).cancelled > 0).then_some(())
                })
                .await;
            }
        }
        release(&handle);
        replay(handle.history().await?)?;
    }
    worker.shutdown().await
}

async fn a_cancelled_run_cancels_it_and_cleans_up_with_another(world: &World) -> Result<()> {
    let worker = worker(world).spawn().await?;
    let handle = held(world, "cancelled run").await?;
    handle.cancel().await?;
    let error = handle.result().await.expect_err("it is cancelled");
    assert!(error.is_cancelled(), "{error}");
    replay(handle.history().await?)?;
    worker.shutdown().await
}

async fn one_that_fails_after_the_request_to_cancel_is_not_retried(world: &World) -> Result<()> {
    let worker = worker(world).spawn().await?;
    // A task that times out would run the activity again, on a busy machine.
    let handle = held_in_tasks_of(secs(5), world, "fails when it is cancelled").await?;
    handle.cancel().await?;
    let history = eventually("the end of the run", || async {
        let history = handle.history().await.ok()?;
        let last = history.events().last()?.name().to_owned();
        (last == "WorkflowExecutionCompleted").then_some(history)
    })
    .await;
    let result = handle.result().await?;
    assert!(result.starts_with("false "), "{result}");
    assert!(result.contains("the clean-up fails"), "{result}");
    let seen = seen(handle.id(), |_| {});
    assert_eq!((seen.begun, seen.cancelled), (1, 1));
    let names = history.events().iter().map(|event| event.name().to_owned());
    let names: Vec<_> = names.collect();
    assert_eq!(count(&names, "MarkerRecorded"), 1, "{names:?}");
    assert_eq!(count(&names, "TimerStarted"), 0, "{names:?}");
    replay(history)?;
    worker.shutdown().await
}

async fn one_that_loses_a_race_is_cancelled(world: &World) -> Result<()> {
    let (result, names) = ended(world, "raced").await?;
    assert_eq!(result, "Hello, wins");
    assert_eq!(count(&names, "WorkflowTaskCompleted"), 1);
    Ok(())
}

async fn another_worker_runs_it_again(world: &World) -> Result<()> {
    let first = worker(world).spawn().await?;
    let handle = held(world, "hold").await?;
    // It hands the workflow task back, and stops the activity.
    first.shutdown().await?;
    release(&handle);
    let second = worker(world).spawn().await?;
    assert_eq!(handle.result().await?, "begun 2");
    replay(handle.history().await?)?;
    second.shutdown().await
}

async fn one_that_keeps_its_thread_costs_no_workflow_task(world: &World) -> Result<()> {
    let worker = worker(world).spawn().await?;
    let handle = Locals::start(&world.client, "keeps its thread")
        .task_queue(&world.queue)
        .task_timeout(secs(5))
        .await?;
    assert_eq!(handle.result().await?, "true");
    let history = handle.history().await?;
    let names = history.events().iter().map(|event| event.name().to_owned());
    let names: Vec<_> = names.collect();
    assert_eq!(count(&names, "WorkflowTaskTimedOut"), 0, "{names:?}");
    assert_eq!(count(&names, "MarkerRecorded"), 1, "{names:?}");
    assert!(count(&names, "WorkflowTaskCompleted") > 1, "{names:?}");
    replay(history)?;
    worker.shutdown().await
}

on_both_servers! {
    results_come_from_all_kinds_of_calls_in_one_task
    two_hundred_run_in_one_task
    a_replay_repeats_the_order_in_which_they_ended
    failed_attempts_are_retried_in_the_worker
    a_long_pause_is_a_timer
    failures_are_those_of_activities
    a_cancellation_that_nobody_requested_is_a_failure
    each_timeout_ends_it
    its_workflow_task_is_prolonged_and_messages_are_served
    it_is_cancelled_in_each_way
    a_cancelled_run_cancels_it_and_cleans_up_with_another
    one_that_fails_after_the_request_to_cancel_is_not_retried
    one_that_loses_a_race_is_cancelled
    another_worker_runs_it_again
    one_that_keeps_its_thread_costs_no_workflow_task
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_skips_passes_long_pauses_and_waits_for_running_ones() -> Result<()> {
    let world = World::skipping().await?;
    let (result, names) = ended(&world, "hours").await?;
    assert_eq!(result, "3");
    assert_eq!(count(&names, "TimerFired"), 2);
    let (result, _) = ended(&world, "results").await?;
    assert_eq!(result, "Hello, Bob Hello, Eve 2 true");
    Ok(())
}
