//! Generator of the server's ids, seeded so that a run of the server can be reproduced.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use durably_history::{RunId, Time};

/// A sequence of random numbers and ids.
#[derive(Debug)]
pub(crate) struct Ids {
    state: AtomicU64,
}

impl Ids {
    /// The sequence of a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            state: AtomicU64::new(seed),
        }
    }

    /// A sequence with a random seed.
    pub(crate) fn random() -> Self {
        Self::seeded(RandomState::new().hash_one(std::process::id()))
    }

    /// The next number (SplitMix64).
    pub(crate) fn number(&self) -> u64 {
        let mut z = self
            .state
            .fetch_add(GOLDEN, Ordering::Relaxed)
            .wrapping_add(GOLDEN);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next id, as a hyphenated UUID.
    pub(crate) fn uuid(&self) -> String {
        let random = (u128::from(self.number()) << 64) | u128::from(self.number());
        uuid::Builder::from_random_bytes(random.to_be_bytes())
            .into_uuid()
            .as_hyphenated()
            .to_string()
    }
}

impl Ids {
    /// The id of a run that starts at this time: version 7, so that ids sort by their start.
    ///
    /// Later runs of a chain get version 4 ids from the history core, as they do from the real
    /// server.
    pub(crate) fn run_id(&self, now: Time) -> RunId {
        let millis = u64::try_from(now.as_unix_nanos() / 1_000_000).unwrap_or(0);
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.number().to_be_bytes());
        random[8..].copy_from_slice(&self.number().to_be_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(millis, &random)
            .into_uuid()
            .as_hyphenated()
            .to_string()
            .into()
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_again() {
        let (first, second) = (Ids::seeded(7), Ids::seeded(7));
        let id = first.uuid();
        assert_eq!(id, second.uuid());
        assert_ne!(id, first.uuid());
        assert!(Uuid::parse_str(&id).is_ok());
    }

    #[test]
    fn run_ids_sort_by_their_start() {
        let ids = Ids::seeded(7);
        let at = |millis: i64| ids.run_id(Time::from_unix_nanos(millis * 1_000_000));
        let (first, second) = (at(1), at(2));
        assert!(first < second);
        let version = Uuid::parse_str(first.as_str()).map(|id| id.get_version_num());
        assert_eq!(version.ok(), Some(7));
    }
}
