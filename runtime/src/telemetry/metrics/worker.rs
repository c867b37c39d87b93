//! Metrics of one worker.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use super::{names, resources::ResourceMetrics};
use crate::telemetry::{
    measure::{Instrument, Measures},
    meter::{Label, Metric},
};

/// The metrics of one worker, or nothing without a meter. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct WorkerMetrics(Option<Arc<Inner>>);

struct Inner {
    measures: Measures,
    /// The namespace and the task queue, which all of them have.
    labels: Arc<[Label]>,
    worker_start: Instrument,
    poll_succeed: Instrument,
    poll_empty: Instrument,
    task_schedule_to_start: Instrument,
    activity_poll_no_task: Instrument,
    activity_schedule_to_start: Instrument,
    /// Locked while the number is read and recorded, so that the last one recorded is the present one.
    cache_size: Mutex<Instrument>,
    cache_miss: Instrument,
    eviction: Instrument,
    workflows: Families<String, WorkflowMetrics>,
    activities: Families<(String, String), ActivityMetrics>,
    local: Families<(String, String), LocalActivityMetrics>,
}

/// The metrics of workflows of one type.
pub(crate) struct WorkflowMetrics {
    measures: Measures,
    labels: Arc<[Label]>,
    completed: Instrument,
    failed: Instrument,
    canceled: Instrument,
    continued: Instrument,
    end_to_end: Instrument,
    replay: Instrument,
    execution: Instrument,
    cache_hit: Instrument,
}

/// The metrics of activities of one type, called by workflows of one type.
pub(crate) struct ActivityMetrics {
    received: Instrument,
    received_eagerly: Instrument,
    failed: Instrument,
    execution: Instrument,
    end_to_end: Instrument,
}

/// The same of local activities.
pub(crate) struct LocalActivityMetrics {
    total: Instrument,
    cancelled: Instrument,
    failed: Instrument,
    execution: Instrument,
    end_to_end: Instrument,
}

/// How a run ended, as far as its worker decides that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunEnd {
    Completed,
    /// With a failure that nobody has to look at, which is not counted.
    FailedBenignly,
    Failed,
    Canceled,
    ContinuedAsNew,
}

/// Why a workflow task failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskFailureReason {
    Nondeterminism,
    Workflow,
    PayloadsTooLarge,
    MessageTooLarge,
}

/// A kind of task that a worker has slots for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkerType {
    Workflow,
    Activity,
    LocalActivity,
}

/// A queue that a worker polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PollerKind {
    Workflows,
    CachedWorkflows,
    Activities,
}

/// The gauges of slots of one kind.
pub(crate) struct SlotMetrics {
    available: Instrument,
    used: Instrument,
}

impl fmt::Debug for SlotMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotMetrics").finish_non_exhaustive()
    }
}

impl WorkerMetrics {
    pub(crate) fn new(measures: &Measures, namespace: &str, task_queue: &str) -> Self {
        if !measures.is_on() {
            return Self::default();
        }
        let labels = [
            Label::new("namespace", namespace),
            Label::new("task_queue", task_queue),
        ];
        let labels: Arc<[Label]> = labels.into();
        let instrument = |metric| Instrument::new(measures, metric, &labels);
        Self(Some(Arc::new(Inner {
            worker_start: instrument(&names::WORKER_START),
            poll_succeed: instrument(&names::WORKFLOW_TASK_QUEUE_POLL_SUCCEED),
            poll_empty: instrument(&names::WORKFLOW_TASK_QUEUE_POLL_EMPTY),
            task_schedule_to_start: instrument(&names::WORKFLOW_TASK_SCHEDULE_TO_START_LATENCY),
            activity_poll_no_task: instrument(&names::ACTIVITY_POLL_NO_TASK),
            activity_schedule_to_start: instrument(&names::ACTIVITY_SCHEDULE_TO_START_LATENCY),
            cache_size: Mutex::new(instrument(&names::STICKY_CACHE_SIZE)),
            cache_miss: instrument(&names::STICKY_CACHE_MISS),
            eviction: instrument(&names::STICKY_CACHE_FORCED_EVICTION),
            workflows: Families::default(),
            activities: Families::default(),
            local: Families::default(),
            measures: measures.clone(),
            labels,
        })))
    }

