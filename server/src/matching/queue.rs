//! One task queue: a matcher behind its lock, and the polls that wait for its tasks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use durably_history::{DeploymentVersion, Time};
use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::advice::Advice;
use super::matcher::{Matcher, PriorityLevel, WaiterId};
use super::poller::{self, Pollers};
use super::rate::RateLimit;
use super::shut_down_workers::ShutDownWorkers;
use super::statistics::Statistics;

#[derive(Debug)]
pub(super) struct Queue<T> {
    kind: QueueKind,
    state: Mutex<QueueState<T>>,
    /// The limit of all queues of the name, whichever version their workers have. Locked after the state.
    rate: Arc<Mutex<RateLimit>>,
    /// Notified when the rate limit holds tasks back although polls wait.
    held_back: Notify,
    /// Notified when a client changes the rate limit.
    rate_changed: Notify,
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
    task: oneshot::Sender<(PriorityLevel, Queued<T>)>,
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
        rate: Arc<Mutex<RateLimit>>,
    ) -> Self {
        Self {
            kind,
            state: Mutex::new(QueueState {
                tasks,
                pollers: Pollers::default(),
                statistics: Statistics::default(),
                advice: Advice::default(),
            }),
            rate,
            held_back: Notify::new(),
            rate_changed: Notify::new(),
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
            self.rate().set(poll.rate);
        }
        loop {
            // Registered before the attempt, so that no notification in between is missed.
            let held_back = self.held_back.notified();
            tokio::pin!(held_back);
            held_back.as_mut().enable();
            let rate_changed = self.rate_changed.notified();
            tokio::pin!(rate_changed);
            rate_changed.as_mut().enable();
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
                () = again => continue,
                () = rate_changed => continue,
                () = sleep_until(deadline) => None,
            };
            return match task {
                Some(task) => Some(TaskHandover::new(put_back, task).accept().await),
                None => None,
            };
        }
    }
}

impl<T> QueueState<T> {
    /// Takes the next task.
    pub(super) fn take(&mut self, now: Instant) -> Option<(PriorityLevel, Queued<T>)> {
        let task = self.tasks.take();
        self.note_backlog(now);
        task
    }

    fn add(&mut self, level: PriorityLevel, task: Queued<T>, now: Instant) {
        self.tasks.offer(level, task);
        self.note_backlog(now);
    }

    /// Puts a task at the head of the queue.
    fn offer_first(&mut self, level: PriorityLevel, task: Queued<T>) {
        self.tasks.offer_first(level, task);
        self.note_backlog(Instant::now());
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
        let held_back = state.tasks.backlog() > 0 && self.rate().next(now) != Some(now);
        let pollers = state.pollers.count();
        state.advice.decide(began, pollers, held_back, now)
    }

    /// Whether it is shared by workers.
    pub(super) fn is_shared(&self) -> bool {
        self.kind == QueueKind::Normal
    }

    /// Takes the next task if the rate limit allows it; otherwise parks the poll.
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
        let mut rate = self.rate();
        let allowed_at = match state.tasks.backlog() {
            0 => None,
            _ => rate.next(at),
        };
        if allowed_at == Some(at)
            && let Some(task) = state.take(at)
        {
            rate.record_task(at);
            state.statistics.record_dispatched(task.0, at);
            return PollAttempt::Taken(task);
        }
        drop(rate);
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

    /// The limit of all queues of the name.
    pub(super) fn rate(&self) -> MutexGuard<'_, RateLimit> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rate limit has changed: polls that wait for it begin again.
    pub(super) fn notify_rate_change(&self) {
        self.rate_changed.notify_waiters();
    }

    pub(super) fn offer(&self, level: PriorityLevel, task: T, now: Time) {
        {
            let at = Instant::now();
            let mut state = self.lock();
            state.statistics.record_added(level, at);
            state.add(level, Queued { task, since: now }, at);
        }
        self.deliver(Some(now));
    }

    /// Adds a task that another queue of the name has counted.
    pub(super) fn add(&self, level: PriorityLevel, task: Queued<T>, now: Time) {
        self.lock().add(level, task, Instant::now());
        self.deliver(Some(now));
    }

    /// Delivers tasks to waiters while there are both and the rate limit allows it.
    fn deliver(&self, now: Option<Time>) {
        loop {
            let (waiter, (level, task)) = {
                let mut state = self.lock();
                if state.tasks.waiting() == 0 || state.tasks.backlog() == 0 {
                    return;
                }
                let at = Instant::now();
                let mut rate = self.rate();
                if rate.next(at) != Some(at) {
                    state.statistics.record_held_back(at);
                    self.held_back.notify_waiters();
                    return;
                }
                let Some(matched) = state.tasks.pop_match() else {
                    return;
                };
                rate.record_task(at);
                drop(rate);
                let (_, (level, _)) = &matched;
                state.statistics.record_dispatched(*level, at);
                state.note_backlog(at);
                if let Some(now) = now {
                    // The worker counts as present while it works on the task.
                    state.pollers.record_access(&matched.0.identity, now);
                }
                matched
            };
            // A task whose waiter is gone goes to the next one.
            if let Err((level, task)) = waiter.task.send((level, task)) {
                self.lock().offer_first(level, task);
            }
        }
    }

    /// Puts a task whose poll is gone back at the head of the queue.
    pub(super) fn requeue(&self, level: PriorityLevel, task: Queued<T>) {
        self.lock().offer_first(level, task);
        self.deliver(None);
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
    Taken((PriorityLevel, Queued<T>)),
    /// The poll waits; with the instant at which the rate limit allows the next task, if it holds
    /// one back.
    Parked(ParkedPoll<'a, T>, Option<Instant>),
}

/// Puts a task whose poll is gone back at the head of the queue to which it belongs now: a change of the
/// routing moves the tasks that wait in queues, and not those on their way to a poll.
pub(super) type PutBack<'a, T> = &'a (dyn Fn(PriorityLevel, Queued<T>) + Send + Sync + 'a);

/// A waiting poll. When it is dropped, it leaves the queue, and a task delivered in the same moment
/// is put back.
struct ParkedPoll<'a, T> {
    queue: &'a Queue<T>,
    put_back: PutBack<'a, T>,
    waiter: WaiterId,
    receiver: oneshot::Receiver<(PriorityLevel, Queued<T>)>,
}

impl<T> Drop for ParkedPoll<'_, T> {
    fn drop(&mut self) {
        self.queue.lock().tasks.remove_waiter(self.waiter);
        self.receiver.close();
        if let Ok((level, task)) = self.receiver.try_recv() {
            (self.put_back)(level, task);
        }
    }
}

/// A task on its way to a poll that may be cancelled in the same moment. Dropping it puts the task
/// back.
struct TaskHandover<'a, T> {
    put_back: PutBack<'a, T>,
    task: Option<(PriorityLevel, Queued<T>)>,
}

impl<'a, T> TaskHandover<'a, T> {
    fn new(put_back: PutBack<'a, T>, task: (PriorityLevel, Queued<T>)) -> Self {
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
        let (_, queued) = self.task.take().expect("taken only here");
        queued.task
    }
}

impl<T> Drop for TaskHandover<'_, T> {
    fn drop(&mut self) {
        if let Some((level, task)) = self.task.take() {
            (self.put_back)(level, task);
        }
    }
}
