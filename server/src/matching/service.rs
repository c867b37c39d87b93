//! Queues by name, and polls that wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use durably_history::Time;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::poller::{self, Poller, Pollers};
use super::{Polled, TaskQueue, WaiterId};

/// All queues of one namespace for one type of task.
#[derive(Debug)]
pub(crate) struct Queues<T> {
    named: RwLock<Named<T>>,
}

#[derive(Debug)]
struct Named<T> {
    queues: HashMap<Arc<str>, Arc<Queue<T>>>,
    /// How many queues there may be before those nobody uses are swept out.
    sweep_at: usize,
    /// Queues that are made now are closed from the start.
    closed: bool,
}

#[derive(Debug)]
struct Queue<T> {
    kind: Kind,
    inside: Mutex<Inside<T>>,
}

#[derive(Debug)]
struct Inside<T> {
    tasks: TaskQueue<T, Waiter<T>>,
    pollers: Pollers,
}

#[derive(Debug)]
struct Waiter<T> {
    identity: String,
    task: oneshot::Sender<T>,
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

/// What DescribeTaskQueue tells about a queue.
#[derive(Debug, Default)]
pub(crate) struct Description {
    pub(crate) pollers: Vec<Poller>,
    pub(crate) backlog: usize,
}

impl<T: Send> Queues<T> {
    pub(crate) fn new() -> Self {
        Self {
            named: RwLock::new(Named {
                queues: HashMap::new(),
                sweep_at: FIRST_SWEEP,
                closed: false,
            }),
        }
    }

    /// Offers a task: to the poll that waits longest, or to the backlog.
    pub(crate) fn offer(&self, queue: &Arc<str>, kind: Kind, task: T, now: Time) {
        let queue = match self.existing(queue) {
            Some(queue) => queue,
            None => self.create(Arc::clone(queue), kind, now),
        };
        queue.offer(task, now);
    }

    /// Waits for a task until the deadline. A poll that is dropped loses none.
    pub(crate) async fn poll(
        &self,
        queue: &str,
        kind: Kind,
        identity: &str,
        now: Time,
        deadline: Instant,
    ) -> Option<T> {
        let queue = match self.existing(queue) {
            Some(queue) => queue,
            None => self.create(queue.into(), kind, now),
        };
        let (sender, receiver) = oneshot::channel();
        let waiter = {
            let mut inside = queue.lock();
            inside.pollers.see(identity, now);
            let polled = inside.tasks.poll(|| Waiter {
                identity: identity.to_owned(),
                task: sender,
            });
            match polled {
                Polled::Task(task) => return Some(task),
                Polled::Parked(waiter) => waiter,
            }
        };
        let mut parked = Parked {
            queue: &queue,
            waiter,
            receiver,
        };
        timeout_at(deadline, &mut parked.receiver)
            .await
            .ok()
            .and_then(Result::ok)
    }

    /// Whether somebody waits at the queue or polled it within `span`.
    pub(crate) fn is_polled(&self, queue: &str, span: Duration, now: Time) -> bool {
        self.existing(queue).is_some_and(|queue| {
            let inside = queue.lock();
            inside.tasks.waiting() > 0 || inside.pollers.any_since(span, now)
        })
    }

    /// Ends the waiting polls of a worker with nothing.
    pub(crate) fn shut_down(&self, queue: &str, identity: &str) {
        if let Some(queue) = self.existing(queue) {
            let mut inside = queue.lock();
            inside
                .tasks
                .drain_waiters(|waiter| waiter.identity == identity);
        }
    }

    /// Ends a queue whose only worker goes: its polls end with nothing, its tasks come back.
    pub(crate) fn retire(&self, queue: &str) -> Vec<T> {
        let Some(queue) = self.existing(queue) else {
            return Vec::new();
        };
        let mut inside = queue.lock();
        inside.pollers = Pollers::default();
        inside.tasks.drain_waiters(|_| true);
        std::iter::from_fn(|| inside.tasks.take()).collect()
    }

