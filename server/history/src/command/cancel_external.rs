//! `RequestCancelExternalWorkflowExecution`: records the request; a message delivers it.

use durably_proto::api::command::v1::RequestCancelExternalWorkflowExecutionCommandAttributes;
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::history::v1::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::command::Completion;
use crate::command::bad_command::BadCommand;
use crate::command::external::{check_namespace, check_pending, is_run_id};
use crate::command::plan::Plan;
use crate::id::{EventId, OutgoingKind, RequestId};
use crate::input::RunNamespace;
use crate::limits;
use crate::open_transition::OpenTransition;
use crate::pending::outgoing::OutgoingEntry;
use crate::state::Run;

pub(crate) struct CancelExternal {
    namespace: RunNamespace,
    execution: WorkflowExecution,
    attributes: RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
}

pub(crate) fn read(
    attributes: RequestCancelExternalWorkflowExecutionCommandAttributes,
    namespace: &RunNamespace,
) -> Result<CancelExternal, BadCommand> {
    #[expect(deprecated, reason = "workers still send them")]
    let (named_namespace, control) = (attributes.namespace, attributes.control);
    check_namespace(&named_namespace, namespace).map_err(bad)?;
    let (workflow_id, run_id) = (attributes.workflow_id, attributes.run_id);
    if workflow_id.is_empty() {
        return Err(bad(format!(
            "WorkflowId is not set on RequestCancelExternalWorkflowExecutionCommand. Namespace={named_namespace} RunId={run_id}"
        )));
    }
    if workflow_id.len() > limits::ID {
        return Err(bad(format!(
            "WorkflowId on RequestCancelExternalWorkflowExecutionCommand exceeds length limit. WorkflowId={workflow_id} Length={} Limit={} RunId={run_id} Namespace={named_namespace}",
            workflow_id.len(),
            limits::ID
        )));
    }
    if !run_id.is_empty() && !is_run_id(&run_id) {
        return Err(bad(format!(
            "Invalid RunId set on RequestCancelExternalWorkflowExecutionCommand. WorkflowId={workflow_id} RunId={run_id} Namespace={named_namespace}"
        )));
    }
    let execution = WorkflowExecution {
        workflow_id,
        run_id,
    };
    let event = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
        namespace: named_namespace,
        namespace_id: namespace.id.to_string(),
        workflow_execution: Some(execution.clone()),
        child_workflow_only: attributes.child_workflow_only,
        reason: attributes.reason,
        ..Default::default()
    };
    #[expect(deprecated, reason = "histories still show it")]
    let event = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes { control, ..event };
    Ok(CancelExternal {
        namespace: namespace.clone(),
        execution,
        attributes: event,
    })
}

impl CancelExternal {
    pub(crate) fn check(&self, plan: &mut Plan<'_>) -> Result<(), BadCommand> {
        let WorkflowExecution {
            workflow_id,
            run_id,
        } = &self.execution;
        if plan.started_children.contains(workflow_id) {
            return Err(bad(format!(
                "Start and RequestCancel for child workflow is not allowed in same workflow task. WorkflowId={workflow_id} RunId={run_id} Namespace={}",
                self.attributes.namespace
            )));
        }
        check_pending(
            plan.pending_cancel_requests,
            limits::PENDING_CANCEL_REQUESTS,
            "pending requests to cancel external workflows",
            Cause::PendingRequestCancelLimitExceeded,
        )?;
        plan.pending_cancel_requests += 1;
        Ok(())
    }

    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &mut Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let event = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
            workflow_task_completed_event_id: completing.completed.0,
            ..self.attributes
        };
        let initiated = run.record(
            out.now,
            Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(event),
        );
        let entry = OutgoingEntry {
            namespace: self.namespace.name,
            request_id: RequestId::default(),
            child_run_id: None,
        };
        run.send(OutgoingKind::RequestCancel.of(initiated), entry, out);
        initiated
    }
}

fn bad(message: String) -> BadCommand {
    BadCommand::new(CAUSE, message)
}

const CAUSE: Cause = Cause::BadRequestCancelExternalWorkflowExecutionAttributes;
