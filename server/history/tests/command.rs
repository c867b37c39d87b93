//! Commands, messages and values for tests, one short function each.

use std::time::Duration;

use durably_history::{
    ActivitySelector, Input as RunInput, OptionsChange, PauseActivities, ResetActivities,
    UnpauseActivities, UpdateActivityOptions, UpdateRequest,
};
use durably_proto::Message as _;
use durably_proto::api::activity::v1::ActivityOptions;
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::command::v1::{
    CancelTimerCommandAttributes, CancelWorkflowExecutionCommandAttributes, Command,
    CompleteWorkflowExecutionCommandAttributes, ContinueAsNewWorkflowExecutionCommandAttributes,
    FailWorkflowExecutionCommandAttributes, ProtocolMessageCommandAttributes,
    RequestCancelActivityTaskCommandAttributes,
    RequestCancelExternalWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
    StartTimerCommandAttributes,
};
use durably_proto::api::common::v1::{
    ActivityType, Payload, Payloads, RetryPolicy, WorkflowExecution, WorkflowType,
};
use durably_proto::api::enums::v1::CommandType;
use durably_proto::api::failure::v1::failure::FailureInfo;
use durably_proto::api::failure::v1::{ApplicationFailureInfo, Failure};
use durably_proto::api::protocol::v1::Message;
use durably_proto::api::taskqueue::v1::TaskQueue;
use durably_proto::api::update::v1::{
    Acceptance, Input, Meta, Outcome, Rejection, Request, Response, outcome,
};
use durably_proto::wkt;
use durably_proto::wkt::FieldMask;

pub fn seconds(seconds: i64) -> wkt::Duration {
    wkt::Duration { seconds, nanos: 0 }
}

pub fn queue(name: &str) -> TaskQueue {
    TaskQueue {
        name: name.to_owned(),
        ..Default::default()
    }
}

pub fn workflow_type(name: &str) -> WorkflowType {
    WorkflowType {
        name: name.to_owned(),
    }
}

pub fn payloads(text: &str) -> Payloads {
    Payloads {
        payloads: vec![Payload {
            data: text.as_bytes().to_vec(),
            ..Default::default()
        }],
    }
}

pub fn failure(message: &str, kind: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(
            ApplicationFailureInfo {
                r#type: kind.to_owned(),
                ..Default::default()
            },
        )),
        ..Default::default()
    }
}

pub fn final_failure(message: &str) -> Failure {
    let mut failure = failure(message, "Final");
    if let Some(FailureInfo::ApplicationFailureInfo(info)) = &mut failure.failure_info {
        info.non_retryable = true;
    }
    failure
}

/// Attempts at most so many, one second apart, then two, then four.
pub fn attempts(most: i32) -> RetryPolicy {
    RetryPolicy {
        maximum_attempts: most,
        ..Default::default()
    }
}

fn command(kind: CommandType, attributes: Attributes) -> Command {
    Command {
        command_type: kind.into(),
        attributes: Some(attributes),
        ..Default::default()
    }
}

pub fn start_timer(id: &str, after: i64) -> Command {
    let attributes = StartTimerCommandAttributes {
        timer_id: id.to_owned(),
        start_to_fire_timeout: Some(seconds(after)),
    };
    command(
        CommandType::StartTimer,
        Attributes::StartTimerCommandAttributes(attributes),
    )
}

pub fn cancel_timer(id: &str) -> Command {
    let attributes = CancelTimerCommandAttributes {
        timer_id: id.to_owned(),
    };
    command(
        CommandType::CancelTimer,
        Attributes::CancelTimerCommandAttributes(attributes),
    )
}

pub fn complete(result: &str) -> Command {
    let attributes = CompleteWorkflowExecutionCommandAttributes {
        result: Some(payloads(result)),
    };
    command(
        CommandType::CompleteWorkflowExecution,
        Attributes::CompleteWorkflowExecutionCommandAttributes(attributes),
    )
}

pub fn fail(failure: Failure) -> Command {
    let attributes = FailWorkflowExecutionCommandAttributes {
        failure: Some(failure),
    };
    command(
        CommandType::FailWorkflowExecution,
        Attributes::FailWorkflowExecutionCommandAttributes(attributes),
    )
}

pub fn cancel_workflow() -> Command {
    let attributes = CancelWorkflowExecutionCommandAttributes { details: None };
    command(
        CommandType::CancelWorkflowExecution,
        Attributes::CancelWorkflowExecutionCommandAttributes(attributes),
    )
}

pub fn continue_as_new(
    change: impl FnOnce(&mut ContinueAsNewWorkflowExecutionCommandAttributes),
) -> Command {
    let mut attributes = ContinueAsNewWorkflowExecutionCommandAttributes::default();
    change(&mut attributes);
    command(
        CommandType::ContinueAsNewWorkflowExecution,
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(attributes),
    )
}

/// An activity whose attempts may each take ten seconds.
pub fn schedule_activity(id: &str) -> Command {
    schedule_activity_with(id, |_| {})
}

pub fn schedule_activity_with(
    id: &str,
    change: impl FnOnce(&mut ScheduleActivityTaskCommandAttributes),
) -> Command {
    let mut attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: id.to_owned(),
        activity_type: Some(ActivityType {
            name: "greet".to_owned(),
        }),
        task_queue: Some(queue("activities")),
        start_to_close_timeout: Some(seconds(10)),
        ..Default::default()
    };
    change(&mut attributes);
    command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(attributes),
    )
}

