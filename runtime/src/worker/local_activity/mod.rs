//! Runs local activities: attempts, pauses between them and timeouts, in this process.
//!
//! ```text
//!  driver ── start ──> queue for a slot ──> attempt ──> result ──> wakes the run's executor
//!                            ^                 │ failed, and is retried
//!                            '───── pause <────'── the pause is long: a timer in history
//! ```

mod attempt;
mod retry;

use std::{
    pin::pin,
    sync::Arc,
    time::{Instant, SystemTime},
};

use durably_engine::{
    FailureInfo, FailureRecord, LocalActivityEnd, LocalActivityResult, LocalActivityTask,
    TimeoutKind,
};
use futures::future::poll_immediate;
use tokio::runtime::Handle;

use self::{attempt::Ended, retry::Next};
use super::{
    activity_limits::ActivityLimits, activity_task::AttemptPermits, lifecycle::Lifecycle,
    registry::Registry, server::Server, slots::Slots,
};
use crate::{
    activity::{CancelReason, cancel::CancelSignal},
    definition::ActivityFn,
    driver::{
        instance::TaskFailure,
        local::{LocalActivities, LocalCall, Results},
    },
    error::AppError,
    telemetry::log,
};

/// What to do about a local activity that a worker lacks.
const REGISTER: &str = "A local activity runs in the worker of its workflow: register it there \
    (`.activity::<..>()` or `.activities(..)`), or call it without `.local()`";

/// What local activities need of their worker.
pub(crate) struct LocalActivityTasks {
    server: Arc<Server>,
    lifecycle: Arc<Lifecycle>,
    registry: Arc<Registry>,
    limits: Arc<ActivityLimits>,
    /// Where they run: the runtime of the worker's caller.
    runtime: Handle,
    /// Attempts in progress.
    pub(crate) slots: Slots,
    /// Set when running ones should end because the worker does.
    shutdown: CancelSignal,
}

/// A local activity on its way.
struct Running {
    tasks: Arc<LocalActivityTasks>,
    activity: ActivityFn,
    call: Facts,
    task: LocalActivityTask,
    cancel: CancelSignal,
    /// When it was requested.
    requested: Instant,
    /// When its first attempt was scheduled.
    first_scheduled: SystemTime,
    /// The end of its schedule-to-close timeout.
    deadline: Option<Instant>,
}

/// The workflow that called it.
struct Facts {
    workflow_type: String,
    workflow_id: String,
    run_id: String,
}

impl LocalActivityTasks {
    pub(crate) fn new(
        server: Arc<Server>,
        lifecycle: Arc<Lifecycle>,
        registry: Arc<Registry>,
        limits: Arc<ActivityLimits>,
        slots: Slots,
    ) -> Self {
        Self {
            server,
            lifecycle,
            registry,
            limits,
            runtime: Handle::current(),
            slots,
            shutdown: CancelSignal::default(),
        }
    }

    /// Requests that running local activities end because the worker does.
    pub(crate) fn cancel_all(&self) {
        self.shutdown.set(CancelReason::WorkerShutdown);
    }

    fn unknown(&self, activity_type: &str) -> TaskFailure {
        let text = format!(
            "local activity `{activity_type}` is not registered on this worker (task queue `{}`); registered: {}. \
             {REGISTER}",
            self.server.identity.task_queue,
            self.registry.activity_names(),
        );
        TaskFailure::own(AppError::new("NotFoundError", text))
    }
}

impl LocalActivities for LocalActivityTasks {
    fn start(self: Arc<Self>, call: LocalCall, cancel: &CancelSignal) -> Result<(), TaskFailure> {
        let LocalCall {
            workflow_type,
            workflow_id,
            run_id,
            task,
            results,
        } = call;
        let Some(activity) = self.registry.activity(&task.activity_type).cloned() else {
            return Err(self.unknown(&task.activity_type));
        };
        let first_scheduled = task.first_scheduled.unwrap_or_else(SystemTime::now);
        let requested = Instant::now();
        let running = Running {
            deadline: deadline(&task, requested, first_scheduled),
            activity,
            call: Facts {
                workflow_type,
                workflow_id,
                run_id,
            },
            task,
            cancel: cancel.clone(),
            requested,
            first_scheduled,
            tasks: Arc::clone(&self),
        };
        self.runtime.spawn(running.run(results));
        Ok(())
    }
}

/// The end of the schedule-to-close timeout by the clock of this process; the wall clock counts what passed
/// before a timer, perhaps in another process.
fn deadline(
    task: &LocalActivityTask,
    requested: Instant,
    first_scheduled: SystemTime,
) -> Option<Instant> {
    let limit = task.timeouts.schedule_to_close?;
    let passed = first_scheduled.elapsed().unwrap_or_default();
    requested.checked_add(limit.saturating_sub(passed))
}

