//! One task queue: a matcher behind its lock, and the polls that wait for its tasks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use durably_history::{DeploymentVersion, Time};
use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::advice::Advice;
use super::backlog::Placed;
use super::limits::Limits;
use super::matcher::{Matcher, WaiterId};
use super::poller::{self, Pollers};
use super::priority::TaskPriority;
use super::shut_down_workers::ShutDownWorkers;
use super::statistics::Statistics;

#[derive(Debug)]
pub(super) struct Queue<T> {
    kind: QueueKind,
    state: Mutex<QueueState<T>>,
    /// Limits shared by all queues of the name, whichever version their workers have. Locked after the state.
    limits: Arc<Mutex<Limits>>,
    /// Notified when limits hold tasks back although polls wait.
    held_back: Notify,
    /// Notified when the instant at which polls try again may have become earlier: a client has changed the limits, a
    /// token was returned, or a task arrived while keys have limits.
    limits_changed: Notify,
}

#[derive(Debug)]
pub(super) struct QueueState<T> {
    pub(super) tasks: Matcher<Queued<T>, Waiter<T>>,
    pub(super) pollers: Pollers,
    pub(super) statistics: Statistics,
    advice: Advice,
}

/// A task that is to wait, waits, or has waited.
#[derive(Debug)]
pub(super) struct Queued<T> {
    pub(super) task: T,
    /// When it came to the queue.
    pub(super) since: Time,
}

#[derive(Debug)]
pub(super) struct Waiter<T> {
    identity: String,
    pub(super) instance_key: String,
    task: oneshot::Sender<Placed<Queued<T>>>,
}

/// A worker's poll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Poll<'a> {
    pub(crate) queue: &'a str,
    /// The version of the worker; none outside of deployments, and for the queue of a sticky worker.
    pub(crate) version: Option<&'a DeploymentVersion>,
    pub(crate) kind: QueueKind,
    pub(crate) identity: &'a str,
    /// Distinguishes workers of the same identity; empty for older workers.
    pub(crate) instance_key: &'a str,
    /// Maximum rate of the queue, in tasks a second.
    pub(crate) rate: Option<f64>,
}

/// Whether a queue is shared or belongs to one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueKind {
    /// A shared queue; tasks stay until a worker takes them.
    Normal,
    /// A worker's own queue. It may be dropped together with its tasks once the worker is gone:
    /// each of them has been offered to the normal queue by then.
    Sticky,
}

impl<T: Send> Queue<T> {
    pub(super) fn new(
        kind: QueueKind,
        tasks: Matcher<Queued<T>, Waiter<T>>,
        limits: Arc<Mutex<Limits>>,
    ) -> Self {
        Self {
            kind,
            state: Mutex::new(QueueState {
                tasks,
                pollers: Pollers::default(),
                statistics: Statistics::default(),
                advice: Advice::default(),
            }),
            limits,
            held_back: Notify::new(),
            limits_changed: Notify::new(),
        }
    }

    /// Waits for a task until the deadline. Dropping the future puts a task back.
    pub(super) async fn poll(
        &self,
        poll: Poll<'_>,
        shut_down: &ShutDownWorkers,
        put_back: PutBack<'_, T>,
        now: Time,
        deadline: Instant,
    ) -> Option<T> {
        {
            let mut state = self.lock();
            state.pollers.record_access(poll.identity, now);
            self.limits().rate.set(poll.rate);
        }
        loop {
            // Registered before the attempt, so that no notification in between is missed.
            let held_back = self.held_back.notified();
            tokio::pin!(held_back);
            held_back.as_mut().enable();
            let limits_changed = self.limits_changed.notified();
            tokio::pin!(limits_changed);
            limits_changed.as_mut().enable();
            let (mut parked, allowed_at) = match self.take_or_park(poll, shut_down, put_back) {
                PollAttempt::ShutDown => return None,
                PollAttempt::Taken(task) => {
                    return Some(TaskHandover::new(put_back, task).accept().await);
                }
                PollAttempt::Parked(parked, allowed_at) => (parked, allowed_at),
            };
            // The worker may have shut down between the attempt and the parking.
            if shut_down.contains(poll.instance_key) {
                return None;
            }
            let again = async {
                match allowed_at {
                    Some(at) => sleep_until(at).await,
                    None => held_back.await,
                }
            };
            let task = tokio::select! {
                biased;
                task = &mut parked.receiver => task.ok(),
                // Before what may come again and again.
                () = sleep_until(deadline) => None,
                () = again => continue,
                () = limits_changed => continue,
            };
            return match task {
                Some(task) => Some(TaskHandover::new(put_back, task).accept().await),
                None => None,
            };
        }
    }
}

