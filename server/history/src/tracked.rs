//! A map that knows which of its entries changed since the last snapshot.

use std::collections::BTreeMap;

/// A map whose changes are tracked.
#[derive(Debug)]
pub(crate) struct Tracked<K, V> {
    /// Boxed, because a node of the map has room for eleven, and most runs have an entry or none.
    entries: BTreeMap<K, Box<V>>,
    /// The keys that changed since the last snapshot, and whether that snapshot contains them: an
    /// entry that comes and goes between two snapshots is in neither.
    changed: BTreeMap<K, bool>,
}

impl<K, V> Tracked<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.entries.keys()
    }

    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.entries.values().map(|it| &**it)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, &**value))
    }

    pub(crate) fn cloned(&self) -> impl ExactSizeIterator<Item = (K, V)>
    where
        K: Clone,
        V: Clone,
    {
        self.iter().map(|(key, value)| (key.clone(), value.clone()))
    }
}

impl<K: Ord + Clone, V> Tracked<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|it| &**it)
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.mark(&key);
        self.entries.insert(key, Box::new(value)).map(|it| *it)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        if self.entries.contains_key(key) {
            self.mark(key);
        }
        self.entries.get_mut(key).map(|it| &mut **it)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        if self.entries.contains_key(key) {
            self.mark(key);
        }
        self.entries.remove(key).map(|it| *it)
    }

    pub(crate) fn clear(&mut self) {
        drop(self.take_all());
    }

    /// Removes all entries.
    pub(crate) fn take_all(&mut self) -> impl ExactSizeIterator<Item = (K, V)> + use<K, V> {
        let entries = std::mem::take(&mut self.entries);
        for key in entries.keys() {
            self.changed.entry(key.clone()).or_insert(true);
        }
        entries.into_iter().map(|(key, value)| (key, *value))
    }

    /// Adds an entry of a snapshot; returns false if the key is there already.
    pub(crate) fn restore(&mut self, key: K, value: V) -> bool {
        self.entries.insert(key, Box::new(value)).is_none()
    }

    /// The entries that were changed or removed since the last snapshot.
    pub(crate) fn take_changed(&mut self) -> impl Iterator<Item = (K, Option<&V>)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(|(key, is_stored)| {
            let value = self.entries.get(&key).map(|it| &**it);
            (is_stored || value.is_some()).then_some((key, value))
        })
    }

    fn mark(&mut self, key: &K) {
        if !self.changed.contains_key(key) {
            let is_stored = self.entries.contains_key(key);
            self.changed.insert(key.clone(), is_stored);
        }
    }
}

impl<V> Tracked<u64, V> {
    /// Adds a value after all others of a list.
    pub(crate) fn push(&mut self, value: V) {
        let next = self
            .entries
            .last_key_value()
            .map_or(0, |(last, _)| last + 1);
        self.insert(next, value);
    }

    /// Removes the first value of a list.
    pub(crate) fn remove_first(&mut self) -> Option<V> {
        let (&first, _) = self.entries.first_key_value()?;
        self.remove(&first)
    }
}

impl<V> Extend<V> for Tracked<u64, V> {
    fn extend<I: IntoIterator<Item = V>>(&mut self, values: I) {
        for value in values {
            self.push(value);
        }
    }
}

impl<K, V> Default for Tracked<K, V> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            changed: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(map: &mut Tracked<u64, &'static str>) -> Vec<(u64, Option<&'static str>)> {
        let changed = map.take_changed();
        changed.map(|(key, value)| (key, value.copied())).collect()
    }

    #[test]
    fn each_change_is_taken_once() {
        let mut map = Tracked::default();
        map.push("a");
        map.push("b");
        assert_eq!(taken(&mut map), [(0, Some("a")), (1, Some("b"))]);
        *map.get_mut(&1).expect("it was added") = "c";
        map.remove(&0);
        assert_eq!(taken(&mut map), [(0, None), (1, Some("c"))]);
        assert_eq!(taken(&mut map), []);
    }

    #[test]
    fn an_entry_that_comes_and_goes_between_two_snapshots_is_no_change() {
        let mut map = Tracked::default();
        map.push("a");
        map.push("b");
        map.remove(&1);
        map.clear();
        map.push("c");
        map.clear();
        assert_eq!(taken(&mut map), []);
    }

    #[test]
    fn an_entry_that_is_replaced_is_no_removal() {
        let mut map = Tracked::default();
        map.push("a");
        taken(&mut map);
        map.clear();
        map.push("b");
        assert_eq!(taken(&mut map), [(0, Some("b"))]);
    }

    #[test]
    fn what_is_not_there_cannot_change() {
        let mut map = Tracked::<u64, _>::default();
        map.restore(3, "d");
        assert_eq!(map.get_mut(&7), None);
        assert_eq!(map.remove(&7), None);
        assert_eq!(taken(&mut map), []);
    }
}
