//! Tasks of one priority level that wait, in their order.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::fairness::Passes;
use super::priority::{FairnessKey, TaskPriority};

/// A task in a queue, with what decides its place there.
#[derive(Debug, PartialEq)]
pub(crate) struct Placed<T> {
    pub(crate) place: Place,
    pub(crate) priority: TaskPriority,
    pub(crate) task: T,
}

/// Order of the tasks of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The turn of its key; zero if the order is that of arrival.
    pub(crate) pass: u64,
    /// Number of tasks that came to the queues of the name before this one.
    pub(crate) number: u64,
}

/// The waiting tasks of one level. They are kept by fairness key, so that a key whose limit is reached holds no other
/// one up, however many tasks it has.
#[derive(Debug)]
pub(super) struct Backlog<T> {
    /// Never empty; each in the order of places.
    keys: HashMap<FairnessKey, VecDeque<Placed<T>>>,
    /// The first task of each key.
    heads: BTreeSet<(Place, FairnessKey)>,
    /// Number of tasks.
    len: usize,
    passes: Passes,
    /// The highest pass of a task that has left.
    dispatched: u64,
}

impl<T> Default for Backlog<T> {
    fn default() -> Self {
        Self {
            keys: HashMap::new(),
            heads: BTreeSet::new(),
            len: 0,
            passes: Passes::default(),
            dispatched: 0,
        }
    }
}

impl<T> Backlog<T> {
    /// Adds a task at its place.
    pub(super) fn insert(&mut self, task: Placed<T>) {
        let (place, key) = (task.place, task.priority.key.clone());
        let tasks = self.keys.entry(key.clone()).or_default();
        let head = tasks.front().map(|first| first.place);
        // Only a task that is put back comes before others.
        let at = match tasks.back() {
            Some(last) if place < last.place => tasks.partition_point(|it| it.place < place),
            Some(_) | None => tasks.len(),
        };
        tasks.insert(at, task);
        self.len += 1;
        if at == 0 {
            if let Some(head) = head {
                self.heads.remove(&(head, key.clone()));
            }
            self.heads.insert((place, key));
        }
    }

    /// Removes the first task whose key is ready.
    pub(super) fn take(&mut self, is_ready: impl Fn(&FairnessKey) -> bool) -> Option<Placed<T>> {
        let head = self.heads.iter().find(|(_, key)| is_ready(key))?.clone();
        self.heads.remove(&head);
        let (place, key) = head;
        self.dispatched = self.dispatched.max(place.pass);
        let tasks = self.keys.get_mut(&key)?;
        let task = tasks.pop_front();
        match tasks.front().map(|next| next.place) {
            Some(next) => {
                self.heads.insert((next, key));
            }
            None => {
                self.keys.remove(&key);
            }
        }
        self.len -= 1;
        task
    }

    /// Assigns the pass of a key's next task.
    pub(super) fn next_pass(&mut self, key: &FairnessKey, weight: f32) -> u64 {
        self.passes.next(key, weight, self.dispatched)
    }

    /// The pass that dispatch has reached. Below it wait tasks only of keys whose limit is reached.
    pub(super) fn reached_pass(&self) -> u64 {
        self.dispatched
    }

    /// The keys that have tasks.
    pub(super) fn keys(&self) -> impl Iterator<Item = &FairnessKey> {
        self.heads.iter().map(|(_, key)| key)
    }

    /// The first task of each key.
    pub(super) fn heads(&self) -> impl Iterator<Item = &T> {
        let heads = self.keys().filter_map(|key| self.keys.get(key)?.front());
        heads.map(|head| &head.task)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}