/// A request to pause one activity.
pub fn pause_activity(id: &str, request_id: &str) -> RunInput {
    RunInput::PauseActivities(PauseActivities {
        selected: ActivitySelector::Id(id.into()),
        identity: "operator".to_owned(),
        reason: "maintenance".to_owned(),
        request_id: request_id.into(),
    })
}

/// A request to unpause one activity.
pub fn unpause_activity(id: &str, change: impl FnOnce(&mut UnpauseActivities)) -> RunInput {
    let mut request = UnpauseActivities {
        selected: ActivitySelector::Id(id.into()),
        reset_attempts: false,
        reset_heartbeat: false,
        jitter: Duration::ZERO,
    };
    change(&mut request);
    RunInput::UnpauseActivities(request)
}

/// A request to reset one activity.
pub fn reset_activity(id: &str, change: impl FnOnce(&mut ResetActivities)) -> RunInput {
    let mut request = ResetActivities {
        selected: ActivitySelector::Id(id.into()),
        reset_heartbeat: false,
        keep_paused: false,
        restore_options: false,
        jitter: Duration::ZERO,
    };
    change(&mut request);
    RunInput::ResetActivities(request)
}

/// A request to change options of one activity.
pub fn update_options(id: &str, fields: &[&str], options: ActivityOptions) -> RunInput {
    RunInput::UpdateActivityOptions(Box::new(UpdateActivityOptions {
        selected: ActivitySelector::Id(id.into()),
        change: OptionsChange::Replace {
            options: Some(Box::new(options)),
            mask: Some(FieldMask {
                paths: fields.iter().map(ToString::to_string).collect(),
            }),
        },
    }))
}

pub fn cancel_activity(scheduled: i64) -> Command {
    let attributes = RequestCancelActivityTaskCommandAttributes {
        scheduled_event_id: scheduled,
    };
    command(
        CommandType::RequestCancelActivityTask,
        Attributes::RequestCancelActivityTaskCommandAttributes(attributes),
    )
}

pub fn start_child(id: &str) -> Command {
    start_child_with(id, |_| {})
}

pub fn start_child_with(
    id: &str,
    change: impl FnOnce(&mut StartChildWorkflowExecutionCommandAttributes),
) -> Command {
    let mut attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: id.to_owned(),
        workflow_type: Some(workflow_type("Child")),
        ..Default::default()
    };
    change(&mut attributes);
    command(
        CommandType::StartChildWorkflowExecution,
        Attributes::StartChildWorkflowExecutionCommandAttributes(attributes),
    )
}

pub fn signal_external(id: &str) -> Command {
    signal_external_with(id, |_| {})
}

pub fn signal_external_with(
    id: &str,
    change: impl FnOnce(&mut SignalExternalWorkflowExecutionCommandAttributes),
) -> Command {
    let mut attributes = SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(WorkflowExecution {
            workflow_id: id.to_owned(),
            run_id: String::new(),
        }),
        signal_name: "go".to_owned(),
        ..Default::default()
    };
    change(&mut attributes);
    command(
        CommandType::SignalExternalWorkflowExecution,
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(attributes),
    )
}

pub fn cancel_external(id: &str) -> Command {
    cancel_external_with(id, |_| {})
}

pub fn cancel_external_with(
    id: &str,
    change: impl FnOnce(&mut RequestCancelExternalWorkflowExecutionCommandAttributes),
) -> Command {
    let mut attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: id.to_owned(),
        ..Default::default()
    };
    change(&mut attributes);
    command(
        CommandType::RequestCancelExternalWorkflowExecution,
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes),
    )
}

pub fn protocol(message_id: &str) -> Command {
    let attributes = ProtocolMessageCommandAttributes {
        message_id: message_id.to_owned(),
    };
    command(
        CommandType::ProtocolMessage,
        Attributes::ProtocolMessageCommandAttributes(attributes),
    )
}

pub fn update(id: &str) -> UpdateRequest {
    let request = Request {
        meta: Some(Meta {
            update_id: id.to_owned(),
            identity: "client".to_owned(),
        }),
        input: Some(Input {
            name: "rename".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    UpdateRequest {
        id: id.into(),
        request,
    }
}

/// The worker lets an update through; the message's id is `<id>/accept`.
pub fn accept(id: &str) -> Message {
    let acceptance = Acceptance {
        accepted_request_message_id: format!("{id}/request"),
        accepted_request_sequencing_event_id: 5,
        accepted_request: None,
    };
    message(id, "accept", "Acceptance", acceptance.encode_to_vec())
}

/// The worker answers an update; the message's id is `<id>/respond`.
pub fn respond(id: &str, result: &str) -> Message {
    let response = Response {
        meta: Some(Meta {
            update_id: id.to_owned(),
            identity: "client".to_owned(),
        }),
        outcome: Some(Outcome {
            value: Some(outcome::Value::Success(payloads(result))),
        }),
    };
    message(id, "respond", "Response", response.encode_to_vec())
}

/// The worker's validator refuses an update.
pub fn reject(id: &str) -> Message {
    let rejection = Rejection {
        failure: Some(failure("no", "IdConflict")),
        ..Default::default()
    };
    message(id, "reject", "Rejection", rejection.encode_to_vec())
}

fn message(id: &str, suffix: &str, kind: &str, value: Vec<u8>) -> Message {
    Message {
        id: format!("{id}/{suffix}"),
        protocol_instance_id: id.to_owned(),
        body: Some(wkt::Any {
            type_url: format!("type.googleapis.com/temporal.api.update.v1.{kind}"),
            value,
        }),
        ..Default::default()
    }
}
