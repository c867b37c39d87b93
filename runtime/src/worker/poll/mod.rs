//! Long polls: one at rest, more while tasks come, none while the worker is full.

mod activity_queue;
mod workflow_queue;

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use tokio::sync::mpsc;

pub(crate) use self::{activity_queue::ActivityQueue, workflow_queue::WorkflowQueue};
use super::{
    lifecycle::{Lifecycle, Phase},
    server::Server,
    slots::{Permit, Slots},
};
use crate::{
    telemetry::log,
    transport::{caller::Arrival, retry::Backoff},
    wire::status::{CallError, Retry},
};

/// The server answers an empty poll after a minute; past this the connection is taken for dead.
const POLL_TIMEOUT: Duration = Duration::from_secs(70);
/// A poll that came back without a task sooner than this was no long poll: pause before the next.
const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// A queue that a worker polls.
pub(crate) trait Queue: Send + Sync + 'static {
    type Task: Send;

    /// Names the poll in logs.
    const WHAT: &'static str;

    /// A poll holds one of these while it waits, and its task afterwards.
    fn slots(&self) -> &Slots;

    /// Resolves while the worker may take more of these tasks.
    fn may_poll(&self) -> impl Future<Output = ()> + Send;

    /// One long poll; none if the server had no task for it.
    fn poll(&self) -> impl Future<Output = Result<Arrival<Option<Self::Task>>, CallError>> + Send;

    /// Starts the work on a task.
    fn start(&self, task: Self::Task, permit: Permit);
}

/// The pollers of one queue.
pub(crate) struct Pollers<Q> {
    pub(crate) queue: Q,
    pub(crate) server: Arc<Server>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// Most pollers at a time.
    pub(crate) most: usize,
    /// Held by each poller: the receiver ends when the last one has ended.
    pub(crate) alive: mpsc::Sender<()>,
}

/// The pollers of one queue, some of which run.
struct Group<Q> {
    pollers: Pollers<Q>,
    /// How many run.
    active: AtomicUsize,
}

impl<Q: Queue> Pollers<Q> {
    /// Starts the first poller, which starts others while tasks come.
    pub(crate) fn start(self) {
        let group = Arc::new(Group {
            pollers: self,
            active: AtomicUsize::new(1),
        });
        let first = Arc::clone(&group);
        let server = &group.pollers.server;
        server.spawn(async move { first.run().await });
    }
}

impl<Q: Queue> Group<Q> {
    async fn run(self: Arc<Self>) {
        let Pollers {
            queue,
            server,
            lifecycle,
            alive,
            most: _,
        } = &self.pollers;
        let _alive = alive.clone();
        let mut backoff = Backoff::new();
        loop {
            let permit = tokio::select! {
                biased;
                () = lifecycle.reached(Phase::Stopping) => break,
                permit = async {
                    queue.may_poll().await;
                    queue.slots().acquire().await
                } => permit,
            };
            let mut failed = None;
            let began = Instant::now();
            let polled = tokio::select! {
                biased;
                polled = queue.poll() => polled,
                () = lifecycle.reached(Phase::PollsAbandoned) => break,
            };
            match polled {
                Ok(Arrival::Encoded(task)) => {
                    backoff.reset();
                    self.grow();
                    self.start_decoded(task, permit);
                    continue;
                }
                Ok(Arrival::Here(Some(task))) => {
                    backoff.reset();
                    self.grow();
                    queue.start(task, permit);
                    continue;
                }
                Ok(Arrival::Here(None)) => {
                    if self.shrinks() {
                        return;
                    }
                }
                Err(CallError::Malformed(error)) => self.log_malformed(&error),
                // A poll itself is small. No retry can bring the task, but the others need their worker.
                Err(error) if error.is_over_message_limit() => log::error!(
                    task_queue = server.identity.task_queue,
                    namespace = server.identity.namespace,
                    error = error.message(),
                    "{} brought a task that is too large, which is left to its timeout, and so again: the \
                     payloads of its workflow must become smaller. Pass references to large values instead \
                     of the values, and reset or terminate the workflow",
                    Q::WHAT
                ),
                Err(error) if error.retry() == Retry::Never => {
                    lifecycle.stop_rejected(error);
                    break;
                }
                Err(error) => failed = Some(error),
            }
            drop(permit);
            let long_enough = began.elapsed() >= LONG_ENOUGH;
            if long_enough {
                backoff.reset();
            }
            let retry = failed.as_ref().map_or(Retry::Soon, CallError::retry);
            let pause = backoff.pause(retry);
            if let Some(error) = failed {
                server.caller.note_failure(Q::WHAT, &error, pause);
            }
            if long_enough {
                backoff.reset();
                continue;
            }
            tokio::select! {
                () = lifecycle.reached(Phase::Stopping) => break,
                () = server.timers.sleep(pause) => {}
            }
        }
        self.active.fetch_sub(1, Ordering::Relaxed);
    }

    /// Starts the work on a task when its payloads are decoded. The next poll does not wait for that: a codec that
    /// hangs holds up its own task only.
    fn start_decoded(
        self: &Arc<Self>,
        task: BoxFuture<'static, Result<Option<Q::Task>, CallError>>,
        permit: Permit,
    ) {
        let this = Arc::clone(self);
        self.pollers.server.spawn(async move {
            let _alive = this.pollers.alive.clone();
            match task.await {
                Ok(Some(task)) => this.pollers.queue.start(task, permit),
                Ok(None) => {}
                Err(error) => this.log_malformed(&error.message()),
            }
        });
    }

    /// The server went on: only this task is lost, until it times out.
    fn log_malformed(&self, error: &dyn fmt::Display) {
        let identity = &self.pollers.server.identity;
        log::warning!(
            task_queue = identity.task_queue,
            namespace = identity.namespace,
            %error,
            "{} brought a malformed task, which is left to its timeout",
            Q::WHAT
        );
    }

    /// Tasks are coming: one more poller, up to the limit.
    fn grow(self: &Arc<Self>) {
        let Pollers {
            server,
            lifecycle,
            most,
            ..
        } = &self.pollers;
        let wants = |active| (active < *most && !lifecycle.is_stopping()).then_some(active + 1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        if self.active.fetch_update(set, fetch, wants).is_ok() {
            let another = Arc::clone(self);
            server.spawn(async move { another.run_boxed().await });
        }
    }

    /// The queue is empty: all pollers but one end.
    fn shrinks(&self) -> bool {
        let spare = |active| (active > 1).then(|| active - 1);
        self.active
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spare)
            .is_ok()
    }

    /// A poller may start another, so its future has to be named without itself.
    fn run_boxed(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(self.run())
    }
}
