//! Long polls: one at rest, more while tasks come, none while the worker is full.

mod activity_queue;
mod scaler;
mod status;
mod workflow_queue;

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use tokio::sync::mpsc;

use self::scaler::Scaler;
pub use self::status::{PollKind, PollStatus};
pub(crate) use self::{
    activity_queue::ActivityQueue, status::Polls, workflow_queue::WorkflowQueue,
};
use super::{
    lifecycle::{Lifecycle, Phase},
    options::PollerLimit,
    server::Server,
    slots::{Permit, Slots},
};
use crate::{
    telemetry::log,
    transport::{caller::Arrival, retry::Backoff},
    wire::{
        poll::Polled,
        status::{CallError, Retry},
    },
};

/// The server answers an empty poll after a minute; past this the connection is taken for dead.
const POLL_TIMEOUT: Duration = Duration::from_secs(70);
/// A poll that came back without a task sooner than this was no long poll: pause before the next.
pub(crate) const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// A queue that a worker polls.
pub(crate) trait Queue: Send + Sync + 'static {
    type Task: Send;

    /// Names the poll in logs.
    const WHAT: &'static str;

    /// A poll holds one of these while it waits, and its task afterwards.
    fn slots(&self) -> &Slots;

    /// Resolves while the worker may take more of these tasks.
    fn may_poll(&self) -> impl Future<Output = ()> + Send;

    /// Resolves when the rate of the worker allows one more task, with the right to it.
    fn turn(&self) -> impl Future<Output = Turn> + Send;

    /// One long poll.
    fn poll(&self) -> impl Future<Output = Result<Arrival<Polled<Self::Task>>, CallError>> + Send;

    /// Starts the work on a task.
    fn start(&self, task: Self::Task, turn: Turn, permit: Permit);
}

/// When a poll was allowed by the rate of its worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn(pub(crate) Instant);

/// The pollers of one queue.
pub(crate) struct Pollers<Q> {
    pub(crate) queue: Q,
    pub(crate) server: Arc<Server>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) polls: Arc<Polls>,
    pub(crate) limit: PollerLimit,
    /// Whether the namespace is known to advise the number of pollers.
    pub(crate) gives_advice: bool,
    /// Held by each poller: the receiver ends when the last one has ended.
    pub(crate) alive: mpsc::Sender<()>,
}

/// The pollers of one queue, some of which run.
struct Group<Q> {
    pollers: Pollers<Q>,
    number: Mutex<Number>,
}

struct Number {
    /// How many run.
    active: usize,
    scaler: Scaler,
}

impl<Q: Queue> Pollers<Q> {
    /// Starts the first pollers, which start others as they are wanted.
    pub(crate) fn start(self) {
        let scaler = Scaler::new(self.limit, self.gives_advice, Instant::now());
        let group = Arc::new(Group {
            pollers: self,
            number: Mutex::new(Number { active: 0, scaler }),
        });
        group.grow();
    }
}

impl<Q: Queue> Group<Q> {
    /// Polls until the worker stops, or there are more pollers than wanted.
    async fn run(self: Arc<Self>) {
        let Pollers {
            queue,
            server,
            lifecycle,
            polls,
            alive,
            limit: _,
            gives_advice: _,
        } = &self.pollers;
        let _alive = alive.clone();
        let mut backoff = Backoff::new();
        loop {
            if polls.has_lost_server() {
                tokio::select! {
                    biased;
                    () = lifecycle.reached(Phase::Stopping) => break,
                    found = server.caller.is_reachable() => match found {
                        Ok(()) => polls.found_server(Instant::now()),
                        Err(error) => {
                            let pause = backoff.pause(error.retry());
                            server.caller.note_failure(Q::WHAT, &error, pause);
                            tokio::select! {
                                () = lifecycle.reached(Phase::Stopping) => break,
                                () = server.timers.sleep(pause) => {}
                            }
                            continue;
                        }
                    },
                }
            }
            let (permit, turn) = tokio::select! {
                biased;
                () = lifecycle.reached(Phase::Stopping) => break,
                allowed = async {
                    queue.may_poll().await;
                    let permit = queue.slots().acquire().await;
                    (permit, queue.turn().await)
                } => allowed,
            };
            let mut failed = None;
            let began = Instant::now();
            let open = polls.open();
            let polled = tokio::select! {
                biased;
                polled = queue.poll() => polled,
                () = lifecycle.reached(Phase::PollsAbandoned) => break,
            };
            drop(open);
            match polled {
                Ok(Arrival::Encoded(response)) => {
                    polls.succeeded();
                    backoff.reset();
                    self.number().scaler.answered(true, None, Instant::now());
                    self.grow();
                    self.start_decoded(response, turn, permit);
                    if self.retires() {
                        return;
                    }
                    continue;
                }
                Ok(Arrival::Here(Polled { task, advice })) => {
                    polls.succeeded();
                    let has_task = task.is_some();
                    self.number()
                        .scaler
                        .answered(has_task, advice, Instant::now());
                    self.grow();
                    if let Some(task) = task {
                        backoff.reset();
                        queue.start(task, turn, permit);
                        if self.retires() {
                            return;
                        }
                        continue;
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
                Err(error) => {
                    polls.failed(&error);
                    let busy = error.retry() == Retry::Later;
                    self.number().scaler.failed(busy);
                    failed = Some(error);
                }
            }
            drop(permit);
            if self.retires() {
                return;
            }
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
        self.number().active -= 1;
    }

    /// Starts the work on a task when its payloads are decoded. The next poll does not wait for that: a codec that
    /// hangs holds up its own task only.
    fn start_decoded(
        self: &Arc<Self>,
        response: BoxFuture<'static, Result<Polled<Q::Task>, CallError>>,
        turn: Turn,
        permit: Permit,
    ) {
        let this = Arc::clone(self);
        self.pollers.server.spawn(async move {
            let _alive = this.pollers.alive.clone();
            match response.await {
                Ok(Polled { task, advice }) => {
                    if let Some(advice) = advice {
                        this.number().scaler.advised(advice, Instant::now());
                        this.grow();
                    }
                    if let Some(task) = task {
                        this.pollers.queue.start(task, turn, permit);
                    }
                }
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

    /// Starts the pollers that are wanted and do not run yet.
    fn grow(self: &Arc<Self>) {
        let Pollers {
            server, lifecycle, ..
        } = &self.pollers;
        let missing = {
            let mut number = self.number();
            let missing = number.scaler.wanted().saturating_sub(number.active);
            if lifecycle.is_stopping() {
                return;
            }
            number.active += missing;
            missing
        };
        for _ in 0..missing {
            let another = Arc::clone(self);
            server.spawn(async move { another.run_boxed().await });
        }
    }

    /// Whether one poller less is wanted, which is then no longer counted.
    fn retires(&self) -> bool {
        let mut number = self.number();
        let is_spare = number.active > number.scaler.wanted();
        number.active -= usize::from(is_spare);
        is_spare
    }

    fn number(&self) -> MutexGuard<'_, Number> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A poller may start another, so its future has to be named without itself.
    fn run_boxed(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(self.run())
    }
}
