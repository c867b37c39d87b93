//! What all parts of one running worker share.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use durably_proto::api::{
    enums::v1::TaskQueueKind,
    taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
    workflowservice::v1::{
        RespondWorkflowTaskCompletedRequest, respond_workflow_task_completed_request::Capabilities,
    },
};
use tokio::sync::watch;
use tonic::Status;

use super::{
    error::WorkerError,
    options::Options,
    registry::Registry,
    slots::Slots,
    workflow_task::{
        executor::{Message, Pool, Wake},
        failing_runs::FailingRuns,
        lost_threads::LostThreads,
        unregistered::Missing,
    },
};
use crate::{activity::cancel::CancelSignal, telemetry::log, transport::rpc::Rpc, wire};

/// What all parts of one running worker share.
pub(crate) struct Shared {
    pub(crate) rpc: Rpc,
    pub(crate) namespace: String,
    pub(crate) task_queue: String,
    /// The queue only this worker polls: tasks of its cached runs.
    pub(crate) sticky_queue: String,
    /// Tells this start of the worker from all others.
    pub(crate) instance_key: String,
    pub(crate) options: Options,
    pub(crate) registry: Registry,
    /// Where activities run: the runtime of the worker's caller.
    pub(crate) runtime: tokio::runtime::Handle,
    /// Where polls and answers run: next to the connection.
    pub(crate) net: tokio::runtime::Handle,
    /// Where time is measured.
    pub(crate) timers: tokio::runtime::Handle,
    pub(crate) workflow_slots: Slots,
    pub(crate) activity_slots: Slots,
    /// Attempts of activities whose end the server has not been sent.
    pub(crate) unreported: Slots,
    /// Set when running activities should come to an end.
    pub(crate) closing: CancelSignal,
    /// The executor threads; set once when the worker starts.
    pub(crate) pool: OnceLock<Arc<Pool>>,
    /// Those that workflow code of this worker blocks.
    pub(crate) lost_threads: LostThreads,
    /// Runs whose workflow tasks fail here.
    pub(crate) failing_runs: FailingRuns,
    phase: Arc<watch::Sender<Phase>>,
    /// The server is away, and that has been told.
    away: AtomicBool,
    /// Calls of activities that are not registered here.
    pub(crate) missing: Missing,
    /// The refusal that ends the worker.
    refusal: Mutex<Option<Status>>,
}

/// How far a worker is on its way from start to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It polls.
    #[default]
    Running,
    /// No new poll begins; those on their way may still bring a task.
    Stopping,
    /// Polls on their way are dropped.
    PollsAbandoned,
    /// Activities that still run are reported as failed.
    ActivitiesAbandoned,
}

impl Phase {
    /// Takes the place of an earlier phase; says whether it did.
    pub(crate) fn follows(self, now: &mut Self) -> bool {
        let later = self > *now;
        if later {
            *now = self;
        }
        later
    }
}

impl Shared {
    pub(crate) fn new(
        rpc: Rpc,
        timers: tokio::runtime::Handle,
        namespace: String,
        task_queue: String,
        options: Options,
        registry: Registry,
        phase: Arc<watch::Sender<Phase>>,
    ) -> Self {
        let instance_key = uuid::Uuid::new_v4().to_string();
        Self {
            net: rpc.runtime(),
            rpc,
            timers,
            namespace,
            sticky_queue: format!("{task_queue}-{instance_key}"),
            task_queue,
            instance_key,
            workflow_slots: Slots::new(options.max_concurrent_workflow_tasks),
            activity_slots: Slots::new(options.max_concurrent_activities),
            unreported: Slots::new(usize::MAX),
            options,
            registry,
            runtime: tokio::runtime::Handle::current(),
            closing: CancelSignal::default(),
            pool: OnceLock::new(),
            lost_threads: LostThreads::default(),
            failing_runs: FailingRuns::default(),
            phase,
            away: AtomicBool::new(false),
            missing: Missing::default(),
            refusal: Mutex::default(),
        }
    }

    /// Whether runs are kept between their tasks.
    pub(crate) fn caches(&self) -> bool {
        self.options.max_cached_workflows > 0
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.has_reached(Phase::Stopping)
    }

    pub(crate) fn has_reached(&self, phase: Phase) -> bool {
        *self.phase.borrow() >= phase
    }

