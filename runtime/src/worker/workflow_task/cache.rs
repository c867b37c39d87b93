//! Runs kept between their tasks: a cache that evicts the least recently used one.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

/// What happened with the caches of one worker, for reports about it.
#[derive(Debug, Default)]
pub(crate) struct CacheCounts {
    /// Runs that are kept, on all threads.
    pub(crate) size: AtomicUsize,
    /// Tasks whose run was there.
    pub(crate) hits: AtomicU64,
    /// Tasks whose run had to be replayed.
    pub(crate) misses: AtomicU64,
}

/// Values by run id; beyond its limit the least recently used one is evicted.
pub(crate) struct Cache<V> {
    limit: usize,
    runs: HashMap<Arc<str>, Slot<V>>,
    /// Run ids by the time of their last use.
    order: BTreeMap<u64, Arc<str>>,
    /// Counts uses; the clock of `order`.
    uses: u64,
    counts: Arc<CacheCounts>,
}

struct Slot<V> {
    used: u64,
    value: V,
}

impl<V> Cache<V> {
    pub(crate) fn new(limit: usize, counts: Arc<CacheCounts>) -> Self {
        Self {
            counts,
            limit,
            runs: HashMap::new(),
            order: BTreeMap::new(),
            uses: 0,
        }
    }

    /// Takes a run out, to work on it.
    pub(crate) fn take(&mut self, run_id: &str) -> Option<V> {
        let slot = self.runs.remove(run_id)?;
        self.order.remove(&slot.used);
        self.counts.size.fetch_sub(1, Ordering::Relaxed);
        Some(slot.value)
    }

    /// Borrows a run without counting that as a use.
    pub(crate) fn peek_mut(&mut self, run_id: &str) -> Option<&mut V> {
        self.runs.get_mut(run_id).map(|slot| &mut slot.value)
    }

    /// Takes all of them out, in no order.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (Arc<str>, V)> {
        self.order.clear();
        self.counts
            .size
            .fetch_sub(self.runs.len(), Ordering::Relaxed);
        self.runs.drain().map(|(run_id, slot)| (run_id, slot.value))
    }

    /// Inserts a run as the most recently used one; returns the run that is evicted for it.
    pub(crate) fn put(&mut self, run_id: &str, value: V) -> Option<(Arc<str>, V)> {
        self.take(run_id);
        let run_id: Arc<str> = run_id.into();
        if self.limit == 0 {
            return Some((run_id, value));
        }
        self.uses += 1;
        let used = self.uses;
        self.order.insert(used, Arc::clone(&run_id));
        self.runs.insert(run_id, Slot { used, value });
        self.counts.size.fetch_add(1, Ordering::Relaxed);
        if self.runs.len() <= self.limit {
            return None;
        }
        let (_, oldest) = self.order.pop_first()?;
        let slot = self.runs.remove(&oldest)?;
        self.counts.size.fetch_sub(1, Ordering::Relaxed);
        Some((oldest, slot.value))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.runs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_limit_the_run_not_used_for_longest_goes() {
        let counts = Arc::new(CacheCounts::default());
        let mut cache = Cache::new(2, Arc::clone(&counts));
        assert!(cache.put("a", 1).is_none());
        assert!(cache.put("b", 2).is_none());
        let a = cache.take("a").unwrap();
        cache.put("a", a);
        let (gone, value) = cache.put("c", 3).unwrap();
        assert_eq!((&*gone, value), ("b", 2));
        assert_eq!(cache.len(), 2);
        assert_eq!(counts.size.load(Ordering::Relaxed), 2);
        assert_eq!(cache.take("a"), Some(1));
        assert_eq!(counts.size.load(Ordering::Relaxed), 1);
        assert_eq!(cache.drain().count(), 1);
        assert_eq!(counts.size.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_run_put_in_again_replaces_itself() {
        let mut cache = Cache::new(1, Arc::default());
        assert!(cache.put("a", 1).is_none());
        assert!(cache.put("a", 2).is_none());
        assert_eq!(cache.take("a"), Some(2));
        assert_eq!(cache.take("a"), None);
    }

    #[test]
    fn a_cache_without_room_gives_every_run_back() {
        let mut cache = Cache::new(0, Arc::default());
        assert!(cache.put("a", 1).is_some());
        assert_eq!(cache.len(), 0);
    }
}
