//! Metrics of workers and clients, compared with those of the Python SDK on the same workflows.

use std::collections::{BTreeMap, BTreeSet};

use durably::{prelude::*, telemetry::Prometheus, worker::ResourceSlots};
use durably_tests::{
    World, eventually, on_both_servers,
    process::{output, python},
    unique,
};

#[activity(start_to_close = "10s")]
async fn pack(ctx: &ActivityCtx, name: String) -> Result<String> {
    ctx.metrics().with("box", &*name).counter("boxes").add(1);
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
        let metrics = ctx.metrics();
        metrics.counter("parcels").add(1);
        metrics.with("case", &*case).gauge("last_parcel").set(7);
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
    machines_that_hand_slots_out_are_measured_as_by_other_sdks
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
        } else if line.starts_with(|first: char| first.is_ascii_lowercase()) {
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
const NAMES: [&str; 37] = [
    // Of the code of the workflow and of its activities.
    "boxes",
    "last_parcel",
    "parcels",
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

/// The gauges of slots that the machine hands out, which others do not have.
const OF_MACHINE: [&str; 4] = [
    "temporal_resource_slots_cpu_pid_output",
    "temporal_resource_slots_cpu_usage",
    "temporal_resource_slots_mem_pid_output",
    "temporal_resource_slots_mem_usage",
];

async fn machines_that_hand_slots_out_are_measured_as_by_other_sdks(world: &World) -> Result<()> {
    let prometheus = Prometheus::new();
    let client = world.client.with_meter(prometheus.clone());
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Parcel>()
        .activity::<pack>()
        .activity::<hang>()
        .max_concurrent_workflow_tasks(ResourceSlots::new())
        .max_concurrent_activities(ResourceSlots::new())
        .max_concurrent_local_activities(ResourceSlots::new())
        .spawn()
        .await?;
    let works = Parcel::start(&client, "works").task_queue(&world.queue);
    works.result().await?;
    worker.shutdown().await?;
    let of_machine = |shapes: BTreeMap<String, Shape>| {
        let all = shapes.into_iter();
        all.filter(|(name, _)| name.starts_with("temporal_resource_"))
            .collect::<BTreeMap<_, _>>()
    };
    let ours = of_machine(shapes(&prometheus.render()));
    assert_eq!(ours.keys().collect::<Vec<_>>(), OF_MACHINE.each_ref());
    // The gauges of available slots would be a guess, and none have them.
    let available = "temporal_worker_task_slots_available{";
    assert!(!prometheus.render().contains(available));

    let Some(mut command) = python("metrics.py") else {
        return Ok(());
    };
    command
        .env("METRICS_SLOTS", "of the machine")
        .args([world.address(), unique("metrics")])
        .args(OF_MACHINE);
    assert_eq!(ours, of_machine(shapes(&output(command).await)));
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
