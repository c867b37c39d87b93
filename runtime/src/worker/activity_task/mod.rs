//! Runs one attempt of an activity: call, heartbeats, deadline, report to the server.

mod attempt;
mod heartbeats;
mod invocation;
mod report;

use std::{pin::pin, sync::Arc};

use durably_engine::FailureRecord;
use tokio::runtime::Handle;

pub(crate) use self::invocation::{AttemptPermits, CLEAN_UP, call};
use self::{
    attempt::Attempt,
    report::{AttemptResult, Report},
};
use super::{
    activity_limits::ActivityLimits,
    lifecycle::Lifecycle,
    registry::{REGISTER_ACTIVITY, Registry},
    server::Server,
    slots::{Permit, Slots},
};
use crate::{
    activity::{
        ActivityCtx, ActivityInfo, CancelReason,
        cancel::CancelSignal,
        context::ActivityHost,
        heartbeat::{self, Heart},
    },
    data::{Args, Callee},
    error::{AppError, Cancelled},
    telemetry::metrics::ActivityMetrics,
    transport::message_codecs::codec_failure,
    wire::activity_task::ActivityTask,
};

/// What attempts of activities need of their worker.
pub(crate) struct ActivityTasks {
    server: Arc<Server>,
    lifecycle: Arc<Lifecycle>,
    registry: Arc<Registry>,
    limits: Arc<ActivityLimits>,
    /// Where activities run: the runtime of the worker's caller.
    runtime: Handle,
    /// Attempts in progress.
    pub(crate) slots: Slots,
    /// Attempts whose end has not been sent to the server.
    pub(crate) unreported: Slots,
    /// Set when running activities should end because the worker does.
    shutdown: CancelSignal,
}

impl ActivityTasks {
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
            unreported: Slots::new(usize::MAX),
            shutdown: CancelSignal::default(),
        }
    }

    /// Starts an attempt that a poll has brought.
    pub(crate) fn start(self: &Arc<Self>, task: ActivityTask, permit: Permit) {
        let metrics = self.metrics(&task);
        if let Some(metrics) = &metrics {
            metrics.received(false);
        }
        self.begin(task, permit, metrics);
    }

    /// Starts an attempt that came in the response to a workflow task.
    pub(crate) fn start_eagerly(self: &Arc<Self>, task: ActivityTask, permit: Permit) {
        let metrics = self.metrics(&task);
        if let Some(metrics) = &metrics {
            metrics.received(true);
        }
        self.begin(task, permit, metrics);
    }

    fn metrics(&self, task: &ActivityTask) -> Option<Arc<ActivityMetrics>> {
        let metrics = &self.server.metrics;
        metrics.activity(&task.activity_type, &task.workflow_type)
    }

    /// Begins an attempt. An interceptor of activities begins here: the task still has its header, which
    /// an [`Attempt`] has not.
    fn begin(
        self: &Arc<Self>,
        task: ActivityTask,
        permit: Permit,
        metrics: Option<Arc<ActivityMetrics>>,
    ) {
        let times = task.started_at.zip(task.attempt_scheduled_at);
        let waited = times.and_then(|(started, scheduled)| started.duration_since(scheduled).ok());
        self.server.metrics.activity_waited(waited);
        let Attempt {
            claim,
            input,
            header,
            previous,
            fault,
        } = Attempt::of(&self.server.identity, task);
        let cancel = CancelSignal::default();
        let heart = heartbeats::of(&self.server, &claim, previous.first().cloned(), &cancel);
        let claimed = Arc::clone(&claim);
        let unreported = self.unreported.try_acquire();
        let report = Report::new(
            &self.server,
            claimed,
            Arc::clone(&heart),
            self.slots.clone(),
            permit.for_task(),
            unreported,
            metrics,
        );
        // Everything above exists before the runtime of the caller is used: it may have ended, and then
        // drops what it is given, which reports the attempt as failed.
        let tasks = Arc::clone(self);
        self.runtime.spawn(async move {
            let info = Arc::clone(&claim.info);
            let registered = tasks.registry.activity(&info.activity_type);
            let ended = match (fault, registered) {
                (Some(fault), _) => AttemptResult::Failed(codec_failure(&fault).into()),
                (None, None) => AttemptResult::Failed(unknown(&tasks.registry, &info).into()),
                (None, Some(activity)) => {
                    let callee = Callee::Activity(info.activity_type.clone().into());
                    let allowed = tasks.wait_for_type_limit(
                        Arc::clone(&info),
                        cancel.clone(),
                        Arc::clone(&heart),
                    );
                    let interceptors = &tasks.registry.activity_interceptors;
                    let host = ActivityHost {
                        shutdown: tasks.shutdown.clone(),
                        converter: tasks.registry.converter.clone(),
                        measures: tasks.server.caller.measures().clone(),
                        on_heartbeat: interceptors.heartbeats(),
                    };
                    let runtime = tasks.server.timers.handle().clone();
                    let ctx = ActivityCtx::new(
                        info,
                        previous,
                        cancel.clone(),
                        host,
                        heart,
                        runtime,
                        header,
                    );
                    let args = Args::new(callee, input, tasks.registry.converter.clone());
                    let call = async {
                        let slot = Arc::clone(&report.permit);
                        let permits = AttemptPermits::new(slot, allowed.await?);
                        call(activity, interceptors, ctx, args, permits).await
                    };
                    tasks.run(&claim, &cancel, call).await
                }
            };
            report.send(ended);
        });
    }

    /// Waits until one more attempt of this type may run. Meanwhile the attempt is kept alive at the server.
    async fn wait_for_type_limit(
        &self,
        info: Arc<ActivityInfo>,
        cancel: CancelSignal,
        heart: Arc<Heart>,
    ) -> Result<Option<Permit>, Cancelled> {
        let mut allowed = pin!(self.limits.acquire(&info.activity_type));
        loop {
            let heartbeat = async {
                match info.heartbeat_timeout {
                    Some(timeout) => {
                        let interval = heartbeat::interval(Some(timeout));
                        self.server.timers.sleep(interval).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                permit = &mut allowed => return Ok(permit),
                _ = cancel.wait() => return Err(Cancelled),
                _ = self.shutdown.wait() => return Err(Cancelled),
                () = heartbeat => heart.beat(None, self.server.timers.handle()),
            }
        }
    }

    /// Requests that running activities end because the worker does.
    pub(crate) fn cancel_all(&self) {
        self.shutdown.set(CancelReason::WorkerShutdown);
    }
}

fn unknown(registry: &Registry, info: &ActivityInfo) -> FailureRecord {
    let error = AppError::new(
        "NotFoundError",
        format!(
            "activity `{}` of workflow `{}` is not registered on this worker (task queue `{}`); registered: {}. {REGISTER_ACTIVITY}",
            info.activity_type,
            info.workflow_id,
            info.task_queue,
            registry.activity_names()
        ),
    );
    error.into_record()
}
