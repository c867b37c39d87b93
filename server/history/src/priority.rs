//! Priorities of tasks in a queue.

use durably_proto::api::common::v1::Priority;

use crate::rejection::Invalid;

/// Checks a priority that a request or a command sets.
///
/// # Errors
/// [`Invalid`] with the real server's text.
pub fn check(priority: Option<&Priority>) -> Result<(), Invalid> {
    let invalid = |message: &str| Err(Invalid(message.to_owned()));
    match priority {
        Some(priority) if priority.priority_key < 0 => invalid("priority key can't be negative"),
        Some(priority) if priority.fairness_key.len() > LONGEST_FAIRNESS_KEY => {
            invalid("fairness key length exceeds limit")
        }
        Some(priority) if priority.fairness_weight < 0.0 => invalid("must be greater than zero"),
        _ => Ok(()),
    }
}

/// Merges priorities: an activity inherits what it does not set from its workflow.
pub(crate) fn merged(workflow: Option<&Priority>, activity: Option<&Priority>) -> Option<Priority> {
    let (Some(workflow), Some(activity)) = (workflow, activity) else {
        return activity.or(workflow).cloned();
    };
    Some(Priority {
        priority_key: match activity.priority_key {
            0 => workflow.priority_key,
            key => key,
        },
        fairness_key: match activity.fairness_key.as_str() {
            "" => workflow.fairness_key.clone(),
            key => key.to_owned(),
        },
        fairness_weight: match activity.fairness_weight {
            0.0 => workflow.fairness_weight,
            weight => weight,
        },
    })
}

/// In bytes; the real server's own limit.
pub const LONGEST_FAIRNESS_KEY: usize = 64;
