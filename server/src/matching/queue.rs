//! One queue behind its lock, and the polls that wait at it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use durably_history::Time;
use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::departed::Departed;
use super::poller::{self, Pollers};
use super::rate::RateLimit;
use super::{Level, TaskQueue, WaiterId};

#[derive(Debug)]
pub(super) struct Queue<T> {
    kind: Kind,
    inside: Mutex<Inside<T>>,
    /// Told when tasks wait although polls do, because the rate limit holds them back.
    held_back: Notify,
}

#[derive(Debug)]
pub(super) struct Inside<T> {
    pub(super) tasks: TaskQueue<T, Waiter<T>>,
    pub(super) pollers: Pollers,
    pub(super) rate: RateLimit,
}

#[derive(Debug)]
pub(super) struct Waiter<T> {
    identity: String,
    pub(super) instance_key: String,
    task: oneshot::Sender<(Level, T)>,
}

/// A worker's poll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Poll<'a> {
    pub(crate) queue: &'a str,
    pub(crate) kind: Kind,
    pub(crate) identity: &'a str,
    /// Tells this worker from others of the same identity; empty for older workers.
    pub(crate) instance_key: &'a str,
    /// Tasks a second that the queue is to give out at most.
    pub(crate) rate: Option<f64>,
}

/// Whether a queue belongs to everybody or to one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Tasks stay until a worker comes.
    Normal,
    /// A worker's own queue: when the worker is gone for good, so are its tasks, as each of
    /// them has been given to the normal queue by then.
    Sticky,
}

impl<T: Send> Queue<T> {
    pub(super) fn new(kind: Kind, tasks: TaskQueue<T, Waiter<T>>) -> Self {
        Self {
            kind,
            inside: Mutex::new(Inside {
                tasks,
                pollers: Pollers::default(),
                rate: RateLimit::default(),
            }),
            held_back: Notify::new(),
        }
    }

    /// Waits for a task until the deadline. A poll that is dropped loses none.
    pub(super) async fn poll(
        &self,
        poll: Poll<'_>,
        departed: &Departed,
        now: Time,
        deadline: Instant,
    ) -> Option<T> {
        {
            let mut inside = self.lock();
            inside.pollers.see(poll.identity, now);
            inside.rate.set(poll.rate);
        }
        loop {
            // Listens before it looks, so that a task that is held back meanwhile wakes it.
            let held_back = self.held_back.notified();
            tokio::pin!(held_back);
            held_back.as_mut().enable();
            let (mut parked, allowed_at) = match self.take_or_park(poll, departed) {
                Turn::Departed => return None,
                Turn::Taken(task) => return Some(Handed::new(self, task).accept().await),
                Turn::Parked(parked, allowed_at) => (parked, allowed_at),
            };
            // A worker may have shut down between the look and the parking.
            if departed.contains(poll.instance_key) {
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
                () = sleep_until(deadline) => None,
            };
            return match task {
                Some(task) => Some(Handed::new(self, task).accept().await),
                None => None,
            };
        }
    }
}

impl<T> Queue<T> {
    /// Takes the next task if the rate allows it now; otherwise the poll waits its turn.
    fn take_or_park(&self, poll: Poll<'_>, departed: &Departed) -> Turn<'_, T> {
        let mut inside = self.lock();
        if departed.contains(poll.instance_key) {
            return Turn::Departed;
        }
        let at = Instant::now();
        let allowed_at = match inside.tasks.backlog() {
            0 => None,
            _ => inside.rate.next(at),
        };
        if allowed_at == Some(at)
            && let Some(task) = inside.tasks.take()
        {
            inside.rate.spend(at);
            return Turn::Taken(task);
        }
        let (sender, receiver) = oneshot::channel();
        let waiter = inside.tasks.park(Waiter {
            identity: poll.identity.to_owned(),
            instance_key: poll.instance_key.to_owned(),
            task: sender,
        });
        let parked = Parked {
            queue: self,
            waiter,
            receiver,
        };
        Turn::Parked(parked, allowed_at)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn offer(&self, level: Level, task: T, now: Time) {
        {
            let mut inside = self.lock();
            inside.tasks.offer(level, task);
        }
        self.hand_over(Some(now));
    }

    /// Hands tasks to waiters for as long as there are both and the rate allows it.
    fn hand_over(&self, now: Option<Time>) {
        loop {
            let (waiter, (level, task)) = {
                let mut inside = self.lock();
                if inside.tasks.waiting() == 0 || inside.tasks.backlog() == 0 {
                    return;
                }
                let at = Instant::now();
                if inside.rate.next(at) != Some(at) {
                    self.held_back.notify_waiters();
                    return;
                }
                let Some(matched) = inside.tasks.matched() else {
                    return;
                };
                inside.rate.spend(at);
                if let Some(now) = now {
                    // Until it polls again, its worker is not gone.
                    inside.pollers.see(&matched.0.identity, now);
                }
                matched
            };
            // A waiter that has gone in the meantime leaves the task to the next.
            if let Err((level, task)) = waiter.task.send((level, task)) {
                self.lock().tasks.offer_first(level, task);
            }
        }
    }

    /// Takes back a task whose poll is gone: it keeps its place.
    fn give_back(&self, (level, task): (Level, T)) {
        self.lock().tasks.offer_first(level, task);
        self.hand_over(None);
    }

    /// Somebody holds it, or it has tasks that must not be lost, or it was polled of late.
    pub(super) fn is_in_use(self: &Arc<Self>, now: Time) -> bool {
        // Under the write lock nobody can take a further reference, so one means: only the map.
        if Arc::strong_count(self) > 1 {
            return true;
        }
        let inside = self.lock();
        inside.pollers.any_since(poller::REMEMBERED, now)
            || (self.kind == Kind::Normal && inside.tasks.backlog() > 0)
    }
}

/// The outcome of one look at the queue.
enum Turn<'a, T> {
    /// Its worker has shut down.
    Departed,
    Taken((Level, T)),
    /// It waits; if the rate limit holds tasks back, until this moment.
    Parked(Parked<'a, T>, Option<Instant>),
}

/// A waiting poll. However it ends, it leaves the queue, and a task that reached it in the same
/// moment goes back to the head.
struct Parked<'a, T> {
    queue: &'a Queue<T>,
    waiter: WaiterId,
    receiver: oneshot::Receiver<(Level, T)>,
}

impl<T> Drop for Parked<'_, T> {
    fn drop(&mut self) {
        self.queue.lock().tasks.leave(self.waiter);
        self.receiver.close();
        if let Ok(task) = self.receiver.try_recv() {
            self.queue.give_back(task);
        }
    }
}

/// A task handed to a poll that may be cancelled in the same moment. Dropping it puts the task back at
/// the head of the queue.
struct Handed<'a, T> {
    queue: &'a Queue<T>,
    task: Option<(Level, T)>,
}

impl<'a, T> Handed<'a, T> {
    fn new(queue: &'a Queue<T>, task: (Level, T)) -> Self {
        Self {
            queue,
            task: Some(task),
        }
    }

    /// Gives the task to the poll, unless the poll is dropped first.
    ///
    /// The connection looks for a cancelled request only while its future is pending. A task that
    /// arrives together with the cancellation would be started for nobody, and wait for its
    /// timeout; so the future is pending once more before the task counts as taken.
    async fn accept(mut self) -> T {
        yield_now().await;
        let (_, task) = self.task.take().expect("taken only here");
        task
    }
}

impl<T> Drop for Handed<'_, T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            self.queue.give_back(task);
        }
    }
}
