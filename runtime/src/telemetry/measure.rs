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
        if let Err(fault) = self.claim_name(metric) {
            self.log_fault(&metric.name, &fault);
            return None;
        }
        // Without the lock: the meter is code of the user's, which may take long, and may record by itself.
        let series = distinct(labels).and_then(|()| self.meter.series(metric, labels));
        // A fault is kept, too: the meter is not asked again.
        let (series, fault) = match series {
            Ok(series) => (Some(series), None),
            Err(fault) => (None, Some(fault)),
        };
        if let Some(fault) = fault {
            self.log_fault(&metric.name, &fault);
        }
        let mut metrics = self.metrics.write().unwrap_or_else(PoisonError::into_inner);
        let name = metrics.get_mut(&metric.name)?;
        // Another thread may have been faster; all use the first.
        let first = name.series.entry(labels.to_vec()).or_insert(series);
        first.clone()
    }

    /// Keeps the kind with which a name is used first.
    fn claim_name(&self, metric: &Metric) -> Result<(), MetricError> {
        let mut metrics = self.metrics.write().unwrap_or_else(PoisonError::into_inner);
        let name = metrics.entry(metric.name.clone());
        let known = name.or_insert_with(|| OneName {
            kind: metric.kind,
            series: HashMap::new(),
        });
        match known.kind == metric.kind {
            true => Ok(()),
            false => Err(MetricError::OtherKind {
                name: metric.name.to_string(),
                known: known.kind,
                used: metric.kind,
            }),
        }
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

    pub(super) fn record(&self, value: f64) {
        let series = self
            .series
            .get_or_init(|| self.measures.series(self.metric, &self.labels));
        if let Some(series) = series {
            series.record(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Records how many series were requested, with the client that requests them.
    #[derive(Clone, Default)]
    struct Nested {
        client: Arc<OnceLock<Measures>>,
        requested: Arc<AtomicUsize>,
    }

    impl Meter for Nested {
        fn series(&self, metric: &Metric, _: &[Label]) -> Result<Arc<dyn Series>, MetricError> {
            let requested = self.requested.fetch_add(1, Ordering::Relaxed);
            if metric.name != "series"
                && let Some(client) = self.client.get()
                && let Some(series) =
                    client.series(&Metric::new("series", MetricKind::Counter), &[])
            {
                series.record(requested as f64);
            }
            Ok(Arc::new(Dropped))
        }
    }

    struct Dropped;

    impl Series for Dropped {
        fn record(&self, _: f64) {}
    }

    #[test]
    fn a_meter_may_record_while_it_makes_a_series() {
        let meter = Nested::default();
        let measures = Measures::new(meter.clone());
        assert!(meter.client.set(measures.clone()).is_ok());
        let orders = Metric::new("orders", MetricKind::Counter);
        let first = measures.series(&orders, &[]).expect("the meter makes it");
        let second = measures.series(&orders, &[]).expect("it is known");
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(meter.requested.load(Ordering::Relaxed), 2);
        let gauge = Metric::new("orders", MetricKind::Gauge);
        assert!(measures.series(&gauge, &[]).is_none());
    }
}
