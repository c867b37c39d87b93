//! One attempt of a local activity.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use durably_engine::{FailureInfo, FailureRecord, LocalActivityTask, Payload, TimeoutKind};

use super::{Running, cancelled, timed_out};
use crate::{
    activity::{
        ActivityCtx, ActivityInfo, CancelReason, cancel::CancelSignal, context::ActivityHost,
    },
    data::{Args, Bytes, Callee},
    error::{AppError, Error, Meaning, Result},
    options::{Priority, Retry},
    telemetry::log,
    worker::{
        activity_task::{self, AttemptPermits},
        lifecycle::Phase,
        timers::Timers,
    },
};

/// How an attempt ended, or why there was none.
pub(super) enum Ended {
    Completed(Payload),
    /// It may be retried.
    Failed(FailureRecord),
    /// It is not retried.
    Final(FailureRecord),
    /// The worker ends, and the result is of no use.
    Abandoned,
}

impl Ended {
    /// Whether the attempt failed; a cancelled one did not.
    pub(super) fn is_failure(&self) -> bool {
        match self {
            Self::Failed(_) => true,
            Self::Final(failure) => !matches!(failure.info, FailureInfo::Canceled { .. }),
            Self::Completed(_) | Self::Abandoned => false,
        }
    }
}

/// Resolves at `deadline`, never without one.
pub(super) async fn until(timers: &Timers, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => timers.sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

impl Running {
    /// Calls the user's function, and enforces its timeouts.
    pub(super) async fn attempt(&self, permits: AttemptPermits) -> Ended {
        let (tasks, task) = (&self.tasks, &self.task);
        // Of this attempt: a timeout ends it, and not the one after it.
        let stop = CancelSignal::default();
        let converter = tasks.registry.converter.clone();
        let interceptors = tasks.registry.activity_interceptors.clone();
        let host = ActivityHost {
            shutdown: tasks.shutdown.clone(),
            converter: converter.clone(),
            measures: tasks.server.caller.measures().clone(),
            on_heartbeat: interceptors.heartbeats(),
        };
        let callee = Callee::Activity(task.activity_type.clone().into());
        let args = Args::new(callee, task.input.clone(), converter);
        let header = task.header.clone();
        let ctx = ActivityCtx::local(self.info(), stop.clone(), host, header);
        let (kind, deadline) = self.first_deadline();
        let activity = Arc::clone(&self.activity);
        let mut call = Box::pin(async move {
            activity_task::call(&activity, &interceptors, ctx, args, permits).await
        });
        let mut cancelled = false;
        loop {
            tokio::select! {
                biased;
                result = &mut call => return self.of_result(&stop, result),
                reason = self.cancel.wait(), if !cancelled => {
                    cancelled = true;
                    stop.set(reason);
                }
                () = until(&tasks.server.timers, deadline) => break,
                () = tasks.lifecycle.reached(Phase::ActivitiesAbandoned) => return Ended::Abandoned,
            }
        }
        stop.set(CancelReason::TimedOut);
        let info = self.info();
        log::on_attempt!(log::warning, info, "local activity attempt timed out");
        // It may clean up meanwhile; what it returns is discarded.
        let timers = tasks.server.timers.clone();
        let lifecycle = Arc::clone(&tasks.lifecycle);
        tasks.runtime.spawn(async move {
            tokio::select! {
                biased;
                _ = call => {}
                () = timers.sleep(activity_task::CLEAN_UP) => {}
                () = lifecycle.reached(Phase::ActivitiesAbandoned) => {}
            }
        });
        let failure = timed_out(kind);
        match kind {
            TimeoutKind::StartToClose => Ended::Failed(failure),
            TimeoutKind::ScheduleToClose
            | TimeoutKind::ScheduleToStart
            | TimeoutKind::Heartbeat
            | TimeoutKind::Unspecified
            | TimeoutKind::Other(_) => Ended::Final(failure),
        }
    }

    /// The timeout that ends the attempt first, and when.
    fn first_deadline(&self) -> (TimeoutKind, Option<Instant>) {
        let limit: Option<Duration> = self.task.timeouts.start_to_close;
        let own = limit.and_then(|limit| Instant::now().checked_add(limit));
        match (own, self.deadline) {
            (Some(own), Some(all)) if all <= own => (TimeoutKind::ScheduleToClose, Some(all)),
            (Some(own), _) => (TimeoutKind::StartToClose, Some(own)),
            (None, all) => (TimeoutKind::ScheduleToClose, all),
        }
    }

    fn of_result(&self, stop: &CancelSignal, result: Result<Payload>) -> Ended {
        let error: Error = match result {
            Ok(result) => return Ended::Completed(result),
            Err(error) => error,
        };
        let reason = stop.reason().or_else(|| self.tasks.shutdown.reason());
        match (error.meaning(), reason) {
            (Meaning::Cancelled, Some(CancelReason::Requested)) => Ended::Final(cancelled()),
            (Meaning::Cancelled, Some(CancelReason::WorkerShutdown | CancelReason::Gone)) => {
                Ended::Abandoned
            }
            (Meaning::CompleteLater, _) => Ended::Final(no_later_completion(&self.task)),
            (
                Meaning::Cancelled
                | Meaning::OtherCancelled
                | Meaning::ContinueAsNew(_)
                | Meaning::Failure,
                _,
            ) => Ended::Failed(error.to_attempt_record(&self.tasks.registry.converter)),
        }
    }

    /// Facts about the attempt.
    pub(super) fn info(&self) -> ActivityInfo {
        let (task, call) = (&self.task, &self.call);
        let identity = &self.tasks.server.identity;
        let now = SystemTime::now();
        ActivityInfo {
            activity_id: task.activity_id.clone(),
            activity_type: task.activity_type.clone(),
            attempt: task.attempt,
            workflow_id: call.workflow_id.clone(),
            run_id: call.run_id.clone(),
            workflow_type: call.workflow_type.clone(),
            namespace: identity.namespace.clone(),
            task_queue: identity.task_queue.clone(),
            scheduled_at: self.first_scheduled,
            attempt_scheduled_at: now,
            started_at: now,
            start_to_close: task.timeouts.start_to_close,
            schedule_to_close: task.timeouts.schedule_to_close,
            heartbeat_timeout: None,
            retry: task.retry.as_ref().map(Retry::recorded),
            priority: Priority::default(),
            is_local: true,
            // The server does not know the attempt.
            task_token: Bytes::from(Vec::new()),
        }
    }
}

fn no_later_completion(task: &LocalActivityTask) -> FailureRecord {
    let text = format!(
        "local activity `{}` returned `ctx.complete_later()`, but no client can complete it: the server does not \
         know it. Call it without `.local()`",
        task.activity_type
    );
    AppError::new("CompleteLater", text)
        .non_retryable()
        .into_record()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_or_abandoned_attempt_has_not_failed() {
        let timed_out = || timed_out(TimeoutKind::StartToClose);
        let ends = [
            Ended::Failed(timed_out()),
            Ended::Final(timed_out()),
            Ended::Final(cancelled()),
            Ended::Abandoned,
        ];
        assert_eq!(ends.map(|it| it.is_failure()), [true, true, false, false]);
    }
}
