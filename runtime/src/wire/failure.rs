//! Failures.

use durably_engine::{
    EventId, FailureCategory, FailureInfo, FailureRecord, RetryState, TimeoutKind,
};
use durably_proto::api::{
    common::v1 as common,
    enums::v1 as enums,
    failure::{v1 as failure, v1::failure::FailureInfo as Info},
};

use super::{encoded_failure, payload, time};

pub(crate) fn from_proto(failure: failure::Failure) -> FailureRecord {
    let mut record = FailureRecord {
        message: failure.message,
        source: failure.source,
        stack_trace: failure.stack_trace,
        encoded_attributes: failure.encoded_attributes.map(payload::from_proto),
        cause: failure.cause.map(|cause| Box::new(from_proto(*cause))),
        info: failure.failure_info.map_or(FailureInfo::Unset, info),
    };
    encoded_failure::decode(&mut record);
    record
}

pub(crate) fn to_proto(record: FailureRecord) -> failure::Failure {
    let mut failure = with_causes(record);
    limit_causes(&mut failure);
    failure
}

fn with_causes(mut record: FailureRecord) -> failure::Failure {
    encoded_failure::restore(&mut record);
    failure::Failure {
        message: record.message,
        source: record.source,
        stack_trace: record.stack_trace,
        encoded_attributes: record.encoded_attributes.map(payload::to_proto),
        cause: record.cause.map(|cause| Box::new(with_causes(*cause))),
        failure_info: to_info(record.info),
    }
}

/// The most causes of a failure, each of which is nested in the one before. Protobuf refuses a message that is nested
/// deeper than 100, and a history that has one could not be read any more; a failure stands in other messages, and is
/// the cause of the failures of parents.
const MAX_CAUSES: usize = 50;

/// Leaves out causes if there are more than can be read again: those before the innermost one, which says what
/// happened first.
pub(super) fn limit_causes(failure: &mut failure::Failure) {
    let mut last = failure;
    for _ in 0..MAX_CAUSES - 2 {
        match &mut last.cause {
            Some(cause) => last = cause,
            None => return,
        }
    }
    let mut rest = Vec::new();
    while let Some(mut cause) = last.cause.take() {
        last.cause = cause.cause.take();
        rest.push(cause);
    }
    let left_out = rest.len().saturating_sub(1);
    if left_out > 1 {
        let instead = failure::Failure {
            message: format!("{left_out} more causes"),
            source: "durably".to_owned(),
            failure_info: Some(Info::ApplicationFailureInfo(
                failure::ApplicationFailureInfo {
                    r#type: "CausesLeftOut".to_owned(),
                    ..Default::default()
                },
            )),
            ..Default::default()
        };
        rest.splice(..left_out, [Box::new(instead)]);
    }
    last.cause = rest.into_iter().rev().fold(None, |innermost, mut cause| {
        cause.cause = innermost;
        Some(cause)
    });
}

/// What happened, and its causes as far as the texts before them do not quote them.
pub(crate) fn chain(record: &FailureRecord) -> String {
    let mut text = record.message.clone();
    let causes = std::iter::successors(record.cause.as_deref(), |record| record.cause.as_deref());
    for FailureRecord { message, .. } in causes {
        if !text.ends_with(message.as_str()) {
            text.push_str(": ");
            text.push_str(message);
        }
    }
    text
}

pub(crate) fn retry_state(number: i32) -> RetryState {
    match enums::RetryState::try_from(number) {
        Ok(enums::RetryState::Unspecified) => RetryState::Unspecified,
        Ok(enums::RetryState::InProgress) => RetryState::InProgress,
        Ok(enums::RetryState::NonRetryableFailure) => RetryState::NonRetryableFailure,
        Ok(enums::RetryState::Timeout) => RetryState::Timeout,
        Ok(enums::RetryState::MaximumAttemptsReached) => RetryState::MaximumAttemptsReached,
        Ok(enums::RetryState::RetryPolicyNotSet) => RetryState::RetryPolicyNotSet,
        Ok(enums::RetryState::InternalServerError) => RetryState::InternalServerError,
        Ok(enums::RetryState::CancelRequested) => RetryState::CancelRequested,
        Err(_) => RetryState::Other(number),
    }
}

