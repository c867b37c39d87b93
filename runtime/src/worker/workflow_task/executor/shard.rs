//! The runs of one worker on one thread.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use durably_engine::{Completion, EventId, Task};

use super::{
    executors::Executors,
    messages::{Completed, Content, Output, QueuedTask, RunVersion, Wake},
    suspended::{SuspendedTasks, Waits},
    watched::Watched,
};
use crate::{
    activity::CancelReason,
    driver::{Driver, Progress, instance::WorkerInfo},
    error::AppError,
    instance::{core::WorkerFacts, panics, waker::ExecutorWaker},
    telemetry::{log, metrics::WorkflowMetrics},
    wire::{deployment::WorkerBuild, respond::AnswerQuery},
    worker::{
        slots::Permit,
        workflow_task::{cache::Cache, failure_report::FailureReport, task_info::TaskInfo},
    },
};

/// How long one turn lasts: of a replay, or of a run whose local activities end again and again. The activation
/// in progress is finished in any case.
const TURN: Duration = Duration::from_millis(50);

/// The runs of one worker on one thread.
pub(crate) struct Shard {
    pub(super) executors: Arc<Executors>,
    pub(super) watched: Arc<Watched>,
    cache: Cache<Box<Driver>>,
    pub(super) suspended: SuspendedTasks,
    facts: Arc<WorkerFacts>,
}

/// Result of the work on a task.
pub(super) enum Worked {
    Completed(Box<Completed>),
    Answered(AnswerQuery),
    Failed(FailureReport),
    /// All of history is needed.
    NotCached(Box<Task>),
    /// It cannot go on now.
    Suspended(Waits),
    /// The server has given the task up, and its run has handled a later one.
    Overtaken,
}

/// Its runs have user code, which may panic when it is dropped.
impl Drop for Shard {
    fn drop(&mut self) {
        for (run_id, driver) in self.cache.drain() {
            discard(&self.executors, &run_id, driver);
        }
        for (run_id, driver) in self.suspended.drain() {
            discard(&self.executors, &run_id, driver);
        }
        self.measure_cache();
    }
}

impl Shard {
    pub(super) fn new(executors: Arc<Executors>, watched: Arc<Watched>) -> Self {
        let lanes = executors.pool.size();
        Self {
            cache: Cache::new(
                executors.max_cached.div_ceil(lanes),
                Arc::clone(&executors.cache_counts),
            ),
            facts: Arc::new(WorkerFacts {
                namespace: executors.identity().namespace.clone(),
                converter: executors.registry.converter.clone(),
                measures: executors.completions.server.caller.measures().clone(),
                outbound: executors.registry.workflow_interceptors.outbound(),
                version: executors
                    .identity()
                    .build
                    .as_ref()
                    .map(WorkerBuild::version),
            }),
            suspended: SuspendedTasks::default(),
            watched,
            executors,
        }
    }

    pub(super) fn handle(&mut self, wake: Wake) {
        match wake {
            Wake::Task(task) => self.task(*task),
            Wake::HeartbeatDue(info) => self.heartbeat(&info),
            Wake::HeartbeatAnswered(before, task) => self.heartbeat_answered(&before, task),
            Wake::Evict(version) => self.evict_version(&version),
            Wake::ResetTo(version, started) => self.reset(&version, started),
            Wake::RunWoken(run_id) => self.run_woken(&run_id),
            Wake::HandBack => self.hand_back(),
            // The thread drops the shard.
            Wake::Stop => {}
        }
    }

    fn run_woken(&mut self, run_id: &str) {
        let cached = self.cache.peek_mut(run_id).map(|driver| &**driver);
        if let Some(driver) = cached.or_else(|| self.suspended.driver(run_id)) {
            driver.log_foreign_wake();
        }
        self.resume_local(run_id);
    }

    fn evict(&mut self, run_id: &str) {
        if let Some(driver) = self.cache.take(run_id) {
            discard(&self.executors, run_id, driver);
        }
    }

    pub(super) fn task(&mut self, task: QueuedTask) {
        let Some(QueuedTask { work, permit }) = self.queue_behind(task) else {
            return;
        };
        let (info, content) = work.open();
        if let Some(failure) = self.executors.lost_threads.failure_of(&info) {
            // Its code would cost one more thread.
            self.send(Worked::Failed(failure), info, permit);
            return;
        }
        self.work(info, permit, |this, info| {
            read(info, content, |task| this.begin(info, task))
        });
    }

    /// Works on a task while the watchdog measures it, and sends the result.
    pub(super) fn work(
        &mut self,
        info: Arc<TaskInfo>,
        permit: Permit,
        work: impl FnOnce(&mut Self, &Arc<TaskInfo>) -> Worked,
    ) {
        if let Some((worked, permit)) = self.measured(&info, permit, work) {
            self.send(worked, info, permit);
        }
    }

