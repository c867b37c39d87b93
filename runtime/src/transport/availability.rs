//! Logs when a worker's server becomes unreachable or denies its requests, and when that is over.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
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

/// What was logged last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// The server is unreachable, or busy: any answer ends it.
    Unreachable,
    /// It denies what a worker does. Other requests may succeed meanwhile: an accepted poll ends it.
    Denied,
}

impl Availability {
    pub(crate) fn new(task_queue: &str, namespace: &str) -> Self {
        Self {
            task_queue: task_queue.to_owned(),
            namespace: namespace.to_owned(),
            trouble: Mutex::new(None),
        }
    }

    pub(crate) fn note_failure(&self, method: &str, error: &CallError, pause: Duration) {
        let trouble = match error.retry() {
            Retry::IfAllowed => Trouble::Denied,
            Retry::Later | Retry::Soon | Retry::Interrupted | Retry::Never => Trouble::Unreachable,
        };
        if self.trouble().replace(trouble) == Some(trouble) {
            return;
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
        if self.ends(Trouble::Unreachable) {
            tracing::info!(task_queue = self.task_queue, "server reachable again");
        }
    }

    pub(crate) fn note_accepted_poll(&self) {
        if self.ends(Trouble::Denied) {
            tracing::info!(
                task_queue = self.task_queue,
                "the server accepts the worker again"
            );
        }
    }

    fn ends(&self, trouble: Trouble) -> bool {
        self.trouble().take_if(|it| *it == trouble).is_some()
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