    /// Ends all polls with nothing and lets all tasks go, because the server stops: each task
    /// holds its execution, and so the namespace that these queues belong to.
    pub(crate) fn close(&self) {
        let queues = {
            let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
            named.closed = true;
            std::mem::take(&mut named.queues)
        };
        for queue in queues.values() {
            // The tasks are dropped when the lock is free again.
            let _gone = queue.lock().tasks.close();
        }
    }

    /// What there is to tell about a queue.
    pub(crate) fn describe(&self, queue: &str, now: Time) -> Description {
        let Some(queue) = self.existing(queue) else {
            return Description::default();
        };
        let mut inside = queue.lock();
        Description {
            pollers: inside.pollers.list(now),
            backlog: inside.tasks.backlog(),
        }
    }

    /// How many tasks wait in the queue.
    pub(crate) fn backlog(&self, queue: &str) -> usize {
        self.existing(queue)
            .map_or(0, |queue| queue.lock().tasks.backlog())
    }

    fn existing(&self, name: &str) -> Option<Arc<Queue<T>>> {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        named.queues.get(name).cloned()
    }

    fn create(&self, name: Arc<str>, kind: Kind, now: Time) -> Arc<Queue<T>> {
        let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
        if named.queues.len() >= named.sweep_at {
            named.queues.retain(|_, queue| queue.is_in_use(now));
            named.sweep_at = FIRST_SWEEP.max(named.queues.len() * 2);
        }
        let closed = named.closed;
        let queue = named.queues.entry(name).or_insert_with(|| {
            let mut tasks = TaskQueue::new();
            if closed {
                tasks.close();
            }
            Arc::new(Queue {
                kind,
                inside: Mutex::new(Inside {
                    tasks,
                    pollers: Pollers::default(),
                }),
            })
        });
        Arc::clone(queue)
    }
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offer(&self, task: T, now: Time) {
        let matched = {
            let mut inside = self.lock();
            let matched = inside.tasks.offer(task);
            if let Some((waiter, _)) = &matched {
                // Until it polls again, its worker is not gone.
                inside.pollers.see(&waiter.identity, now);
            }
            matched
        };
        self.hand_over(matched);
    }

    /// Gives a matched task to its waiter; if that one has gone, to the next.
    fn hand_over(&self, mut matched: Option<(Waiter<T>, T)>) {
        while let Some((waiter, task)) = matched {
            matched = match waiter.task.send(task) {
                Ok(()) => None,
                Err(task) => self.lock().tasks.offer_first(task),
            };
        }
    }

    /// Somebody holds it, or it has tasks that must not be lost, or it was polled of late.
    fn is_in_use(self: &Arc<Self>, now: Time) -> bool {
        // Under the write lock nobody can take a further reference, so one means: only the map.
        if Arc::strong_count(self) > 1 {
            return true;
        }
        let inside = self.lock();
        inside.pollers.any_since(poller::REMEMBERED, now)
            || (self.kind == Kind::Normal && inside.tasks.backlog() > 0)
    }
}

/// A waiting poll. However it ends, it leaves the queue, and a task that reached it in the same
/// moment goes back to the head.
struct Parked<'a, T> {
    queue: &'a Queue<T>,
    waiter: WaiterId,
    receiver: oneshot::Receiver<T>,
}

impl<T> Drop for Parked<'_, T> {
    fn drop(&mut self) {
        self.queue.lock().tasks.leave(self.waiter);
        self.receiver.close();
        if let Ok(task) = self.receiver.try_recv() {
            let matched = self.queue.lock().tasks.offer_first(task);
            self.queue.hand_over(matched);
        }
    }
}