impl<T> QueueState<T> {
    /// Takes the next task, whatever the limits.
    pub(super) fn take(&mut self, now: Instant) -> Option<Placed<Queued<T>>> {
        let task = self.tasks.take(|_| true);
        self.note_backlog(now);
        task
    }

    /// Takes the next task that the limits of keys allow.
    fn take_ready(&mut self, limits: &Limits, now: Instant) -> Option<Placed<Queued<T>>> {
        let task = self.tasks.take(|key| limits.is_ready(key, now));
        self.note_backlog(now);
        task
    }

    fn put_back(&mut self, task: Placed<Queued<T>>) {
        self.tasks.put_back(task);
        self.note_backlog(Instant::now());
    }

    /// The instant at which the next task may leave; none if none waits, or the rate is zero.
    fn next_at(&self, limits: &Limits, now: Instant) -> Option<Instant> {
        limits.next(self.tasks.keys(), now)
    }

    fn note_backlog(&mut self, now: Instant) {
        self.advice.note_backlog(self.tasks.backlog(), now);
    }
}

impl<T> Queue<T> {
    /// How many polls more, or fewer, a worker should have whose poll began then and takes a task now.
    pub(super) fn advice(&self, began: Instant) -> Option<i32> {
        let now = Instant::now();
        let mut state = self.lock();
        let held_back =
            state.tasks.backlog() > 0 && state.next_at(&self.limits(), now) != Some(now);
        let pollers = state.pollers.count();
        state.advice.decide(began, pollers, held_back, now)
    }

    /// Whether it is shared by workers.
    pub(super) fn is_shared(&self) -> bool {
        self.kind == QueueKind::Normal
    }

    /// Takes the next task if the limits allow it; otherwise parks the poll.
    fn take_or_park<'a>(
        &'a self,
        poll: Poll<'_>,
        shut_down: &ShutDownWorkers,
        put_back: PutBack<'a, T>,
    ) -> PollAttempt<'a, T> {
        let mut state = self.lock();
        if shut_down.contains(poll.instance_key) {
            return PollAttempt::ShutDown;
        }
        let at = Instant::now();
        // Locked until the task counts: the queues of other versions share the limit.
        let mut limits = self.limits();
        let allowed_at = state.next_at(&limits, at);
        if allowed_at == Some(at)
            && let Some(task) = state.take_ready(&limits, at)
        {
            limits.record_task(&task.priority, at);
            let level = task.priority.level;
            state.statistics.record_dispatched(level, at);
            return PollAttempt::Taken(task);
        }
        drop(limits);
        if state.tasks.backlog() > 0 {
            state.statistics.record_held_back(at);
        }
        let (sender, receiver) = oneshot::channel();
        let waiter = state.tasks.park(Waiter {
            identity: poll.identity.to_owned(),
            instance_key: poll.instance_key.to_owned(),
            task: sender,
        });
        let parked = ParkedPoll {
            queue: self,
            put_back,
            waiter,
            receiver,
        };
        PollAttempt::Parked(parked, allowed_at)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the limits shared by all queues of the name.
    pub(super) fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes polls that wait for the limits, so that they try again.
    pub(super) fn notify_limits_change(&self) {
        self.limits_changed.notify_waiters();
    }

    pub(super) fn offer(&self, priority: TaskPriority, task: T, now: Time) {
        {
            let at = Instant::now();
            let mut state = self.lock();
            state.statistics.record_added(priority.level, at);
            let (number, weight) = {
                let mut limits = self.limits();
                (limits.record_arrival(), limits.weight(&priority))
            };
            let task = Queued { task, since: now };
            state.tasks.offer(priority, weight, number, task);
            state.note_backlog(at);
        }
        self.deliver(Some(now));
    }

    /// Adds a task that another queue of the name has counted.
    pub(super) fn add(&self, task: Placed<Queued<T>>, now: Time) {
        {
            let mut state = self.lock();
            let weight = self.limits().weight(&task.priority);
            let number = task.place.number;
            state.tasks.offer(task.priority, weight, number, task.task);
            state.note_backlog(Instant::now());
        }
        self.deliver(Some(now));
    }

    /// Delivers tasks to waiters while there are both and the limits allow it.
    fn deliver(&self, now: Option<Time>) {
        loop {
            let (waiter, task) = {
                let mut state = self.lock();
                if state.tasks.waiting() == 0 || state.tasks.backlog() == 0 {
                    return;
                }
                let at = Instant::now();
                let mut limits = self.limits();
                if state.next_at(&limits, at) != Some(at) {
                    state.statistics.record_held_back(at);
                    match limits.keys.is_limited() {
                        true => self.limits_changed.notify_waiters(),
                        false => self.held_back.notify_waiters(),
                    }
                    return;
                }
                let Some(matched) = state.tasks.pop_match(|key| limits.is_ready(key, at)) else {
                    return;
                };
                let priority = &matched.1.priority;
                limits.record_task(priority, at);
                drop(limits);
                state.statistics.record_dispatched(priority.level, at);
                state.note_backlog(at);
                if let Some(now) = now {
                    // The worker counts as present while it works on the task.
                    state.pollers.record_access(&matched.0.identity, now);
                }
                matched
            };
            // A task whose waiter is gone goes to the next one.
            if let Err(task) = waiter.task.send(task) {
                let mut state = self.lock();
                self.limits().return_tokens(&task.priority);
                state.put_back(task);
            }
        }
    }

    /// Puts a task whose poll is gone back at its place.
    pub(super) fn requeue(&self, task: Placed<Queued<T>>) {
        self.lock().put_back(task);
        self.deliver(None);
    }

    /// Returns the tokens of a task that a poll has taken and that did not leave after all.
    pub(super) fn return_tokens(&self, priority: &TaskPriority) {
        self.limits().return_tokens(priority);
        self.notify_limits_change();
    }

    /// Whether the queue is referenced, has tasks that must not be lost, or was polled recently.
    pub(super) fn is_in_use(self: &Arc<Self>, now: Time) -> bool {
        // The caller holds the map's write lock, so no further reference can be taken; one means
        // only the map's.
        if Arc::strong_count(self) > 1 {
            return true;
        }
        let state = self.lock();
        state.pollers.any_since(poller::REMEMBERED, now)
            || (self.kind == QueueKind::Normal && state.tasks.backlog() > 0)
    }
}

