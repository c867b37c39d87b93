//! Signals to other workflows and requests to cancel them: the commands, and the events about them.

use durably_engine::{
    CancelExternal, CommandEvent, ExternalFault, ExternalSignalInitiated, SignalExternal, Target,
};
use durably_proto::api::{
    command::{v1 as command, v1::command::Attributes as CommandAttributes},
    common::v1::WorkflowExecution,
    enums::v1::{
        CancelExternalWorkflowExecutionFailedCause, CommandType,
        SignalExternalWorkflowExecutionFailedCause,
    },
    history::v1 as history,
};

use super::{WireError, command::bare, payload};

/// The command that sends a signal.
pub(crate) fn signal(asked: SignalExternal) -> command::Command {
    let Target {
        namespace,
        workflow_id,
        run_id,
        child,
    } = asked.target;
    #[expect(
        deprecated,
        reason = "other SDKs name the namespace, and the server records it"
    )]
    let attributes = command::SignalExternalWorkflowExecutionCommandAttributes {
        namespace,
        execution: Some(WorkflowExecution {
            workflow_id,
            run_id,
        }),
        signal_name: asked.name,
        input: payload::list_to_proto(asked.input),
        child_workflow_only: child,
        header: payload::header_to_proto(asked.header),
        ..Default::default()
    };
    bare(
        CommandType::SignalExternalWorkflowExecution,
        CommandAttributes::SignalExternalWorkflowExecutionCommandAttributes(attributes),
    )
}

/// The command that requests a cancellation.
pub(crate) fn cancel(asked: CancelExternal) -> command::Command {
    let Target {
        namespace,
        workflow_id,
        run_id,
        child,
    } = asked.target;
    #[expect(
        deprecated,
        reason = "other SDKs name the namespace, and the server records it"
    )]
    let attributes = command::RequestCancelExternalWorkflowExecutionCommandAttributes {
        namespace,
        workflow_id,
        run_id,
        child_workflow_only: child,
        reason: asked.reason,
        ..Default::default()
    };
    bare(
        CommandType::RequestCancelExternalWorkflowExecution,
        CommandAttributes::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes),
    )
}

/// The server accepted to send a signal.
pub(crate) fn signal_initiated(
    id: i64,
    it: history::SignalExternalWorkflowExecutionInitiatedEventAttributes,
) -> Result<ExternalSignalInitiated, WireError> {
    Ok(ExternalSignalInitiated {
        workflow_id: workflow_id(id, it.workflow_execution)?,
        name: it.signal_name,
        child: it.child_workflow_only,
    })
}

/// The server accepted to request a cancellation.
pub(crate) fn cancel_initiated(
    id: i64,
    it: history::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
) -> Result<CommandEvent, WireError> {
    Ok(CommandEvent::ExternalCancelInitiated {
        workflow_id: workflow_id(id, it.workflow_execution)?,
        child: it.child_workflow_only,
    })
}

fn workflow_id(id: i64, execution: Option<WorkflowExecution>) -> Result<String, WireError> {
    match execution {
        Some(execution) => Ok(execution.workflow_id),
        None => {
            let place = format!("event {id}");
            Err(WireError::missing(place, "workflow_execution"))
        }
    }
}

/// Why a signal was not delivered.
pub(crate) fn signal_fault(cause: i32) -> ExternalFault {
    use SignalExternalWorkflowExecutionFailedCause as Cause;
    match Cause::try_from(cause) {
        Ok(Cause::ExternalWorkflowExecutionNotFound) => ExternalFault::NotFound,
        Ok(Cause::NamespaceNotFound) => ExternalFault::NamespaceNotFound,
        Ok(Cause::SignalCountLimitExceeded) => ExternalFault::SignalLimit,
        Ok(Cause::Unspecified) | Err(_) => ExternalFault::Other(cause),
    }
}

/// Why a request to cancel was not delivered.
pub(crate) fn cancel_fault(cause: i32) -> ExternalFault {
    use CancelExternalWorkflowExecutionFailedCause as Cause;
    match Cause::try_from(cause) {
        Ok(Cause::ExternalWorkflowExecutionNotFound) => ExternalFault::NotFound,
        Ok(Cause::NamespaceNotFound) => ExternalFault::NamespaceNotFound,
        Ok(Cause::Unspecified) | Err(_) => ExternalFault::Other(cause),
    }
}
