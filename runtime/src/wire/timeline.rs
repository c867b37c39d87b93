//! A history as people read it: one line an event.

use std::{
    fmt::{self, Write as _},
    time::{Duration, SystemTime},
};

use durably_engine::payload::{JSON, JSON_PROTOBUF, NULL};
use durably_proto::{
    api::{
        common::v1::{ActivityType, Payloads, WorkflowExecution, WorkflowType},
        enums::v1::{RetryState, TimeoutType, WorkflowTaskFailedCause},
        failure::v1::{Failure, failure::FailureInfo},
        history::v1::{HistoryEvent as ProtoEvent, history_event::Attributes as A},
        taskqueue::v1::TaskQueue,
        update::v1::{Outcome, outcome::Value},
    },
    wkt,
};

use super::{
    history::{History, HistoryEvent},
    payload,
    time::span,
};

/// Longer values are cut.
const LONGEST_VALUE: usize = 80;

/// The type of the workflow a history is of; empty if its first event does not say so.
pub(crate) fn workflow_type(events: &[HistoryEvent]) -> &str {
    match events.first().map(|first| &first.raw().attributes) {
        Some(Some(A::WorkflowExecutionStartedEventAttributes(it))) => workflow(&it.workflow_type),
        _ => "",
    }
}

pub(crate) fn write(history: &History, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let events = history.events();
    let (id, run) = (history.workflow_id(), history.run_id());
    write!(f, "workflow `{id}`, run {run}")?;
    let start = events.first().and_then(HistoryEvent::time);
    let names: Vec<String> = events.iter().map(HistoryEvent::name).collect();
    let widest = names.iter().map(String::len).max().unwrap_or(0);
    for (event, name) in events.iter().zip(names) {
        let elapsed = elapsed(start, event.time());
        let summary = event.summary();
        let line = format!(
            "{:>4}  {elapsed:>9}  {name:<widest$}  {summary}",
            event.id()
        );
        write!(f, "\n{}", line.trim_end())?;
    }
    Ok(())
}

/// `+1.234s`, `+2h05m`.
fn elapsed(start: Option<SystemTime>, at: Option<SystemTime>) -> String {
    let (Some(start), Some(at)) = (start, at) else {
        return String::new();
    };
    let since = at.duration_since(start).unwrap_or_default();
    match since.as_secs() {
        0..60 => format!("+{:.3}s", since.as_secs_f64()),
        seconds => format!("+{}", describe(Duration::from_secs(seconds))),
    }
}

/// `200ms`, `1.5s`, `2h05m`, `30d`.
fn describe(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match seconds {
        0..60 => format!("{duration:?}"),
        60..3_600 if seconds.is_multiple_of(60) => format!("{minutes}m"),
        60..3_600 => format!("{minutes}m{:02}s", seconds % 60),
        3_600..86_400 => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours:02}h"),
    }
}

