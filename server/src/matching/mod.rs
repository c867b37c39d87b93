//! Matching: brings tasks that wait for a worker together with workers that wait for a task.
//!
//! [`TaskQueue`] is the whole idea, without time, locks or IO; [`service`] puts the queues behind
//! names and lets polls wait.

pub(crate) mod poller;
pub(crate) mod query;
pub(crate) mod service;

use std::collections::VecDeque;

/// Tasks and waiters of one queue. At most one of the two sides is ever non-empty: a task that
/// finds a waiter goes to it at once, a waiter that finds a task takes it at once.
#[derive(Debug)]
pub(crate) struct TaskQueue<T, W> {
    /// Tasks nobody has taken yet, the oldest first.
    backlog: VecDeque<T>,
    /// Polls that found nothing, the one that waits longest first; ids ascend.
    waiters: VecDeque<(WaiterId, W)>,
    /// The id the next waiter gets.
    next_waiter: u64,
    /// Lets go of every task and waiter that it is given.
    closed: bool,
}

/// Names a parked waiter, so that it can leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WaiterId(u64);

/// What became of a poll.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Polled<T> {
    /// There was a task.
    Task(T),
    /// There was none; the waiter stays until a task comes or it leaves.
    Parked(WaiterId),
}

impl<T, W> TaskQueue<T, W> {
    pub(crate) fn new() -> Self {
        Self {
            backlog: VecDeque::new(),
            waiters: VecDeque::new(),
            next_waiter: 0,
            closed: false,
        }
    }

    /// Takes a task in. A pair that comes back is matched: the caller hands the task over, and if
    /// the waiter turns out to be gone offers the task again with [`Self::offer_first`].
    pub(crate) fn offer(&mut self, task: T) -> Option<(W, T)> {
        match self.waiters.pop_front() {
            Some((_, waiter)) => Some((waiter, task)),
            None if self.closed => None,
            None => {
                self.backlog.push_back(task);
                None
            }
        }
    }

    /// Takes a task in that already was at the head once: it does not lose its place.
    pub(crate) fn offer_first(&mut self, task: T) -> Option<(W, T)> {
        match self.waiters.pop_front() {
            Some((_, waiter)) => Some((waiter, task)),
            None if self.closed => None,
            None => {
                self.backlog.push_front(task);
                None
            }
        }
    }

    /// The oldest task, without waiting for one.
    pub(crate) fn take(&mut self) -> Option<T> {
        self.backlog.pop_front()
    }

    /// Takes the oldest task, or parks the waiter that `make` creates.
    pub(crate) fn poll(&mut self, make: impl FnOnce() -> W) -> Polled<T> {
        if let Some(task) = self.backlog.pop_front() {
            return Polled::Task(task);
        }
        let id = WaiterId(self.next_waiter);
        self.next_waiter += 1;
        let waiter = make();
        if !self.closed {
            self.waiters.push_back((id, waiter));
        }
        Polled::Parked(id)
    }

    /// Removes a waiter that gave up. `false` means that it was matched before.
    pub(crate) fn leave(&mut self, id: WaiterId) -> bool {
        match self.waiters.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => self.waiters.remove(at).is_some(),
            Err(_) => false,
        }
    }

    /// Takes all waiters out, for instance because their worker shuts down.
    pub(crate) fn drain_waiters(&mut self, mut gone: impl FnMut(&W) -> bool) -> Vec<W> {
        let (leaving, staying): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiters)
            .into_iter()
            .partition(|(_, waiter)| gone(waiter));
        self.waiters = staying.into();
        leaving.into_iter().map(|(_, waiter)| waiter).collect()
    }

    /// Lets go of all tasks and waiters, and of those that come.
    pub(crate) fn close(&mut self) -> (VecDeque<T>, Vec<W>) {
        self.closed = true;
        (
            std::mem::take(&mut self.backlog),
            self.drain_waiters(|_| true),
        )
    }

    /// How many tasks wait.
    pub(crate) fn backlog(&self) -> usize {
        self.backlog.len()
    }

    /// How many polls wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiters.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Queue = TaskQueue<u32, &'static str>;

    #[test]
    fn tasks_leave_in_the_order_they_came() {
        let mut queue = Queue::new();
        assert_eq!(queue.offer(1), None);
        assert_eq!(queue.offer(2), None);
        assert_eq!(queue.poll(|| "a"), Polled::Task(1));
        assert_eq!(queue.poll(|| "a"), Polled::Task(2));
        assert_eq!(queue.backlog(), 0);
    }

    #[test]
    fn the_poll_that_waits_longest_gets_the_task() {
        let mut queue = Queue::new();
        queue.poll(|| "first");
        queue.poll(|| "second");
        assert_eq!(queue.offer(1), Some(("first", 1)));
        assert_eq!(queue.offer(2), Some(("second", 2)));
        assert_eq!(queue.offer(3), None);
        assert_eq!(queue.backlog(), 1);
    }

    #[test]
    fn a_waiter_that_left_gets_nothing() {
        let mut queue = Queue::new();
        let Polled::Parked(first) = queue.poll(|| "first") else {
            panic!("the queue is empty");
        };
        queue.poll(|| "second");
        assert!(queue.leave(first));
        assert!(!queue.leave(first), "it left already");
        assert_eq!(queue.offer(1), Some(("second", 1)));
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn a_task_whose_waiter_vanished_keeps_its_place() {
        let mut queue = Queue::new();
        queue.offer(2);
        assert_eq!(queue.offer_first(1), None);
        assert_eq!(queue.take(), Some(1));
        assert_eq!(queue.take(), Some(2));
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn a_closed_queue_keeps_nothing() {
        let mut queue = Queue::new();
        queue.offer(1);
        assert_eq!(queue.close(), (VecDeque::from([1]), Vec::new()));
        assert_eq!(queue.offer(2), None);
        assert_eq!(queue.offer_first(3), None);
        assert!(matches!(queue.poll(|| "late"), Polled::Parked(_)));
        assert_eq!((queue.backlog(), queue.waiting()), (0, 0));
    }

    #[test]
    fn the_waiters_of_one_worker_are_drained() {
        let mut queue = Queue::new();
        queue.poll(|| "stays");
        queue.poll(|| "goes");
        assert_eq!(queue.drain_waiters(|w| *w == "goes"), ["goes"]);
        assert_eq!(queue.offer(1), Some(("stays", 1)));
    }
}