    /// The worker begins to poll.
    pub(crate) fn started(&self) {
        if let Some(it) = &self.0 {
            it.worker_start.count();
        }
    }

    /// A poll for workflow tasks was answered, with a task or without.
    pub(crate) fn workflow_poll(&self, has_task: bool) {
        let Some(it) = &self.0 else { return };
        match has_task {
            true => it.poll_succeed.count(),
            false => it.poll_empty.count(),
        }
    }

    pub(crate) fn workflow_task_waited(&self, schedule_to_start: Option<Duration>) {
        if let (Some(it), Some(waited)) = (&self.0, schedule_to_start) {
            it.task_schedule_to_start.took(waited);
        }
    }

    /// A poll for activities was answered without a task.
    pub(crate) fn activity_poll_empty(&self) {
        if let Some(it) = &self.0 {
            it.activity_poll_no_task.count();
        }
    }

    pub(crate) fn activity_waited(&self, schedule_to_start: Option<Duration>) {
        if let (Some(it), Some(waited)) = (&self.0, schedule_to_start) {
            it.activity_schedule_to_start.took(waited);
        }
    }

    /// A task came for a run that should be in the cache, and is not.
    pub(crate) fn cache_miss(&self) {
        if let Some(it) = &self.0 {
            it.cache_miss.count();
        }
    }

    /// A run left the cache before its end.
    pub(crate) fn evicted(&self) {
        if let Some(it) = &self.0 {
            it.eviction.count();
        }
    }

    /// Records the number of cached runs.
    pub(crate) fn cached(&self, runs: impl FnOnce() -> usize) {
        if let Some(it) = &self.0 {
            let size = it.cache_size.lock();
            size.unwrap_or_else(PoisonError::into_inner).set(runs());
        }
    }

    /// The metrics of workflows of a type; none without a meter.
    pub(crate) fn workflow(&self, workflow_type: &str) -> Option<Arc<WorkflowMetrics>> {
        let it = self.0.as_ref()?;
        Some(it.workflows.get(workflow_type, str::to_owned, || {
            WorkflowMetrics::new(
                &it.measures,
                it.with([Label::new("workflow_type", workflow_type)]),
            )
        }))
    }

    /// The metrics of activities of a type; none without a meter.
    pub(crate) fn activity(
        &self,
        activity_type: &str,
        workflow_type: &str,
    ) -> Option<Arc<ActivityMetrics>> {
        let it = self.0.as_ref()?;
        Some(it.activities.of(activity_type, workflow_type, || {
            ActivityMetrics::new(&it.measures, it.of_activity(activity_type, workflow_type))
        }))
    }

    /// The metrics of local activities of a type; none without a meter.
    pub(crate) fn local_activity(
        &self,
        activity_type: &str,
        workflow_type: &str,
    ) -> Option<Arc<LocalActivityMetrics>> {
        let it = self.0.as_ref()?;
        Some(it.local.of(activity_type, workflow_type, || {
            LocalActivityMetrics::new(&it.measures, it.of_activity(activity_type, workflow_type))
        }))
    }

    pub(crate) fn slots(&self, worker_type: WorkerType) -> Option<SlotMetrics> {
        let it = self.0.as_ref()?;
        let worker_type = match worker_type {
            WorkerType::Workflow => "WorkflowWorker",
            WorkerType::Activity => "ActivityWorker",
            WorkerType::LocalActivity => "LocalActivityWorker",
        };
        let labels = it.with([Label::new("worker_type", worker_type)]);
        Some(SlotMetrics {
            available: Instrument::new(&it.measures, &names::SLOTS_AVAILABLE, &labels),
            used: Instrument::new(&it.measures, &names::SLOTS_USED, &labels),
        })
    }