/// What is interesting about an event; nothing for those whose name says it all.
pub(crate) fn summary(event: &ProtoEvent) -> String {
    let Some(attributes) = &event.attributes else {
        return String::new();
    };
    match attributes {
        A::WorkflowExecutionStartedEventAttributes(it) => {
            let attempt = of_attempt(it.attempt);
            let call = call(workflow(&it.workflow_type), &it.input);
            format!("{call}{}{attempt}", on_queue(&it.task_queue))
        }
        A::WorkflowExecutionCompletedEventAttributes(it) => result(&it.result),
        A::WorkflowExecutionFailedEventAttributes(it) => failure(&it.failure),
        A::WorkflowExecutionTerminatedEventAttributes(it) => it.reason.clone(),
        A::WorkflowExecutionCanceledEventAttributes(it) => values(&it.details),
        A::WorkflowExecutionCancelRequestedEventAttributes(it) => it.cause.clone(),
        A::WorkflowExecutionContinuedAsNewEventAttributes(it) => {
            let call = call(workflow(&it.workflow_type), &it.input);
            format!("{call} as run {}", it.new_execution_run_id)
        }
        A::WorkflowExecutionSignaledEventAttributes(it) => call(&it.signal_name, &it.input),
        A::WorkflowExecutionUpdateAcceptedEventAttributes(it) => {
            let request = it.accepted_request.as_ref();
            match request.and_then(|request| request.input.as_ref()) {
                Some(input) => call(&input.name, &input.args),
                None => String::new(),
            }
        }
        A::WorkflowExecutionUpdateCompletedEventAttributes(it) => {
            of_event(outcome(&it.outcome), it.accepted_event_id)
        }
        A::WorkflowTaskFailedEventAttributes(it) => {
            let cause = WorkflowTaskFailedCause::try_from(it.cause)
                .map_or_else(|_| it.cause.to_string(), |cause| format!("{cause:?}"));
            format!("{cause}: {}", failure(&it.failure))
        }
        A::WorkflowTaskTimedOutEventAttributes(it) => timeout(it.timeout_type),
        A::WorkflowTaskScheduledEventAttributes(it) => of_attempt(it.attempt),
        A::ActivityTaskScheduledEventAttributes(it) => call(activity(&it.activity_type), &it.input),
        A::ActivityTaskStartedEventAttributes(it) => {
            let last = match &it.last_failure {
                Some(last) => format!(", after: {}", last.message),
                None => String::new(),
            };
            of_event(
                format!("attempt {}{last}", it.attempt),
                it.scheduled_event_id,
            )
        }
        A::ActivityTaskCompletedEventAttributes(it) => {
            of_event(result(&it.result), it.scheduled_event_id)
        }
        A::ActivityTaskFailedEventAttributes(it) => of_event(
            format!("{}{}", failure(&it.failure), gave_up(it.retry_state)),
            it.scheduled_event_id,
        ),
        A::ActivityTaskTimedOutEventAttributes(it) => of_event(
            format!("{}{}", failure(&it.failure), gave_up(it.retry_state)),
            it.scheduled_event_id,
        ),
        A::ActivityTaskCancelRequestedEventAttributes(it) => {
            of_event(String::new(), it.scheduled_event_id)
        }
        A::ActivityTaskCanceledEventAttributes(it) => {
            of_event(values(&it.details), it.scheduled_event_id)
        }
        A::TimerStartedEventAttributes(it) => period(it.start_to_fire_timeout),
        A::TimerFiredEventAttributes(it) => of_event(String::new(), it.started_event_id),
        A::TimerCanceledEventAttributes(it) => of_event(String::new(), it.started_event_id),
        A::MarkerRecordedEventAttributes(it) => it.marker_name.clone(),
        A::StartChildWorkflowExecutionInitiatedEventAttributes(it) => {
            let call = call(workflow(&it.workflow_type), &it.input);
            format!("{call} with id `{}`", it.workflow_id)
        }
        A::ChildWorkflowExecutionStartedEventAttributes(it) => {
            of_event(execution(&it.workflow_execution), it.initiated_event_id)
        }
        A::ChildWorkflowExecutionCompletedEventAttributes(it) => {
            of_event(result(&it.result), it.initiated_event_id)
        }
        A::ChildWorkflowExecutionFailedEventAttributes(it) => {
            of_event(failure(&it.failure), it.initiated_event_id)
        }
        A::SignalExternalWorkflowExecutionInitiatedEventAttributes(it) => format!(
            "{} to {}",
            call(&it.signal_name, &it.input),
            execution(&it.workflow_execution)
        ),
        A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(it) => {
            execution(&it.workflow_execution)
        }
        // The names of the others say what happened; `raw` has the rest.
        _ => String::new(),
    }
}

fn workflow(kind: &Option<WorkflowType>) -> &str {
    kind.as_ref().map_or("", |kind| &kind.name)
}

fn activity(kind: &Option<ActivityType>) -> &str {
    kind.as_ref().map_or("", |kind| &kind.name)
}

fn execution(execution: &Option<WorkflowExecution>) -> String {
    let id = execution.as_ref().map_or("", |it| &it.workflow_id);
    format!("`{id}`")
}

