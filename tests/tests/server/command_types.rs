//! A command is what its type says: attributes of another type do not count.

use durably::prelude::*;
use durably_proto::api::{
    command::v1::{
        Command, CompleteWorkflowExecutionCommandAttributes,
        RequestCancelExternalWorkflowExecutionCommandAttributes, StartTimerCommandAttributes,
        UpsertWorkflowSearchAttributesCommandAttributes, command::Attributes,
    },
    enums::v1::{CommandType, EventType, WorkflowTaskFailedCause as Cause},
    history::v1::history_event::Attributes as EventAttributes,
};
use durably_tests::{
    World, on_both_servers,
    raw::{self, Service},
};

on_both_servers! {
    attributes_of_another_type_are_missing_ones
    a_sequence_goes_by_the_types_of_its_commands
}

/// How the task fails without attributes. Not listed is
/// `StartChildWorkflowExecution`, where the real server has an internal error.
const MISSING: &[(CommandType, Cause)] = &[
    (
        CommandType::ScheduleActivityTask,
        Cause::BadScheduleActivityAttributes,
    ),
    (
        CommandType::RequestCancelActivityTask,
        Cause::BadRequestCancelActivityAttributes,
    ),
    (CommandType::StartTimer, Cause::BadStartTimerAttributes),
    (
        CommandType::CompleteWorkflowExecution,
        Cause::BadCompleteWorkflowExecutionAttributes,
    ),
    (
        CommandType::FailWorkflowExecution,
        Cause::BadFailWorkflowExecutionAttributes,
    ),
    (CommandType::CancelTimer, Cause::BadCancelTimerAttributes),
    (
        CommandType::CancelWorkflowExecution,
        Cause::BadCancelWorkflowExecutionAttributes,
    ),
    (
        CommandType::RequestCancelExternalWorkflowExecution,
        Cause::BadRequestCancelExternalWorkflowExecutionAttributes,
    ),
    (CommandType::RecordMarker, Cause::BadRecordMarkerAttributes),
    (
        CommandType::ContinueAsNewWorkflowExecution,
        Cause::BadContinueAsNewAttributes,
    ),
    (
        CommandType::SignalExternalWorkflowExecution,
        Cause::BadSignalWorkflowExecutionAttributes,
    ),
    (
        CommandType::UpsertWorkflowSearchAttributes,
        Cause::BadSearchAttributes,
    ),
    (
        CommandType::ProtocolMessage,
        Cause::BadUpdateWorkflowExecutionMessage,
    ),
    (
        CommandType::ModifyWorkflowProperties,
        Cause::BadModifyWorkflowPropertiesAttributes,
    ),
];

async fn attributes_of_another_type_are_missing_ones(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for &(kind, cause) in MISSING {
        // Those of an unknown search attribute, and of an unknown namespace, are not looked at either.
        for of_another_type in [timer(), completion(), upsert(), cancellation()] {
            if type_of(&of_another_type) == kind {
                continue;
            }
            let command = raw::command(kind, of_another_type);
            assert_eq!(
                refusal(world, &mut service, vec![command]).await?,
                format!(
                    "InvalidArgument: {cause:?}: {kind:?}CommandAttributes is not set on {kind:?}Command. ({cause:?})"
                )
            );
        }
    }
    Ok(())
}

async fn a_sequence_goes_by_the_types_of_its_commands(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let timer = raw::command(CommandType::StartTimer, timer());
    let timer_that_completes = raw::command(CommandType::StartTimer, completion());
    let of_type = |kind| Command {
        command_type: kind,
        ..timer.clone()
    };
    let sequences = [
        (
            vec![raw::complete_workflow(), of_type(99)],
            "InvalidArgument: invalid command sequence: [CompleteWorkflowExecution, 99], command CompleteWorkflowExecution must be the last command.",
        ),
        (
            vec![raw::complete_workflow(), timer.clone()],
            "InvalidArgument: invalid command sequence: [CompleteWorkflowExecution, StartTimer], command CompleteWorkflowExecution must be the last command.",
        ),
        (
            vec![timer_that_completes, timer.clone()],
            "InvalidArgument: BadStartTimerAttributes: StartTimerCommandAttributes is not set on StartTimerCommand. (BadStartTimerAttributes)",
        ),
        (
            vec![of_type(0), timer.clone()],
            "InvalidArgument: unknown command type: Unspecified",
        ),
        (
            vec![timer.clone(), of_type(99)],
            "InvalidArgument: unknown command type: 99",
        ),
        (
            vec![timer.clone(), timer.clone()],
            "InvalidArgument: StartTimerDuplicateId: invalid history builder state for action: add-timer-started-event, TimerID: timer (StartTimerDuplicateId)",
        ),
    ];
    for (commands, expected) in sequences {
        assert_eq!(refusal(world, &mut service, commands).await?, expected);
    }
    Ok(())
}

/// Completes the first task of a workflow with these commands; returns the server's refusal, and
/// the failure that it recorded.
async fn refusal(world: &World, service: &mut Service, commands: Vec<Command>) -> Result<String> {
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let task = raw::workflow_task(service, &world.queue).await?;
    let status = match raw::complete(service, &task, commands, vec![]).await {
        Ok(_) => "completed".to_owned(),
        Err(status) => format!("{:?}: {}", status.code(), status.message()),
    };
    let events = raw::events(service, &workflow_id).await?;
    let failed = events
        .iter()
        .find(|event| event.event_type() == EventType::WorkflowTaskFailed);
    let cause = failed.map(|event| match &event.attributes {
        Some(EventAttributes::WorkflowTaskFailedEventAttributes(failed)) => failed.cause(),
        other => panic!("a failed workflow task, not {other:?}"),
    });
    raw::terminate(service, &workflow_id).await?;
    Ok(match cause {
        Some(cause) => format!("{status} ({cause:?})"),
        None => status,
    })
}

fn type_of(attributes: &Attributes) -> CommandType {
    match attributes {
        Attributes::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        Attributes::UpsertWorkflowSearchAttributesCommandAttributes(_) => {
            CommandType::UpsertWorkflowSearchAttributes
        }
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(_) => {
            CommandType::RequestCancelExternalWorkflowExecution
        }
        _ => CommandType::CompleteWorkflowExecution,
    }
}

fn upsert() -> Attributes {
    Attributes::UpsertWorkflowSearchAttributesCommandAttributes(
        UpsertWorkflowSearchAttributesCommandAttributes {
            search_attributes: Some(raw::search_attributes(&[("Unheard", "1")])),
        },
    )
}

#[expect(deprecated, reason = "workers still name namespaces")]
fn cancellation() -> Attributes {
    Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(
        RequestCancelExternalWorkflowExecutionCommandAttributes {
            namespace: "nowhere".to_owned(),
            workflow_id: "anything".to_owned(),
            ..Default::default()
        },
    )
}

fn completion() -> Attributes {
    Attributes::CompleteWorkflowExecutionCommandAttributes(
        CompleteWorkflowExecutionCommandAttributes::default(),
    )
}

fn timer() -> Attributes {
    Attributes::StartTimerCommandAttributes(StartTimerCommandAttributes {
        timer_id: "timer".to_owned(),
        start_to_fire_timeout: Some(durably_proto::wkt::Duration {
            seconds: 60,
            nanos: 0,
        }),
    })
}