/// Result of one attempt to take a task.
enum PollAttempt<'a, T> {
    /// Its worker has shut down.
    ShutDown,
    Taken(Placed<Queued<T>>),
    /// The poll waits; with the instant at which the limits allow the next task, if they hold one
    /// back.
    Parked(ParkedPoll<'a, T>, Option<Instant>),
}

/// Puts a task whose poll is gone back into the queue to which it belongs now: a change of the routing
/// moves the tasks that wait in queues, and not those on their way to a poll.
pub(super) type PutBack<'a, T> = &'a (dyn Fn(Placed<Queued<T>>) + Send + Sync + 'a);

/// A waiting poll. When it is dropped, it leaves the queue, and a task delivered in the same moment
/// is put back.
struct ParkedPoll<'a, T> {
    queue: &'a Queue<T>,
    put_back: PutBack<'a, T>,
    waiter: WaiterId,
    receiver: oneshot::Receiver<Placed<Queued<T>>>,
}

impl<T> Drop for ParkedPoll<'_, T> {
    fn drop(&mut self) {
        self.queue.lock().tasks.remove_waiter(self.waiter);
        self.receiver.close();
        if let Ok(task) = self.receiver.try_recv() {
            (self.put_back)(task);
        }
    }
}

/// A task on its way to a poll that may be cancelled in the same moment. Dropping it puts the task
/// back.
struct TaskHandover<'a, T> {
    put_back: PutBack<'a, T>,
    task: Option<Placed<Queued<T>>>,
}

impl<'a, T> TaskHandover<'a, T> {
    fn new(put_back: PutBack<'a, T>, task: Placed<Queued<T>>) -> Self {
        Self {
            put_back,
            task: Some(task),
        }
    }

    /// Hands the task to the poll, unless the future is dropped first.
    ///
    /// The connection notices a cancelled request only while its future is pending. A task that
    /// arrives together with the cancellation would be started for no worker and time out, so the
    /// future is pending once more before the task counts as taken.
    async fn accept(mut self) -> T {
        yield_now().await;
        let placed = self.task.take().expect("taken only here");
        placed.task.task
    }
}

impl<T> Drop for TaskHandover<'_, T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            (self.put_back)(task);
        }
    }
}