fn to_retry_state(state: RetryState) -> i32 {
    let known = match state {
        RetryState::Unspecified => enums::RetryState::Unspecified,
        RetryState::InProgress => enums::RetryState::InProgress,
        RetryState::NonRetryableFailure => enums::RetryState::NonRetryableFailure,
        RetryState::Timeout => enums::RetryState::Timeout,
        RetryState::MaximumAttemptsReached => enums::RetryState::MaximumAttemptsReached,
        RetryState::RetryPolicyNotSet => enums::RetryState::RetryPolicyNotSet,
        RetryState::InternalServerError => enums::RetryState::InternalServerError,
        RetryState::CancelRequested => enums::RetryState::CancelRequested,
        RetryState::Other(number) => return number,
    };
    known.into()
}

fn timeout_kind(number: i32) -> TimeoutKind {
    match enums::TimeoutType::try_from(number) {
        Ok(enums::TimeoutType::Unspecified) => TimeoutKind::Unspecified,
        Ok(enums::TimeoutType::StartToClose) => TimeoutKind::StartToClose,
        Ok(enums::TimeoutType::ScheduleToStart) => TimeoutKind::ScheduleToStart,
        Ok(enums::TimeoutType::ScheduleToClose) => TimeoutKind::ScheduleToClose,
        Ok(enums::TimeoutType::Heartbeat) => TimeoutKind::Heartbeat,
        Err(_) => TimeoutKind::Other(number),
    }
}

fn to_timeout_kind(kind: TimeoutKind) -> i32 {
    let known = match kind {
        TimeoutKind::Unspecified => enums::TimeoutType::Unspecified,
        TimeoutKind::StartToClose => enums::TimeoutType::StartToClose,
        TimeoutKind::ScheduleToStart => enums::TimeoutType::ScheduleToStart,
        TimeoutKind::ScheduleToClose => enums::TimeoutType::ScheduleToClose,
        TimeoutKind::Heartbeat => enums::TimeoutType::Heartbeat,
        TimeoutKind::Other(number) => return number,
    };
    known.into()
}

fn category(number: i32) -> FailureCategory {
    match enums::ApplicationErrorCategory::try_from(number) {
        Ok(enums::ApplicationErrorCategory::Unspecified) => FailureCategory::Unspecified,
        Ok(enums::ApplicationErrorCategory::Benign) => FailureCategory::Benign,
        Err(_) => FailureCategory::Other(number),
    }
}

fn to_category(category: FailureCategory) -> i32 {
    let known = match category {
        FailureCategory::Unspecified => enums::ApplicationErrorCategory::Unspecified,
        FailureCategory::Benign => enums::ApplicationErrorCategory::Benign,
        FailureCategory::Other(number) => return number,
    };
    known.into()
}

fn info(info: Info) -> FailureInfo {
    match info {
        Info::ApplicationFailureInfo(it) => FailureInfo::Application {
            kind: it.r#type,
            non_retryable: it.non_retryable,
            details: payload::list_from_proto(it.details),
            next_retry_delay: it.next_retry_delay.map(time::span),
            category: category(it.category),
        },
        Info::TimeoutFailureInfo(it) => FailureInfo::Timeout {
            kind: timeout_kind(it.timeout_type),
            last_heartbeat_details: payload::list_from_proto(it.last_heartbeat_details),
        },
        Info::CanceledFailureInfo(it) => FailureInfo::Canceled {
            details: payload::list_from_proto(it.details),
        },
        Info::TerminatedFailureInfo(_) => FailureInfo::Terminated,
        Info::ServerFailureInfo(it) => FailureInfo::Server {
            non_retryable: it.non_retryable,
        },
        Info::ResetWorkflowFailureInfo(it) => FailureInfo::ResetWorkflow {
            last_heartbeat_details: payload::list_from_proto(it.last_heartbeat_details),
        },
        Info::ActivityFailureInfo(it) => FailureInfo::Activity {
            scheduled: EventId(it.scheduled_event_id),
            started: EventId(it.started_event_id),
            identity: it.identity,
            activity_type: it.activity_type.unwrap_or_default().name,
            activity_id: it.activity_id,
            retry_state: retry_state(it.retry_state),
        },
        Info::ChildWorkflowExecutionFailureInfo(it) => {
            let execution = it.workflow_execution.unwrap_or_default();
            FailureInfo::ChildWorkflow {
                namespace: it.namespace,
                workflow_id: execution.workflow_id,
                run_id: execution.run_id,
                workflow_type: it.workflow_type.unwrap_or_default().name,
                initiated: EventId(it.initiated_event_id),
                started: EventId(it.started_event_id),
                retry_state: retry_state(it.retry_state),
            }
        }
        Info::NexusOperationExecutionFailureInfo(it) => nexus_operation(it),
        Info::NexusHandlerFailureInfo(it) => FailureInfo::NexusHandler {
            kind: it.r#type,
            retry_behavior: it.retry_behavior,
        },
    }
}

