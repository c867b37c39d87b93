//! Limits of single activity types: how many attempts of one are in progress in this worker.

use std::collections::BTreeMap;

use super::slots::{Permit, Slots};

/// The limits of a worker's activity types, for local activities and others together.
#[derive(Debug, Default)]
pub(crate) struct ActivityLimits(BTreeMap<String, Slots>);

impl ActivityLimits {
    pub(crate) fn new(limits: &BTreeMap<String, usize>) -> Self {
        let slots = |(name, limit): (&String, &usize)| (name.clone(), Slots::new(*limit));
        Self(limits.iter().map(slots).collect())
    }

    /// Waits until one more attempt of this type may run; at once for a type without a limit.
    pub(crate) async fn acquire(&self, activity_type: &str) -> Option<Permit> {
        match self.0.get(activity_type) {
            Some(slots) => Some(slots.acquire().await),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn attempts_past_the_limit_of_their_type_wait() {
        let limits = ActivityLimits::new(&[("charge".to_owned(), 2)].into());
        let acquire = |name: &str| limits.acquire(name).now_or_never();
        let held = [acquire("charge"), acquire("charge")];
        assert!(held.iter().all(Option::is_some));
        assert!(acquire("charge").is_none());
        assert!(acquire("greet").is_some_and(|permit| permit.is_none()));
        drop(held);
        assert!(acquire("charge").is_some());
    }
}
