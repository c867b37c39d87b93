//! Spans around user code, whose fields log lines of user code carry by themselves.
//!
//! Their level is the highest, so that no filter by level hides the ids of a line that it shows. Our own lines have
//! the ids as fields and no span for a parent, so that none has them twice.

use tracing::{Span, error_span};

/// The workflow that a span is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorkflowIds<'a> {
    pub(crate) workflow_type: &'a str,
    pub(crate) workflow_id: &'a str,
    pub(crate) run_id: &'a str,
    pub(crate) attempt: u32,
    pub(crate) task_queue: &'a str,
    pub(crate) namespace: &'a str,
}

/// Around the code of a workflow, in one activation of it.
pub(crate) fn workflow(ids: WorkflowIds<'_>) -> Span {
    error_span!(
        target: "durably",
        parent: None,
        "workflow",
        workflow_type = ids.workflow_type,
        workflow_id = ids.workflow_id,
        run_id = ids.run_id,
        attempt = ids.attempt,
        task_queue = ids.task_queue,
        namespace = ids.namespace,
    )
}

/// Around a signal handler, inside of that of its workflow.
pub(crate) fn signal(name: &str) -> Span {
    error_span!(target: "durably", "signal", signal = name)
}

/// Around an update handler and its validator, inside of that of its workflow.
pub(crate) fn update(name: &str, id: &str) -> Span {
    error_span!(target: "durably", "update", update = name, update_id = id)
}

/// Around a query handler, inside of that of its workflow.
pub(crate) fn query(name: &str) -> Span {
    error_span!(target: "durably", "query", query = name)
}

/// The attempt of an activity that a span is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActivityIds<'a> {
    pub(crate) activity_type: &'a str,
    pub(crate) activity_id: &'a str,
    pub(crate) attempt: u32,
    pub(crate) workflow_type: &'a str,
    pub(crate) workflow_id: &'a str,
    pub(crate) run_id: &'a str,
    pub(crate) task_queue: &'a str,
    pub(crate) namespace: &'a str,
}

macro_rules! activity_span {
    ($name:literal, $ids:expr) => {
        error_span!(
            target: "durably",
            parent: None,
            $name,
            activity_type = $ids.activity_type,
            activity_id = $ids.activity_id,
            attempt = $ids.attempt,
            workflow_type = $ids.workflow_type,
            workflow_id = $ids.workflow_id,
            run_id = $ids.run_id,
            task_queue = $ids.task_queue,
            namespace = $ids.namespace,
        )
    };
}

/// Around the body of an activity.
pub(crate) fn activity(ids: ActivityIds<'_>) -> Span {
    activity_span!("activity", ids)
}

/// Around the body of a local activity.
pub(crate) fn local_activity(ids: ActivityIds<'_>) -> Span {
    activity_span!("local_activity", ids)
}

/// Around a request of a client, with its retries.
pub(crate) fn request(operation: &str, namespace: &str) -> Span {
    tracing::debug_span!(target: "durably", "request", operation, namespace)
}

/// Collects lines with the spans that they are in, for tests.
#[cfg(test)]
pub(crate) mod span_log {
    use std::{
        fmt::{Debug, Write as _},
        sync::{Arc, Mutex, MutexGuard, PoisonError},
    };

    use tracing::{
        Dispatch, Event, Metadata, Subscriber, dispatcher,
        field::{Field, Visit},
        span::{Attributes, Id, Record},
    };

    /// The events that this code emits on this thread: `outer{field=value}:inner{}: message`.
    pub(crate) fn lines_of(code: impl FnOnce()) -> Vec<String> {
        let log = SpanLog::default();
        dispatcher::with_default(&Dispatch::new(log.clone()), code);
        std::mem::take(&mut log.state().lines)
    }

    #[derive(Clone, Default)]
    struct SpanLog(Arc<Mutex<State>>);

    #[derive(Default)]
    struct State {
        /// Each span with those that it is in, by its id less one.
        spans: Vec<String>,
        /// Those that are entered.
        entered: Vec<u64>,
        lines: Vec<String>,
    }

    impl SpanLog {
        fn state(&self) -> MutexGuard<'_, State> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl State {
        fn path(&self, id: Option<u64>) -> String {
            id.map_or_else(String::new, |id| self.spans[id as usize - 1].clone())
        }
    }

    impl Subscriber for SpanLog {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            let mut fields = Fields::default();
            span.record(&mut fields);
            let mut state = self.state();
            let parent = match span.is_root() {
                true => None,
                false => state.entered.last().copied(),
            };
            let path = state.path(parent);
            let name = span.metadata().name();
            state.spans.push(format!("{path}{name}{{{}}}:", fields.0));
            Id::from_u64(state.spans.len() as u64)
        }

        fn event(&self, event: &Event<'_>) {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let mut state = self.state();
            let parent = match event.is_root() {
                true => None,
                false => state.entered.last().copied(),
            };
            let line = format!("{} {}", state.path(parent), fields.0);
            state.lines.push(line.trim().to_owned());
        }

        fn enter(&self, id: &Id) {
            self.state().entered.push(id.into_u64());
        }

        fn exit(&self, _: &Id) {
            self.state().entered.pop();
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}
    }

    #[derive(Default)]
    struct Fields(String);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            let separator = if self.0.is_empty() { "" } else { " " };
            let written = match field.name() {
                "message" => write!(self.0, "{separator}{value:?}"),
                name => write!(self.0, "{separator}{name}={value:?}"),
            };
            debug_assert!(written.is_ok(), "a string takes everything");
        }
    }
}