impl Running {
    /// Runs it to its end, or to a pause that a timer in history bridges.
    async fn run(mut self, results: Arc<Results>) {
        let end = loop {
            let ended = match self.queue().await {
                Ok(permits) => {
                    let ended = self.measured_attempt(permits).await;
                    let counts = self.tasks.slots.task_counts();
                    match ended.is_failure() {
                        true => counts.add_failed(),
                        false => counts.add_processed(),
                    }
                    ended
                }
                Err(ended) => ended,
            };
            let failure = match ended {
                Ended::Completed(result) => break LocalActivityEnd::Completed(vec![result]),
                Ended::Final(failure) => break LocalActivityEnd::Failed(failure),
                // Its workflow task goes to another worker, which runs it again.
                Ended::Abandoned => return,
                Ended::Failed(failure) => failure,
            };
            let pause = match self.next(&failure) {
                Next::Never => break LocalActivityEnd::Failed(failure),
                Next::Timer(pause) => break LocalActivityEnd::Backoff { failure, pause },
                Next::After(pause) => pause,
            };
            let info = self.info();
            let error = &failure.message;
            let what = "local activity attempt failed, and is retried in this process";
            log::on_attempt!(log::warning, info, error, ?pause, "{what}");
            tokio::select! {
                biased;
                _ = self.cancel.wait() => break LocalActivityEnd::Failed(cancelled()),
                _ = self.tasks.shutdown.wait() => return,
                () = self.tasks.server.timers.sleep(pause) => {}
            }
            self.task.attempt += 1;
        };
        results.send(LocalActivityResult {
            seq: self.task.seq,
            attempt: self.task.attempt,
            took: self.requested.elapsed(),
            first_scheduled: self.first_scheduled,
            end,
        });
    }

    /// One attempt, with its metrics.
    async fn measured_attempt(&self, permits: AttemptPermits) -> Ended {
        let metrics = &self.tasks.server.metrics;
        let metrics = metrics.local_activity(&self.task.activity_type, &self.call.workflow_type);
        let Some(metrics) = metrics else {
            return self.attempt(permits).await;
        };
        metrics.began();
        let began = Instant::now();
        let ended = self.attempt(permits).await;
        metrics.ended(began.elapsed());
        match &ended {
            Ended::Completed(_) => metrics.succeeded(self.first_scheduled.elapsed().ok()),
            Ended::Failed(failure) | Ended::Final(failure) => match failure.info {
                FailureInfo::Canceled { .. } => metrics.cancelled(),
                _ if failure.is_benign() => {}
                _ => metrics.failed(),
            },
            Ended::Abandoned => {}
        }
        ended
    }

    /// Waits for a slot, and for one of its type's before: it keeps no slot while others of its type run.
    async fn queue(&self) -> Result<AttemptPermits, Ended> {
        if self.cancel.reason().is_some() {
            return Err(Ended::Final(cancelled()));
        }
        let timers = &self.tasks.server.timers;
        if self
            .deadline
            .is_some_and(|deadline| deadline <= Instant::now())
        {
            return Err(Ended::Final(timed_out(TimeoutKind::ScheduleToClose)));
        }
        let slot = async {
            let of_type = self.tasks.limits.acquire(&self.task.activity_type).await;
            let slot = self.tasks.slots.acquire().await.for_task();
            AttemptPermits::new(Arc::new(slot), of_type)
        };
        let mut slot = pin!(slot);
        // A free slot is taken even if the worker shuts down: the workflow task waits for the result.
        if let Some(permits) = poll_immediate(&mut slot).await {
            return Ok(permits);
        }
        let too_late = async {
            match self.task.timeouts.schedule_to_start {
                Some(limit) => timers.sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.cancel.wait() => Err(Ended::Final(cancelled())),
            _ = self.tasks.shutdown.wait() => Err(Ended::Abandoned),
            permits = slot => Ok(permits),
            () = attempt::until(timers, self.deadline) => {
                Err(Ended::Final(timed_out(TimeoutKind::ScheduleToClose)))
            }
            () = too_late => Err(Ended::Final(timed_out(TimeoutKind::ScheduleToStart))),
        }
    }

    /// What follows a failed attempt: as on a server nothing once the cancellation was requested.
    fn next(&self, failure: &FailureRecord) -> Next {
        if self.cancel.reason().is_some() {
            return Next::Never;
        }
        let next = retry::next(&self.task, failure);
        let pause = match next {
            Next::Never => return next,
            Next::After(pause) | Next::Timer(pause) => pause,
        };
        // The last failure says more than that no time was left.
        let in_time = self.deadline.is_none_or(|deadline| {
            Instant::now()
                .checked_add(pause)
                .is_some_and(|at| at < deadline)
        });
        if in_time { next } else { Next::Never }
    }
}

/// The failure of an attempt that was cancelled.
fn cancelled() -> FailureRecord {
    FailureRecord::new(
        "Cancelled",
        FailureInfo::Canceled {
            details: Vec::new(),
        },
    )
}

fn timed_out(kind: TimeoutKind) -> FailureRecord {
    let info = FailureInfo::Timeout {
        kind,
        last_heartbeat_details: Vec::new(),
    };
    FailureRecord::new("Activity timed out", info)
}