    /// The gauges of the machine that decides about slots; none without a meter. They have no labels: all workers
    /// of a process have one machine.
    pub(crate) fn resources(&self) -> Option<ResourceMetrics> {
        let it = self.0.as_ref()?;
        Some(ResourceMetrics::new(&it.measures))
    }

    /// The gauge of open polls of a queue.
    pub(crate) fn pollers(&self, kind: PollerKind) -> Option<Instrument> {
        let it = self.0.as_ref()?;
        let poller_type = match kind {
            PollerKind::Workflows => "workflow_task",
            PollerKind::CachedWorkflows => "sticky_workflow_task",
            PollerKind::Activities => "activity_task",
        };
        let labels = it.with([Label::new("poller_type", poller_type)]);
        Some(Instrument::new(&it.measures, &names::NUM_POLLERS, &labels))
    }
}

impl Inner {
    fn with<const N: usize>(&self, more: [Label; N]) -> Arc<[Label]> {
        self.labels.iter().cloned().chain(more).collect()
    }

    fn of_activity(&self, activity_type: &str, workflow_type: &str) -> Arc<[Label]> {
        self.with([
            Label::new("workflow_type", workflow_type),
            Label::new("activity_type", activity_type),
        ])
    }
}

impl WorkflowMetrics {
    fn new(measures: &Measures, labels: Arc<[Label]>) -> Self {
        let instrument = |metric| Instrument::new(measures, metric, &labels);
        Self {
            completed: instrument(&names::WORKFLOW_COMPLETED),
            failed: instrument(&names::WORKFLOW_FAILED),
            canceled: instrument(&names::WORKFLOW_CANCELED),
            continued: instrument(&names::WORKFLOW_CONTINUE_AS_NEW),
            end_to_end: instrument(&names::WORKFLOW_ENDTOEND_LATENCY),
            replay: instrument(&names::WORKFLOW_TASK_REPLAY_LATENCY),
            execution: instrument(&names::WORKFLOW_TASK_EXECUTION_LATENCY),
            cache_hit: instrument(&names::STICKY_CACHE_HIT),
            measures: measures.clone(),
            labels,
        }
    }

    /// A run has ended, and took that long.
    pub(crate) fn run_ended(&self, end: RunEnd, took: Option<Duration>) {
        match end {
            RunEnd::Completed => self.completed.count(),
            RunEnd::FailedBenignly => {}
            RunEnd::Failed => self.failed.count(),
            RunEnd::Canceled => self.canceled.count(),
            RunEnd::ContinuedAsNew => self.continued.count(),
        }
        if let Some(took) = took {
            self.end_to_end.took(took);
        }
    }

    /// A task was answered, that long after it arrived.
    pub(crate) fn task_answered(&self, took: Duration) {
        self.execution.took(took);
    }

    pub(crate) fn replayed(&self, took: Duration) {
        self.replay.took(took);
    }

    pub(crate) fn task_failed(&self, reason: TaskFailureReason) {
        let reason = match reason {
            TaskFailureReason::Nondeterminism => "NonDeterminismError",
            TaskFailureReason::Workflow => "WorkflowError",
            TaskFailureReason::PayloadsTooLarge => "PayloadsTooLarge",
            TaskFailureReason::MessageTooLarge => "GrpcMessageTooLarge",
        };
        // Failures are rare, and pause their run: a search by name is cheap enough.
        let metric: &Metric = &names::WORKFLOW_TASK_EXECUTION_FAILED;
        let mut labels = self.labels.to_vec();
        labels.push(Label::new("failure_reason", reason));
        if let Some(series) = self.measures.series(metric, &labels) {
            series.record(1.0);
        }
    }

    /// A task found its run in the cache.
    pub(crate) fn cache_hit(&self) {
        self.cache_hit.count();
    }
}

/// The reason that the metrics of failed activities have.
const ACTIVITY_ERROR: &str = "ActivityError";

