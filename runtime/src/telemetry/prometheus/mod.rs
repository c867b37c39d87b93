//! A meter that Prometheus scrapes.

mod endpoint;
mod series;
mod text;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use self::endpoint::{PrometheusEndpoint, PrometheusError};
use self::series::Values;
use super::{
    buckets,
    meter::{Label, Meter, Metric, MetricError, MetricKind, Series},
};
use crate::text::Text;

/// A [`Meter`] that Prometheus scrapes. Needs the feature `prometheus`. Cheap to clone: all clones have the same
/// metrics.
///
/// The metrics of clients and workers have the names, labels and units that other SDKs of Temporal have, so that
/// dashboards made for them show workers in Rust, too: durations are in milliseconds, counters have no suffix.
///
/// ```no_run
/// use durably::{prelude::*, telemetry::Prometheus};
///
/// # async fn example() -> Result<()> {
/// let prometheus = Prometheus::new().label("region", "eu-west");
/// let endpoint = prometheus.serve("0.0.0.0:9464").await?;
/// println!("http://{}/metrics", endpoint.address());
///
/// let client = Client::builder("localhost:7233").meter(prometheus).connect().await?;
/// let worker = Worker::new(&client, "orders");
/// # Ok(())
/// # }
/// ```
///
/// Prometheus has letters, digits and `_` in names; other characters of metrics and labels become `_`.
#[derive(Clone)]
pub struct Prometheus {
    settings: Arc<Settings>,
    families: Arc<Mutex<BTreeMap<String, Family>>>,
}

#[derive(Clone)]
struct Settings {
    durations_in_seconds: bool,
    /// The labels of all series.
    labels: BTreeMap<String, String>,
    /// By the end of a metric's name.
    buckets: Vec<(String, Vec<f64>)>,
}

/// The series of one name.
#[derive(Clone)]
struct Family {
    kind: MetricKind,
    description: String,
    series: BTreeMap<Labels, Arc<Values>>,
}

/// Names and values, sorted by name.
type Labels = Vec<(String, String)>;

/// The label that other SDKs have for the service, and its value here.
const SERVICE_NAME: (&str, &str) = ("service_name", "durably");

impl Default for Prometheus {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = self.families().len();
        f.debug_struct("Prometheus")
            .field("metrics", &metrics)
            .finish_non_exhaustive()
    }
}

impl Prometheus {
    /// A meter without metrics.
    pub fn new() -> Self {
        let (key, value) = SERVICE_NAME;
        Self {
            settings: Arc::new(Settings {
                durations_in_seconds: false,
                labels: BTreeMap::from([(key.to_owned(), value.to_owned())]),
                buckets: Vec::new(),
            }),
            families: Arc::default(),
        }
    }

    /// A label of all metrics; `service_name` is `durably` unless it is set. A metric's own label of that name wins.
    ///
    /// ```
    /// # use durably::telemetry::Prometheus;
    /// let prometheus = Prometheus::new().label("service_name", "orders");
    /// ```
    pub fn label(mut self, key: impl Text, value: impl Text) -> Self {
        let settings = Arc::make_mut(&mut self.settings);
        settings.labels.insert(key.into_text(), value.into_text());
        self
    }

    /// Durations are in seconds, as Prometheus recommends, and not in milliseconds, as other SDKs of Temporal have
    /// them.
    ///
    /// ```
    /// # use durably::telemetry::Prometheus;
    /// let prometheus = Prometheus::new().durations_in_seconds();
    /// ```
    pub fn durations_in_seconds(mut self) -> Self {
        Arc::make_mut(&mut self.settings).durations_in_seconds = true;
        self
    }

    /// The upper bounds of the buckets of a histogram, in the unit of its values. `metric` is its name, or the end
    /// of it: `request_latency` is `temporal_long_request_latency`, too. Bounds are sorted; those that are not
    /// finite are left out.
    ///
    /// ```
    /// # use durably::telemetry::Prometheus;
    /// let prometheus = Prometheus::new().buckets("temporal_request_latency", [1.0, 5.0, 25.0, 125.0]);
    /// ```
    pub fn buckets(mut self, metric: impl Text, bounds: impl IntoIterator<Item = f64>) -> Self {
        let mut bounds: Vec<f64> = bounds.into_iter().filter(|it| it.is_finite()).collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let settings = Arc::make_mut(&mut self.settings);
        settings.buckets.push((metric.into_text(), bounds));
        self
    }

