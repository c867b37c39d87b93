//! Matcher of one task queue: a backlog of tasks and the polls that wait, without time, locks or
//! IO.

use std::collections::{BTreeMap, VecDeque};

/// Pairs tasks with waiting polls. Tasks leave by priority, then by age; polls are served by age.
/// Both sides are non-empty only while a rate limit holds tasks back.
#[derive(Debug)]
pub(crate) struct Matcher<T, W> {
    /// Tasks without a poll, the most urgent and oldest first.
    backlog: BTreeMap<PriorityLevel, VecDeque<T>>,
    /// Waiting polls, the oldest first; ids ascend.
    waiters: VecDeque<(WaiterId, W)>,
    /// The id the next waiter gets.
    next_waiter: u64,
    /// Drops every task and waiter that arrives.
    closed: bool,
}

/// Names a waiter, so that it can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WaiterId(u64);

/// Priority of a task; 1 is more urgent than 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PriorityLevel(i32);

impl PriorityLevel {
    /// The level of a priority key; keys beyond the last level share it.
    pub(crate) fn of(priority_key: i32) -> Self {
        match priority_key {
            ..=0 => Self::default(),
            key => Self(key.min(LAST_LEVEL)),
        }
    }
}

impl From<PriorityLevel> for i32 {
    fn from(level: PriorityLevel) -> Self {
        level.0
    }
}

impl Default for PriorityLevel {
    fn default() -> Self {
        Self(3)
    }
}

/// The real server has five levels unless it is configured otherwise.
const LAST_LEVEL: i32 = 5;

impl<T, W> Matcher<T, W> {
    pub(crate) fn new() -> Self {
        Self {
            backlog: BTreeMap::new(),
            waiters: VecDeque::new(),
            next_waiter: 0,
            closed: false,
        }
    }

    /// Adds a task to the backlog; [`Self::pop_match`] pairs it with a waiter.
    pub(crate) fn offer(&mut self, level: PriorityLevel, task: T) {
        if !self.closed {
            self.backlog.entry(level).or_default().push_back(task);
        }
    }

    /// Puts a task back at the head of its level, so that it keeps its place.
    pub(crate) fn offer_first(&mut self, level: PriorityLevel, task: T) {
        if !self.closed {
            self.backlog.entry(level).or_default().push_front(task);
        }
    }

    /// Removes the next task and the waiter that receives it. If the waiter turns out to be gone,
    /// the caller puts the task back with [`Self::offer_first`].
    pub(crate) fn pop_match(&mut self) -> Option<(W, (PriorityLevel, T))> {
        if self.waiters.is_empty() || self.backlog() == 0 {
            return None;
        }
        let (_, waiter) = self.waiters.pop_front()?;
        Some((waiter, self.take()?))
    }

    /// Removes the next task.
    pub(crate) fn take(&mut self) -> Option<(PriorityLevel, T)> {
        let mut entry = self.backlog.first_entry()?;
        let level = *entry.key();
        let task = entry.get_mut().pop_front();
        if entry.get().is_empty() {
            entry.remove();
        }
        Some((level, task?))
    }

    /// Adds the waiter of a poll that found no task.
    pub(crate) fn park(&mut self, waiter: W) -> WaiterId {
        let id = WaiterId(self.next_waiter);
        self.next_waiter += 1;
        if !self.closed {
            // `remove_waiter` finds a waiter by binary search.
            let last = self.waiters.back().map(|(last, _)| *last);
            assert!(last < Some(id), "ids of waiters ascend");
            self.waiters.push_back((id, waiter));
        }
        id
    }