/// Below this many queues nothing is swept.
const FIRST_SWEEP: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    async fn poll(queues: &Queues<u32>, queue: &str) -> Option<u32> {
        let soon = Instant::now() + Duration::from_secs(5);
        queues
            .poll(queue, Kind::Normal, "worker", Time::default(), soon)
            .await
    }

    #[tokio::test]
    async fn a_task_reaches_the_poll_that_waits_for_it() {
        let queues = Arc::new(Queues::new());
        let waiting = tokio::spawn({
            let queues = Arc::clone(&queues);
            async move { poll(&queues, "q").await }
        });
        while !queues.is_polled("q", Duration::ZERO, Time::default()) {
            tokio::task::yield_now().await;
        }
        queues.offer(&"q".into(), Kind::Normal, 7, Time::default());
        assert_eq!(waiting.await.expect("the poll ends"), Some(7));
    }

    #[tokio::test]
    async fn queues_do_not_mix() {
        let queues = Queues::new();
        queues.offer(&"a".into(), Kind::Normal, 1, Time::default());
        queues.offer(&"b".into(), Kind::Normal, 2, Time::default());
        assert_eq!(poll(&queues, "b").await, Some(2));
        assert_eq!(poll(&queues, "a").await, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_ends_empty_at_its_deadline() {
        let queues: Queues<u32> = Queues::new();
        assert_eq!(poll(&queues, "q").await, None);
        queues.offer(&"q".into(), Kind::Normal, 1, Time::default());
        assert_eq!(queues.backlog("q"), 1, "the waiter has left");
    }

    #[tokio::test]
    async fn a_cancelled_poll_loses_no_task() {
        let queues = Queues::new();
        let mut cancelled = Box::pin(poll(&queues, "q"));
        let parked = futures_poll_once(&mut cancelled).await;
        assert!(parked.is_none());
        queues.offer(&"q".into(), Kind::Normal, 1, Time::default());
        queues.offer(&"q".into(), Kind::Normal, 2, Time::default());
        drop(cancelled);
        assert_eq!(poll(&queues, "q").await, Some(1), "it is first again");
        assert_eq!(poll(&queues, "q").await, Some(2));
    }

    #[tokio::test]
    async fn a_worker_that_shuts_down_is_answered_with_nothing() {
        let queues: Queues<u32> = Queues::new();
        let mut waiting = Box::pin(poll(&queues, "q"));
        assert!(futures_poll_once(&mut waiting).await.is_none());
        queues.shut_down("q", "worker");
        assert_eq!(waiting.await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn queues_of_a_server_that_stops_end_their_polls_and_keep_no_task() {
        let queues: Queues<Arc<()>> = Queues::new();
        let task = Arc::new(());
        let offer = || {
            queues.offer(
                &"q".into(),
                Kind::Normal,
                Arc::clone(&task),
                Time::default(),
            )
        };
        offer();
        queues.close();
        offer();
        assert_eq!(Arc::strong_count(&task), 1);
        let begun = Instant::now();
        let far = begun + Duration::from_secs(60);
        let late = queues.poll("q", Kind::Normal, "worker", Time::default(), far);
        assert_eq!(late.await, None);
        assert_eq!(begun.elapsed(), Duration::ZERO, "it does not wait");
    }

    #[tokio::test]
    async fn a_worker_is_there_while_it_works_on_what_it_waited_for() {
        let queues: Queues<u32> = Queues::new();
        let mut waiting = Box::pin(poll(&queues, "q"));
        assert!(futures_poll_once(&mut waiting).await.is_none());
        let later = Time::default() + Duration::from_secs(60);
        queues.offer(&"q".into(), Kind::Normal, 1, later);
        assert_eq!(waiting.await, Some(1));
        assert!(queues.is_polled("q", Duration::from_secs(10), later));
    }

    #[tokio::test]
    async fn a_poller_is_listed() {
        let queues: Queues<u32> = Queues::new();
        queues.offer(&"q".into(), Kind::Normal, 1, Time::default());
        poll(&queues, "q").await;
        let description = queues.describe("q", Time::default());
        assert_eq!(description.pollers[0].identity, "worker");
        assert_eq!(description.backlog, 0);
    }

    /// Polls a future once: `None` while it waits.
    async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|cx| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(cx) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
