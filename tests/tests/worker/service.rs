//! Workers as services: limits, rates, health, heartbeats, several in one process, and their end.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use durably::{
    client::WorkerPhase,
    prelude::*,
    raw::api::{
        enums::v1::WorkerStatus,
        workflowservice::v1::{DescribeWorkerRequest, ListWorkersRequest},
    },
    worker::{
        PollKind, ResourceSlots, ResourceTargets, ScaledPollers, WorkerHandle, WorkerHealth,
        WorkerOptions, WorkerState,
    },
};
use durably_tests::{
    World, eventually, on_both_servers,
    process::Process,
    proxy::Proxy,
    stubborn::{Stubborn, stubborn},
    unique,
};
use tokio::sync::{Semaphore, mpsc};

on_both_servers! {
    a_worker_begins_activities_at_its_rate
    a_queue_hands_out_activities_at_the_rate_of_its_workers
    attempts_of_one_type_are_limited
    resource_slots_have_a_maximum
    a_machine_without_room_works_on_the_minimum
    pollers_come_with_the_advice_of_the_server
    a_worker_runs_until_a_future_is_ready
    workers_of_several_queues_share_a_connection
    a_worker_that_ends_at_once_gives_its_activities_back
    a_second_signal_ends_the_process_at_once
    health_follows_the_connection
    a_worker_stops_while_its_server_is_unreachable
    options_are_read_from_a_file
    the_server_knows_its_workers
}

