//! Failures that the server creates.

use durably_proto::Message;
use durably_proto::api::common::v1::{Payload, Payloads};
use durably_proto::api::enums::v1::TimeoutType;
use durably_proto::api::failure::v1::failure::FailureInfo;
use durably_proto::api::failure::v1::{
    ApplicationFailureInfo, Failure, ResetWorkflowFailureInfo, ServerFailureInfo,
    TimeoutFailureInfo,
};
use durably_proto::api::update::v1::{Outcome, outcome};

use crate::{json, limits};

/// The failure of a workflow task that the server fails.
pub(crate) fn server(message: String) -> Failure {
    Failure {
        message,
        failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo {
            non_retryable: false,
        })),
        ..Default::default()
    }
}

/// The failure of what a reset ends.
pub(crate) fn reset(reason: &str) -> Failure {
    Failure {
        message: reason.to_owned(),
        failure_info: Some(FailureInfo::ResetWorkflowFailureInfo(
            ResetWorkflowFailureInfo::default(),
        )),
        ..Default::default()
    }
}

/// A timeout failure.
pub(crate) fn timeout(kind: TimeoutType, message: String) -> Failure {
    Failure {
        message,
        source: SOURCE.to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: kind.into(),
            last_heartbeat_details: None,
        })),
        ..Default::default()
    }
}

/// The failure of a run that has timed out.
pub fn workflow_timeout() -> Failure {
    timeout(TimeoutType::StartToClose, "workflow timeout".to_owned())
}

/// The failure of an activity timeout, such as `activity StartToClose timeout`.
pub(crate) fn activity_timeout(kind: TimeoutType) -> Failure {
    let name = match kind {
        TimeoutType::StartToClose => "StartToClose",
        TimeoutType::ScheduleToStart => "ScheduleToStart",
        TimeoutType::ScheduleToClose => "ScheduleToClose",
        TimeoutType::Heartbeat => "Heartbeat",
        TimeoutType::Unspecified => "Unspecified",
    };
    timeout(kind, format!("activity {name} timeout"))
}

/// The failure that replaces a report over the size limit.
pub(crate) fn too_large(message: &str, cause: Option<Failure>) -> Failure {
    Failure {
        message: message.to_owned(),
        cause: cause.map(|cause| Box::new(truncate(cause, limits::TRUNCATED_FAILURE))),
        failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo {
            non_retryable: true,
        })),
        ..Default::default()
    }
}

/// The outcome of an accepted update whose run closed before it completed.
pub(crate) fn update_failed_at_close() -> Outcome {
    update_failure(
        "Workflow Update failed because the Workflow completed before the Update completed.",
        "AcceptedUpdateCompletedWorkflow",
    )
}

/// The outcome of an update that the worker did not answer.
pub(crate) fn update_unprocessed() -> Outcome {
    update_failure(
        "Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update is not supported by the worker.",
        "UnprocessedUpdate",
    )
}

/// Truncates a failure to about `limit` bytes: keeps message and kind, drops details, then shortens
/// texts and causes.
pub(crate) fn truncate(mut failure: Failure, limit: usize) -> Failure {
    if failure.encoded_len() <= limit {
        return failure;
    }
    failure.encoded_attributes = None;
    match &mut failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => info.details = None,
        Some(FailureInfo::CanceledFailureInfo(info)) => info.details = None,
        Some(FailureInfo::TimeoutFailureInfo(info)) => info.last_heartbeat_details = None,
        Some(FailureInfo::ResetWorkflowFailureInfo(info)) => info.last_heartbeat_details = None,
        _ => {}
    }
    cut(&mut failure.message, limit / 2);
    cut(
        &mut failure.stack_trace,
        limit.saturating_sub(failure.message.len()) / 2,
    );
    cut(&mut failure.source, 100);
    let cause = failure.cause.take();
    let left = limit.saturating_sub(failure.encoded_len());
    // A cause of fewer bytes would be empty.
    failure.cause = cause
        .filter(|_| left > 64)
        .map(|cause| Box::new(truncate(*cause, left)));
    failure
}

/// Encodes a text as a JSON payload.
pub(crate) fn json_text(text: &str) -> Payloads {
    Payloads {
        payloads: vec![Payload {
            metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
            data: json::string(text).into_bytes(),
            ..Default::default()
        }],
    }
}

fn update_failure(message: &str, kind: &str) -> Outcome {
    let failure = Failure {
        message: message.to_owned(),
        source: SOURCE.to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(
            ApplicationFailureInfo {
                r#type: kind.to_owned(),
                non_retryable: true,
                ..Default::default()
            },
        )),
        ..Default::default()
    };
    Outcome {
        value: Some(outcome::Value::Failure(failure)),
    }
}

fn cut(text: &mut String, limit: usize) {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

const SOURCE: &str = "Server";
