//! Workers that end twice, while they start, and while their server is missing. They do not repeat requests without a
//! pause, which their metrics show.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use durably::{
    prelude::*,
    telemetry::{Label, Meter, Metric, MetricError, Series},
    worker::WorkerState,
};
use durably_tests::{World, eventually, on_both_servers, proxy::Proxy};

on_both_servers! {
    a_worker_that_is_asked_to_stop_twice_stops_once
    a_worker_that_is_asked_to_stop_while_it_starts_stops
    a_worker_without_a_server_pauses_between_its_requests
}

/// Counts the requests of a client, those that failed included.
#[derive(Clone, Default)]
struct Requests(Arc<AtomicU64>);

impl Requests {
    fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Meter for Requests {
    fn series(&self, metric: &Metric, _: &[Label]) -> Result<Arc<dyn Series>, MetricError> {
        let is_counted = [
            "request",
            "request_failure",
            "long_request",
            "long_request_failure",
        ]
        .contains(&metric.name.trim_start_matches("temporal_"));
        Ok(match is_counted {
            true => Arc::new(self.clone()),
            false => Arc::new(Self::default()),
        })
    }
}

impl Series for Requests {
    fn record(&self, value: f64) {
        self.0.fetch_add(value as u64, Ordering::SeqCst);
    }
}

/// Waits for a signal.
#[derive(Default)]
struct Waits {
    went: bool,
}

#[workflow(name = "EndingWaits")]
impl Waits {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.wait_until(|| self.went).await?)
    }

    #[signal]
    fn go(&mut self) {
        self.went = true;
    }
}

/// More than a worker sends in the time of these tests with a pause between its requests, and far fewer than one
/// without.
const FEW: u64 = 300;

async fn a_worker_that_is_asked_to_stop_twice_stops_once(world: &World) -> Result<()> {
    let requests = Requests::default();
    let client = world.client.with_meter(requests.clone());
    let worker = Worker::new(&client, &world.queue).workflow::<Waits>();
    let worker = worker.spawn().await?;
    let state = worker.handle();
    state.shutdown();
    state.shutdown();
    worker.shutdown().await?;
    assert_eq!(state.health().state, WorkerState::Stopped);
    // One that has stopped is asked again, and does nothing more.
    let sent = requests.count();
    state.shutdown();
    assert_eq!(state.health().state, WorkerState::Stopped);
    assert_eq!(requests.count(), sent);
    assert!(sent < FEW, "it has sent {sent} requests");
    Ok(())
}

async fn a_worker_that_is_asked_to_stop_while_it_starts_stops(world: &World) -> Result<()> {
    // The server takes the requests of a worker that starts, and does not answer them.
    let proxy = Proxy::start(world.address()).await?;
    let requests = Requests::default();
    let client = Client::connect(proxy.address())
        .await?
        .with_meter(requests.clone());
    proxy.withhold_responses();
    let worker = Worker::new(&client, &world.queue).workflow::<Waits>();
    let state = worker.handle();
    let running = tokio::spawn(worker.run());
    tokio::task::yield_now().await;
    state.shutdown();
    state.shutdown();
    running.await??;
    assert_eq!(state.health().state, WorkerState::Stopped);
    let sent = requests.count();
    assert!(sent < FEW, "it has sent {sent} requests");
    Ok(())
}

async fn a_worker_without_a_server_pauses_between_its_requests(world: &World) -> Result<()> {
    let proxy = Proxy::start(world.address()).await?;
    let requests = Requests::default();
    let client = Client::connect(proxy.address())
        .await?
        .with_meter(requests.clone());
    let worker = Worker::new(&client, &world.queue).workflow::<Waits>();
    let worker = worker.spawn().await?;
    let first = Waits::start(&world.client).task_queue(&world.queue).await?;
    first.go().await?;
    first.result().await?;
    let before = requests.count();
    proxy.refuse_connections();
    let state = worker.handle();
    eventually("it has noticed", || async {
        (requests.count() > before).then_some(())
    })
    .await;
    // A worker without pauses would send thousands.
    tokio::time::sleep(secs(3)).await;
    let sent = requests.count() - before;
    assert!(sent < FEW, "it has sent {sent} requests");
    // And it works again when the server is back.
    proxy.allow_connections();
    let second = Waits::start(&world.client).task_queue(&world.queue).await?;
    second.go().await?;
    second.result().await?;
    // It stops while the server is gone again, asked twice.
    proxy.refuse_connections();
    let before = requests.count();
    state.shutdown();
    state.shutdown();
    worker.shutdown().await?;
    assert_eq!(state.health().state, WorkerState::Stopped);
    let sent = requests.count() - before;
    assert!(sent < FEW, "it has sent {sent} requests");
    Ok(())
}