/// Notes when each call began, and counts those at the same time.
#[derive(Clone, Default)]
struct Log {
    began: Arc<std::sync::Mutex<Vec<Instant>>>,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

#[activities]
impl Log {
    #[activity(start_to_close = "1m")]
    async fn log(&self, pause: u64) -> Result<()> {
        self.began
            .lock()
            .expect("nobody panics")
            .push(Instant::now());
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        tokio::time::sleep(millis(pause)).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Log {
    /// Until the last begin. Counted from before the first one, which a busy machine may delay.
    fn span(&self, since: Instant) -> Duration {
        let began = self.began.lock().expect("nobody panics");
        let last = began.iter().max();
        last.map_or(Duration::ZERO, |last| *last - since)
    }
}

/// Calls the activity `n` times at once.
#[derive(Default)]
struct Burst;

#[workflow]
impl Burst {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u64, pause: u64) -> Result<u64> {
        let calls = (0..n).map(|_| Log::stub(ctx).log(pause));
        Ok(try_join_all(calls).await?.len() as u64)
    }
}

async fn burst(world: &World, n: u64, pause: u64) -> Result<()> {
    let start = Burst::start(&world.client, n, pause).task_queue(&world.queue);
    assert_eq!(start.result().await?, n);
    Ok(())
}

async fn a_worker_begins_activities_at_its_rate(world: &World) -> Result<()> {
    let log = Log::default();
    let worker = world.worker().workflow::<Burst>().activities(log.clone());
    let worker = worker.max_activities_per_second(20.0).spawn().await?;
    let before = Instant::now();
    burst(world, 21, 0).await?;
    // Twenty intervals of 50 ms, less what may be caught up.
    let span = log.span(before);
    assert!(span >= millis(960), "{span:?}");
    worker.shutdown().await
}

async fn a_queue_hands_out_activities_at_the_rate_of_its_workers(world: &World) -> Result<()> {
    const RATE: f64 = 5.0;
    let log = Log::default();
    let workers = [world.worker(), world.worker()];
    let workers = workers.map(|worker| {
        let worker = worker.workflow::<Burst>().activities(log.clone());
        worker.max_task_queue_activities_per_second(RATE).spawn()
    });
    let workers = try_join_all_of(workers).await?;
    // The server allows a burst of a second's tasks, each of its partitions one.
    let before = Instant::now();
    burst(world, 30, 0).await?;
    let span = log.span(before);
    assert!(span >= secs(1), "{span:?}");
    for worker in workers {
        worker.shutdown().await?;
    }
    Ok(())
}

async fn try_join_all_of<T>(
    futures: impl IntoIterator<Item = impl Future<Output = Result<T>>>,
) -> Result<Vec<T>> {
    let mut results = Vec::new();
    for future in futures {
        results.push(future.await?);
    }
    Ok(results)
}

async fn attempts_of_one_type_are_limited(world: &World) -> Result<()> {
    let log = Log::default();
    let worker = world.worker().workflow::<Burst>().activities(log.clone());
    let worker = worker.activity_limit("log", 2).spawn().await?;
    burst(world, 12, 30).await?;
    assert!(log.most.load(Ordering::SeqCst) <= 2);
    worker.shutdown().await
}

async fn resource_slots_have_a_maximum(world: &World) -> Result<()> {
    let log = Log::default();
    let slots = ResourceSlots::new().max(3).ramp_throttle(millis(1));
    let worker = world
        .worker()
        .workflow::<Burst>()
        .activities(log.clone())
        .resource_targets(ResourceTargets::new().memory(0.99).cpu(0.99))
        .max_concurrent_workflow_tasks(ResourceSlots::new())
        .max_concurrent_local_activities(ResourceSlots::new())
        .max_concurrent_activities(slots)
        .spawn()
        .await?;
    burst(world, 20, 5).await?;
    assert!(log.most.load(Ordering::SeqCst) <= 3);
    worker.shutdown().await
}

async fn a_machine_without_room_works_on_the_minimum(world: &World) -> Result<()> {
    let log = Log::default();
    let worker = world
        .worker()
        .workflow::<Burst>()
        .activities(log.clone())
        .resource_targets(ResourceTargets::new().memory(0.01))
        .max_concurrent_activities(ResourceSlots::new().min(1))
        .spawn()
        .await?;
    burst(world, 20, 5).await?;
    assert_eq!(log.most.load(Ordering::SeqCst), 1);
    worker.shutdown().await
}

fn open(worker: &WorkerHandle, kind: PollKind) -> usize {
    let health = worker.health();
    let polls = health.polls.iter().find(|polls| polls.kind == kind);
    polls.map_or(0, |polls| polls.open)
}

async fn pollers_come_with_the_advice_of_the_server(world: &World) -> Result<()> {
    let workflows = world.worker().workflow::<Burst>().spawn().await?;
    let start = Burst::start(&world.client, 300, 10).task_queue(&world.queue);
    let handle = start.await?;
    eventually("the activities to be scheduled", || async {
        let described = handle.describe().await.ok()?;
        (described.pending_activities.len() == 300).then_some(())
    })
    .await;
    // The server advises more pollers for tasks that have waited for a while.
    tokio::time::sleep(millis(500)).await;
    let log = Log::default();
    let pollers = ScaledPollers::new().min(1).max(9).initial(1);
    let worker = world.worker().activities(log).activity_pollers(pollers);
    let worker = worker.spawn().await?;
    assert_eq!(handle.result().await?, 300);
    let handle = worker.handle();
    eventually("more than one poll", || async {
        (open(&handle, PollKind::Activities) > 1).then_some(())
    })
    .await;
    assert!(open(&handle, PollKind::Activities) <= 9);
    worker.shutdown().await?;
    workflows.shutdown().await
}

async fn a_worker_runs_until_a_future_is_ready(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Burst>()
        .activities(Log::default());
    let handle = worker.handle();
    let results = worker
        .run_until(async {
            let start = |n| Burst::start(&world.client, n, 1).task_queue(&world.queue);
            let (one, other) = (start(1).await?, start(2).await?);
            Ok::<_, Error>((one.result().await?, other.result().await?))
        })
        .await??;
    assert_eq!(results, (1, 2));
    assert_eq!(handle.health().state, WorkerState::Stopped);
    Ok(())
}

async fn workers_of_several_queues_share_a_connection(world: &World) -> Result<()> {
    const QUEUES: usize = 10;
    let proxy = Proxy::start(world.address()).await?;
    let client = Client::connect(proxy.address()).await?;
    let queues: Vec<_> = (0..QUEUES).map(|_| unique("queue")).collect();
    let mut workers = Vec::new();
    for queue in &queues {
        let worker = Worker::new(&client, queue).workflow::<Burst>();
        workers.push(worker.activities(Log::default()).spawn().await?);
    }
    let mut runs = Vec::new();
    for queue in &queues {
        runs.push(Burst::start(&client, 3, 1).task_queue(queue).await?);
    }
    for run in runs {
        assert_eq!(run.result().await?, 3);
    }
    for worker in workers {
        worker.shutdown().await?;
    }
    assert_eq!(proxy.connections(), 1);
    Ok(())
}

/// Reports each attempt, and never ends the first one.
struct Slow(mpsc::UnboundedSender<u32>);

#[activities]
impl Slow {
    #[activity(start_to_close = "2m")]
    async fn slow(&self, ctx: &ActivityCtx) -> Result<u32> {
        self.0.send(ctx.info().attempt)?;
        if ctx.info().attempt == 1 {
            std::future::pending::<()>().await;
        }
        Ok(ctx.info().attempt)
    }
}

#[derive(Default)]
struct Slowly;

#[workflow]
impl Slowly {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        Ok(Slow::stub(ctx).slow().await?)
    }
}

async fn a_worker_that_ends_at_once_gives_its_activities_back(world: &World) -> Result<()> {
    let (attempts, mut attempted) = mpsc::unbounded_channel();
    let worker = |grace| {
        let worker = world.worker().workflow::<Slowly>();
        let worker = worker.activities(Slow(attempts.clone()));
        worker.shutdown_grace(grace).spawn()
    };
    let first = worker(hours(1)).await?;
    let run = Slowly::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(attempted.recv().await, Some(1));
    let handle = first.handle();
    handle.shutdown();
    handle.shutdown_now();
    first.shutdown().await?;
    let second = worker(secs(1)).await?;
    // Its start-to-close timeout has not passed: the first worker has reported it.
    assert_eq!(run.result().await?, 2);
    assert_eq!(attempted.recv().await, Some(2));
    second.shutdown().await
}

async fn a_second_signal_ends_the_process_at_once(world: &World) -> Result<()> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-worker"));
    command.arg(world.address()).arg(&world.queue);
    let worker = Process::start(command, "ready");
    let run = Stubborn::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let started = || async {
        let described = run.describe().await.ok()?;
        let activity = described.pending_activities.first()?;
        activity.last_heartbeat.is_some().then_some(())
    };
    eventually("the activity to begin", started).await;
    worker.terminate();
    let told = || async {
        let described = run.describe().await.ok()?;
        let details = described.pending_activities.first()?.heartbeat::<String>();
        details.ok().flatten().filter(|it| it == "WorkerShutdown")
    };
    eventually("the activity to be told", told).await;
    // It has an hour to end.
    worker.terminate();
    assert!(worker.ended());
    let worker = world.worker().workflow::<Stubborn>();
    let worker = worker.activity::<stubborn>().spawn().await?;
    assert_eq!(run.result().await?, "WorkerShutdown");
    worker.shutdown().await
}

