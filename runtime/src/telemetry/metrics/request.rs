//! Metrics of requests to a server: one place for clients and workers.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use super::names;
use crate::telemetry::{
    measure::{Instrument, Measures},
    meter::{Label, Metric},
};

/// The metrics of the requests of one caller. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct RequestMetrics(Option<Arc<Requests>>);

struct Requests {
    measures: Measures,
    /// A caller sends some twenty methods, each about a few queues.
    series: RwLock<HashMap<Method, Vec<Arc<MeasuredRequest>>>>,
}

/// A method, and whether its requests are long.
type Method = (&'static str, bool);

/// What the metrics of a request say of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestFacts<'a> {
    /// The method's name in the service.
    pub(crate) operation: &'static str,
    /// None for requests that belong to no namespace.
    pub(crate) namespace: Option<&'a str>,
    /// The queue that the request is about.
    pub(crate) task_queue: Option<&'a str>,
    /// Whether the server answers when something has happened, and not at once.
    pub(crate) is_long: bool,
}

/// The metrics of one kind of request.
pub(crate) struct MeasuredRequest {
    namespace: Option<Box<str>>,
    task_queue: Option<Box<str>>,
    labels: Arc<[Label]>,
    measures: Measures,
    failure: &'static Metric,
    requests: Instrument,
    latency: Instrument,
}

impl fmt::Debug for RequestMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestMetrics")
            .field(&self.0.is_some())
            .finish()
    }
}

impl RequestMetrics {
    pub(crate) fn new(measures: &Measures) -> Self {
        Self(measures.is_on().then(|| {
            Arc::new(Requests {
                measures: measures.clone(),
                series: RwLock::default(),
            })
        }))
    }

    /// The metrics of a request; none without a meter, and then `facts` is not called.
    pub(crate) fn of<'a>(
        &self,
        facts: impl FnOnce() -> RequestFacts<'a>,
    ) -> Option<Arc<MeasuredRequest>> {
        let requests = self.0.as_ref()?;
        let facts = facts();
        let key = (facts.operation, facts.is_long);
        let series = requests.series.read();
        let series = series.unwrap_or_else(PoisonError::into_inner);
        let known = series.get(&key).into_iter().flatten();
        if let Some(known) = known.into_iter().find(|it| it.is_of(&facts)) {
            return Some(Arc::clone(known));
        }
        drop(series);
        let mut series = requests
            .series
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let of_method = series.entry(key).or_default();
        if let Some(known) = of_method.iter().find(|it| it.is_of(&facts)) {
            return Some(Arc::clone(known));
        }
        let request = Arc::new(MeasuredRequest::new(&requests.measures, &facts));
        // A program that starts workflows on queues without end must not slow its own calls down; the meter keeps
        // their series in any case.
        if of_method.len() < MOST_KEPT {
            of_method.push(Arc::clone(&request));
        }
        Some(request)
    }
}

/// Kinds of request that are kept of one method.
const MOST_KEPT: usize = 32;

impl MeasuredRequest {
    fn new(measures: &Measures, facts: &RequestFacts<'_>) -> Self {
        let mut labels = vec![Label::new("operation", facts.operation)];
        labels.extend(facts.namespace.map(|it| Label::new("namespace", it)));
        labels.extend(facts.task_queue.map(|it| Label::new("task_queue", it)));
        let labels: Arc<[Label]> = labels.into();
        let (requests, failure, latency) = match facts.is_long {
            true => (
                &names::LONG_REQUEST,
                &names::LONG_REQUEST_FAILURE,
                &names::LONG_REQUEST_LATENCY,
            ),
            false => (
                &names::REQUEST,
                &names::REQUEST_FAILURE,
                &names::REQUEST_LATENCY,
            ),
        };
        Self {
            namespace: facts.namespace.map(Into::into),
            task_queue: facts.task_queue.map(Into::into),
            measures: measures.clone(),
            failure,
            requests: Instrument::new(measures, requests, &labels),
            latency: Instrument::new(measures, latency, &labels),
            labels,
        }
    }

    fn is_of(&self, facts: &RequestFacts<'_>) -> bool {
        self.namespace.as_deref() == facts.namespace
            && self.task_queue.as_deref() == facts.task_queue
    }

    /// An attempt begins.
    pub(crate) fn begins(&self) {
        self.requests.count();
    }

    /// An attempt has ended, with a status code if it failed: `NOT_FOUND`.
    pub(crate) fn ended(&self, took: Duration, failed: Option<&'static str>) {
        self.latency.took(took);
        let Some(code) = failed else { return };
        let mut labels = self.labels.to_vec();
        labels.push(Label::new("status_code", code));
        if let Some(series) = self.measures.series(self.failure, &labels) {
            series.record(1.0);
        }
    }
}