    /// Goes on to `phase`; there is no way back.
    pub(crate) fn advance(&self, phase: Phase) {
        self.phase.send_if_modified(|now| phase.follows(now));
    }

    /// Resolves when the worker is in `phase` or past it.
    pub(crate) async fn reached(&self, phase: Phase) {
        let mut now = self.phase.subscribe();
        // The sender lives in `self`, so the wait ends by the condition only.
        let _ = now.wait_for(|now| *now >= phase).await;
    }

    /// Resolves at `when`, whatever the clock of the current runtime does.
    pub(crate) fn sleep_until(&self, when: Instant) -> impl Future<Output = ()> + use<> {
        let _timers = self.timers.enter();
        tokio::time::sleep_until(when.into())
    }

    /// Resolves after `pause`, whatever the clock of the current runtime does.
    pub(crate) fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + use<> {
        let _timers = self.timers.enter();
        tokio::time::sleep(pause)
    }

    pub(crate) fn normal_task_queue(&self) -> TaskQueue {
        TaskQueue {
            name: self.task_queue.clone(),
            kind: TaskQueueKind::Normal.into(),
            normal_name: String::new(),
        }
    }

    pub(crate) fn sticky_task_queue(&self) -> TaskQueue {
        TaskQueue {
            name: self.sticky_queue.clone(),
            kind: TaskQueueKind::Sticky.into(),
            normal_name: self.task_queue.clone(),
        }
    }

    /// Puts on the answer to a task who gives it, and what it wants in return.
    pub(crate) fn sign_completion(
        &self,
        request: &mut RespondWorkflowTaskCompletedRequest,
        keeps_run: bool,
    ) {
        let stopping = self.is_stopping();
        request.namespace.clone_from(&self.namespace);
        request.identity.clone_from(&self.options.identity);
        request.worker_instance_key.clone_from(&self.instance_key);
        request.return_new_workflow_task = !stopping;
        request.sticky_attributes = (keeps_run && !stopping).then(|| StickyExecutionAttributes {
            worker_task_queue: Some(self.sticky_task_queue()),
            schedule_to_start_timeout: Some(wire::time::to_duration(self.options.sticky_timeout)),
        });
        request.capabilities = Some(Capabilities {
            discard_speculative_workflow_task_with_events: true,
        });
    }

    /// Identifies the worker among those of the process, while it lives.
    pub(crate) fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Gives work to the executor thread that owns the run.
    pub(crate) fn wake(self: &Arc<Self>, run_id: &str, wake: Wake) {
        let Some(pool) = self.pool.get() else {
            return;
        };
        let mut hasher = DefaultHasher::new();
        run_id.hash(&mut hasher);
        let lane = (hasher.finish() % pool.size() as u64) as usize;
        pool.send(lane, Message::new(self, wake));
    }

    /// Logs what the worker polls for. A run that makes no progress may wait for another queue, namespace
    /// or type.
    pub(crate) fn log_start(&self) {
        tracing::info!(
            task_queue = self.task_queue,
            namespace = self.namespace,
            workflows = %self.registry.workflow_names(),
            activities = %self.registry.activity_names(),
            "worker started"
        );
    }

    /// Notes that the server did not answer; tells it once.
    pub(crate) fn lost(&self, what: &str, status: &Status) {
        if !self.away.swap(true, Ordering::Relaxed) {
            log::warning!(
                task_queue = self.task_queue,
                namespace = self.namespace,
                code = ?status.code(),
                error = status.message(),
                "the server is away: {what} failed; trying again until it is back"
            );
        }
    }

    /// Notes that the server answered.
    pub(crate) fn found(&self) {
        if self.away.load(Ordering::Relaxed) && self.away.swap(false, Ordering::Relaxed) {
            tracing::info!(task_queue = self.task_queue, "the server is back");
        }
    }

    /// Ends the worker with the server's refusal; the first one stays.
    pub(crate) fn refuse(&self, status: Status) {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.get_or_insert(status);
        self.advance(Phase::Stopping);
    }

    /// The refusal that ended the worker, if one did.
    pub(crate) fn verdict(&self) -> Result<(), WorkerError> {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        match refusal.take() {
            None => Ok(()),
            Some(status) => Err(self.refused(status)),
        }
    }

    pub(crate) fn refused(&self, status: Status) -> WorkerError {
        WorkerError::Refused {
            task_queue: self.task_queue.clone(),
            namespace: self.namespace.clone(),
            status: Box::new(status),
        }
    }
}