async fn the_server_knows_its_workers(world: &World) -> Result<()> {
    let identity = unique("worker");
    let worker = world
        .worker()
        .workflow::<Burst>()
        .activities(Log::default());
    let worker = worker.identity(&identity).max_concurrent_activities(7);
    let worker = worker.heartbeat_interval(secs(1)).spawn().await?;
    burst(world, 3, 1).await?;
    let raw = world.client.raw();
    let namespace = world.client.namespace().to_owned();
    let listed = || async {
        let request = ListWorkersRequest {
            namespace: namespace.clone(),
            page_size: 10,
            query: format!("WorkerIdentity='{identity}'"),
            ..Default::default()
        };
        let listed = raw.list_workers(request, secs(10)).await.ok()?;
        listed.workers.into_iter().next()
    };
    let found = eventually("the worker to be listed", listed).await;
    assert_eq!(found.task_queue, world.queue);
    assert_eq!(found.sdk_name, "durably");
    let filter = format!("TaskQueue = '{}' AND WorkerStatus = 'Running'", world.queue);
    let summary = world.client.workers(filter.as_str()).next().await?;
    let summary = summary.expect("it is listed by its queue, too");
    assert_eq!(summary.identity, identity);
    assert_eq!(summary.instance_key, found.worker_instance_key);
    assert_eq!(summary.phase, WorkerPhase::Running);
    let since = SystemTime::now() - secs(3600);
    let since = format!("HeartbeatTime > '{}'", Time::from(since));
    let recent = format!("{filter} AND {since}");
    let recent = world.client.workers(recent.as_str()).next().await?;
    assert_eq!(
        recent.map(|it| it.instance_key),
        Some(summary.instance_key.clone())
    );
    let earlier = since.replace('>', "<");
    let earlier = format!("{filter} AND {earlier}");
    assert_eq!(world.client.workers(earlier.as_str()).next().await?, None);
    let described = || async {
        let request = DescribeWorkerRequest {
            namespace: namespace.clone(),
            worker_instance_key: found.worker_instance_key.clone(),
        };
        let described = raw.describe_worker(request, secs(10)).await.ok()?;
        described.worker_info?.worker_heartbeat
    };
    let busy = || async {
        let heartbeat = described().await?;
        let slots = heartbeat.activity_task_slots_info.as_ref()?;
        (slots.total_processed_tasks >= 3).then_some(heartbeat)
    };
    let heartbeat = eventually("a heartbeat after the activities", busy).await;
    let slots = heartbeat.activity_task_slots_info.expect("it has slots");
    assert_eq!(slots.current_available_slots + slots.current_used_slots, 7);
    assert!(
        heartbeat
            .workflow_poller_info
            .is_some_and(|it| it.current_pollers > 0)
    );
    let description = world.client.describe_worker(&summary.instance_key).await?;
    let description = description.expect("it runs");
    assert_eq!(description.summary, summary);
    assert!(description.heartbeat_time.is_some());
    let slots = description.activity_slots.expect("it has slots");
    assert!(slots.processed >= 3 && slots.failed == 0);
    assert_eq!(
        slots.available.map(|available| available + slots.used),
        Some(7)
    );
    assert!(description.workflow_polls.is_some_and(|it| it.open > 0));
    assert!(description.cache_hits + description.cache_misses > 0);
    assert_eq!(world.client.describe_worker("nothing").await?, None);
    let elsewhere = world.client.in_namespace("durably-nowhere");
    let missing = elsewhere.describe_worker("nothing").await;
    assert!(missing.is_err(), "{missing:?}");
    worker.shutdown().await?;
    let ended = || async {
        let heartbeat = described().await?;
        (heartbeat.status() != WorkerStatus::Running).then_some(())
    };
    eventually("the worker's end to be known", ended).await;
    Ok(())
}

