//! Fairness: the keys of a priority level take turns, by stride scheduling as on the real server.

use std::collections::HashMap;

use super::priority::FairnessKey;
use super::sweep::Sweep;

/// Order of the tasks of one priority level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DispatchOrder {
    /// By age.
    #[default]
    Arrival,
    /// The keys share the queue by their weights; the tasks of one key by age.
    Fair,
}

/// Assigns passes to tasks, by which they leave: each task of a key comes a stride after the one before, and the stride
/// of a key is the shorter the more it weighs.
#[derive(Debug)]
pub(super) struct Passes {
    /// The pass of the last task of each key.
    last: HashMap<FairnessKey, u64>,
    /// When keys are forgotten that have no claim left.
    sweep: Sweep,
}

impl Default for Passes {
    fn default() -> Self {
        Self {
            last: HashMap::new(),
            sweep: Sweep::new(FIRST_SWEEP),
        }
    }
}

impl Passes {
    /// The pass of a key's next task, which is not below `base`, the pass that dispatch has reached: a key that comes late
    /// gets no more than its share from then on.
    pub(super) fn next(&mut self, key: &FairnessKey, weight: f32, base: u64) -> u64 {
        let stride = stride(weight);
        let last = self.last.get(key).copied().unwrap_or_default();
        let pass = last.saturating_add(stride).max(base);
        if self.sweep.is_due(self.last.len()) {
            // A key that is forgotten gains one stride at most.
            self.last.retain(|_, last| *last > base);
            self.sweep.record(self.last.len());
        }
        self.last.insert(key.clone(), pass);
        pass
    }
}

/// The real server's unit: that of weight 1.
const STRIDE: f32 = 1000.0;

fn stride(weight: f32) -> u64 {
    // Whole, as on the real server, and never zero, so that the tasks of a key keep their order.
    ((STRIDE / weight) as u64).max(1)
}

/// Number of keys below which none is forgotten.
const FIRST_SWEEP: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_a_pass_for_each_task_and_one_that_comes_late_begins_where_dispatch_is() {
        let (one, heavy, late) = ("one".into(), "heavy".into(), "late".into());
        let mut passes = Passes::default();
        let light: Vec<_> = (0..3).map(|_| passes.next(&one, 1.0, 0)).collect();
        assert_eq!(light, [1000, 2000, 3000]);
        let heavy: Vec<_> = (0..3).map(|_| passes.next(&heavy, 3.0, 0)).collect();
        assert_eq!(heavy, [333, 666, 999]);
        assert_eq!(passes.next(&late, 1.0, 2000), 2000);
        assert_eq!(passes.next(&late, 1.0, 2000), 3000);
        assert_eq!(passes.next(&one, 1.0, 2000), 4000);
        assert_eq!(passes.next(&one, 1e9, 2000), 4001);
        assert_eq!(passes.next(&one, 1.0, 9000), 9000, "it was idle");
    }

    #[test]
    fn keys_that_come_once_are_forgotten() {
        let mut passes = Passes::default();
        for task in 0..100_000 {
            let key = FairnessKey::from(task.to_string().as_str());
            passes.next(&key, 1.0, task);
        }
        assert!(
            passes.last.len() <= 2 * FIRST_SWEEP,
            "{}",
            passes.last.len()
        );
    }
}
