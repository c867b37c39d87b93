//! Writes warnings and errors to standard error while there is no `tracing` subscriber.
//!
//! A worker logs through `tracing` what has no caller to return it to: a workflow task failed, the
//! server is unreachable. Without a subscriber those events are lost, and a program that waits for a
//! result would hang without a word. Any subscriber replaces this; a library must not install one
//! itself, since a process can have only one.

use std::{
    fmt::{self, Write as _},
    io::Write as _,
};

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber, dispatcher,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::NoSubscriber,
};

use super::replayed::is_suppressed;

/// `tracing::warn!` that reaches standard error without a subscriber.
macro_rules! warning {
    ($($event:tt)*) => { $crate::telemetry::log::emit(|| tracing::warn!($($event)*)) };
}

/// `tracing::error!` that reaches standard error without a subscriber.
macro_rules! error {
    ($($event:tt)*) => { $crate::telemetry::log::emit(|| tracing::error!($($event)*)) };
}

/// An event about a workflow task: `on_task!(log::warning, shared, ticket, "..")`.
macro_rules! on_task {
    ($($emit:ident)::+, $shared:expr, $ticket:expr, $($event:tt)*) => {
        $($emit)::+!(
            parent: None,
            workflow_type = $ticket.workflow_type,
            workflow_id = $ticket.workflow_id,
            run_id = $ticket.run_id,
            attempt = $ticket.attempt,
            task_queue = $shared.task_queue,
            $($event)*
        )
    };
}

/// An event about an attempt of an activity: `on_attempt!(log::warning, info, "..")`.
macro_rules! on_attempt {
    ($($emit:ident)::+, $info:expr, $($event:tt)*) => {
        $($emit)::+!(
            parent: None,
            activity_type = $info.activity_type,
            activity_id = $info.activity_id,
            attempt = $info.attempt,
            workflow_type = $info.workflow_type,
            workflow_id = $info.workflow_id,
            run_id = $info.run_id,
            task_queue = $info.task_queue,
            $($event)*
        )
    };
}

/// An event about a run, from its own code: `on_run!(log::warning, live, "..")`.
macro_rules! on_run {
    ($($emit:ident)::+, $live:expr, $($event:tt)*) => {
        $($emit)::+!(
            parent: None,
            workflow_type = W::NAME,
            workflow_id = $live.ctx.workflow_id(),
            run_id = $live.ctx.run_id(),
            task_queue = $live.ctx.task_queue(),
            $($event)*
        )
    };
}

pub(crate) use {error, on_attempt, on_run, on_task, warning};

/// Emits an event to the subscriber of this thread, or to standard error if there is none; not
/// again when a replay repeats it.
pub(crate) fn emit(event: impl FnOnce()) {
    if is_suppressed() {
        return;
    }
    if dispatcher::get_default(|current| current.is::<NoSubscriber>()) {
        // Made for one event: nothing stays behind that a later subscriber has to share with.
        dispatcher::with_default(&Dispatch::new(Events(StandardError)), event);
    } else {
        event();
    }
}

/// Receives the events of [`Events`].
pub(crate) trait Sink: 'static {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool;
    fn event(&self, event: &Event<'_>);
}

/// A subscriber to events alone: the lines of this module have no spans.
pub(crate) struct Events<S>(pub(crate) S);

impl<S: Sink> Subscriber for Events<S> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        self.0.event(event);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// One line an event: `durably WARN activity attempt failed: no tea left activity_id="1" attempt=2`.
struct StandardError;

impl Sink for StandardError {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level();
        // A closed standard error is no reason to stop working.
        let _ = writeln!(
            std::io::stderr().lock(),
            "durably {level} {}",
            Line::of(event)
        );
    }
}

/// The message, the error, and the other fields in their order.
#[derive(Default)]
struct Line {
    message: String,
    error: String,
    fields: String,
}

impl Line {
    fn of(event: &Event<'_>) -> Self {
        let mut line = Self::default();
        event.record(&mut line);
        line
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "error" => write!(self.error, ": {value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
        debug_assert!(written.is_ok(), "a string takes everything");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "error" => self.record_debug(field, &format_args!("{value}")),
            _ => self.record_debug(field, &value),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.message, self.error, self.fields)
    }
}

/// Collects the log lines of all threads, for tests.
#[cfg(test)]
pub(crate) mod test_log {
    use std::sync::{Mutex, MutexGuard, Once, PoisonError};

    use super::{Event, Events, Line, Metadata, Sink};

    static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

    /// Collects from now on, until the process ends.
    pub(crate) fn open() {
        static OPEN: Once = Once::new();
        OPEN.call_once(|| {
            tracing::subscriber::set_global_default(Events(Collector))
                .expect("no test installs another one");
        });
    }

    /// The first line that holds `needle`, if there is one.
    pub(crate) fn find(needle: &str) -> Option<String> {
        lines().iter().find(|line| line.contains(needle)).cloned()
    }

    /// How many lines hold `needle`.
    pub(crate) fn count(needle: &str) -> usize {
        lines().iter().filter(|line| line.contains(needle)).count()
    }

    fn lines() -> MutexGuard<'static, Vec<String>> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner)
    }

    struct Collector;

    impl Sink for Collector {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("durably")
        }

        fn event(&self, event: &Event<'_>) {
            let level = event.metadata().level();
            lines().push(format!("{level} {}", Line::of(event)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    struct Lines(Arc<Mutex<String>>);

    impl Sink for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn event(&self, event: &Event<'_>) {
            *self.0.lock().expect("no test panics here") += &Line::of(event).to_string();
        }
    }

    #[test]
    fn a_subscriber_receives_each_event_once_and_unchanged() {
        let lines = Arc::new(Mutex::new(String::new()));
        // An event before there is a subscriber must not spoil what comes after.
        warning!(run = 1, "there is no subscriber");
        dispatcher::with_default(&Dispatch::new(Events(Lines(Arc::clone(&lines)))), || {
            warning!(run = 2, id = "a", error = "no \"b\"", "task {} failed", 7);
        });
        assert_eq!(
            *lines.lock().expect("no test panics here"),
            "task 7 failed: no \"b\" run=2 id=\"a\""
        );
    }
}