async fn health_is(worker: &WorkerHandle, what: &str, is: impl Fn(&WorkerHealth) -> bool) {
    eventually(what, || async { is(&worker.health()).then_some(()) }).await;
}

fn is_disconnected(health: &WorkerHealth) -> bool {
    matches!(health.state, WorkerState::Disconnected { .. }) && health.is_live()
}

async fn health_follows_the_connection(world: &World) -> Result<()> {
    let proxy = Proxy::start(world.address()).await?;
    let client = Client::connect(proxy.address()).await?;
    let worker = Worker::new(&client, &world.queue).workflow::<Burst>();
    let worker = worker.activities(Log::default()).spawn().await?;
    let handle = worker.handle();
    health_is(&handle, "a ready worker", WorkerHealth::is_ready).await;
    burst(world, 2, 1).await?;
    let polls = handle.health().polls;
    assert!(polls.iter().any(|polls| polls.last_success.is_some()));
    proxy.refuse_connections();
    health_is(&handle, "a disconnected worker", is_disconnected).await;
    proxy.allow_connections();
    // Its polls have nothing to bring for a minute.
    health_is(
        &handle,
        "a worker that is ready again",
        WorkerHealth::is_ready,
    )
    .await;
    burst(world, 2, 1).await?;
    worker.shutdown().await
}

/// Waits until the test continues.
struct Gate {
    began: mpsc::UnboundedSender<()>,
    may_end: Arc<Semaphore>,
}

#[activities]
impl Gate {
    #[activity(start_to_close = "2m")]
    async fn pass(&self) -> Result<()> {
        self.began.send(())?;
        self.may_end.acquire().await?.forget();
        Ok(())
    }
}

#[derive(Default)]
struct Gated;

#[workflow]
impl Gated {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(Gate::stub(ctx).pass().await?)
    }
}

async fn a_worker_stops_while_its_server_is_unreachable(world: &World) -> Result<()> {
    let proxy = Proxy::start(world.address()).await?;
    let client = Client::connect(proxy.address()).await?;
    let (began, mut begins) = mpsc::unbounded_channel();
    let may_end = Arc::new(Semaphore::new(0));
    let gate = || Gate {
        began: began.clone(),
        may_end: Arc::clone(&may_end),
    };
    let worker = Worker::new(&client, &world.queue).workflow::<Gated>();
    let worker = worker.activities(gate()).spawn().await?;
    let run = Gated::start(&world.client).task_queue(&world.queue).await?;
    assert_eq!(begins.recv().await, Some(()));
    proxy.refuse_connections();
    let handle = worker.handle();
    health_is(&handle, "a disconnected worker", is_disconnected).await;
    may_end.add_permits(1);
    let ending = tokio::spawn(worker.shutdown());
    // The result is kept until the server is reachable again.
    proxy.allow_connections();
    ending.await??;
    assert_eq!(handle.health().state, WorkerState::Stopped);
    let second = world.worker().workflow::<Gated>().activities(gate());
    let second = second.spawn().await?;
    run.result().await?;
    assert!(begins.try_recv().is_err(), "there was one attempt");
    second.shutdown().await?;

    // One that cannot reach it at all.
    proxy.refuse_connections();
    let never = Worker::new(&client, &world.queue).workflow::<Gated>();
    let handle = never.handle();
    let running = tokio::spawn(never.run());
    handle.shutdown();
    running.await??;
    assert_eq!(handle.health().state, WorkerState::Stopped);
    Ok(())
}

async fn options_are_read_from_a_file(world: &World) -> Result<()> {
    let file = r#"{
        "identity": "from-a-file",
        "max_concurrent_activities": { "max": 20 },
        "activity_pollers": { "initial": 2 },
        "activity_limits": { "log": 4 },
        "shutdown_grace": "5s"
    }"#;
    let options: WorkerOptions = serde_json::from_str(file)?;
    let log = Log::default();
    let worker = world.worker().workflow::<Burst>().activities(log.clone());
    let worker = worker.options(options).spawn().await?;
    let start = Burst::start(&world.client, 20, 5).task_queue(&world.queue);
    let handle = start.await?;
    handle.result().await?;
    assert!(log.most.load(Ordering::SeqCst) <= 4);
    let history = handle.history().await?.to_json();
    assert!(history.contains("from-a-file"), "{history}");
    worker.shutdown().await
}
