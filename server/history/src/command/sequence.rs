//! The commands of a completion as a sequence: their types, and that the one that closes the run
//! is the last.

use durably_proto::api::command::v1::Command as CommandMessage;
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::enums::v1::CommandType;

use crate::command::bad_command::command_name;
use crate::rejection::{Invalid, Rejection};

/// Checks that every command has a known type, and that none follows the one that closes the run.
///
/// A command is what its type says, as on the real server: attributes of another type are dropped,
/// so that whoever reads them finds them missing.
pub(crate) fn read(commands: &mut [CommandMessage]) -> Result<(), Rejection> {
    let mut closing = None;
    for command in commands.iter() {
        if let Some(closing) = closing {
            return Err(invalid(format!(
                "invalid command sequence: [{}], command {} must be the last command.",
                names(commands),
                command_name(closing)
            )));
        }
        match CommandType::try_from(command.command_type) {
            Ok(CommandType::Unspecified) | Err(_) => {
                let name = match command.command_type {
                    0 => command_name(CommandType::Unspecified),
                    unknown => unknown.to_string(),
                };
                return Err(invalid(format!("unknown command type: {name}")));
            }
            Ok(kind) => closing = closes(kind).then_some(kind),
        }
    }
    for command in commands {
        let kind = command.command_type();
        command.attributes.take_if(|it| type_of(it) != kind);
    }
    Ok(())
}

fn invalid(message: String) -> Rejection {
    Rejection::Invalid(Invalid(message))
}

fn names(commands: &[CommandMessage]) -> String {
    let names = commands.iter().map(|it| command_name(it.command_type()));
    names.collect::<Vec<_>>().join(", ")
}

fn closes(kind: CommandType) -> bool {
    matches!(
        kind,
        CommandType::CompleteWorkflowExecution
            | CommandType::FailWorkflowExecution
            | CommandType::CancelWorkflowExecution
            | CommandType::ContinueAsNewWorkflowExecution
    )
}

fn type_of(attributes: &Attributes) -> CommandType {
    use Attributes as A;
    match attributes {
        A::ScheduleActivityTaskCommandAttributes(_) => CommandType::ScheduleActivityTask,
        A::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        A::CompleteWorkflowExecutionCommandAttributes(_) => CommandType::CompleteWorkflowExecution,
        A::FailWorkflowExecutionCommandAttributes(_) => CommandType::FailWorkflowExecution,
        A::RequestCancelActivityTaskCommandAttributes(_) => CommandType::RequestCancelActivityTask,
        A::CancelTimerCommandAttributes(_) => CommandType::CancelTimer,
        A::CancelWorkflowExecutionCommandAttributes(_) => CommandType::CancelWorkflowExecution,
        A::RequestCancelExternalWorkflowExecutionCommandAttributes(_) => {
            CommandType::RequestCancelExternalWorkflowExecution
        }
        A::RecordMarkerCommandAttributes(_) => CommandType::RecordMarker,
        A::ContinueAsNewWorkflowExecutionCommandAttributes(_) => {
            CommandType::ContinueAsNewWorkflowExecution
        }
        A::StartChildWorkflowExecutionCommandAttributes(_) => {
            CommandType::StartChildWorkflowExecution
        }
        A::SignalExternalWorkflowExecutionCommandAttributes(_) => {
            CommandType::SignalExternalWorkflowExecution
        }
        A::UpsertWorkflowSearchAttributesCommandAttributes(_) => {
            CommandType::UpsertWorkflowSearchAttributes
        }
        A::ProtocolMessageCommandAttributes(_) => CommandType::ProtocolMessage,
        A::ModifyWorkflowPropertiesCommandAttributes(_) => CommandType::ModifyWorkflowProperties,
        A::ScheduleNexusOperationCommandAttributes(_) => CommandType::ScheduleNexusOperation,
        A::RequestCancelNexusOperationCommandAttributes(_) => {
            CommandType::RequestCancelNexusOperation
        }
    }
}
