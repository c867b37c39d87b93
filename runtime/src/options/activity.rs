//! The options of an activity call.

use std::time::Duration;

use durably_engine::ActivityTimeouts;

use super::{InvalidOptions, Priority, Retry};

/// How an activity is scheduled.
///
/// An option that is not set is taken from the activity's own declaration, or else from the
/// server's defaults. One of [`start_to_close`](Self::start_to_close) and
/// [`schedule_to_close`](Self::schedule_to_close) must be set in one of the two places.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ActivityOptions {
    /// The longest one attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest all attempts together may take, with the pauses between them.
    pub schedule_to_close: Option<Duration>,
    /// The longest an attempt may wait for a worker.
    pub schedule_to_start: Option<Duration>,
    /// The longest pause between two heartbeats.
    pub heartbeat: Option<Duration>,
    /// How failed attempts are retried.
    pub retry: Option<Retry>,
    /// The task queue; the workflow's own by default.
    pub task_queue: Option<String>,
    /// How urgent the activity is; as the workflow by default.
    pub priority: Option<Priority>,
}

impl ActivityOptions {
    /// These options, with what `over` gives in place of what they give.
    pub(crate) fn overlaid(self, over: &Self) -> Self {
        Self {
            start_to_close: over.start_to_close.or(self.start_to_close),
            schedule_to_close: over.schedule_to_close.or(self.schedule_to_close),
            schedule_to_start: over.schedule_to_start.or(self.schedule_to_start),
            heartbeat: over.heartbeat.or(self.heartbeat),
            retry: over.retry.clone().or(self.retry),
            task_queue: over.task_queue.clone().or(self.task_queue),
            priority: over.priority.clone().or(self.priority),
        }
    }

    /// Refuses options that the server would refuse. It shortens a timeout that is longer than the one around it, such
    /// as the `start_to_close` that an activity declares for a call that has less time in all.
    ///
    /// # Errors
    /// All contradictions at once, in words.
    pub(crate) fn check(&self, activity: &str) -> Result<(), InvalidOptions> {
        let mut wrong = Vec::new();
        let timeouts = [
            ("start_to_close", self.start_to_close),
            ("schedule_to_close", self.schedule_to_close),
            ("schedule_to_start", self.schedule_to_start),
            ("heartbeat", self.heartbeat),
        ];
        for (name, given) in timeouts {
            if given == Some(Duration::ZERO) {
                wrong.push(format!(
                    "`{name}` is zero, which would mean no timeout; leave it out"
                ));
            }
        }
        if self.start_to_close.is_none() && self.schedule_to_close.is_none() {
            wrong.push(
                "neither `start_to_close` nor `schedule_to_close` is given; Temporal needs one"
                    .to_owned(),
            );
        }
        if let Some(retry) = &self.retry {
            retry.check(&mut wrong);
        }
        if let Some(priority) = &self.priority {
            priority.check(&mut wrong);
        }
        InvalidOptions::check(format_args!("activity `{activity}`"), wrong)
    }

    /// The timeouts, as the engine takes them.
    pub(crate) fn timeouts(&self) -> ActivityTimeouts {
        ActivityTimeouts {
            schedule_to_close: self.schedule_to_close,
            schedule_to_start: self.schedule_to_start,
            start_to_close: self.start_to_close,
            heartbeat: self.heartbeat,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::span::{millis, secs};

    #[test]
    fn every_contradiction_is_told_at_once() {
        let options = ActivityOptions {
            start_to_close: Some(secs(20)),
            schedule_to_close: Some(secs(10)),
            heartbeat: Some(Duration::ZERO),
            retry: Some(Retry::attempts(3).backoff(0.5)),
            ..ActivityOptions::default()
        };
        let refused = options.check("charge").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "options of activity `charge`: \
             `heartbeat` is zero, which would mean no timeout; leave it out; \
             `retry.backoff` is 0.5; a pause cannot shrink, use 1 or more"
        );
    }

    #[test]
    fn a_call_without_a_closing_timeout_is_refused() {
        let refused = ActivityOptions::default().check("charge").unwrap_err();
        assert_eq!(refused.wrong.len(), 1);
    }

    #[test]
    fn what_a_call_gives_stands_over_what_the_activity_declares() {
        let declared = ActivityOptions {
            start_to_close: Some(secs(10)),
            retry: Some(Retry::attempts(3)),
            task_queue: Some("slow".to_owned()),
            ..ActivityOptions::default()
        };
        let call = ActivityOptions {
            start_to_close: Some(millis(5)),
            ..ActivityOptions::default()
        };
        let merged = declared.overlaid(&call);
        assert_eq!(merged.start_to_close, Some(millis(5)));
        assert_eq!(merged.retry, Some(Retry::attempts(3)));
        assert_eq!(merged.task_queue.as_deref(), Some("slow"));
    }
}
