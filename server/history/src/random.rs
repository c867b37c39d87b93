//! Seeded random numbers: the same seed gives the same ids.

use crate::id::RunId;
use crate::time::Time;

/// A SplitMix64 generator: sufficient for ids, with a state of one number.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed of the numbers to come.
    pub(crate) fn state(&self) -> u64 {
        self.0
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The id of the first run of a chain that starts at this time: a UUID of version 7, so that ids
    /// sort by their start.
    pub(crate) fn first_run_id(&mut self, now: Time) -> RunId {
        let millis = u64::try_from(now.as_unix_nanos() / 1_000_000).unwrap_or(0);
        let (high, low) = (self.next_u64(), self.next_u64());
        RunId::from(format!(
            "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
            (millis >> 16) & 0xffff_ffff,
            millis & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff,
        ))
    }

    /// The id of a later run: a random UUID of version 4.
    pub(crate) fn run_id(&mut self) -> RunId {
        let (high, low) = (self.next_u64(), self.next_u64());
        RunId::from(format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff,
        ))
    }
}
