//! The meters beside each other: what OpenTelemetry exports is what Prometheus scrapes.

use std::{collections::BTreeMap, sync::Arc};

use durably::{
    prelude::*,
    telemetry::{Label, Meter, Metric, MetricError, OpenTelemetry, Prometheus, Series},
};
use durably_tests::{World, eventually, on_both_servers};
use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, SdkMeterProvider,
    data::{AggregatedMetrics, MetricData},
};

/// Records everything in two systems.
struct Both(Prometheus, OpenTelemetry);

impl Meter for Both {
    fn series(&self, metric: &Metric, labels: &[Label]) -> Result<Arc<dyn Series>, MetricError> {
        let series = [
            self.0.series(metric, labels)?,
            self.1.series(metric, labels)?,
        ];
        Ok(Arc::new(BothSeries(series)))
    }
}

struct BothSeries([Arc<dyn Series>; 2]);

impl Series for BothSeries {
    fn record(&self, value: f64) {
        self.0.iter().for_each(|series| series.record(value));
    }
}

#[activity(start_to_close = "10s")]
async fn pack(ctx: &ActivityCtx, parcels: u64) -> u64 {
    ctx.metrics().counter("parcels_packed").add(parcels);
    parcels
}

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, parcels: u64) -> Result<u64> {
        let metrics = ctx.metrics().with("country", "de");
        metrics
            .histogram("order_size")
            .unit("parcels")
            .record(parcels);
        metrics.histogram("order_age").record(millis(1_500));
        metrics.gauge("order_last").set(parcels as f64);
        Ok(pack::call(ctx, parcels).await? + pack::call(ctx, parcels).local().await?)
    }
}

/// Measures at each of its steps, between timers.
#[derive(Default)]
struct Journey {
    stops: u32,
}

#[workflow]
impl Journey {
    #[run]
    async fn run(&mut self, ctx: &Ctx, stops: u32) -> Result<()> {
        let metrics = ctx.metrics().with("by", "train");
        metrics.counter("departures").add(1);
        ctx.wait_until(|| self.stops == stops).await?;
        ctx.sleep(millis(1)).await?;
        metrics.counter("arrivals").add(1);
        metrics.histogram("stops").record(self.stops);
        Ok(())
    }

    #[signal]
    async fn stop(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(millis(1)).await?;
        self.stops += 1;
        ctx.metrics().counter("stops_made").add(1);
        ctx.metrics().gauge("last_stop").set(self.stops);
        Ok(())
    }

    #[query]
    fn stops(&self) -> u32 {
        self.stops
    }
}

on_both_servers! {
    what_workflow_code_measures_is_recorded_once_however_often_it_is_replayed
    opentelemetry_has_the_names_units_and_values_that_prometheus_has
    durations_are_in_seconds_on_request
}

/// What is known of a metric: its kind, and by its labels how many values it has and their sum.
#[derive(Debug, PartialEq)]
struct Known {
    kind: &'static str,
    values: BTreeMap<String, (u64, f64)>,
}

/// What Prometheus reads.
fn scraped(text: &str) -> BTreeMap<String, Known> {
    let mut metrics = BTreeMap::<String, Known>::new();
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a kind");
            let kind = ["counter", "gauge", "histogram"]
                .into_iter()
                .find(|it| *it == kind)
                .expect("one of the three");
            let values = BTreeMap::new();
            metrics.insert(name.to_owned(), Known { kind, values });
        } else if !line.starts_with('#') && !line.is_empty() {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            // OpenTelemetry has it in its resource.
            let labels = labels.trim_end_matches('}').split(',');
            let labels = labels.filter(|it| !it.starts_with("service_name="));
            let labels = labels.collect::<Vec<_>>().join(",");
            let value: f64 = value.parse().expect("a number");
            if let Some(metric) = metrics.get_mut(name) {
                metric.values.insert(labels, (1, value));
                continue;
            }
            let of_histogram = name
                .strip_suffix("_sum")
                .or_else(|| name.strip_suffix("_count"));
            let Some(metric) = of_histogram.and_then(|name| metrics.get_mut(name)) else {
                continue;
            };
            let known = metric.values.entry(labels).or_default();
            match name.ends_with("_sum") {
                true => known.1 = value,
                false => known.0 = value as u64,
            }
        }
    }
    metrics
}

fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> String {
    let mut labels: Vec<_> = attributes
        .map(|it| format!("{}=\"{}\"", it.key, it.value))
        .collect();
    labels.sort();
    labels.join(",")
}

/// What OpenTelemetry exports, with the units.
fn exported(
    exporter: &InMemoryMetricExporter,
) -> (BTreeMap<String, Known>, BTreeMap<String, String>) {
    let (mut metrics, mut units) = (BTreeMap::new(), BTreeMap::new());
    let all = exporter.get_finished_metrics().expect("they are kept");
    let last = all.last().expect("they were exported");
    for metric in last.scope_metrics().flat_map(|it| it.metrics()) {
        let AggregatedMetrics::F64(data) = metric.data() else {
            panic!("{metric:?}");
        };
        let mut values = BTreeMap::new();
        let kind = match data {
            MetricData::Sum(sum) => {
                let points = sum.data_points();
                values.extend(points.map(|it| (labels(it.attributes()), (1, it.value()))));
                "counter"
            }
            MetricData::Gauge(gauge) => {
                let points = gauge.data_points();
                values.extend(points.map(|it| (labels(it.attributes()), (1, it.value()))));
                "gauge"
            }
            MetricData::Histogram(histogram) => {
                let points = histogram.data_points();
                values.extend(points.map(|it| (labels(it.attributes()), (it.count(), it.sum()))));
                "histogram"
            }
            MetricData::ExponentialHistogram(_) => panic!("{metric:?}"),
        };
        metrics.insert(metric.name().to_owned(), Known { kind, values });
        units.insert(metric.name().to_owned(), metric.unit().to_owned());
    }
    (metrics, units)
}

