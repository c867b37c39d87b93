//! What is known by number: a deque instead of a map, for numbers that grow by one.

use std::collections::VecDeque;

use crate::Seq;

/// Values by the number of their command. Memory follows the span between the oldest and the newest
/// that are still open.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    /// Number of the first slot; moves when the oldest is removed.
    first: u32,
    /// Open slots hold a value; closed ones wait until they are the oldest.
    slots: VecDeque<Option<T>>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            first: 0,
            slots: VecDeque::new(),
        }
    }
}

impl<T> Slab<T> {
    /// Number of the first command that was never put in.
    pub(crate) fn end(&self) -> u32 {
        self.first + self.slots.len() as u32
    }

    /// Puts a value in; false if its number was used before.
    pub(crate) fn insert(&mut self, seq: Seq, value: T) -> bool {
        if self.slots.is_empty() && seq.0 >= self.first {
            self.first = seq.0;
        }
        if seq.0 < self.end() {
            return false;
        }
        while self.end() < seq.0 {
            self.slots.push_back(None);
        }
        self.slots.push_back(Some(value));
        true
    }

    pub(crate) fn get(&self, seq: Seq) -> Option<&T> {
        self.slots.get(self.index(seq)?)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, seq: Seq) -> Option<&mut T> {
        let index = self.index(seq)?;
        self.slots.get_mut(index)?.as_mut()
    }

    pub(crate) fn remove(&mut self, seq: Seq) {
        if let Some(index) = self.index(seq)
            && let Some(slot) = self.slots.get_mut(index)
        {
            *slot = None;
        }
        while let Some(None) = self.slots.front() {
            self.slots.pop_front();
            self.first += 1;
        }
    }

    /// Gives memory back that a burst took.
    pub(crate) fn shrink(&mut self) {
        self.slots.shrink_to_fit();
    }

    fn index(&self, seq: Seq) -> Option<usize> {
        Some(seq.0.checked_sub(self.first)? as usize)
    }
}
