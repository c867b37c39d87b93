//! Matcher of one task queue: a backlog of tasks and the polls that wait, without time, locks or
//! IO.

use std::collections::{BTreeMap, VecDeque};

use super::backlog::{Backlog, Place, Placed};
use super::fairness::DispatchOrder;
use super::priority::{FairnessKey, PriorityLevel, TaskPriority};

/// Pairs tasks with waiting polls. Tasks leave by priority, then by the matcher's order; polls are served by age.
/// Both sides are non-empty only while limits hold tasks back.
#[derive(Debug)]
pub(crate) struct Matcher<T, W> {
    order: DispatchOrder,
    /// Tasks without a poll, the most urgent first.
    backlogs: BTreeMap<PriorityLevel, Backlog<T>>,
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

impl<T, W> Matcher<T, W> {
    pub(crate) fn new(order: DispatchOrder) -> Self {
        Self {
            order,
            backlogs: BTreeMap::new(),
            waiters: VecDeque::new(),
            next_waiter: 0,
            closed: false,
        }
    }

    /// Adds a task to the backlog, behind those of its key with a lower number; [`Self::pop_match`] pairs it with a
    /// waiter. The weight is that of its key.
    pub(crate) fn offer(&mut self, priority: TaskPriority, weight: f32, number: u64, task: T) {
        let is_awaited = !self.waiters.is_empty() && self.backlog() == 0;
        let backlog = self.backlogs.entry(priority.level).or_default();
        let pass = match self.order {
            DispatchOrder::Arrival => 0,
            // As on the real server, a task that need not wait costs its key no turn.
            DispatchOrder::Fair if is_awaited => backlog.reached_pass(),
            DispatchOrder::Fair => backlog.next_pass(&priority.key, weight),
        };
        self.put_back(Placed {
            place: Place { pass, number },
            priority,
            task,
        });
    }

    /// Puts a task back at its place.
    pub(crate) fn put_back(&mut self, task: Placed<T>) {
        if !self.closed {
            let backlog = self.backlogs.entry(task.priority.level).or_default();
            backlog.insert(task);
        }
    }

    /// Removes the next task whose key is ready, and the waiter that receives it. If the waiter turns out to be gone,
    /// the caller puts the task back with [`Self::put_back`].
    pub(crate) fn pop_match(
        &mut self,
        is_ready: impl Fn(&FairnessKey) -> bool,
    ) -> Option<(W, Placed<T>)> {
        if self.waiters.is_empty() {
            return None;
        }
        let task = self.take(is_ready)?;
        let (_, waiter) = self.waiters.pop_front()?;
        Some((waiter, task))
    }

    /// Removes the next task whose key is ready.
    pub(crate) fn take(&mut self, is_ready: impl Fn(&FairnessKey) -> bool) -> Option<Placed<T>> {
        let mut backlogs = self.backlogs.values_mut();
        backlogs.find_map(|backlog| backlog.take(&is_ready))
    }

    /// The keys of the tasks that wait; one of several levels comes several times.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &FairnessKey> {
        self.backlogs.values().flat_map(Backlog::keys)
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
        let tasks = std::iter::from_fn(|| self.take(|_| true)).map(|placed| placed.task);
        (tasks.collect(), self.drain_waiters(|_| true))
    }

    /// Number of tasks in the backlog of each level that has some, and the first one of each key.
    pub(crate) fn levels(
        &self,
    ) -> impl Iterator<Item = (PriorityLevel, usize, impl Iterator<Item = &T>)> {
        let backlogs = self.backlogs.iter();
        let backlogs = backlogs.filter(|(_, backlog)| backlog.len() > 0);
        backlogs.map(|(level, backlog)| (*level, backlog.len(), backlog.heads()))
    }

