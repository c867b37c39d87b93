//! Child workflows: the command that starts one, and the events about it.

use durably_engine::{
    ChildAnswer, ChildInitiated, ChildStartFault, EventId, IdReusePolicy, ParentClose, StartChild,
};
use durably_proto::api::{
    command::{v1 as command, v1::command::Attributes as CommandAttributes},
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::{
        CommandType, ParentClosePolicy, StartChildWorkflowExecutionFailedCause,
        WorkflowIdReusePolicy,
    },
    history::v1 as history,
};

use super::{
    WireError,
    command::{bare, priority, retry_policy, task_queue, with_metadata},
    failure, payload, time,
};

/// The command.
pub(crate) fn start(asked: StartChild) -> command::Command {
    #[expect(
        deprecated,
        reason = "other SDKs name the namespace, and the server records it"
    )]
    let attributes = command::StartChildWorkflowExecutionCommandAttributes {
        namespace: asked.namespace,
        workflow_id: asked.id.into(),
        workflow_type: Some(WorkflowType {
            name: asked.workflow_type,
        }),
        task_queue: Some(task_queue(asked.task_queue.unwrap_or_default())),
        input: payload::list_to_proto(asked.input),
        workflow_execution_timeout: asked.execution_timeout.map(time::to_duration),
        workflow_run_timeout: asked.run_timeout.map(time::to_duration),
        workflow_task_timeout: asked.task_timeout.map(time::to_duration),
        parent_close_policy: parent_close(asked.parent_close).into(),
        workflow_id_reuse_policy: reuse_policy(asked.id_reuse).into(),
        retry_policy: asked.retry.map(retry_policy),
        priority: priority(asked.priority),
        cron_schedule: asked.cron,
        header: payload::header_to_proto(asked.header),
        memo: payload::memo_to_proto(asked.memo),
        search_attributes: payload::search_attributes_to_proto(asked.search_attributes),
        ..Default::default()
    };
    let attributes = CommandAttributes::StartChildWorkflowExecutionCommandAttributes(attributes);
    with_metadata(
        bare(CommandType::StartChildWorkflowExecution, attributes),
        asked.summary,
        asked.details,
    )
}

/// Whether the id of a closed workflow may be used again.
pub(crate) const fn reuse_policy(policy: IdReusePolicy) -> WorkflowIdReusePolicy {
    match policy {
        IdReusePolicy::AllowDuplicate => WorkflowIdReusePolicy::AllowDuplicate,
        IdReusePolicy::AllowDuplicateFailedOnly => WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
        IdReusePolicy::RejectDuplicate => WorkflowIdReusePolicy::RejectDuplicate,
    }
}

const fn parent_close(policy: ParentClose) -> ParentClosePolicy {
    match policy {
        ParentClose::Terminate => ParentClosePolicy::Terminate,
        ParentClose::Abandon => ParentClosePolicy::Abandon,
        ParentClose::RequestCancel => ParentClosePolicy::RequestCancel,
    }
}

/// The server accepted to start a child.
pub(crate) fn initiated(
    id: i64,
    it: history::StartChildWorkflowExecutionInitiatedEventAttributes,
) -> Result<ChildInitiated, WireError> {
    match it.workflow_type {
        Some(WorkflowType { name }) => Ok(ChildInitiated {
            workflow_id: it.workflow_id,
            workflow_type: name,
        }),
        None => Err(WireError::missing(format!("event {id}"), "workflow_type")),
    }
}

/// A child started.
pub(crate) fn started(
    id: i64,
    it: history::ChildWorkflowExecutionStartedEventAttributes,
) -> Result<ChildAnswer, WireError> {
    let started = EventId(id);
    match it.workflow_execution {
        Some(WorkflowExecution { run_id, .. }) => Ok(ChildAnswer::Started { started, run_id }),
        None => {
            let place = format!("event {id}");
            Err(WireError::missing(place, "workflow_execution"))
        }
    }
}

/// A child failed.
pub(crate) fn failed(it: history::ChildWorkflowExecutionFailedEventAttributes) -> ChildAnswer {
    ChildAnswer::Failed {
        failure: Box::new(failure::from_proto(it.failure.unwrap_or_default())),
        retry_state: failure::retry_state(it.retry_state),
    }
}

/// Why a child could not be started.
pub(crate) fn start_fault(cause: i32) -> ChildStartFault {
    use StartChildWorkflowExecutionFailedCause as Cause;
    match Cause::try_from(cause) {
        Ok(Cause::WorkflowAlreadyExists) => ChildStartFault::AlreadyStarted,
        Ok(Cause::NamespaceNotFound) => ChildStartFault::NamespaceNotFound,
        Ok(Cause::InvalidVersioningOverride) => ChildStartFault::InvalidVersioningOverride,
        Ok(Cause::Unspecified) | Err(_) => ChildStartFault::Other(cause),
    }
}
