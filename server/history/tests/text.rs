//! Events as one line of text: id, type, and the attributes that tests are about.

use durably_proto::api::common::v1::{Payloads, WorkflowExecution};
use durably_proto::api::enums::v1::{RetryState, TimeoutType, WorkflowTaskFailedCause};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::failure::v1::failure::FailureInfo;
use durably_proto::api::history::v1::HistoryEvent;
use durably_proto::api::history::v1::history_event::Attributes as A;
use durably_proto::api::update::v1::outcome;
use durably_proto::wkt;

/// When the first run of a case starts, in seconds since 1970.
const START: i64 = 1_000_000_000;

pub fn line(event: &HistoryEvent) -> String {
    let name = event
        .event_type()
        .as_str_name()
        .trim_start_matches("EVENT_TYPE_")
        .to_lowercase();
    let detail = detail(event);
    format!(
        "{} {name}{}{detail}",
        event.event_id,
        if detail.is_empty() { "" } else { " " }
    )
}

fn detail(event: &HistoryEvent) -> String {
    let Some(attributes) = &event.attributes else {
        return "without attributes".to_owned();
    };
    match attributes {
        A::WorkflowExecutionStartedEventAttributes(a) => {
            let mut text = format!("attempt={}", a.attempt);
            if !a.continued_execution_run_id.is_empty() {
                text += &format!(
                    " after={} by={}",
                    a.continued_execution_run_id,
                    a.initiator().as_str_name()
                );
            }
            match a.first_workflow_task_backoff {
                Some(backoff) if backoff != wkt::Duration::default() => {
                    text + &format!(" backoff={}", time(&backoff))
                }
                _ => text,
            }
        }
        A::WorkflowTaskScheduledEventAttributes(a) => format!(
            "on={} attempt={} timeout={}",
            a.task_queue
                .as_ref()
                .map_or("", |queue| queue.name.as_str()),
            a.attempt,
            duration(a.start_to_close_timeout.as_ref())
        ),
        A::WorkflowTaskStartedEventAttributes(a) => format!("scheduled={}", a.scheduled_event_id),
        A::WorkflowTaskCompletedEventAttributes(a) => {
            format!(
                "scheduled={} started={}",
                a.scheduled_event_id, a.started_event_id
            )
        }
        A::WorkflowTaskFailedEventAttributes(a) => {
            let cause = WorkflowTaskFailedCause::try_from(a.cause)
                .expect("a cause")
                .as_str_name();
            format!(
                "scheduled={} started={} {}",
                a.scheduled_event_id,
                a.started_event_id,
                cause
                    .trim_start_matches("WORKFLOW_TASK_FAILED_CAUSE_")
                    .to_lowercase()
            )
        }
        A::WorkflowTaskTimedOutEventAttributes(a) => format!(
            "scheduled={} started={} {}",
            a.scheduled_event_id,
            a.started_event_id,
            timeout(a.timeout_type())
        ),
        A::ActivityTaskScheduledEventAttributes(a) => format!(
            "id={} s2c={} s2s={} c={} hb={} completed={}",
            a.activity_id,
            duration(a.schedule_to_close_timeout.as_ref()),
            duration(a.schedule_to_start_timeout.as_ref()),
            duration(a.start_to_close_timeout.as_ref()),
            duration(a.heartbeat_timeout.as_ref()),
            a.workflow_task_completed_event_id
        ),
        A::ActivityTaskStartedEventAttributes(a) => {
            format!(
                "scheduled={} attempt={}{}",
                a.scheduled_event_id,
                a.attempt,
                failed(a.last_failure.as_ref())
            )
        }
        A::ActivityTaskCompletedEventAttributes(a) => {
            format!(
                "scheduled={} started={} {}",
                a.scheduled_event_id,
                a.started_event_id,
                data(a.result.as_ref())
            )
        }
        A::ActivityTaskFailedEventAttributes(a) => format!(
            "scheduled={} started={} {}{}",
            a.scheduled_event_id,
            a.started_event_id,
            retry(a.retry_state()),
            failed(a.failure.as_ref())
        ),
        A::ActivityTaskTimedOutEventAttributes(a) => format!(
            "scheduled={} started={} {}{}",
            a.scheduled_event_id,
            a.started_event_id,
            retry(a.retry_state()),
            failed(a.failure.as_ref())
        ),
        A::ActivityTaskCancelRequestedEventAttributes(a) => {
            format!(
                "scheduled={} completed={}",
                a.scheduled_event_id, a.workflow_task_completed_event_id
            )
        }
        A::ActivityTaskCanceledEventAttributes(a) => format!(
            "scheduled={} started={} requested={} {}",
            a.scheduled_event_id,
            a.started_event_id,
            a.latest_cancel_requested_event_id,
            data(a.details.as_ref())
        ),
        A::TimerStartedEventAttributes(a) => {
            format!(
                "id={} after={}",
                a.timer_id,
                duration(a.start_to_fire_timeout.as_ref())
            )
        }
        A::TimerFiredEventAttributes(a) => {
            format!("id={} started={}", a.timer_id, a.started_event_id)
        }
        A::TimerCanceledEventAttributes(a) => {
            format!("id={} started={}", a.timer_id, a.started_event_id)
        }
        A::WorkflowExecutionSignaledEventAttributes(a) => a.signal_name.clone(),
        A::WorkflowExecutionCancelRequestedEventAttributes(a) => a.cause.clone(),
        A::WorkflowExecutionTerminatedEventAttributes(a) => a.reason.clone(),
        A::WorkflowExecutionCompletedEventAttributes(a) => {
            format!(
                "completed={} {}",
                a.workflow_task_completed_event_id,
                data(a.result.as_ref())
            )
        }
        A::WorkflowExecutionFailedEventAttributes(a) => format!(
            "completed={} {}{}",
            a.workflow_task_completed_event_id,
            retry(a.retry_state()),
            failed(a.failure.as_ref())
        ),
        A::WorkflowExecutionTimedOutEventAttributes(a) => retry(a.retry_state()),
        A::WorkflowExecutionCanceledEventAttributes(a) => {
            format!("completed={}", a.workflow_task_completed_event_id)
        }
        A::WorkflowExecutionContinuedAsNewEventAttributes(a) => {
            format!("completed={}", a.workflow_task_completed_event_id)
        }
        A::WorkflowExecutionUpdateAcceptedEventAttributes(a) => format!(
            "{} message={} at={} named={}",
            a.protocol_instance_id,
            a.accepted_request_message_id,
            a.accepted_request_sequencing_event_id,
            a.accepted_request
                .as_ref()
                .and_then(|r| r.input.as_ref())
                .map_or("", |input| input.name.as_str())
        ),
        A::WorkflowExecutionUpdateCompletedEventAttributes(a) => {
            let id = a.meta.as_ref().map_or("", |meta| meta.update_id.as_str());
            let outcome = match a
                .outcome
                .as_ref()
                .and_then(|outcome| outcome.value.as_ref())
            {
                Some(outcome::Value::Success(result)) => data(Some(result)),
                Some(outcome::Value::Failure(failure)) => failed(Some(failure)),
                None => String::new(),
            };
            format!("{id} accepted={} {outcome}", a.accepted_event_id)
        }
        A::WorkflowExecutionOptionsUpdatedEventAttributes(a) => {
            format!("attached={}", a.attached_request_id)
        }
        A::WorkflowExecutionTimeSkippingTransitionedEventAttributes(a) => {
            let target = a.target_time.as_ref();
            let target = target.map(|at| format!("to={}", at.seconds - START));
            let ended = a.disabled_after_fast_forward.then(|| "ended".to_owned());
            let both: Vec<_> = target.into_iter().chain(ended).collect();
            both.join(" ")
        }
        A::StartChildWorkflowExecutionInitiatedEventAttributes(a) => format!(
            "{} {} completed={}",
            a.workflow_id,
            a.parent_close_policy()
                .as_str_name()
                .trim_start_matches("PARENT_CLOSE_POLICY_")
                .to_lowercase(),
            a.workflow_task_completed_event_id
        ),
        A::StartChildWorkflowExecutionFailedEventAttributes(a) => format!(
            "{} initiated={} {}",
            a.workflow_id,
            a.initiated_event_id,
            a.cause()
                .as_str_name()
                .trim_start_matches("START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_")
                .to_lowercase()
        ),
        A::ChildWorkflowExecutionStartedEventAttributes(a) => format!(
            "{} initiated={}",
            execution(a.workflow_execution.as_ref()),
            a.initiated_event_id
        ),
        A::ChildWorkflowExecutionCompletedEventAttributes(a) => format!(
            "{} initiated={} started={} {}",
            execution(a.workflow_execution.as_ref()),
            a.initiated_event_id,
            a.started_event_id,
            data(a.result.as_ref())
        ),
        A::ChildWorkflowExecutionFailedEventAttributes(a) => format!(
            "{} initiated={} started={} {}{}",
            execution(a.workflow_execution.as_ref()),
            a.initiated_event_id,
            a.started_event_id,
            retry(a.retry_state()),
            failed(a.failure.as_ref())
        ),
        A::ChildWorkflowExecutionCanceledEventAttributes(a) => format!(
            "{} initiated={} started={} {}",
            execution(a.workflow_execution.as_ref()),
            a.initiated_event_id,
            a.started_event_id,
            data(a.details.as_ref())
        ),
        A::ChildWorkflowExecutionTimedOutEventAttributes(a) => format!(
            "{} initiated={} started={} {}",
            execution(a.workflow_execution.as_ref()),
            a.initiated_event_id,
            a.started_event_id,
            retry(a.retry_state())
        ),
        A::ChildWorkflowExecutionTerminatedEventAttributes(a) => format!(
            "{} initiated={} started={}",
            execution(a.workflow_execution.as_ref()),
            a.initiated_event_id,
            a.started_event_id
        ),
        A::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) => format!(
            "{} {} completed={}",
            execution(a.workflow_execution.as_ref()),
            a.signal_name,
            a.workflow_task_completed_event_id
        ),
        A::SignalExternalWorkflowExecutionFailedEventAttributes(a) => format!(
            "{} initiated={} in={} {}",
            execution(a.workflow_execution.as_ref()),
            a.initiated_event_id,
            a.namespace,
            a.cause()
                .as_str_name()
                .trim_start_matches("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_")
                .to_lowercase()
        ),
        A::ExternalWorkflowExecutionSignaledEventAttributes(a) => format!(
            "{} initiated={} in={}",
            execution(a.workflow_execution.as_ref()),
            a.initiated_event_id,
            a.namespace
        ),
        A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a) => format!(
            "{} completed={}",
            execution(a.workflow_execution.as_ref()),
            a.workflow_task_completed_event_id
        ),
        A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => format!(
            "{} initiated={} in={} {}",
            execution(a.workflow_execution.as_ref()),
            a.initiated_event_id,
            a.namespace,
            a.cause()
                .as_str_name()
                .trim_start_matches("CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_")
                .to_lowercase()
        ),
        A::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => format!(
            "{} initiated={} in={}",
            execution(a.workflow_execution.as_ref()),
            a.initiated_event_id,
            a.namespace
        ),
        other => panic!("no test was written about {other:?}"),
    }
}

