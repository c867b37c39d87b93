//! The interface between what is measured and the system that collects it.

use std::{borrow::Cow, fmt, sync::Arc};

/// Receives what clients, workers and user code measure.
///
/// [`Prometheus`](super::Prometheus) and [`OpenTelemetry`](super::OpenTelemetry) are meters; implement the trait
/// for another system. A client gets its meter by [`ClientBuilder::meter`](crate::client::ClientBuilder::meter), and
/// its workers use it too.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
///
/// use durably::telemetry::{Label, Meter, Metric, MetricError, Series};
///
/// /// Counts measurements, of whatever metric.
/// #[derive(Clone, Default)]
/// struct Total(Arc<AtomicU64>);
///
/// impl Meter for Total {
///     fn series(&self, _: &Metric, _: &[Label]) -> Result<Arc<dyn Series>, MetricError> {
///         Ok(Arc::new(self.clone()))
///     }
/// }
///
/// impl Series for Total {
///     fn record(&self, _: f64) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// # fn example(client: durably::Client) {
/// let client = client.with_meter(Total::default());
/// # }
/// ```
pub trait Meter: Send + Sync + 'static {
    /// The series of this metric with these labels. Each client keeps what it was given: it requests a series again
    /// only if two threads need a new one at the same time, and then uses one of the two.
    ///
    /// No label comes twice, and no two calls of one client have one name and two kinds. Clients that share a meter do
    /// not know of each other: the meter refuses the second kind.
    ///
    /// # Errors
    /// Why nothing can be recorded. It is logged once, and what would have been recorded is dropped.
    fn series(&self, metric: &Metric, labels: &[Label]) -> Result<Arc<dyn Series>, MetricError>;
}

impl<M: Meter + ?Sized> Meter for Arc<M> {
    fn series(&self, metric: &Metric, labels: &[Label]) -> Result<Arc<dyn Series>, MetricError> {
        (**self).series(metric, labels)
    }
}

/// A metric with one set of labels.
///
/// ```
/// use std::sync::Arc;
///
/// use durably::telemetry::Series;
///
/// fn record_all(series: &Arc<dyn Series>, values: &[f64]) {
///     values.iter().for_each(|value| series.record(*value));
/// }
/// ```
pub trait Series: Send + Sync + 'static {
    /// Records a value, which is finite: what a counter grows by, the new value of a gauge, one observation of a
    /// histogram. Durations are in seconds.
    fn record(&self, value: f64);
}

/// What is measured.
///
/// ```
/// use durably::telemetry::{Metric, MetricKind};
///
/// let metric = Metric::new("orders_shipped", MetricKind::Counter);
/// assert_eq!(metric.name, "orders_shipped");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Metric {
    /// Its name, as it was given.
    pub name: Cow<'static, str>,
    /// How its values are combined.
    pub kind: MetricKind,
    /// What it says, for people; may be empty.
    pub description: Cow<'static, str>,
    /// The unit of its values; may be empty. That of a duration is decided by the meter.
    pub unit: Cow<'static, str>,
}

impl Metric {
    /// A metric without description and unit.
    pub fn new(name: impl Into<Cow<'static, str>>, kind: MetricKind) -> Self {
        Self {
            name: name.into(),
            kind,
            description: Cow::Borrowed(""),
            unit: Cow::Borrowed(""),
        }
    }

    pub(crate) const fn fixed(
        kind: MetricKind,
        name: &'static str,
        description: &'static str,
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            kind,
            description: Cow::Borrowed(description),
            unit: Cow::Borrowed(""),
        }
    }
}

/// How the values of a metric are combined.
///
/// ```
/// assert_eq!(durably::telemetry::MetricKind::DurationHistogram.to_string(), "histogram of durations");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricKind {
    /// Their sum, which never falls.
    Counter,
    /// The last one.
    Gauge,
    /// Their distribution.
    Histogram,
    /// The distribution of durations.
    DurationHistogram,
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::DurationHistogram => "histogram of durations",
        })
    }
}

/// A name and a value that tell series of one metric apart.
///
/// ```
/// use durably::telemetry::Label;
///
/// let label = Label::new("country", "de");
/// assert_eq!((&*label.key, &*label.value), ("country", "de"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Label {
    /// Its name.
    pub key: Cow<'static, str>,
    /// Its value.
    pub value: Arc<str>,
}

impl Label {
    /// A label.
    pub fn new(key: impl Into<Cow<'static, str>>, value: impl Into<Arc<str>>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// Why nothing can be recorded for a metric.
///
/// ```
/// use durably::telemetry::{Label, Meter, Metric, MetricError, MetricKind};
///
/// fn is_usable(meter: &dyn Meter, metric: &Metric) -> bool {
///     !matches!(meter.series(metric, &[]), Err(MetricError::Name { .. }))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricError {
    /// The name, of a metric or of a label, is empty or not one for this system.
    Name {
        /// The name as it was given.
        name: String,
    },
    /// The metric was used before, as another kind.
    OtherKind {
        /// The metric.
        name: String,
        /// What it was used as.
        known: MetricKind,
        /// What it is used as now.
        used: MetricKind,
    },
    /// Two labels have one name.
    LabelTwice {
        /// The name of the labels.
        label: String,
    },
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(
                f,
                "`{name}` is not a name of a metric or a label: write letters, digits and `_`"
            ),
            Self::OtherKind { name, known, used } => write!(
                f,
                "`{name}` was recorded as a {known} before, and is now used as a {used}: choose another name"
            ),
            Self::LabelTwice { label } => {
                write!(f, "two labels of the metric have the name `{label}`")
            }
        }
    }
}

impl std::error::Error for MetricError {}