    /// Number of tasks in the backlog.
    pub(crate) fn backlog(&self) -> usize {
        self.backlogs.values().map(Backlog::len).sum()
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

    /// A task whose number is its age, too.
    fn offer(queue: &mut Queue, priority_key: i32, task: u32) {
        let priority = TaskPriority {
            level: PriorityLevel::of(priority_key),
            ..TaskPriority::default()
        };
        queue.offer(priority, 1.0, task.into(), task);
    }

    fn offer_of_key(queue: &mut Queue, key: &str, task: u32) {
        offer_of_weight(queue, key, 1.0, task);
    }

    fn offer_of_weight(queue: &mut Queue, key: &str, weight: f32, task: u32) {
        let priority = TaskPriority {
            key: key.into(),
            ..TaskPriority::default()
        };
        queue.offer(priority, weight, task.into(), task);
    }

    fn taken(queue: &mut Queue) -> Option<u32> {
        queue.take(|_| true).map(|placed| placed.task)
    }

    fn pop_match(queue: &mut Queue) -> Option<(&'static str, u32)> {
        let matched = queue.pop_match(|_| true);
        matched.map(|(waiter, placed)| (waiter, placed.task))
    }

    #[test]
    fn tasks_leave_in_the_order_they_came() {
        let mut queue = Queue::new(DispatchOrder::Arrival);
        offer(&mut queue, 0, 1);
        offer(&mut queue, 0, 2);
        assert_eq!(taken(&mut queue), Some(1));
        assert_eq!(taken(&mut queue), Some(2));
        assert_eq!(queue.backlog(), 0);
    }

    #[test]
    fn each_level_has_its_backlog_and_its_oldest_task() {
        let mut queue = Queue::new(DispatchOrder::Arrival);
        for (task, key) in [(1, 5), (2, 1), (3, 5), (4, 0)] {
            offer(&mut queue, key, task);
        }
        let levels = queue.levels().map(|(level, count, mut heads)| {
            let oldest = heads.next().copied();
            (i32::from(level), count, oldest)
        });
        let levels: Vec<_> = levels.collect();
        assert_eq!(levels, [(1, 1, Some(2)), (3, 1, Some(4)), (5, 2, Some(1))]);
    }

    #[test]
    fn urgent_tasks_leave_first() {
        let mut queue = Queue::new(DispatchOrder::Arrival);
        for (task, key) in [(1, 0), (2, 5), (3, 1), (4, 3), (5, 9), (6, 1), (7, -1)] {
            offer(&mut queue, key, task);
        }
        let order: Vec<_> = std::iter::from_fn(|| taken(&mut queue)).collect();
        assert_eq!(order, [3, 6, 1, 4, 7, 2, 5]);
    }

    #[test]
    fn the_poll_that_waits_longest_gets_the_task() {
        let mut queue = Queue::new(DispatchOrder::Arrival);
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
        let mut queue = Queue::new(DispatchOrder::Arrival);
        let first = queue.park("first");
        queue.park("second");
        assert!(queue.remove_waiter(first));
        assert!(!queue.remove_waiter(first), "it left already");
        offer(&mut queue, 0, 1);
        assert_eq!(pop_match(&mut queue), Some(("second", 1)));
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn tasks_whose_waiters_vanished_keep_their_places() {
        let mut queue = Queue::new(DispatchOrder::Arrival);
        for (task, key) in [(1, "a"), (2, "b"), (3, "a"), (4, "a")] {
            offer_of_key(&mut queue, key, task);
        }
        let mut take = || queue.take(|_| true).expect("there are four");
        let (one, two, three) = (take(), take(), take());
        for task in [two, one, three] {
            queue.put_back(task);
        }
        let order: Vec<_> = std::iter::from_fn(|| taken(&mut queue)).collect();
        assert_eq!(order, [1, 2, 3, 4]);
    }

    #[test]
    fn a_key_that_is_not_ready_keeps_its_tasks_and_no_others() {
        let mut queue = Queue::new(DispatchOrder::Arrival);
        for (task, key) in [(1, "a"), (2, "a"), (3, "b"), (4, "")] {
            offer_of_key(&mut queue, key, task);
        }
        let of_others = |key: &FairnessKey| key.as_str() != "a";
        queue.park("poll");
        let matched = queue.pop_match(of_others);
        assert_eq!(matched.map(|(_, placed)| placed.task), Some(3));
        assert_eq!(queue.take(of_others).map(|placed| placed.task), Some(4));
        queue.park("poll");
        assert!(queue.pop_match(of_others).is_none());
        assert_eq!((queue.backlog(), queue.waiting()), (2, 1));
        let keys: Vec<_> = queue.keys().map(FairnessKey::as_str).collect();
        assert_eq!(keys, ["a"]);
        assert_eq!(pop_match(&mut queue), Some(("poll", 1)));
        assert_eq!(taken(&mut queue), Some(2));
    }

    #[test]
    fn a_closed_queue_keeps_nothing() {
        let mut queue = Queue::new(DispatchOrder::Arrival);
        offer(&mut queue, 0, 1);
        assert_eq!(queue.close(), (vec![1], Vec::new()));
        offer(&mut queue, 0, 2);
        offer(&mut queue, 0, 3);
        queue.park("late");
        assert_eq!((queue.backlog(), queue.waiting()), (0, 0));
    }

    fn fair() -> Queue {
        Queue::new(DispatchOrder::Fair)
    }

    fn all(queue: &mut Queue) -> Vec<u32> {
        std::iter::from_fn(|| taken(queue)).collect()
    }

    #[test]
    fn keys_take_turns() {
        let mut queue = fair();
        let keys = ["a", "a", "a", "a", "a", "b", "b", "", ""];
        for (task, key) in (0..).zip(keys) {
            offer_of_key(&mut queue, key, task);
        }
        assert_eq!(all(&mut queue), [0, 5, 7, 1, 6, 8, 2, 3, 4]);
    }

    #[test]
    fn a_key_of_three_times_the_weight_has_three_times_the_turns() {
        let mut queue = fair();
        for task in 0..4 {
            offer_of_weight(&mut queue, "light", 1.0, task);
        }
        for task in 10..19 {
            offer_of_weight(&mut queue, "heavy", 3.0, task);
        }
        assert_eq!(
            all(&mut queue),
            [10, 11, 12, 0, 13, 14, 15, 1, 16, 17, 18, 2, 3]
        );
    }

    #[test]
    fn a_key_at_its_limit_leaves_no_turns_to_keys_that_come_late() {
        let mut queue = fair();
        for (task, key) in [(0, "slow"), (1, "busy"), (2, "busy"), (3, "busy")] {
            offer_of_key(&mut queue, key, task);
        }
        let is_ready = |key: &FairnessKey| key.as_str() != "slow";
        let rest = |queue: &mut Queue| -> Vec<_> {
            std::iter::from_fn(|| queue.take(is_ready).map(|placed| placed.task)).collect()
        };
        assert_eq!(rest(&mut queue), [1, 2, 3]);
        for (task, key) in [(4, "late"), (5, "late"), (6, "late"), (7, "busy")] {
            offer_of_key(&mut queue, key, task);
        }
        assert_eq!(rest(&mut queue), [4, 5, 7, 6]);
        assert_eq!(all(&mut queue), [0]);
    }

    #[test]
    fn urgent_tasks_leave_before_the_turns_of_others() {
        let mut queue = fair();
        for (task, key) in [(1, 3), (2, 1), (3, 3), (4, 1)] {
            offer(&mut queue, key, task);
        }
        assert_eq!(all(&mut queue), [2, 4, 1, 3]);
    }

    #[test]
    fn a_key_that_comes_late_has_its_turn_next_and_none_for_the_time_before() {
        let mut queue = fair();
        for task in 0..6 {
            offer_of_key(&mut queue, "early", task);
        }
        for task in 0..3 {
            assert_eq!(taken(&mut queue), Some(task));
        }
        for task in 10..13 {
            offer_of_key(&mut queue, "late", task);
        }
        assert_eq!(all(&mut queue), [10, 3, 11, 4, 12, 5]);
    }

    #[test]
    fn a_task_that_a_poll_waits_for_costs_its_key_no_turn() {
        let mut queue = fair();
        queue.park("poll");
        offer_of_key(&mut queue, "a", 0);
        assert_eq!(pop_match(&mut queue), Some(("poll", 0)));
        for (task, key) in [(1, "a"), (2, "b"), (3, "a")] {
            offer_of_key(&mut queue, key, task);
        }
        assert_eq!(all(&mut queue), [1, 2, 3]);
    }

    #[test]
    fn a_task_that_is_put_back_keeps_its_turn() {
        let mut queue = fair();
        for (task, key) in [(1, "a"), (2, "a"), (3, "b")] {
            offer_of_key(&mut queue, key, task);
        }
        let first = queue.take(|_| true).expect("there are three");
        assert_eq!(taken(&mut queue), Some(3));
        queue.put_back(first);
        assert_eq!(all(&mut queue), [1, 2]);
    }

    #[test]
    fn the_waiters_of_one_worker_are_drained() {
        let mut queue = Queue::new(DispatchOrder::Arrival);
        queue.park("stays");
        queue.park("goes");
        assert_eq!(queue.drain_waiters(|w| *w == "goes"), ["goes"]);
        offer(&mut queue, 0, 1);
        assert_eq!(pop_match(&mut queue), Some(("stays", 1)));
    }
}
