//! Metrics of user code.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use super::{
    measure::Measures,
    meter::{Label, Metric, MetricKind},
    replayed::is_suppressed,
};

/// Metrics of your own: counters, gauges and histograms with labels.
///
/// - `ctx.metrics()` in a workflow has its namespace, task queue and workflow type as labels. Recording is suppressed
///   during replay; a workflow task that fails and is retried records again.
/// - `ctx.metrics()` in an activity has its namespace, task queue and activity type.
/// - [`Client::metrics`](crate::Client::metrics) has no labels.
///
/// They go to the meter of the client, or of the client that the worker was made with; without a meter they cost
/// nothing. A metric that cannot be recorded is logged once, and never an error of the workflow.
///
/// ```
/// use durably::prelude::*;
///
/// #[derive(Default)]
/// struct Order;
///
/// #[workflow]
/// impl Order {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, country: String, cents: u64) -> Result<()> {
///         let metrics = ctx.metrics().with("country", country);
///         metrics.counter("orders").add(1);
///         metrics.histogram("order_value").unit("cents").record(cents);
///         ctx.sleep(secs(1)).await?;
///         let latency = ctx.now().duration_since(ctx.started_at()).unwrap_or_default();
///         metrics.histogram("order_latency").record(latency);
///         Ok(())
///     }
/// }
/// ```
#[derive(Clone, Default)]
pub struct Metrics {
    measures: Measures,
    labels: Arc<[Label]>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.labels.iter();
        f.debug_map()
            .entries(labels.map(|label| (&label.key, &label.value)))
            .finish()
    }
}

