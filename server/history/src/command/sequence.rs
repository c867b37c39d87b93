//! The commands of a completion as a sequence: their types, and that the one that closes the run
//! is the last.

use durably_proto::api::command::v1::Command as CommandMessage;
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::enums::v1::CommandType;

use crate::command::bad_command::command_name;
use crate::rejection::{Invalid, Rejection};

/// Checks that every command has a known type, and that none follows the one that closes the run.
pub(crate) fn check(commands: &[CommandMessage]) -> Result<(), Rejection> {
    let mut closing = None;
    for command in commands {
        if let Some(closing) = closing {
            return Err(invalid(format!(
                "invalid command sequence: [{}], command {} must be the last command.",
                names(commands),
                command_name(closing)
            )));
        }
        match CommandType::try_from(command.command_type) {
            Ok(CommandType::Unspecified) | Err(_) => {
                let name = name(command);
                return Err(invalid(format!("unknown command type: {name}")));
            }
            Ok(kind) => closing = closes(kind).then_some(kind),
        }
    }
    Ok(())
}

/// Drops attributes of another type than their command's, so that whoever reads them finds them missing.
///
/// A command is what its type says, as on the real server. To be called before anything looks at attributes;
/// [`Run::apply`](crate::Run::apply) does it, too.
pub fn drop_foreign_attributes(commands: &mut [CommandMessage]) {
    for command in commands {
        let kind = command.command_type();
        command.attributes.take_if(|it| type_of(it) != kind);
    }
}

fn invalid(message: String) -> Rejection {
    Rejection::Invalid(Invalid(message))
}

fn names(commands: &[CommandMessage]) -> String {
    commands.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The type as the real server writes it; the number of one that is not known.
fn name(command: &CommandMessage) -> String {
    match CommandType::try_from(command.command_type) {
        Ok(kind) => command_name(kind),
        Err(_) => command.command_type.to_string(),
    }
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