#[expect(
    deprecated,
    reason = "histories of older servers hold an id instead of a token"
)]
fn nexus_operation(it: failure::NexusOperationFailureInfo) -> FailureInfo {
    FailureInfo::NexusOperation {
        scheduled: EventId(it.scheduled_event_id),
        endpoint: it.endpoint,
        service: it.service,
        operation: it.operation,
        operation_id: it.operation_id,
        operation_token: it.operation_token,
    }
}

fn to_info(info: FailureInfo) -> Option<Info> {
    Some(match info {
        FailureInfo::Application {
            kind,
            non_retryable,
            details,
            next_retry_delay,
            category,
        } => Info::ApplicationFailureInfo(failure::ApplicationFailureInfo {
            r#type: kind,
            non_retryable,
            details: payload::list_to_proto(details),
            next_retry_delay: next_retry_delay.map(time::to_duration),
            category: to_category(category),
        }),
        FailureInfo::Timeout {
            kind,
            last_heartbeat_details,
        } => Info::TimeoutFailureInfo(failure::TimeoutFailureInfo {
            timeout_type: to_timeout_kind(kind),
            last_heartbeat_details: payload::list_to_proto(last_heartbeat_details),
        }),
        FailureInfo::Canceled { details } => {
            Info::CanceledFailureInfo(failure::CanceledFailureInfo {
                details: payload::list_to_proto(details),
                ..Default::default()
            })
        }
        FailureInfo::Terminated => Info::TerminatedFailureInfo(Default::default()),
        FailureInfo::Server { non_retryable } => {
            Info::ServerFailureInfo(failure::ServerFailureInfo { non_retryable })
        }
        FailureInfo::ResetWorkflow {
            last_heartbeat_details,
        } => Info::ResetWorkflowFailureInfo(failure::ResetWorkflowFailureInfo {
            last_heartbeat_details: payload::list_to_proto(last_heartbeat_details),
        }),
        FailureInfo::Activity {
            scheduled,
            started,
            identity,
            activity_type,
            activity_id,
            retry_state,
        } => Info::ActivityFailureInfo(failure::ActivityFailureInfo {
            scheduled_event_id: scheduled.0,
            started_event_id: started.0,
            identity,
            activity_type: Some(common::ActivityType {
                name: activity_type,
            }),
            activity_id,
            retry_state: to_retry_state(retry_state),
        }),
        FailureInfo::ChildWorkflow {
            namespace,
            workflow_id,
            run_id,
            workflow_type,
            initiated,
            started,
            retry_state,
        } => Info::ChildWorkflowExecutionFailureInfo(failure::ChildWorkflowExecutionFailureInfo {
            namespace,
            workflow_execution: Some(common::WorkflowExecution {
                workflow_id,
                run_id,
            }),
            workflow_type: Some(common::WorkflowType {
                name: workflow_type,
            }),
            initiated_event_id: initiated.0,
            started_event_id: started.0,
            retry_state: to_retry_state(retry_state),
        }),
        FailureInfo::NexusOperation {
            scheduled,
            endpoint,
            service,
            operation,
            operation_id,
            operation_token,
        } => Info::NexusOperationExecutionFailureInfo(to_nexus_operation(
            failure::NexusOperationFailureInfo {
                scheduled_event_id: scheduled.0,
                endpoint,
                service,
                operation,
                operation_token,
                ..Default::default()
            },
            operation_id,
        )),
        FailureInfo::NexusHandler {
            kind,
            retry_behavior,
        } => Info::NexusHandlerFailureInfo(failure::NexusHandlerFailureInfo {
            r#type: kind,
            retry_behavior,
        }),
        FailureInfo::Unset => return None,
    })
}

