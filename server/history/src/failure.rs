//! Failures that the server itself words.

use durably_proto::Message;
use durably_proto::api::common::v1::{Payload, Payloads};
use durably_proto::api::enums::v1::TimeoutType;
use durably_proto::api::failure::v1::failure::FailureInfo;
use durably_proto::api::failure::v1::{
    ApplicationFailureInfo, Failure, ServerFailureInfo, TimeoutFailureInfo,
};
use durably_proto::api::update::v1::{Outcome, outcome};

use crate::{json, limits};

/// What went wrong with a workflow task, told by the server.
pub(crate) fn server(message: String) -> Failure {
    Failure {
        message,
        failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo {
            non_retryable: false,
        })),
        ..Default::default()
    }
}

/// The failure of an activity that took too long.
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

/// `activity StartToClose timeout` and its like.
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

/// Something that was reported is too large to be recorded.
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

/// The outcome of an accepted update whose workflow ended first.
pub(crate) fn update_failed_at_close() -> Outcome {
    update_failure(
        "Workflow Update failed because the Workflow completed before the Update completed.",
        "AcceptedUpdateCompletedWorkflow",
    )
}

/// The outcome of an update that the worker left unanswered.
pub(crate) fn update_unprocessed() -> Outcome {
    update_failure(
        "Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update is not supported by the worker.",
        "UnprocessedUpdate",
    )
}

/// A failure cut down to about `limit` bytes: message and kind stay, the rest goes as far as it must.
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
    // A cause of less room than this would say nothing.
    failure.cause = cause
        .filter(|_| left > 64)
        .map(|cause| Box::new(truncate(*cause, left)));
    failure
}

/// A text as the SDKs encode it.
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
