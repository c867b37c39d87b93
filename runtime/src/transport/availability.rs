//! Logs when a worker's server becomes unreachable or denies its requests, and when that is over.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    telemetry::log,
    wire::status::{CallError, Retry},
};

/// Logs once that the server has become unreachable or denies requests, and once that it is over.
#[derive(Debug)]
pub(crate) struct Availability {
    task_queue: String,
    namespace: String,
    trouble: Mutex<Option<Trouble>>,
}

/// The request that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failed {
    /// A poll; what polls of its kind are for.
    Poll(&'static str),
    /// Another one, by its name.
    Other(&'static str),
}

/// What was logged last.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// The server is unreachable, or busy: any answer ends it.
    Unreachable,
    /// It denies what a worker does. Other requests may succeed meanwhile.
    Denied(Denial),
}

/// The last request that was denied.
#[derive(Clone, Copy, Debug)]
struct Denial {
    /// The kind of polls, if it was one: another kind may be allowed.
    polls: Option<&'static str>,
    /// A poll that was sent before may still be answered.
    at: Instant,
}

impl Availability {
    pub(crate) fn new(task_queue: &str, namespace: &str) -> Self {
        Self {
            task_queue: task_queue.to_owned(),
            namespace: namespace.to_owned(),
            trouble: Mutex::new(None),
        }
    }

    pub(crate) fn note_failure(&self, request: Failed, error: &CallError, pause: Duration) {
        let (method, polls) = match request {
            Failed::Poll(what) => (what, Some(what)),
            Failed::Other(method) => (method, None),
        };
        let trouble = match error.retry() {
            Retry::IfAllowed => Trouble::Denied(Denial {
                polls,
                at: Instant::now(),
            }),
            Retry::Later | Retry::Soon | Retry::Interrupted | Retry::Never => Trouble::Unreachable,
        };
        let before = self.trouble().replace(trouble);
        match (before, trouble) {
            (Some(Trouble::Unreachable), Trouble::Unreachable)
            | (Some(Trouble::Denied(_)), Trouble::Denied(_)) => return,
            (_, Trouble::Unreachable | Trouble::Denied(_)) => {}
        }
        let (code, text, pause) = (error.code(), error.message(), describe(pause));
        let server = match error.retry() {
            Retry::IfAllowed => {
                log::error!(
                    task_queue = self.task_queue,
                    namespace = self.namespace,
                    ?code,
                    error = text,
                    "the server denies the worker its requests ({method} failed), retrying in {pause} and until they \
                     are allowed: renew its API key or certificate, or grant it the namespace again. A new \
                     certificate is read from its file; a new key needs no restart with `.api_key_from(..)`"
                );
                return;
            }
            Retry::Later => "server busy",
            Retry::Soon | Retry::Interrupted | Retry::Never => "server unreachable",
        };
        log::warning!(
            task_queue = self.task_queue,
            namespace = self.namespace,
            ?code,
            error = text,
            "{server} ({method} failed), retrying in {pause}"
        );
    }

    pub(crate) fn note_success(&self) {
        if self.ends(|it| matches!(it, Trouble::Unreachable)) {
            tracing::info!(task_queue = self.task_queue, "server reachable again");
        }
    }

    /// A poll of this kind was accepted that was sent at this time.
    pub(crate) fn note_accepted_poll(&self, what: &str, sent: Instant) {
        let is_over =
            |denial: Denial| sent > denial.at && denial.polls.is_none_or(|polls| polls == what);
        if self.ends(|it| matches!(it, Trouble::Denied(denial) if is_over(denial))) {
            tracing::info!(
                task_queue = self.task_queue,
                "the server accepts the worker again"
            );
        }
    }

    fn ends(&self, is_over: impl Fn(Trouble) -> bool) -> bool {
        self.trouble().take_if(|it| is_over(*it)).is_some()
    }

    fn trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `120ms`, `5s`: the pause without its jitter's digits.
fn describe(pause: Duration) -> String {
    match pause.as_millis() {
        millis @ 0..1_000 => format!("{millis}ms"),
        millis => format!("{}s", (millis + 500) / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    #[test]
    fn a_poll_of_the_same_kind_that_was_sent_later_ends_a_denial() {
        let availability = Availability::new("queue", "default");
        let before = Instant::now();
        let denied = CallError::from(Status::permission_denied("no"));
        availability.note_failure(Failed::Poll("activities"), &denied, Duration::ZERO);
        let later = Instant::now() + Duration::from_secs(1);
        let is_denied = || matches!(*availability.trouble(), Some(Trouble::Denied(_)));
        availability.note_accepted_poll("activities", before);
        availability.note_accepted_poll("workflow tasks", later);
        availability.note_success();
        assert!(is_denied());
        availability.note_accepted_poll("activities", later);
        assert!(!is_denied());
    }

    #[test]
    fn any_poll_that_was_sent_later_ends_the_denial_of_another_request() {
        let availability = Availability::new("queue", "default");
        let denied = CallError::from(Status::unauthenticated("expired"));
        let report = Failed::Other("RespondActivityTaskCompleted");
        availability.note_failure(report, &denied, Duration::ZERO);
        availability.note_accepted_poll("activities", Instant::now() + Duration::from_secs(1));
        assert!(availability.trouble().is_none());
    }
}
