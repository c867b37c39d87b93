//! Runs workflow tasks: fetches missing history, drives the run on its thread, and responds.

mod cache;
mod executor;
mod failing_runs;
mod failure_report;
mod history_pages;
mod intake;
mod lost_threads;
mod prolonged;
mod rejection;
mod respond;
mod task_info;
mod unregistered_calls;
mod watchdog;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

#[cfg(feature = "simulation")]
pub(crate) use self::failure_report::FailureReport;
use self::{
    executor::{Completions, Executors},
    failing_runs::FailingRuns,
    intake::Intake,
    lost_threads::LostThreads,
    respond::Responder,
    unregistered_calls::UnregisteredCalls,
};
use super::{
    activity_task::ActivityTasks,
    lifecycle::Lifecycle,
    local_activity::LocalActivityTasks,
    options::Options,
    registry::Registry,
    server::Server,
    slots::{Permit, Slots},
};
use crate::{
    transport::eager_starts::{FirstTask, FirstTasks},
    wire::{worker_heartbeat::CacheInfo, workflow_task::PolledTask},
};

/// The workflow tasks of one worker, from poll to response.
pub(crate) struct WorkflowTasks {
    /// Workflow tasks in progress.
    pub(crate) slots: Slots,
    intake: Arc<Intake>,
    executors: Arc<Executors>,
}

impl FirstTasks for WorkflowTasks {
    fn reserve(&self, task_queue: &str, workflow_type: &str) -> Option<FirstTask> {
        let is_here = *task_queue == *self.intake.server.identity.task_queue
            && self.executors.registry.workflow(workflow_type).is_some();
        if !is_here || self.intake.lifecycle.is_stopping() {
            return None;
        }
        let permit = self.slots.try_acquire()?;
        let (intake, executors) = (Arc::clone(&self.intake), Arc::clone(&self.executors));
        Some(Box::new(move |task| intake.take(&executors, task, permit)))
    }
}

impl WorkflowTasks {
    /// Starts the threads, and the watchdog over them.
    ///
    /// # Errors
    /// If the operating system refuses a thread.
    pub(crate) fn new(
        server: &Arc<Server>,
        lifecycle: &Arc<Lifecycle>,
        registry: &Arc<Registry>,
        activities: &Arc<ActivityTasks>,
        local: &Arc<LocalActivityTasks>,
        slots: Slots,
        options: &Options,
    ) -> io::Result<Self> {
        let intake = Arc::new(Intake {
            server: Arc::clone(server),
            lifecycle: Arc::clone(lifecycle),
            slots: slots.clone(),
            failing_runs: FailingRuns::default(),
        });
        let responder = Arc::new(Responder {
            server: Arc::clone(server),
            lifecycle: Arc::clone(lifecycle),
            slots: slots.clone(),
            intake: Arc::clone(&intake),
            activities: Arc::clone(activities),
        });
        let completions = Completions {
            server: Arc::clone(server),
            lifecycle: Arc::clone(lifecycle),
            registry: Arc::clone(registry),
            activity_slots: activities.slots.clone(),
            unregistered_calls: UnregisteredCalls::default(),
            max_eager_activities: options.eager_activities(),
            sticky_timeout: options.sticky_timeout,
            default_versioning: options.default_versioning,
        };
        let task_queue = server.identity.task_queue.clone();
        let executors = Arc::new(Executors {
            pool: executor::start(options.executor_threads)?,
            registry: Arc::clone(registry),
            lifecycle: Arc::clone(lifecycle),
            completions,
            local: Arc::clone(local) as _,
            lost_threads: LostThreads::new(task_queue, options.max_lost_threads).into(),
            outbox: Arc::clone(&responder) as _,
            max_cached: options.max_cached_workflows,
            cache_counts: Arc::default(),
            hands_back: AtomicBool::new(false),
        });
        let watchdog = watchdog::watch(
            Arc::clone(&executors),
            responder,
            Arc::clone(lifecycle),
            options.deadlock_timeout,
        );
        server.timers.spawn(watchdog);
        Ok(Self {
            slots,
            intake,
            executors,
        })
    }

    /// Starts the work on a task.
    pub(crate) fn start(&self, task: PolledTask, permit: Permit) {
        self.intake.take(&self.executors, task, permit);
    }

    /// The runs that are cached.
    pub(crate) fn cached(&self) -> CacheInfo {
        let counts = &self.executors.cache_counts;
        CacheInfo {
            size: counts.size.load(Ordering::Relaxed),
            hits: counts.hits.load(Ordering::Relaxed),
            misses: counts.misses.load(Ordering::Relaxed),
        }
    }

    /// Whether workflow code blocks more threads than the worker may lose.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.executors.lost_threads.is_within_limit()
    }

    /// Resolves while workflow code blocks no more threads than the worker may lose.
    pub(crate) async fn few_threads_lost(&self) {
        self.executors.lost_threads.within_limit().await;
    }

    /// Waits until no task is in progress, and makes the server give those that are put aside to other
    /// workers after half of the time; returns whether none is in progress. Tasks that block a thread are
    /// not waited for: they may never end.
    pub(crate) async fn ended(&self, longest: Duration) -> bool {
        self.executors.lost_threads.release_slots();
        let half = longest / 2;
        if self.slots.all_free(half).await {
            return true;
        }
        self.executors.hand_back();
        self.slots.all_free(half).await
    }

    /// Drops the cached runs.
    pub(crate) fn stop(&self) {
        self.executors.stop();
    }
}