/// The values of the metrics of [`Journey`], of all workers.
fn of_journey(prometheus: &Prometheus) -> BTreeMap<String, (u64, f64)> {
    let names = ["departures", "arrivals", "stops", "stops_made", "last_stop"];
    let known = scraped(&prometheus.render()).into_iter();
    let known = known.filter_map(|(name, known)| {
        let name = names
            .iter()
            .find(|it| name == **it || name == format!("{it}_total"))?;
        let add = |sum: (u64, f64), it: &(u64, f64)| (sum.0 + it.0, sum.1 + it.1);
        Some((
            (*name).to_owned(),
            known.values.values().fold((0, 0.0), add),
        ))
    });
    known.collect()
}

async fn what_workflow_code_measures_is_recorded_once_however_often_it_is_replayed(
    world: &World,
) -> Result<()> {
    const STOPS: u32 = 3;
    let prometheus = Prometheus::new();
    let client = world.client.with_meter(prometheus.clone());
    // Without a cache each workflow task replays the run from its beginning.
    let spawn = |cached| {
        let worker = Worker::new(&client, &world.queue).workflow::<Journey>();
        worker.max_cached_workflows(cached).spawn()
    };
    let worker = spawn(0).await?;
    let journey = Journey::start(&client, STOPS).task_queue(&world.queue);
    let journey = journey.await?;
    for stops in 1..STOPS {
        journey.stop().await?;
        eventually("the stop", || async {
            journey.stops().await.ok().filter(|it| *it == stops)
        })
        .await;
    }
    worker.shutdown().await?;

    // The next worker replays what the first one has measured.
    let worker = spawn(100).await?;
    assert_eq!(journey.stops().await?, STOPS - 1);
    journey.stop().await?;
    journey.result().await?;
    let history = journey.history().await?;
    let tasks = history.events().iter();
    let tasks = tasks
        .filter(|it| it.name() == "WorkflowTaskCompleted")
        .count();
    assert!(tasks > 6, "{tasks} tasks");
    worker.shutdown().await?;
    let expected = [
        ("arrivals", (1, 1.0)),
        ("departures", (1, 1.0)),
        ("last_stop", (1, 3.0)),
        ("stops", (1, 3.0)),
        ("stops_made", (1, 3.0)),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(of_journey(&prometheus), BTreeMap::from(expected));
    Ok(())
}

async fn measured(world: &World, meter: impl Meter) -> Result<()> {
    let client = world.client.with_meter(meter);
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Order>()
        .activity::<pack>()
        .spawn()
        .await?;
    let order = Order::start(&client, 3).task_queue(&world.queue);
    assert_eq!(order.result().await?, 6);
    worker.shutdown().await
}

async fn opentelemetry_has_the_names_units_and_values_that_prometheus_has(
    world: &World,
) -> Result<()> {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone());
    let provider = provider.build();
    let prometheus = Prometheus::new();
    measured(
        world,
        Both(prometheus.clone(), OpenTelemetry::new(&provider)),
    )
    .await?;
    let scraped = scraped(&prometheus.render());
    provider.force_flush()?;
    let (exported, units) = exported(&exporter);
    let names = |of: &BTreeMap<String, Known>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&exported), names(&scraped));
    for (name, scraped) in &scraped {
        let exported = &exported[name];
        assert_eq!(exported.kind, scraped.kind, "{name}");
        let of_exported: Vec<_> = exported.values.keys().collect();
        let of_scraped: Vec<_> = scraped.values.keys().collect();
        assert_eq!(of_exported, of_scraped, "{name}");
        for ((labels, one), other) in exported.values.iter().zip(scraped.values.values()) {
            assert_eq!(one.0, other.0, "{name}{{{labels}}}");
            let difference = (one.1 - other.1).abs();
            assert!(
                difference <= 1e-6 * one.1.abs(),
                "{name}{{{labels}}}: {one:?} {other:?}"
            );
        }
    }
    let in_milliseconds = units.iter().filter(|(name, _)| name.ends_with("_latency"));
    assert!(in_milliseconds.clone().count() > 5, "{units:?}");
    for (name, unit) in in_milliseconds {
        assert_eq!(unit, "ms", "{name}");
    }
    assert_eq!(units["order_age"], "ms");
    assert_eq!(units["order_size"], "parcels");
    let age: Vec<_> = exported["order_age"].values.values().collect();
    assert_eq!(age, [&(1, 1_500.0)]);
    Ok(())
}

async fn durations_are_in_seconds_on_request(world: &World) -> Result<()> {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone());
    let provider = provider.build();
    measured(world, OpenTelemetry::new(&provider).durations_in_seconds()).await?;
    provider.force_flush()?;
    let (exported, units) = exported(&exporter);
    assert_eq!(units["temporal_request_latency"], "s");
    assert_eq!(units["order_age"], "s");
    let age: Vec<_> = exported["order_age"].values.values().collect();
    assert_eq!(age, [&(1, 1.5)]);
    Ok(())
}