    /// Works on a task while the watchdog measures it; returns the result and the permit, unless the watchdog
    /// has given the thread up.
    pub(super) fn measured(
        &mut self,
        info: &Arc<TaskInfo>,
        permit: Permit,
        work: impl FnOnce(&mut Self, &Arc<TaskInfo>) -> Worked,
    ) -> Option<(Worked, Permit)> {
        self.watched.begin(self.executors.key(), info, permit);
        // Panics of workflow code are caught where it runs. This is for those of its destructors,
        // and for our own: they must not take the other runs of the thread with them.
        let worked = panics::catch(|| work(self, info))
            .unwrap_or_else(|panic| Worked::Failed(FailureReport::of(&panic.into())));
        let Some(permit) = self.watched.end() else {
            // The task is answered, and the thread replaced; it ends.
            self.executors.lost_threads.returned(info);
            return None;
        };
        Some((worked, permit))
    }

    fn begin(&mut self, info: &Arc<TaskInfo>, task: Box<Task>) -> Worked {
        let mut cached = self.cache.take(&info.run_id);
        if let Some(driver) = cached.take_if(|driver| driver.declines(&task)) {
            self.keep(&info.run_id, driver);
            return Worked::Overtaken;
        }
        if cached.take_if(|driver| !driver.continues(&task)).is_some() {
            self.count_eviction();
        }
        let counts = &self.executors.cache_counts;
        let mut driver = match cached {
            Some(driver) => {
                counts.hits.fetch_add(1, Ordering::Relaxed);
                if let Some(metrics) = self.metrics(info) {
                    metrics.cache_hit();
                }
                driver
            }
            None if !begins_with_the_run(&task) => {
                counts.misses.fetch_add(1, Ordering::Relaxed);
                self.executors.completions.server.metrics.cache_miss();
                return Worked::NotCached(task);
            }
            None => match self.executors.registry.workflow(&info.workflow_type) {
                Some(entry) => Box::new(Driver::new(entry, self.worker_info(&info.run_id))),
                None => return Worked::Failed(self.unknown_type(info)),
            },
        };
        match driver.begin(*task) {
            Ok(()) => self.advance(info, driver),
            Err(error) => Worked::Failed(error.into()),
        }
    }

    /// Replays, and runs the slice that is new, until the task is done, waits, or its turn ends.
    pub(super) fn advance(&mut self, info: &Arc<TaskInfo>, mut driver: Box<Driver>) -> Worked {
        let turn = Instant::now();
        let watched = &self.watched;
        // The watchdog measures each activation by itself: of a replay as of live code.
        let goes_on = || {
            watched.begin_activation();
            turn.elapsed() < TURN
        };
        let advanced = driver.advance(goes_on);
        if let Some(replayed) = driver.take_replayed()
            && let Some(metrics) = self.metrics(info)
        {
            metrics.replayed(replayed);
        }
        match advanced {
            Err(failure) => {
                self.count_eviction();
                Worked::Failed(failure)
            }
            Ok(Progress::TurnOver) => Worked::Suspended(Waits::Turn(driver)),
            Ok(Progress::WaitsForLocal) => Worked::Suspended(Waits::Local(driver)),
            Ok(Progress::Done(Completion::Query(answer))) => {
                // A query of a run that was not cached is mostly one of a run that has ended.
                if driver.tasks() > 1 {
                    self.keep(&info.run_id, driver);
                }
                Worked::Answered(AnswerQuery::new(answer, info.token.clone()))
            }
            Ok(Progress::Done(Completion::Task(completion))) => {
                let version = RunVersion {
                    info: Arc::clone(info),
                    task: driver.task(),
                };
                let age = driver.age();
                let keep = !completion.ends_run && self.executors.max_cached > 0;
                if keep {
                    self.keep(&info.run_id, driver);
                }
                let completions = &self.executors.completions;
                Worked::Completed(Box::new(completions.build(completion, version, keep, age)))
            }
        }
    }

    /// Sends the result of a task, or puts the task aside.
    fn send(&mut self, worked: Worked, info: Arc<TaskInfo>, permit: Permit) {
        let ends = !matches!(worked, Worked::Suspended(_)) && self.suspended.is_any();
        let ended = ends.then(|| info.run_id.clone());
        self.measure_cache();
        self.respond(worked, info, permit);
        if let Some(run_id) = ended {
            self.end_suspension(&run_id);
        }
    }

    /// As [`send`](Self::send), without a start of the tasks that have queued behind this one.
    pub(super) fn respond(&mut self, worked: Worked, info: Arc<TaskInfo>, permit: Permit) {
        match worked {
            Worked::Suspended(waits) => self.suspend(info, permit, waits),
            Worked::Completed(completed) => self.output(Output::Completed(completed, permit)),
            Worked::Answered(query) => self.output(Output::Answered(info, query, permit)),
            Worked::Failed(failure) => self.output(Output::Failed(info, failure)),
            Worked::NotCached(task) => self.output(Output::FetchHistory(info, task, permit)),
            Worked::Overtaken => log::on_task!(
                tracing::debug,
                self.executors.identity(),
                info,
                "a workflow task arrived after a later one of its run, and is left unanswered"
            ),
        }
    }

