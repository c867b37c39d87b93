//! What is known by number: a queue instead of a map, for numbers that only grow.

use std::collections::VecDeque;

/// Values by number, oldest first. Finding one takes logarithmic time, adding and removing one
/// constant time on average.
///
/// A run that does one thing after another keeps one place and never allocates for it.
pub(crate) struct Numbered<T> {
    last: u32,
    /// Sorted by number. Places of removed values stay until they are outermost, or too many.
    places: VecDeque<(u32, Option<T>)>,
    /// How many places are empty.
    empty: usize,
}

/// So many places are kept although nothing is in them.
const SPARE: usize = 32;

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self {
            last: 0,
            places: VecDeque::new(),
            empty: 0,
        }
    }
}

impl<T> Numbered<T> {
    /// Adds a value, and gives its number; the first is 1.
    pub(crate) fn add(&mut self, value: T) -> u32 {
        self.last += 1;
        self.places.push_back((self.last, Some(value)));
        self.last
    }

    /// The number of the value that was added last; 0 if there was none.
    pub(crate) fn last(&self) -> u32 {
        self.last
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        let at = self.find(number)?;
        self.places[at].1.as_ref()
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let at = self.find(number)?;
        self.places[at].1.as_mut()
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let at = self.find(number)?;
        let value = self.places[at].1.take()?;
        self.empty += 1;
        while let Some((_, None)) = self.places.front() {
            self.places.pop_front();
            self.empty -= 1;
        }
        while let Some((_, None)) = self.places.back() {
            self.places.pop_back();
            self.empty -= 1;
        }
        if self.empty > SPARE && self.empty * 2 > self.places.len() {
            self.places.retain(|(_, value)| value.is_some());
            self.empty = 0;
        }
        // After a burst the memory is given back: many runs are cached, and most of them idle.
        if self.places.is_empty() && self.places.capacity() > SPARE {
            self.places = VecDeque::new();
        }
        Some(value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.places.iter().filter_map(|(_, value)| value.as_ref())
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places
            .iter_mut()
            .filter_map(|(_, value)| value.as_mut())
    }

    fn find(&self, number: u32) -> Option<usize> {
        self.places.binary_search_by_key(&number, |it| it.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Numbered, SPARE};

    #[test]
    fn values_are_found_by_number_whatever_was_removed_between_them() {
        let mut all = Numbered::default();
        let numbers: Vec<u32> = (0..100).map(|n| all.add(n)).collect();
        assert_eq!(numbers[..3], [1, 2, 3]);
        let (kept, removed): (Vec<u32>, Vec<u32>) = numbers.into_iter().partition(|n| n % 7 == 3);
        for number in &removed {
            assert_eq!(all.remove(*number), Some(number - 1));
            assert_eq!(all.remove(*number), None);
        }
        assert!(kept.iter().all(|n| all.get(*n) == Some(&(n - 1))));
        assert_eq!(all.values().count(), kept.len());
        assert_eq!(all.add(7), 101, "a number is never used again");
    }

    #[test]
    fn removed_values_leave_no_more_places_than_there_are_values() {
        let mut all = Numbered::default();
        let numbers: Vec<u32> = (0..10_000).map(|n| all.add(n)).collect();
        for number in &numbers[1..9_999] {
            all.remove(*number);
        }
        assert!(all.places.len() <= 2 + SPARE, "{}", all.places.len());
        all.remove(1);
        all.remove(10_000);
        assert!(all.is_empty() && all.places.capacity() <= SPARE);
    }
}
