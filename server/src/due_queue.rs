//! A queue ordered by due time.

use std::collections::{BTreeMap, BTreeSet};

use durably_history::Time;

/// Keys with one due time each, ordered by time, then by key.
#[derive(Debug)]
pub(crate) struct DueQueue<K> {
    ordered: BTreeSet<(Time, K)>,
    due: BTreeMap<K, Time>,
}

impl<K> Default for DueQueue<K> {
    fn default() -> Self {
        Self {
            ordered: BTreeSet::new(),
            due: BTreeMap::new(),
        }
    }
}

impl<K: Clone + Ord> DueQueue<K> {
    /// Sets when `key` is due; `None` removes it. Returns whether the earliest due time has become
    /// earlier, so that the caller knows when to wake its timer.
    pub(crate) fn set(&mut self, key: &K, due: Option<Time>) -> bool {
        let before = self.next_due();
        let old = match due {
            Some(time) => self.due.insert(key.clone(), time),
            None => self.due.remove(key),
        };
        if old == due {
            return false;
        }
        if let Some(time) = old {
            self.ordered.remove(&(time, key.clone()));
        }
        if let Some(time) = due {
            self.ordered.insert((time, key.clone()));
        }
        self.assert_invariants();
        match (self.next_due(), before) {
            (Some(now), Some(before)) => now < before,
            (now, None) => now.is_some(),
            (None, Some(_)) => false,
        }
    }

    /// Removes the keys that are not to be kept.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&K) -> bool) {
        self.ordered.retain(|(_, key)| is_kept(key));
        self.due.retain(|key, _| is_kept(key));
        self.assert_invariants();
    }

    /// The earliest due time.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.ordered.first().map(|(time, _)| *time)
    }

    /// Removes and returns the next due key.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<K> {
        // Times beyond the representable range are clamped to the last one. Nothing is due there;
        // otherwise a deadline at the end of time would expire at once, again and again.
        if self.next_due().filter(|due| *due < Time::MAX)? > now {
            return None;
        }
        let (_, key) = self.ordered.pop_first()?;
        self.due.remove(&key);
        self.assert_invariants();
        Some(key)
    }

    fn assert_invariants(&self) {
        assert_eq!(self.ordered.len(), self.due.len(), "each key is due once");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Time {
        Time::default() + Duration::from_secs(seconds)
    }

    #[test]
    fn keys_come_out_in_the_order_of_their_times() {
        let mut queue = DueQueue::default();
        queue.set(&"later", Some(at(20)));
        queue.set(&"sooner", Some(at(10)));
        assert_eq!(queue.next_due(), Some(at(10)));
        assert_eq!(queue.pop_due(at(9)), None);
        assert_eq!(queue.pop_due(at(30)), Some("sooner"));
        assert_eq!(queue.pop_due(at(30)), Some("later"));
        assert_eq!(queue.pop_due(at(30)), None);
    }

    #[test]
    fn setting_a_key_again_replaces_its_due_time() {
        let mut queue = DueQueue::default();
        queue.set(&"run", Some(at(10)));
        queue.set(&"run", Some(at(20)));
        assert_eq!(queue.pop_due(at(15)), None);
        queue.set(&"run", None);
        assert_eq!(queue.pop_due(at(99)), None);
    }

    #[test]
    fn only_keys_that_are_kept_are_due() {
        let mut queue = DueQueue::default();
        queue.set(&"gone", Some(at(10)));
        queue.set(&"kept", Some(at(20)));
        queue.retain(|key| *key == "kept");
        assert_eq!(queue.pop_due(at(30)), Some("kept"));
        assert_eq!(queue.pop_due(at(30)), None);
    }

    #[test]
    fn a_key_at_the_last_time_is_never_due() {
        let mut queue = DueQueue::default();
        queue.set(&"task timeout", Some(Time::MAX + Duration::from_secs(10)));
        assert_eq!(queue.pop_due(Time::MAX), None);
    }

    #[test]
    fn set_returns_whether_the_earliest_time_became_earlier() {
        let mut queue = DueQueue::default();
        assert!(queue.set(&"head", Some(at(10))));
        assert!(!queue.set(&"tail", Some(at(20))));
        assert!(queue.set(&"tail", Some(at(5))));
        assert!(!queue.set(&"tail", None));
    }
}