impl Metrics {
    /// With these labels, which are not made without a meter.
    pub(crate) fn new<const N: usize>(
        measures: &Measures,
        labels: impl FnOnce() -> [(&'static str, Arc<str>); N],
    ) -> Self {
        if !measures.is_on() {
            return Self::default();
        }
        let labels = labels().map(|(key, value)| Label::new(key, value));
        Self {
            measures: measures.clone(),
            labels: labels.into(),
        }
    }

    /// The same with one label more; it replaces one of the same name.
    ///
    /// ```
    /// # fn example(client: &durably::Client) {
    /// let metrics = client.metrics().with("region", "eu");
    /// metrics.counter("requests").add(1);
    /// # }
    /// ```
    pub fn with(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Arc<str>>) -> Self {
        if !self.measures.is_on() {
            return Self::default();
        }
        let label = Label::new(key, value);
        let others = self.labels.iter().filter(|it| it.key != label.key);
        Self {
            labels: others.cloned().chain([label.clone()]).collect(),
            measures: self.measures.clone(),
        }
    }

    /// A number that only grows.
    ///
    /// ```
    /// # fn example(client: &durably::Client) {
    /// client.metrics().counter("requests").description("Requests from the shop").add(1);
    /// # }
    /// ```
    pub fn counter(&self, name: impl Into<Cow<'static, str>>) -> Counter {
        Counter(self.instrument(name, MetricKind::Counter))
    }

    /// A number that is set.
    ///
    /// ```
    /// # fn example(client: &durably::Client) {
    /// client.metrics().gauge("temperature").unit("celsius").set(21.5);
    /// # }
    /// ```
    pub fn gauge(&self, name: impl Into<Cow<'static, str>>) -> Gauge {
        Gauge(self.instrument(name, MetricKind::Gauge))
    }

    /// The distribution of numbers or of durations. One metric has one of the two.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # fn example(client: &Client) {
    /// let metrics = client.metrics();
    /// metrics.histogram("basket_size").record(3);
    /// metrics.histogram("checkout_latency").record(millis(250));
    /// # }
    /// ```
    pub fn histogram(&self, name: impl Into<Cow<'static, str>>) -> Histogram {
        Histogram(self.instrument(name, MetricKind::Histogram))
    }

    fn instrument(&self, name: impl Into<Cow<'static, str>>, kind: MetricKind) -> OwnMetric {
        OwnMetric {
            measures: self.measures.clone(),
            metric: Metric::new(name, kind),
            labels: Arc::clone(&self.labels),
        }
    }
}

/// What the three have in common.
#[derive(Clone)]
struct OwnMetric {
    measures: Measures,
    metric: Metric,
    labels: Arc<[Label]>,
}

impl OwnMetric {
    fn record(&self, value: f64) {
        if !self.measures.is_on() || is_suppressed() {
            return;
        }
        if !value.is_finite() {
            let fault = format!("{value} is not a value of a metric");
            return self.measures.log_fault(&self.metric.name, &fault);
        }
        if let Some(series) = self.measures.series(&self.metric, &self.labels) {
            series.record(value);
        }
    }
}

macro_rules! metric_setters {
    ($($name:ident),*) => {
        $(
            impl $name {
                /// What it says, for people who read the metrics. The first one of a metric counts.
                pub fn description(mut self, text: impl Into<Cow<'static, str>>) -> Self {
                    self.0.metric.description = text.into();
                    self
                }

                /// The unit of its values, for systems that know units.
                pub fn unit(mut self, unit: impl Into<Cow<'static, str>>) -> Self {
                    self.0.metric.unit = unit.into();
                    self
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_tuple(stringify!($name)).field(&self.0.metric.name).finish()
                }
            }
        )*
    };
}

/// A number that only grows; made by [`Metrics::counter`].
///
/// ```
/// # use durably::prelude::*;
/// #[activity(start_to_close = "10s")]
/// async fn ship(ctx: &ActivityCtx, parcels: u64) {
///     ctx.metrics().counter("parcels").add(parcels);
/// }
/// ```
#[derive(Clone)]
#[must_use = "a counter records nothing until something is added"]
pub struct Counter(OwnMetric);

impl Counter {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.record(more as f64);
    }
}

/// A number that is set; made by [`Metrics::gauge`].
///
/// ```
/// # use durably::prelude::*;
/// #[activity(start_to_close = "10s")]
/// async fn measure(ctx: &ActivityCtx) {
///     ctx.metrics().gauge("humidity").set(0.6);
/// }
/// ```
#[derive(Clone)]
#[must_use = "a gauge records nothing until it is set"]
pub struct Gauge(OwnMetric);

impl Gauge {
    /// Sets it. What is not a number, or infinite, is logged and left out.
    pub fn set(&self, value: impl Number) {
        self.0.record(value.number());
    }
}

/// The distribution of numbers or of durations; made by [`Metrics::histogram`].
///
/// ```
/// # use durably::prelude::*;
/// #[activity(start_to_close = "10s")]
/// async fn pack(ctx: &ActivityCtx, grams: u32) {
///     ctx.metrics().histogram("weight").unit("g").record(grams);
/// }
/// ```
#[derive(Clone)]
#[must_use = "a histogram records nothing until something is recorded"]
pub struct Histogram(OwnMetric);

impl Histogram {
    /// Records an observation: an integer, a float or a duration. What is not a number, or infinite, is logged and
    /// left out.
    pub fn record(&self, value: impl Observation) {
        let (value, kind) = value.observed();
        if kind == self.0.metric.kind {
            return self.0.record(value);
        }
        let mut metric = self.0.clone();
        metric.metric.kind = kind;
        metric.record(value);
    }
}

mod sealed {
    pub trait Sealed {}
}

/// The integers and floats.
///
/// ```
/// fn set_twice(gauge: &durably::telemetry::Gauge, value: impl durably::telemetry::Number + Copy) {
///     gauge.set(value);
///     gauge.set(value);
/// }
/// ```
pub trait Number: sealed::Sealed {
    #[doc(hidden)]
    fn number(self) -> f64;
}

/// What a histogram takes: the integers, the floats, and durations.
///
/// ```
/// use durably::telemetry::{Histogram, Observation};
///
/// fn record_all<T: Observation>(histogram: &Histogram, values: Vec<T>) {
///     values.into_iter().for_each(|value| histogram.record(value));
/// }
/// ```
pub trait Observation: sealed::Sealed {
    #[doc(hidden)]
    fn observed(self) -> (f64, MetricKind);
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(
            impl sealed::Sealed for $number {}

            impl Number for $number {
                fn number(self) -> f64 {
                    self as f64
                }
            }

            impl Observation for $number {
                fn observed(self) -> (f64, MetricKind) {
                    (self as f64, MetricKind::Histogram)
                }
            }
        )*
    };
}

numbers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64);

impl sealed::Sealed for Duration {}

