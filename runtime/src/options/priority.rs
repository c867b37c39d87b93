//! How urgent tasks are, and how they share a task queue.

use crate::data::Text;

/// How urgent the tasks of a workflow or an activity are, and with whom they share a task queue.
///
/// An activity or a child has what it does not set from its workflow; the next run of a continue-as-new, a retry or a
/// cron schedule has the priority of its run.
///
/// ```
/// use durably::Priority;
///
/// // Before tasks of key 3, which is the default.
/// let urgent = Priority::key(1);
/// assert_eq!(urgent.key, Some(1));
///
/// // Tasks of the same urgency: those of `acme` get twice the share of other customers.
/// let fair = Priority::default().fairness_key("acme").fairness_weight(2.0);
/// assert_eq!(fair.fairness_key.as_deref(), Some("acme"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Priority {
    /// From 1, the most urgent, to 5; the server's default is 3.
    pub key: Option<u32>,
    /// Tasks of the same priority key share the queue evenly over their fairness keys; at most 64 bytes.
    pub fairness_key: Option<String>,
    /// The share of the fairness key, as a multiple of that of others; the server's default is 1, and it takes what is
    /// below 0.001 or above 1000 as that.
    pub fairness_weight: Option<f32>,
}

/// The longest fairness key that servers take, in bytes.
const LONGEST_FAIRNESS_KEY: usize = 64;

impl Priority {
    /// This priority key: from 1, the most urgent, to 5; the default is 3.
    pub fn key(key: u32) -> Self {
        Self {
            key: Some(key),
            ..Self::default()
        }
    }

    /// Tasks of this key share the queue evenly with those of other keys, however many one has.
    #[must_use]
    pub fn fairness_key(mut self, key: impl Text) -> Self {
        self.fairness_key = Some(key.into_text());
        self
    }

    /// The share of the fairness key: with 2, twice that of another key.
    #[must_use]
    pub fn fairness_weight(mut self, weight: f32) -> Self {
        self.fairness_weight = Some(weight);
        self
    }

    /// The priority that history records.
    pub(crate) fn recorded(priority: &durably_engine::Priority) -> Self {
        Self {
            key: u32::try_from(priority.key).ok().filter(|key| *key > 0),
            fairness_key: some(&priority.fairness_key),
            fairness_weight: (priority.fairness_weight != 0.0).then_some(priority.fairness_weight),
        }
    }

    /// The priority, as the engine takes it.
    pub(crate) fn into_engine(self) -> durably_engine::Priority {
        durably_engine::Priority {
            // `check` refuses what does not fit.
            key: self
                .key
                .map_or(0, |key| i32::try_from(key).unwrap_or(i32::MAX)),
            fairness_key: self.fairness_key.unwrap_or_default(),
            fairness_weight: self.fairness_weight.unwrap_or_default(),
        }
    }

    /// Adds each value that servers refuse or misread, a sentence each.
    pub(crate) fn check(&self, wrong: &mut Vec<String>) {
        match self.key {
            Some(0) => wrong.push(
                "`priority.key` is 0, which would mean the default; the most urgent is 1"
                    .to_owned(),
            ),
            Some(key) if i32::try_from(key).is_err() => {
                wrong.push(format!("`priority.key` is {key}; the least urgent is 5"))
            }
            Some(_) | None => {}
        }
        match self.fairness_key.as_deref() {
            Some("") => wrong.push(
                "`priority.fairness_key` is empty, which would mean none; leave it out".to_owned(),
            ),
            Some(key) if key.len() > LONGEST_FAIRNESS_KEY => wrong.push(format!(
                "`priority.fairness_key` has {} bytes; servers take at most {LONGEST_FAIRNESS_KEY}",
                key.len()
            )),
            Some(_) | None => {}
        }
        if let Some(weight) = self.fairness_weight
            && !(weight.is_finite() && weight > 0.0)
        {
            wrong.push(format!(
                "`priority.fairness_weight` is {weight}; a share is greater than 0"
            ));
        }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(priority: &Priority) -> Vec<String> {
        let mut wrong = Vec::new();
        priority.check(&mut wrong);
        wrong
    }

    #[test]
    fn a_priority_comes_back_from_history_as_it_was_given() {
        let all = Priority::key(2).fairness_key("acme").fairness_weight(0.5);
        for given in [all, Priority::key(1), Priority::default()] {
            assert_eq!(wrong(&given), [""; 0]);
            assert_eq!(Priority::recorded(&given.clone().into_engine()), given);
        }
    }

    #[test]
    fn what_servers_refuse_or_misread_is_refused_at_once() {
        let zero = Priority::key(0).fairness_key("").fairness_weight(0.0);
        assert_eq!(
            wrong(&zero),
            [
                "`priority.key` is 0, which would mean the default; the most urgent is 1",
                "`priority.fairness_key` is empty, which would mean none; leave it out",
                "`priority.fairness_weight` is 0; a share is greater than 0",
            ]
        );
        let large = Priority::key(u32::MAX)
            .fairness_key("k".repeat(65))
            .fairness_weight(f32::NAN);
        assert_eq!(
            wrong(&large),
            [
                "`priority.key` is 4294967295; the least urgent is 5",
                "`priority.fairness_key` has 65 bytes; servers take at most 64",
                "`priority.fairness_weight` is NaN; a share is greater than 0",
            ]
        );
    }
}
