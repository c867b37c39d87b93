//! Weights of fairness keys.

use std::collections::BTreeMap;

use super::priority::TaskPriority;
use crate::queue_config::QueueLimits;

/// The weights that a client has set for the keys of a task queue; they replace those of tasks.
#[derive(Debug, Default)]
pub(crate) struct Weights(BTreeMap<String, f32>);

impl From<&QueueLimits> for Weights {
    fn from(limits: &QueueLimits) -> Self {
        Self(limits.weights.clone())
    }
}

impl Weights {
    /// The weight of a task's key; 1 if nobody has set it.
    pub(crate) fn of(&self, priority: &TaskPriority) -> f32 {
        let set = self.0.get(priority.key.as_str()).copied();
        match set.unwrap_or(priority.weight) {
            weight if weight > 0.0 => weight.max(LEAST),
            _ => 1.0,
        }
    }
}

/// The real server's own limit.
const LEAST: f32 = 0.001;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_that_is_none_is_one() {
        let of = |weight| {
            Weights::default().of(&TaskPriority {
                weight,
                ..TaskPriority::default()
            })
        };
        assert_eq!(
            [2.5, 0.0, -1.0, f32::NAN, 1e-9].map(of),
            [2.5, 1.0, 1.0, 1.0, 0.001]
        );
    }
}
