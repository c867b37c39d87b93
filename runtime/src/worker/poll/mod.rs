//! Long polls: as many as tasks or the server's advice ask for, none while the worker is full.

mod activity_queue;
mod scaler;
mod status;
mod workflow_queue;

use std::{
    fmt,
    future::Future,
    ops::ControlFlow,
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
    rate::{RateLimit, Reservation},
    server::Server,
    slots::{Permit, Slots},
};
use crate::{
    telemetry::log,
    transport::{availability::Failed, caller::Arrival, retry::Backoff},
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

    /// The rate at which the worker takes these tasks; none without a limit.
    fn rate(&self) -> Option<&RateLimit>;

    /// One long poll.
    fn poll(&self) -> impl Future<Output = Result<Arrival<Polled<Self::Task>>, CallError>> + Send;

    /// Counts the answer to a poll.
    fn count(&self, has_task: bool);

    /// Starts the work on a task.
    fn start(&self, task: Self::Task, permit: Permit);
}

/// The pollers of one queue.
pub(crate) struct Pollers<Q> {
    pub(crate) queue: Q,
    pub(crate) server: Arc<Server>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) polls: Arc<Polls>,
    pub(crate) limit: PollerLimit,
    /// Whether the namespace is known to advise the number of pollers.
    pub(crate) gives_advice: bool,
    /// Its receiver ends when the last poller has ended, and the last task is decoded.
    pub(crate) _alive: mpsc::Sender<()>,
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

/// What a poller does after a poll.
enum Step {
    /// It polls again.
    Next,
    /// It polls again after a pause, because of an error if there is one.
    Pause(Option<CallError>),
    /// The worker stops, and the poller ends.
    End,
}

impl<Q: Queue> Group<Q> {
    /// Polls until the worker stops, or there are more pollers than wanted.
    async fn run(self: Arc<Self>) {
        let mut backoff = Backoff::new();
        // A poller that retires may have been the one that failed: the server is looked for first.
        while self.find_server(&mut backoff).await.is_continue() {
            if self.retires() {
                return;
            }
            let error = match self.poll(&mut backoff).await {
                Step::Next => continue,
                Step::Pause(error) => error,
                Step::End => break,
            };
            let retry = error.as_ref().map_or(Retry::Soon, CallError::retry);
            let pause = backoff.pause(retry);
            if let Some(error) = error {
                self.log_failure(&error, pause);
            }
            if self.pause(pause).await.is_break() {
                break;
            }
        }
        self.number().active -= 1;
    }