    /// Removes a waiter; returns false if it was matched before.
    pub(crate) fn remove_waiter(&mut self, id: WaiterId) -> bool {
        match self.waiters.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => self.waiters.remove(at).is_some(),
            Err(_) => false,
        }
    }

    /// Removes the waiters that `gone` selects, for instance those of a worker that shuts down.
    pub(crate) fn drain_waiters(&mut self, mut gone: impl FnMut(&W) -> bool) -> Vec<W> {
        let (leaving, staying): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiters)
            .into_iter()
            .partition(|(_, waiter)| gone(waiter));
        self.waiters = staying.into();
        leaving.into_iter().map(|(_, waiter)| waiter).collect()
    }

    /// Removes all tasks and waiters; later ones are dropped.
    pub(crate) fn close(&mut self) -> (Vec<T>, Vec<W>) {
        self.closed = true;
        let backlog = std::mem::take(&mut self.backlog);
        (
            backlog.into_values().flatten().collect(),
            self.drain_waiters(|_| true),
        )
    }

    /// Number of tasks in the backlog of each level, and the oldest one of it.
    pub(crate) fn levels(&self) -> impl Iterator<Item = (PriorityLevel, usize, &T)> {
        let levels = self.backlog.iter();
        levels.filter_map(|(level, tasks)| Some((*level, tasks.len(), tasks.front()?)))
    }

    /// Number of tasks in the backlog.
    pub(crate) fn backlog(&self) -> usize {
        self.backlog.values().map(VecDeque::len).sum()
    }

    /// Number of waiting polls.
    pub(crate) fn waiting(&self) -> usize {
        self.waiters.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Queue = Matcher<u32, &'static str>;

    fn offer(queue: &mut Queue, key: i32, task: u32) {
        queue.offer(PriorityLevel::of(key), task);
    }

    fn taken(queue: &mut Queue) -> Option<u32> {
        queue.take().map(|(_, task)| task)
    }

    fn pop_match(queue: &mut Queue) -> Option<(&'static str, u32)> {
        queue.pop_match().map(|(waiter, (_, task))| (waiter, task))
    }

    #[test]
    fn tasks_leave_in_the_order_they_came() {
        let mut queue = Queue::new();
        offer(&mut queue, 0, 1);
        offer(&mut queue, 0, 2);
        assert_eq!(taken(&mut queue), Some(1));
        assert_eq!(taken(&mut queue), Some(2));
        assert_eq!(queue.backlog(), 0);
    }

    #[test]
    fn each_level_has_its_backlog_and_its_oldest_task() {
        let mut queue = Queue::new();
        for (task, key) in [(1, 5), (2, 1), (3, 5), (4, 0)] {
            offer(&mut queue, key, task);
        }
        queue.offer_first(PriorityLevel::of(5), 0);
        let levels: Vec<_> = queue
            .levels()
            .map(|(level, n, oldest)| (i32::from(level), n, *oldest))
            .collect();
        assert_eq!(levels, [(1, 1, 2), (3, 1, 4), (5, 3, 0)]);
    }

    #[test]
    fn urgent_tasks_leave_first() {
        let mut queue = Queue::new();
        for (task, key) in [(1, 0), (2, 5), (3, 1), (4, 3), (5, 9), (6, 1), (7, -1)] {
            offer(&mut queue, key, task);
        }
        let order: Vec<_> = std::iter::from_fn(|| taken(&mut queue)).collect();
        assert_eq!(order, [3, 6, 1, 4, 7, 2, 5]);
    }

    #[test]
    fn the_poll_that_waits_longest_gets_the_task() {
        let mut queue = Queue::new();
        queue.park("first");
        queue.park("second");
        offer(&mut queue, 0, 1);
        assert_eq!(pop_match(&mut queue), Some(("first", 1)));
        assert_eq!(pop_match(&mut queue), None);
        offer(&mut queue, 0, 2);
        assert_eq!(pop_match(&mut queue), Some(("second", 2)));
        offer(&mut queue, 0, 3);
        assert_eq!(pop_match(&mut queue), None);
        assert_eq!(queue.backlog(), 1);
    }

    #[test]
    fn a_waiter_that_left_gets_nothing() {
        let mut queue = Queue::new();
        let first = queue.park("first");
        queue.park("second");
        assert!(queue.remove_waiter(first));
        assert!(!queue.remove_waiter(first), "it left already");
        offer(&mut queue, 0, 1);
        assert_eq!(pop_match(&mut queue), Some(("second", 1)));
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn a_task_whose_waiter_vanished_keeps_its_place() {
        let mut queue = Queue::new();
        offer(&mut queue, 0, 2);
        queue.offer_first(PriorityLevel::default(), 1);
        assert_eq!(taken(&mut queue), Some(1));
        assert_eq!(taken(&mut queue), Some(2));
        assert_eq!(taken(&mut queue), None);
    }

    #[test]
    fn a_closed_queue_keeps_nothing() {
        let mut queue = Queue::new();
        offer(&mut queue, 0, 1);
        assert_eq!(queue.close(), (vec![1], Vec::new()));
        offer(&mut queue, 0, 2);
        queue.offer_first(PriorityLevel::default(), 3);
        queue.park("late");
        assert_eq!((queue.backlog(), queue.waiting()), (0, 0));
    }

    #[test]
    fn the_waiters_of_one_worker_are_drained() {
        let mut queue = Queue::new();
        queue.park("stays");
        queue.park("goes");
        assert_eq!(queue.drain_waiters(|w| *w == "goes"), ["goes"]);
        offer(&mut queue, 0, 1);
        assert_eq!(pop_match(&mut queue), Some(("stays", 1)));
    }
}