    /// All metrics in the text format of Prometheus, for an endpoint of your own.
    ///
    /// ```
    /// # use durably::telemetry::Prometheus;
    /// assert_eq!(Prometheus::new().render(), "");
    /// ```
    pub fn render(&self) -> String {
        // Written without the lock, which those who need a new series wait for.
        let families = self.families().clone();
        text::render(&families)
    }

    fn families(&self) -> MutexGuard<'_, BTreeMap<String, Family>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Settings {
    /// The labels of a series, with those of all series.
    fn labels(&self, own: &[Label]) -> Result<Labels, MetricError> {
        let mut labels = BTreeMap::new();
        for (key, value) in &self.labels {
            labels.insert(label_name(key)?, value.clone());
        }
        let mut own_keys = Vec::with_capacity(own.len());
        for Label { key, value } in own {
            let name = label_name(key)?;
            if own_keys.contains(&name) {
                return Err(MetricError::LabelTwice { label: name });
            }
            own_keys.push(name.clone());
            labels.insert(name, value.to_string());
        }
        Ok(labels.into_iter().collect())
    }

    /// The bounds that are set, or else those of other SDKs, which are for milliseconds.
    fn bounds(&self, name: &str, are_seconds: bool) -> Vec<f64> {
        let mut own = self.buckets.iter().rev();
        if let Some((_, bounds)) = own.find(|(metric, _)| name.ends_with(metric.as_str())) {
            return bounds.clone();
        }
        let bounds = buckets::of(name).iter();
        match are_seconds {
            true => bounds.map(|bound| bound / 1e3).collect(),
            false => bounds.copied().collect(),
        }
    }

    fn values(&self, metric: &Metric, name: &str) -> Values {
        match metric.kind {
            MetricKind::Counter => Values::counter(),
            MetricKind::Gauge => Values::gauge(),
            MetricKind::Histogram => Values::histogram(self.bounds(name, false), 1.0),
            MetricKind::DurationHistogram => {
                let are_seconds = self.durations_in_seconds;
                let scale = if are_seconds { 1.0 } else { 1e3 };
                Values::histogram(self.bounds(name, are_seconds), scale)
            }
        }
    }
}

impl Meter for Prometheus {
    fn series(&self, metric: &Metric, labels: &[Label]) -> Result<Arc<dyn Series>, MetricError> {
        let name = name(&metric.name, true)?;
        let labels = self.settings.labels(labels)?;
        let mut families = self.families();
        let family = match families.entry(name.clone()) {
            Entry::Vacant(entry) => entry.insert(Family {
                kind: metric.kind,
                description: metric.description.to_string(),
                series: BTreeMap::new(),
            }),
            Entry::Occupied(entry) => entry.into_mut(),
        };
        if family.kind != metric.kind {
            return Err(MetricError::OtherKind {
                name,
                known: family.kind,
                used: metric.kind,
            });
        }
        let values = family
            .series
            .entry(labels)
            .or_insert_with(|| Arc::new(self.settings.values(metric, &name)));
        Ok(Arc::clone(values) as _)
    }
}

fn label_name(key: &str) -> Result<String, MetricError> {
    let name = name(key, false)?;
    // Prometheus keeps the first for itself, and histograms have the second.
    match name.starts_with("__") || name == "le" {
        true => Err(MetricError::Name {
            name: key.to_owned(),
        }),
        false => Ok(name),
    }
}

