//! Permits: how many tasks of one kind are in progress.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The right to work on one task; given back when dropped.
pub(crate) type Permit = OwnedSemaphorePermit;

/// The permits of one kind of task.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    total: u32,
    free: Arc<Semaphore>,
}

impl Slots {
    pub(crate) fn new(total: usize) -> Self {
        let total = u32::try_from(total.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Self {
            total,
            free: Arc::new(Semaphore::new(total as usize)),
        }
    }

    /// Waits for a permit.
    pub(crate) async fn acquire(&self) -> Permit {
        let permit = Arc::clone(&self.free).acquire_owned().await;
        permit.expect("the semaphore is never closed")
    }

    /// A permit, if one is free now.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// Whether no task is in progress.
    pub(crate) fn are_free(&self) -> bool {
        self.free.available_permits() == self.total as usize
    }

    /// Waits until no task is in progress, at most `longest`; says whether that is so.
    pub(crate) async fn all_free(&self, longest: Duration) -> bool {
        let all = self.free.acquire_many(self.total);
        tokio::time::timeout(longest, all).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::span::millis;

    #[tokio::test]
    async fn a_permit_is_free_again_when_dropped() {
        let slots = Slots::new(1);
        let permit = slots.acquire().await;
        assert!(slots.try_acquire().is_none());
        assert!(!slots.all_free(millis(1)).await);
        drop(permit);
        assert!(slots.all_free(millis(1)).await);
        assert!(slots.try_acquire().is_some());
    }
}