fn execution(execution: Option<&WorkflowExecution>) -> String {
    let execution = execution.expect("an execution");
    match execution.run_id.as_str() {
        "" => execution.workflow_id.clone(),
        run_id => format!("{}/{run_id}", execution.workflow_id),
    }
}

pub fn failed(failure: Option<&Failure>) -> String {
    let Some(failure) = failure else {
        return String::new();
    };
    let heartbeat = match &failure.failure_info {
        Some(FailureInfo::TimeoutFailureInfo(info)) if info.last_heartbeat_details.is_some() => {
            format!(" beat={}", data(info.last_heartbeat_details.as_ref()))
        }
        _ => String::new(),
    };
    format!(
        " \"{}\"{heartbeat}{}",
        failure.message,
        failure
            .cause
            .as_ref()
            .map_or_else(String::new, |c| format!(" by{}", failed(Some(c))))
    )
}

fn data(payloads: Option<&Payloads>) -> String {
    payloads
        .iter()
        .flat_map(|payloads| &payloads.payloads)
        .map(|payload| String::from_utf8_lossy(&payload.data).into_owned())
        .collect::<Vec<_>>()
        .join(",")
}

fn retry(state: RetryState) -> String {
    state
        .as_str_name()
        .trim_start_matches("RETRY_STATE_")
        .to_lowercase()
}

fn timeout(kind: TimeoutType) -> String {
    kind.as_str_name()
        .trim_start_matches("TIMEOUT_TYPE_")
        .to_lowercase()
}

fn duration(duration: Option<&wkt::Duration>) -> String {
    duration.map_or_else(|| "none".to_owned(), time)
}

fn time(duration: &wkt::Duration) -> String {
    match duration.nanos {
        0 => format!("{}s", duration.seconds),
        nanos => format!("{}.{:03}s", duration.seconds, nanos / 1_000_000),
    }
}
