//! Choices made from the bytes of an input. An exhausted input makes the first choice each time.

use arbitrary::{Arbitrary, Unstructured};

pub(crate) struct Choices<'a>(Unstructured<'a>);

impl<'a> Choices<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self(Unstructured::new(input))
    }

    /// Whether no bytes are left.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.0.is_empty()
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.choose_index(end).unwrap_or(0)
    }

    /// False for an exhausted input.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub(crate) fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// Any value of a type; its default for an exhausted input.
    pub(crate) fn any<T: Arbitrary<'a> + Default>(&mut self) -> T {
        self.0.arbitrary().unwrap_or_default()
    }

    /// A number that is often at a limit, small, or near a power of two.
    pub(crate) fn number(&mut self) -> i64 {
        match self.below(4) {
            0 => i64::from(self.any::<u8>()),
            1 => self.one_of(&[i64::MAX, i64::MIN, -1, 0, 1, i64::MAX - 1, i64::MIN + 1]),
            2 => 1_i64
                .wrapping_shl(self.any())
                .wrapping_add(i64::from(self.any::<i8>())),
            _ => self.any(),
        }
    }

    /// At most 64 bytes.
    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        let length = self.below(65);
        (0..length).map(|_| self.any()).collect()
    }

    /// Bytes to damage a message with: a bit flips, a stretch is replaced, removed or added.
    pub(crate) fn damage(&mut self, message: &mut Vec<u8>) {
        let place = self.below(message.len().max(1)).min(message.len());
        match self.below(6) {
            0 => message.truncate(place),
            1 => {
                let end = (place + self.below(9)).min(message.len());
                message.drain(place..end);
            }
            2 => {
                let bytes = self.bytes();
                message.splice(place..place, bytes);
            }
            3 => {
                let bytes = self.bytes();
                let end = (place + bytes.len()).min(message.len());
                message.splice(place..end, bytes);
            }
            4 => {
                // A field that is written twice: the last one counts.
                let end = (place + self.below(33)).min(message.len());
                let again = message[place..end].to_vec();
                message.extend(again);
            }
            _ => {
                let bit = self.below(8);
                if let Some(byte) = message.get_mut(place) {
                    *byte ^= 1 << bit;
                }
            }
        }
    }
}