impl ActivityMetrics {
    fn new(measures: &Measures, labels: Arc<[Label]>) -> Self {
        let instrument = |metric| Instrument::new(measures, metric, &labels);
        let with = |metric, key, value| {
            let more = [Label::new(key, value)];
            let labels = labels.iter().cloned().chain(more).collect();
            Instrument::new(measures, metric, &labels)
        };
        let received = |eager| with(&names::ACTIVITY_TASK_RECEIVED, "eager", eager);
        Self {
            received: received("false"),
            received_eagerly: received("true"),
            failed: with(
                &names::ACTIVITY_EXECUTION_FAILED,
                "failure_reason",
                ACTIVITY_ERROR,
            ),
            execution: instrument(&names::ACTIVITY_EXECUTION_LATENCY),
            end_to_end: instrument(&names::ACTIVITY_SUCCEED_ENDTOEND_LATENCY),
        }
    }

    /// An attempt has arrived: by a poll, or in the response to a workflow task.
    pub(crate) fn received(&self, eagerly: bool) {
        match eagerly {
            true => self.received_eagerly.count(),
            false => self.received.count(),
        }
    }

    /// An attempt has ended.
    pub(crate) fn ended(&self, took: Duration) {
        self.execution.took(took);
    }

    pub(crate) fn succeeded(&self, end_to_end: Option<Duration>) {
        if let Some(took) = end_to_end {
            self.end_to_end.took(took);
        }
    }

    pub(crate) fn failed(&self) {
        self.failed.count();
    }
}

impl LocalActivityMetrics {
    fn new(measures: &Measures, labels: Arc<[Label]>) -> Self {
        let instrument = |metric| Instrument::new(measures, metric, &labels);
        let reason = [Label::new("failure_reason", ACTIVITY_ERROR)];
        let of_failure = labels.iter().cloned().chain(reason).collect();
        Self {
            total: instrument(&names::LOCAL_ACTIVITY_TOTAL),
            cancelled: instrument(&names::LOCAL_ACTIVITY_EXECUTION_CANCELLED),
            failed: Instrument::new(
                measures,
                &names::LOCAL_ACTIVITY_EXECUTION_FAILED,
                &of_failure,
            ),
            execution: instrument(&names::LOCAL_ACTIVITY_EXECUTION_LATENCY),
            end_to_end: instrument(&names::LOCAL_ACTIVITY_SUCCEED_ENDTOEND_LATENCY),
        }
    }

    /// An attempt begins.
    pub(crate) fn began(&self) {
        self.total.count();
    }

    /// An attempt has ended.
    pub(crate) fn ended(&self, took: Duration) {
        self.execution.took(took);
    }

    pub(crate) fn succeeded(&self, end_to_end: Option<Duration>) {
        if let Some(took) = end_to_end {
            self.end_to_end.took(took);
        }
    }

    pub(crate) fn failed(&self) {
        self.failed.count();
    }

    pub(crate) fn cancelled(&self) {
        self.cancelled.count();
    }
}

impl SlotMetrics {
    /// `available` is none if nobody can know.
    pub(crate) fn set(&self, used: usize, available: Option<usize>) {
        self.used.set(used);
        if let Some(available) = available {
            self.available.set(available);
        }
    }
}

/// The metrics of several types.
struct Families<K, M>(RwLock<HashMap<K, Arc<M>>>);

impl<K, M> Default for Families<K, M> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Hash + Eq, M> Families<K, M> {
    fn get<Q>(&self, key: &Q, owned: impl FnOnce(&Q) -> K, make: impl FnOnce() -> M) -> Arc<M>
    where
        Q: Hash + Eq + ?Sized,
        K: std::borrow::Borrow<Q>,
    {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(metrics) = known.get(key) {
            return Arc::clone(metrics);
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let metrics = known.entry(owned(key)).or_insert_with(|| Arc::new(make()));
        Arc::clone(metrics)
    }
}

impl<M> Families<(String, String), M> {
    fn of(&self, first: &str, second: &str, make: impl FnOnce() -> M) -> Arc<M> {
        let key = (first.to_owned(), second.to_owned());
        self.get(&key, Clone::clone, make)
    }
}