#[expect(deprecated, reason = "a failure is passed on as it was read")]
fn to_nexus_operation(
    mut info: failure::NexusOperationFailureInfo,
    operation_id: String,
) -> failure::NexusOperationFailureInfo {
    info.operation_id = operation_id;
    info
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use durably_engine::Payload;

    use super::*;

    /// How many causes a failure has.
    fn causes(failure: &failure::Failure) -> usize {
        std::iter::successors(failure.cause.as_deref(), |it| it.cause.as_deref()).count()
    }

    fn nested(causes: usize) -> FailureRecord {
        let innermost = FailureRecord::new("cause 0", FailureInfo::Unset);
        (1..=causes).fold(innermost, |cause, number| FailureRecord {
            cause: Some(Box::new(cause)),
            ..FailureRecord::new(format!("cause {number}"), FailureInfo::Unset)
        })
    }

    #[test]
    fn causes_that_could_not_be_read_again_are_left_out() {
        for count in [0, 1, MAX_CAUSES - 1, MAX_CAUSES] {
            let record = nested(count);
            assert_eq!(from_proto(to_proto(record.clone())), record);
        }
        for count in [MAX_CAUSES + 1, MAX_CAUSES + 2, 150] {
            let failure = to_proto(nested(count));
            assert_eq!(causes(&failure), MAX_CAUSES, "of {count}");
            let mut again = failure.clone();
            limit_causes(&mut again);
            assert_eq!(again, failure);
            let text = super::chain(&from_proto(failure));
            let before = count - (MAX_CAUSES - 2);
            let left_out = before - 1;
            let expected = format!("cause {before}: {left_out} more causes: cause 0");
            assert!(text.ends_with(&expected), "{text}");
        }
    }

    /// One failure of each kind, each the cause of the one before it.
    fn chain() -> FailureRecord {
        let details = || vec![Payload::json(b"1".to_vec())];
        let kinds = [
            FailureInfo::Activity {
                scheduled: EventId(5),
                started: EventId(6),
                identity: "worker".to_owned(),
                activity_type: "greet".to_owned(),
                activity_id: "1".to_owned(),
                retry_state: RetryState::MaximumAttemptsReached,
            },
            FailureInfo::ChildWorkflow {
                namespace: "default".to_owned(),
                workflow_id: "child".to_owned(),
                run_id: "run".to_owned(),
                workflow_type: "Child".to_owned(),
                initiated: EventId(7),
                started: EventId(8),
                retry_state: RetryState::Other(99),
            },
            FailureInfo::NexusOperation {
                scheduled: EventId(9),
                endpoint: "endpoint".to_owned(),
                service: "service".to_owned(),
                operation: "operation".to_owned(),
                operation_id: "id".to_owned(),
                operation_token: "token".to_owned(),
            },
            FailureInfo::NexusHandler {
                kind: "NOT_FOUND".to_owned(),
                retry_behavior: 2,
            },
            FailureInfo::Timeout {
                kind: TimeoutKind::Heartbeat,
                last_heartbeat_details: details(),
            },
            FailureInfo::ResetWorkflow {
                last_heartbeat_details: details(),
            },
            FailureInfo::Canceled { details: details() },
            FailureInfo::Terminated,
            FailureInfo::Server {
                non_retryable: true,
            },
            FailureInfo::Application {
                kind: "NoSuchName".to_owned(),
                non_retryable: true,
                details: details(),
                next_retry_delay: Some(Duration::from_millis(1_500)),
                category: FailureCategory::Benign,
            },
            FailureInfo::Unset,
        ];
        let mut chain = FailureRecord::default();
        for (at, info) in kinds.into_iter().enumerate() {
            let mut failure = FailureRecord::new(format!("failure {at}"), info).caused_by(chain);
            failure.source = "durably".to_owned();
            failure.stack_trace = "at src/main.rs:1".to_owned();
            failure.encoded_attributes = Some(Payload::bytes(vec![at as u8]));
            chain = failure;
        }
        chain
    }

    #[test]
    fn failures_survive_the_wire() {
        assert_eq!(from_proto(to_proto(chain())), chain());
    }
}