impl Observation for Duration {
    fn observed(self) -> (f64, MetricKind) {
        (self.as_secs_f64(), MetricKind::DurationHistogram)
    }
}

metric_setters!(Counter, Gauge, Histogram);

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::telemetry::{
        log::test_log,
        meter::{Meter, MetricError, Series},
        replayed::suppressed_if,
    };

    /// What was recorded: name, kind, labels and value.
    #[derive(Clone, Default)]
    struct Recorded(Arc<Mutex<Vec<String>>>);

    struct One(Recorded, String);

    impl Meter for Recorded {
        fn series(
            &self,
            metric: &Metric,
            labels: &[Label],
        ) -> Result<Arc<dyn Series>, MetricError> {
            let labels: Vec<_> = labels
                .iter()
                .map(|it| format!("{}={}", it.key, it.value))
                .collect();
            let kind = metric.kind;
            let name = format!("{} {kind} {}", metric.name, labels.join(","));
            Ok(Arc::new(One(self.clone(), name)))
        }
    }

    impl Series for One {
        fn record(&self, value: f64) {
            let line = format!("{} {value}", self.1);
            self.0.0.lock().expect("no test panics here").push(line);
        }
    }

    impl Recorded {
        fn take(&self) -> Vec<String> {
            std::mem::take(&mut *self.0.lock().expect("no test panics here"))
        }
    }

    fn metrics() -> (Metrics, Recorded) {
        let recorded = Recorded::default();
        let measures = Measures::new(recorded.clone());
        (
            Metrics::new(&measures, || [("queue", "q".into())]),
            recorded,
        )
    }

    #[test]
    fn each_kind_takes_its_values_with_labels() {
        let (metrics, recorded) = metrics();
        metrics.counter("c").add(2);
        metrics.with("a", "b").gauge("g").set(-1.5);
        metrics.with("queue", "other").gauge("g").set(3_u8);
        metrics.histogram("h").record(7);
        metrics.histogram("h").record(0.5);
        metrics.histogram("d").record(Duration::from_millis(250));
        let expected = [
            "c counter queue=q 2",
            "g gauge queue=q,a=b -1.5",
            "g gauge queue=other 3",
            "h histogram queue=q 7",
            "h histogram queue=q 0.5",
            "d histogram of durations queue=q 0.25",
        ];
        assert_eq!(recorded.take(), expected);
    }

    #[test]
    fn nothing_is_recorded_during_a_replay() {
        let (metrics, recorded) = metrics();
        let counter = metrics.counter("c");
        suppressed_if(true, || counter.add(1));
        assert!(recorded.take().is_empty());
        suppressed_if(false, || counter.add(1));
        assert_eq!(recorded.take(), ["c counter queue=q 1"]);
    }

    #[test]
    fn what_cannot_be_recorded_is_logged_once() {
        test_log::open();
        let (metrics, recorded) = metrics();
        for _ in 0..2 {
            metrics.histogram("odd_histogram").record(f64::NAN);
            metrics.gauge("odd_gauge").set(f64::INFINITY);
            metrics.counter("odd_counter").add(1);
            metrics.gauge("odd_counter").set(1);
            metrics.histogram("odd_mixed").record(1);
            metrics.histogram("odd_mixed").record(Duration::ZERO);
        }
        let expected = [
            "odd_counter counter queue=q 1",
            "odd_mixed histogram queue=q 1",
        ];
        assert_eq!(recorded.take(), [expected, expected].concat());
        for line in [
            "a metric is not recorded; this is logged once: NaN is not a value of a metric metric=\"odd_histogram\"",
            "inf is not a value of a metric metric=\"odd_gauge\"",
            "`odd_counter` was recorded as a counter before, and is now used as a gauge: choose another name",
            "`odd_mixed` was recorded as a histogram before, and is now used as a histogram of durations",
        ] {
            assert_eq!(test_log::count(line), 1, "{line}");
        }
    }

    #[test]
    fn without_a_meter_nothing_happens() {
        let metrics = Metrics::new(&Measures::default(), || -> [_; 0] {
            unreachable!("no labels are needed")
        });
        metrics.with("a", "b").counter("c").add(1);
        assert_eq!(format!("{metrics:?}"), "{}");
    }
}