/// The name with `_` for what Prometheus does not have in names.
fn name(given: &str, of_metric: bool) -> Result<String, MetricError> {
    let is_kept = |it: char| it.is_ascii_alphanumeric() || it == '_' || (of_metric && it == ':');
    let mut name: String = given
        .chars()
        .map(|it| if is_kept(it) { it } else { '_' })
        .collect();
    if !name.chars().any(|it| it.is_ascii_alphanumeric()) {
        return Err(MetricError::Name {
            name: given.to_owned(),
        });
    }
    if name.starts_with(|it: char| it.is_ascii_digit()) {
        name.insert(0, '_');
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(meter: &Prometheus, metric: &Metric, labels: &[Label], value: f64) {
        let series = meter.series(metric, labels).expect("a good metric");
        series.record(value);
    }

    #[test]
    fn each_kind_has_its_lines() {
        let meter = Prometheus::new().label("service_name", "shop");
        let mut shipped = Metric::new("orders-shipped", MetricKind::Counter);
        shipped.description = "Orders that were\nshipped".into();
        record(&meter, &shipped, &[Label::new("country", "de")], 2.0);
        record(&meter, &shipped, &[Label::new("country", "de")], 1.0);
        record(&meter, &shipped, &[], 1.0);
        let open = Metric::new("open", MetricKind::Gauge);
        record(&meter, &open, &[], 7.0);
        record(&meter, &open, &[], -1.5);
        let meter = meter.buckets("basket", [10.0, 1.0, f64::NAN]);
        let basket = Metric::new("basket", MetricKind::Histogram);
        for value in [0.5, 1.0, 3.0, 99.5] {
            record(&meter, &basket, &[], value);
        }
        assert_eq!(
            meter.render(),
            r#"# HELP basket basket
# TYPE basket histogram
basket_bucket{service_name="shop",le="1"} 2
basket_bucket{service_name="shop",le="10"} 3
basket_bucket{service_name="shop",le="+Inf"} 4
basket_sum{service_name="shop"} 104
basket_count{service_name="shop"} 4
# HELP open open
# TYPE open gauge
open{service_name="shop"} -1.5
# HELP orders_shipped Orders that were\nshipped
# TYPE orders_shipped counter
orders_shipped{country="de",service_name="shop"} 3
orders_shipped{service_name="shop"} 1
"#
        );
    }

    #[test]
    fn durations_are_in_milliseconds_or_in_seconds() {
        for (meter, sum, bound) in [
            (Prometheus::new(), "250", "50"),
            (Prometheus::new().durations_in_seconds(), "0.25", "0.05"),
        ] {
            let wait = Metric::new("wait", MetricKind::DurationHistogram);
            record(&meter, &wait, &[], 0.25);
            let text = meter.render();
            assert!(text.contains(&format!("wait_sum{{service_name=\"durably\"}} {sum}\n")));
            assert!(text.contains(&format!("le=\"{bound}\"}} 0\n")), "{text}");
        }
    }

    #[test]
    fn odd_characters_are_replaced_in_names_and_escaped_in_values() {
        let meter = Prometheus::new().label("service_name", "shop");
        let metric = Metric::new("7.ümlaut", MetricKind::Gauge);
        record(&meter, &metric, &[Label::new("a-b", "\"\\\nü")], 1.0);
        let text = meter.render();
        let line = r#"_7__mlaut{a_b="\"\\\nü",service_name="shop"} 1"#;
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn what_is_no_name_is_refused_with_it() {
        let meter = Prometheus::new();
        let refused = |metric: &str, labels: &[Label]| {
            let metric = Metric::new(metric.to_owned(), MetricKind::Gauge);
            meter.series(&metric, labels).map(|_| ()).unwrap_err()
        };
        let named = |name: &str| MetricError::Name {
            name: name.to_owned(),
        };
        assert_eq!(refused("", &[]), named(""));
        assert_eq!(refused("☃", &[]), named("☃"));
        assert_eq!(refused("a", &[Label::new("le", "1")]), named("le"));
        assert_eq!(refused("a", &[Label::new("__b", "1")]), named("__b"));
        let twice = [Label::new("a-b", "1"), Label::new("a.b", "2")];
        let label = "a_b".to_owned();
        assert_eq!(refused("a", &twice), MetricError::LabelTwice { label });
    }

    #[test]
    fn two_names_that_become_one_have_one_kind() {
        let meter = Prometheus::new();
        record(&meter, &Metric::new("a-b", MetricKind::Gauge), &[], 1.0);
        let other = meter.series(&Metric::new("a.b", MetricKind::Counter), &[]);
        let error = other.map(|_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a_b` was recorded as a gauge before, and is now used as a counter: choose another name"
        );
    }
}