fn on_queue(queue: &Option<TaskQueue>) -> String {
    let name = queue.as_ref().map_or("", |queue| &queue.name);
    format!(" on queue `{name}`")
}

fn of_attempt(attempt: i32) -> String {
    match attempt {
        0 | 1 => String::new(),
        attempt => format!(" attempt {attempt}"),
    }
}

/// Which event this one goes back to.
fn of_event(what: String, event: i64) -> String {
    let space = if what.is_empty() { "" } else { "  " };
    format!("{what}{space}(of {event})")
}

fn call(name: &str, args: &Option<Payloads>) -> String {
    format!("{name}({})", values(args))
}

fn result(result: &Option<Payloads>) -> String {
    match &*values(result) {
        "" | "null" => String::new(),
        values => format!("-> {values}"),
    }
}

fn outcome(outcome: &Option<Outcome>) -> String {
    match outcome.as_ref().and_then(|outcome| outcome.value.as_ref()) {
        Some(Value::Success(success)) => result(&Some(success.clone())),
        Some(Value::Failure(failed)) => failure(&Some(failed.clone())),
        None => String::new(),
    }
}

fn period(duration: Option<wkt::Duration>) -> String {
    describe(duration.map(span).unwrap_or_default())
}

/// `OutOfStock: no unicorn left; caused by ..`
fn failure(failure: &Option<Failure>) -> String {
    let mut text = String::new();
    let mut next = failure.as_ref();
    while let Some(failure) = next {
        if !text.is_empty() {
            text.push_str("; caused by ");
        }
        match &failure.failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) if !info.r#type.is_empty() => {
                write!(text, "{}: {}", info.r#type, failure.message)
            }
            Some(FailureInfo::TimeoutFailureInfo(info)) => {
                write!(text, "{}", timeout(info.timeout_type))
            }
            _ => write!(text, "{}", failure.message),
        }
        .expect("a string takes all that is written to it");
        next = failure.cause.as_deref();
    }
    text
}

fn timeout(kind: i32) -> String {
    let kind = TimeoutType::try_from(kind).unwrap_or_default();
    format!("{kind:?} timeout")
}

/// Why there was no further attempt, where that is not plain.
fn gave_up(state: i32) -> &'static str {
    match RetryState::try_from(state) {
        Ok(RetryState::MaximumAttemptsReached) => " (no attempts left)",
        Ok(RetryState::NonRetryableFailure) => " (not retryable)",
        Ok(RetryState::Timeout) => " (no time left)",
        _ => "",
    }
}

/// Payloads, each as short as can be.
fn values(payloads: &Option<Payloads>) -> String {
    let payloads = payload::list_from_proto(payloads.clone());
    let shown: Vec<String> = payloads.iter().map(value).collect();
    shown.join(", ")
}

fn value(payload: &durably_engine::Payload) -> String {
    let data = payload.data();
    match payload.encoding() {
        NULL => "null".to_owned(),
        JSON | JSON_PROTOBUF => cut(&String::from_utf8_lossy(data)),
        encoding => format!("<{} bytes of {encoding}>", data.len()),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    #[test]
    fn time_since_the_start_is_as_exact_as_it_is_short() {
        let start = SystemTime::UNIX_EPOCH;
        let after = |duration| crate::wire::timeline::elapsed(Some(start), Some(start + duration));
        assert_eq!(after(Duration::from_millis(1_234)), "+1.234s");
        assert_eq!(after(Duration::from_secs(75)), "+1m15s");
        assert_eq!(after(Duration::from_secs(7_500)), "+2h05m");
        assert_eq!(after(Duration::from_secs(30 * 86_400)), "+30d00h");
        assert_eq!(crate::wire::timeline::elapsed(None, Some(start)), "");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(crate::wire::timeline::cut("short"), "short");
        let cut = crate::wire::timeline::cut(&"ä".repeat(200));
        assert_eq!(
            cut.chars().count(),
            crate::wire::timeline::LONGEST_VALUE + 1
        );
    }
}