    pub(super) fn output(&self, output: Output) {
        self.executors.send(output);
    }

    /// Keeps a run for its next task; the one that has to go for it is replayed when its task
    /// comes.
    ///
    /// The server is not informed: this worker still polls the queue that the task goes to, so
    /// telling would cost a call and save none.
    fn keep(&mut self, run_id: &str, driver: Box<Driver>) {
        if let Some((run_id, evicted)) = self.cache.put(run_id, driver) {
            self.count_eviction();
            discard(&self.executors, &run_id, evicted);
        }
    }

    fn evict_version(&mut self, version: &RunVersion) {
        if self.is_current(version) {
            self.count_eviction();
            self.evict(&version.info.run_id);
            self.measure_cache();
        }
    }

    fn reset(&mut self, version: &RunVersion, started: EventId) {
        if self.is_current(version)
            && let Some(driver) = self.cache.peek_mut(&version.info.run_id)
        {
            driver.reset_to(started);
        }
    }

    fn metrics(&self, info: &TaskInfo) -> Option<Arc<WorkflowMetrics>> {
        let metrics = &self.executors.completions.server.metrics;
        metrics.workflow(&info.workflow_type)
    }

    fn count_eviction(&self) {
        self.executors.completions.server.metrics.evicted();
    }

    /// Records the size of the caches of all threads.
    fn measure_cache(&self) {
        let size = &self.executors.cache_counts.size;
        let metrics = &self.executors.completions.server.metrics;
        metrics.cached(|| size.load(Ordering::Relaxed));
    }

    fn is_current(&mut self, version: &RunVersion) -> bool {
        let driver = self.cache.peek_mut(&version.info.run_id);
        driver.is_some_and(|driver| driver.task() == version.task)
    }

    fn worker_info(&self, run_id: &str) -> WorkerInfo {
        WorkerInfo {
            facts: Arc::clone(&self.facts),
            local: Arc::clone(&self.executors.local),
            executor: executor_waker(&self.executors, run_id),
            interceptors: self.executors.registry.workflow_interceptors.clone(),
        }
    }

    fn unknown_type(&self, info: &TaskInfo) -> FailureReport {
        let error = AppError::new(
            "NotFoundError",
            format!(
                "workflow type `{}` is not registered on this worker (task queue `{}`); registered: {}. \
                 Register it (`.workflow::<..>()`), or start it on the task queue of the workers that have it",
                info.workflow_type,
                self.executors.identity().task_queue,
                self.executors.registry.workflow_names()
            ),
        );
        FailureReport::of(&error.into())
    }
}

/// Wakes the thread that owns the run. Foreign code holds it, so it keeps nothing alive.
fn executor_waker(executors: &Arc<Executors>, run_id: &str) -> ExecutorWaker {
    let (executors, run_id) = (Arc::downgrade(executors), Arc::<str>::from(run_id));
    ExecutorWaker::new(move || {
        if let Some(executors) = executors.upgrade() {
            executors.wake(&run_id, Wake::RunWoken(Arc::clone(&run_id)));
        }
    })
}

/// Drops a run; user code has destructors, and those may panic.
pub(super) fn discard(executors: &Executors, run_id: &str, driver: Box<Driver>) {
    driver.cancel_local(match executors.lifecycle.is_stopping() {
        true => CancelReason::WorkerShutdown,
        false => CancelReason::Gone,
    });
    if let Err(panic) = panics::catch(|| drop(driver)) {
        log::error!(
            run_id,
            task_queue = executors.identity().task_queue,
            error = %panic,
            "a workflow panicked in a `Drop`"
        );
    }
}

/// Reads a task, and works on it. One that was read before has come with all of history, so that a run that is
/// not cached is not fetched once more.
pub(super) fn read(
    info: &TaskInfo,
    content: Content,
    work: impl FnOnce(Box<Task>) -> Worked,
) -> Worked {
    match content {
        Content::Polled(polled) => match polled.decode() {
            Ok(task) => work(Box::new(task)),
            Err(error) => Worked::Failed(FailureReport::of(&error.into())),
        },
        Content::Decoded(task) => match work(task) {
            Worked::NotCached(_) => Worked::Failed(no_history(info)),
            worked => worked,
        },
    }
}

/// Fails a task whose history lacks its beginning although all of it was fetched; fetching it once
/// more would return the same.
fn no_history(info: &TaskInfo) -> FailureReport {
    let text = format!(
        "the server has no history of run {} from its first event on",
        info.run_id
    );
    FailureReport::of(&AppError::new("HistoryMissing", text).into())
}

fn begins_with_the_run(task: &Task) -> bool {
    task.history
        .first()
        .is_some_and(|event| event.id == EventId(1))
}
