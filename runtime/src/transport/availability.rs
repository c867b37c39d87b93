//! Logs when a worker's server becomes unreachable, and when it is reachable again.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crate::{
    telemetry::log,
    wire::status::{CallError, Retry},
};

/// Logs once that the server has become unreachable, and once that it is reachable again.
#[derive(Debug)]
pub(crate) struct Availability {
    task_queue: String,
    namespace: String,
    unreachable: AtomicBool,
}

impl Availability {
    pub(crate) fn new(task_queue: &str, namespace: &str) -> Self {
        Self {
            task_queue: task_queue.to_owned(),
            namespace: namespace.to_owned(),
            unreachable: AtomicBool::new(false),
        }
    }

    pub(crate) fn note_failure(&self, method: &str, error: &CallError, pause: Duration) {
        if !self.unreachable.swap(true, Ordering::Relaxed) {
            let server = match error.retry() {
                Retry::Later => "server busy",
                Retry::Soon | Retry::Interrupted | Retry::Never => "server unreachable",
            };
            log::warning!(
                task_queue = self.task_queue,
                namespace = self.namespace,
                code = ?error.code(),
                error = error.message(),
                "{server} ({method} failed), retrying in {}",
                describe(pause)
            );
        }
    }

    pub(crate) fn note_success(&self) {
        if self.unreachable.load(Ordering::Relaxed)
            && self.unreachable.swap(false, Ordering::Relaxed)
        {
            tracing::info!(task_queue = self.task_queue, "server reachable again");
        }
    }
}

/// `120ms`, `5s`: the pause without its jitter's digits.
fn describe(pause: Duration) -> String {
    match pause.as_millis() {
        millis @ 0..1_000 => format!("{millis}ms"),
        millis => format!("{}s", (millis + 500) / 1_000),
    }
}
