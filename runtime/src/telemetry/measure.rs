//! What measures: the series of one meter, found by name and labels, and the faults of metrics, logged once.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use super::{
    log,
    meter::{Label, Meter, Metric, MetricError, MetricKind, Series},
};

/// A meter with the series that were used so far, or no meter. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Measures(Option<Arc<Known>>);

struct Known {
    meter: Box<dyn Meter>,
    /// By name of the metric.
    metrics: RwLock<HashMap<Cow<'static, str>, OneName>>,
    /// What was logged.
    faults: Mutex<BTreeSet<String>>,
}

struct OneName {
    kind: MetricKind,
    /// By labels, in the order in which they were given.
    series: HashMap<Vec<Label>, Option<Arc<dyn Series>>>,
}

impl fmt::Debug for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Measures").field(&self.is_on()).finish()
    }
}

impl Measures {
    pub(crate) fn new(meter: impl Meter) -> Self {
        Self(Some(Arc::new(Known {
            meter: Box::new(meter),
            metrics: RwLock::default(),
            faults: Mutex::default(),
        })))
    }

    /// Whether there is a meter.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The series of a metric; none if there is no meter, or nothing can be recorded, which is logged once.
    pub(crate) fn series(&self, metric: &Metric, labels: &[Label]) -> Option<Arc<dyn Series>> {
        let known = self.0.as_ref()?;
        let metrics = known.metrics.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = metrics.get(&metric.name)
            && name.kind == metric.kind
            && let Some(series) = name.series.get(labels)
        {
            return series.clone();
        }
        drop(metrics);
        known.add(metric, labels)
    }

    /// Logs a fault of a metric, once.
    pub(crate) fn log_fault(&self, name: &str, fault: &impl fmt::Display) {
        if let Some(known) = &self.0 {
            known.log_fault(name, fault);
        }
    }
}

impl Known {
    fn add(&self, metric: &Metric, labels: &[Label]) -> Option<Arc<dyn Series>> {
        let mut metrics = self.metrics.write().unwrap_or_else(PoisonError::into_inner);
        let found = metrics.get(&metric.name).map(|name| name.kind);
        if let Some(known) = found.filter(|kind| *kind != metric.kind) {
            drop(metrics);
            let name = metric.name.to_string();
            let used = metric.kind;
            self.log_fault(&metric.name, &MetricError::OtherKind { name, known, used });
            return None;
        }
        let name = metrics.entry(metric.name.clone());
        let name = name.or_insert_with(|| OneName {
            kind: metric.kind,
            series: HashMap::new(),
        });
        if let Some(series) = name.series.get(labels) {
            return series.clone();
        }
        let series = distinct(labels).and_then(|()| self.meter.series(metric, labels));
        // A fault is kept, too: the meter is not asked again.
        let (series, fault) = match series {
            Ok(series) => (Some(series), None),
            Err(fault) => (None, Some(fault)),
        };
        name.series.insert(labels.to_vec(), series.clone());
        drop(metrics);
        if let Some(fault) = fault {
            self.log_fault(&metric.name, &fault);
        }
        series
    }

    fn log_fault(&self, name: &str, fault: &impl fmt::Display) {
        let fault = fault.to_string();
        let is_new = self.faults().insert(format!("{name}: {fault}"));
        if is_new {
            log::warning!(
                metric = name,
                error = fault,
                "a metric is not recorded; this is logged once"
            );
        }
    }

    fn faults(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn distinct(labels: &[Label]) -> Result<(), MetricError> {
    for (index, label) in labels.iter().enumerate() {
        if labels[..index].iter().any(|it| it.key == label.key) {
            let label = label.key.to_string();
            return Err(MetricError::LabelTwice { label });
        }
    }
    Ok(())
}

/// A metric of the SDK with its labels. Its series is made when something is first recorded, so that a system
/// lists what has happened and nothing else.
pub(crate) struct Instrument {
    measures: Measures,
    metric: &'static Metric,
    labels: Arc<[Label]>,
    series: OnceLock<Option<Arc<dyn Series>>>,
}

impl fmt::Debug for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instrument")
            .field(&self.metric.name)
            .finish()
    }
}

impl Instrument {
    pub(crate) fn new(measures: &Measures, metric: &'static Metric, labels: &Arc<[Label]>) -> Self {
        Self {
            measures: measures.clone(),
            metric,
            labels: Arc::clone(labels),
            series: OnceLock::new(),
        }
    }

    /// Counts one more.
    pub(crate) fn count(&self) {
        self.record(1.0);
    }

    /// Sets a gauge.
    pub(crate) fn set(&self, value: usize) {
        self.record(value as f64);
    }

    /// Records how long something took.
    pub(crate) fn took(&self, duration: Duration) {
        self.record(duration.as_secs_f64());
    }

    fn record(&self, value: f64) {
        let series = self
            .series
            .get_or_init(|| self.measures.series(self.metric, &self.labels));
        if let Some(series) = series {
            series.record(value);
        }
    }
}
