//! Metrics of workers and clients, compared with those of the Python SDK on the same workflows.

use std::collections::{BTreeMap, BTreeSet};

use durably::{prelude::*, telemetry::Prometheus};
use durably_tests::{
    World, eventually, on_both_servers,
    process::{output, python},
    unique,
};

#[activity(start_to_close = "10s")]
async fn pack(name: String) -> Result<String> {
    if name == "bad" {
        return Err(AppError::new("Bad", "bad").non_retryable().into());
    }
    Ok(name)
}

#[activity(start_to_close = "10s")]
async fn hang(ctx: &ActivityCtx) -> Result<()> {
    ctx.cancelled().await;
    Err(Cancelled.into())
}

#[derive(Default)]
struct Parcel {
    is_sent: bool,
}

#[workflow]
impl Parcel {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<()> {
        match &*case {
            "continues" => return Self::continue_as_new("works").into(),
            "fails" => bail!("lost"),
            "stumbles" => panic!("this fails the workflow task"),
            "waits" => ctx.wait_until(|| self.is_sent).await?,
            "sleeps" => ctx.sleep(secs(1000)).await?,
            _ => {}
        }
        for box_ in ["good", "bad"] {
            _ = pack::call(ctx, box_).await;
            _ = pack::call(ctx, box_).local().await;
        }
        let mut hanging = hang::call(ctx).local().start();
        // It has begun by the end of one that began later.
        _ = pack::call(ctx, "good").local().await;
        hanging.cancel();
        _ = hanging.await;
        Ok(())
    }

    #[signal]
    fn send(&mut self) {
        self.is_sent = true;
    }

    #[query]
    fn sent(&self) -> bool {
        self.is_sent
    }
}

on_both_servers! {
    metrics_have_the_names_labels_and_units_of_other_sdks
}

/// What dashboards rely on, of one metric: its type, the sets of labels that its series have, the bounds of its
/// buckets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    kind: String,
    labels: BTreeSet<Vec<String>>,
    bounds: BTreeSet<String>,
}

/// The metrics of a scrape by their names.
fn shapes(scrape: &str) -> BTreeMap<String, Shape> {
    let mut shapes = BTreeMap::<String, Shape>::new();
    for line in scrape.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a type");
            shapes.entry(name.to_owned()).or_default().kind = kind.to_owned();
        } else if line.starts_with("temporal_") {
            let (name, rest) = line.split_once('{').expect("each series has labels");
            let (labels, _) = rest.rsplit_once('}').expect("each series has labels");
            let suffixes = ["_bucket", "_sum", "_count"];
            let base = suffixes.iter().find_map(|it| name.strip_suffix(it));
            let shape = shapes.get_mut(base.unwrap_or(name));
            let shape = shape.expect("the type comes first");
            let labels = labels.split("\",").map(|it| it.split_once("=\""));
            let labels = labels.map(|it| it.expect("a name and a value"));
            let (bound, labels): (Vec<_>, Vec<_>) = labels.partition(|(key, _)| *key == "le");
            let bound = bound.iter().map(|(_, bound)| bound.trim_end_matches('"'));
            shape.bounds.extend(bound.map(str::to_owned));
            let mut labels: Vec<_> = labels.iter().map(|(key, _)| (*key).to_owned()).collect();
            labels.sort();
            shape.labels.insert(labels);
        }
    }
    shapes
}

/// All that the workflows leave. Polls without a task take a minute, and no long poll fails.
const NAMES: [&str; 34] = [
    "temporal_activity_execution_failed",
    "temporal_activity_execution_latency",
    "temporal_activity_schedule_to_start_latency",
    "temporal_activity_succeed_endtoend_latency",
    "temporal_activity_task_received",
    "temporal_local_activity_execution_cancelled",
    "temporal_local_activity_execution_failed",
    "temporal_local_activity_execution_latency",
    "temporal_local_activity_succeed_endtoend_latency",
    "temporal_local_activity_total",
    "temporal_long_request",
    "temporal_long_request_latency",
    "temporal_num_pollers",
    "temporal_request",
    "temporal_request_failure",
    "temporal_request_latency",
    "temporal_sticky_cache_hit",
    "temporal_sticky_cache_miss",
    "temporal_sticky_cache_size",
    "temporal_sticky_cache_total_forced_eviction",
    "temporal_worker_start",
    "temporal_worker_task_slots_available",
    "temporal_worker_task_slots_used",
    "temporal_workflow_canceled",
    "temporal_workflow_completed",
    "temporal_workflow_continue_as_new",
    "temporal_workflow_endtoend_latency",
    "temporal_workflow_failed",
    "temporal_workflow_task_execution_failed",
    "temporal_workflow_task_execution_latency",
    "temporal_workflow_task_queue_poll_succeed",
    "temporal_workflow_task_replay_latency",
    "temporal_workflow_task_schedule_to_start_latency",
    "temporal_workflow_task_queue_poll_empty",
];

async fn metrics_have_the_names_labels_and_units_of_other_sdks(world: &World) -> Result<()> {
    // The last one takes a minute.
    let names = &NAMES[..NAMES.len() - 1];
    let prometheus = Prometheus::new();
    let client = Client::builder(world.address()).meter(prometheus.clone());
    let client = client.connect().await?;
    let queue = unique("metrics");
    let worker = Worker::new(&client, &queue)
        .workflow::<Parcel>()
        .activity::<pack>()
        .activity::<hang>()
        .max_cached_workflows(1)
        .executor_threads(1)
        .spawn()
        .await?;
    run(&client, &queue).await?;
    let ours = eventually("all metrics", async || {
        let ours = shapes(&prometheus.render());
        names
            .iter()
            .all(|it| ours.contains_key(*it))
            .then_some(ours)
    })
    .await;
    let stumbles = client.handle(format!("{queue}-stumbles"));
    stumbles.terminate("the test is over").await?;
    worker.shutdown().await?;

    let Some(mut command) = python("metrics.py") else {
        return Ok(());
    };
    command
        .args([world.address(), unique("metrics")])
        .args(names);
    let theirs = shapes(&output(command).await);
    for name in names {
        assert_eq!(ours.get(*name), theirs.get(*name), "{name}");
    }
    let others = |shapes: &BTreeMap<String, Shape>| {
        let all = shapes.keys().cloned();
        all.filter(|it| !NAMES.contains(&&**it)).collect::<Vec<_>>()
    };
    assert_eq!(others(&ours), others(&theirs));
    Ok(())
}

async fn run(client: &Client, queue: &str) -> Result<()> {
    let start = |case: &'static str| {
        let start = Parcel::start(client, case).id(format!("{queue}-{case}"));
        start.task_queue(queue)
    };
    for case in ["works", "continues"] {
        start(case).result().await?;
    }
    let waits = start("waits").await?;
    waits.sent().await?;
    let sleeps = start("sleeps").await?;
    sleeps.sent().await?;
    waits.send().await?;
    waits.result().await?;
    sleeps.cancel().await?;
    for handle in [sleeps, start("fails").await?] {
        assert!(handle.result().await.is_err());
    }
    start("stumbles").await?;
    let nobody = client.handle(format!("{queue}-nobody"));
    assert!(nobody.describe().await.is_err());
    Ok(())
}