    /// Waits for a server that was unreachable: a poll that it accepts says nothing for a minute. Breaks when the
    /// worker stops.
    async fn find_server(&self, backoff: &mut Backoff) -> ControlFlow<()> {
        let Pollers {
            server,
            lifecycle,
            polls,
            ..
        } = &self.pollers;
        while polls.needs_reachability_check() {
            let answered = tokio::select! {
                biased;
                () = lifecycle.reached(Phase::Stopping) => return ControlFlow::Break(()),
                answered = server.caller.probe() => answered,
            };
            match answered {
                Ok(()) => polls.record_reachable(Instant::now()),
                Err(error) => {
                    let pause = backoff.pause(error.retry());
                    self.log_failure(&error, pause);
                    self.pause(pause).await?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Sends one poll as soon as it is allowed, and starts the work on its task.
    async fn poll(self: &Arc<Self>, backoff: &mut Backoff) -> Step {
        let Pollers {
            queue,
            lifecycle,
            polls,
            ..
        } = &self.pollers;
        let (permit, reservation) = tokio::select! {
            biased;
            () = lifecycle.reached(Phase::Stopping) => return Step::End,
            allowed = async {
                queue.may_poll().await;
                (queue.slots().acquire().await, self.wait_for_rate().await)
            } => allowed,
        };
        let began = Instant::now();
        let open = polls.open(began);
        let polled = tokio::select! {
            biased;
            polled = queue.poll() => polled,
            () = lifecycle.reached(Phase::PollsAbandoned) => return Step::End,
        };
        drop(open);
        let now = Instant::now();
        let has_task = match &polled {
            Ok(Arrival::Decoding(_)) => true,
            Ok(Arrival::Decoded(Polled { task, .. })) => task.is_some(),
            Err(_) => false,
        };
        if let (Some(rate), Some(reservation)) = (queue.rate(), reservation) {
            match has_task {
                // Not when it is decoded, which may take as long as a codec likes.
                true => rate.begin(reservation, now),
                false => rate.give_back(reservation),
            }
        }
        let was_long = now.saturating_duration_since(began) >= LONG_ENOUGH;
        if has_task || was_long {
            backoff.reset();
        }
        if polled.is_ok() {
            let server = &self.pollers.server;
            server.record_accepted_poll(Q::WHAT, began);
        }
        match polled {
            Ok(Arrival::Decoding(response)) => {
                self.answered(true, None, (began, now));
                self.start_decoded(response, permit);
                Step::Next
            }
            Ok(Arrival::Decoded(Polled { task, advice })) => {
                self.answered(has_task, advice, (began, now));
                match task {
                    Some(task) => queue.start(task, permit),
                    None if was_long => {}
                    None => return Step::Pause(None),
                }
                Step::Next
            }
            Err(error) => self.failed(error),
        }
    }

    /// Resolves when the rate of the worker allows one more task; nothing without a limit.
    async fn wait_for_rate(&self) -> Option<Reservation> {
        let Pollers { queue, server, .. } = &self.pollers;
        let (rate, now) = (queue.rate()?, Instant::now());
        let reservation = rate.reserve(now);
        if reservation.at > now {
            server.timers.sleep_until(reservation.at).await;
        }
        Some(reservation)
    }

    fn answered(
        self: &Arc<Self>,
        has_task: bool,
        advice: Option<i32>,
        (began, now): (Instant, Instant),
    ) {
        self.pollers.polls.succeeded(began);
        self.pollers.queue.count(has_task);
        self.number().scaler.answered(has_task, advice, now);
        self.grow();
    }

    /// Decides what follows a poll that has failed.
    fn failed(&self, error: CallError) -> Step {
        let Pollers {
            server,
            lifecycle,
            polls,
            ..
        } = &self.pollers;
        match error {
            CallError::Malformed(error) => self.log_malformed(&error),
            // A poll itself is small. No retry can bring the task, but the others need their worker.
            error if error.is_over_message_limit() => log::error!(
                task_queue = server.identity.task_queue,
                namespace = server.identity.namespace,
                error = error.message(),
                "{} brought a task that is too large, which is left to its timeout, and so again: the \
                 payloads of its workflow must become smaller. Pass references to large values instead \
                 of the values, and reset or terminate the workflow",
                Q::WHAT
            ),
            error if error.retry() == Retry::Never => {
                lifecycle.stop_rejected(error);
                return Step::End;
            }
            // A worker that was never allowed to poll has the wrong key; one that was, may have its key renewed.
            error if error.retry() == Retry::IfAllowed && !server.has_accepted_poll() => {
                lifecycle.stop_rejected(error);
                return Step::End;
            }
            error => {
                polls.failed(&error);
                // Fewer pollers bother a server that is busy, or denies all of them.
                let busy = matches!(error.retry(), Retry::Later | Retry::IfAllowed);
                self.number().scaler.failed(busy);
                return Step::Pause(Some(error));
            }
        }
        Step::Pause(None)
    }

    /// Breaks when the worker stops.
    async fn pause(&self, pause: Duration) -> ControlFlow<()> {
        let Pollers {
            server, lifecycle, ..
        } = &self.pollers;
        tokio::select! {
            () = lifecycle.reached(Phase::Stopping) => ControlFlow::Break(()),
            () = server.timers.sleep(pause) => ControlFlow::Continue(()),
        }
    }

    fn log_failure(&self, error: &CallError, pause: Duration) {
        let caller = &self.pollers.server.caller;
        caller.note_failure(Failed::Poll(Q::WHAT), error, pause);
    }

    /// Starts the work on a task when its payloads are decoded. The next poll does not wait for that: a codec that
    /// hangs holds up its own task only.
    fn start_decoded(
        self: &Arc<Self>,
        response: BoxFuture<'static, Result<Polled<Q::Task>, CallError>>,
        permit: Permit,
    ) {
        let this = Arc::clone(self);
        self.pollers.server.spawn(async move {
            match response.await {
                Ok(Polled { task, advice }) => {
                    if let Some(advice) = advice {
                        this.number().scaler.advised(advice, Instant::now());
                        this.grow();
                    }
                    if let Some(task) = task {
                        this.pollers.queue.start(task, permit);
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
