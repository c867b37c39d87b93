//! `SignalExternalWorkflowExecution`: records the signal; a message delivers it.

use durably_proto::Message;
use durably_proto::api::command::v1::SignalExternalWorkflowExecutionCommandAttributes;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::history::v1::SignalExternalWorkflowExecutionInitiatedEventAttributes;
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

pub(crate) struct SignalExternal {
    namespace: RunNamespace,
    attributes: SignalExternalWorkflowExecutionInitiatedEventAttributes,
}

pub(crate) fn read(
    attributes: SignalExternalWorkflowExecutionCommandAttributes,
    namespace: &RunNamespace,
) -> Result<SignalExternal, BadCommand> {
    let Some(execution) = attributes.execution else {
        let message = "Execution is not set on SignalExternalWorkflowExecutionCommand.";
        return Err(bad(message.to_owned()));
    };
    #[expect(deprecated, reason = "workers still send them")]
    let (named_namespace, control) = (attributes.namespace, attributes.control);
    check_namespace(&named_namespace, namespace).map_err(bad)?;
    let (workflow_id, run_id) = (&execution.workflow_id, &execution.run_id);
    let signal = &attributes.signal_name;
    if workflow_id.is_empty() {
        return Err(bad(format!(
            "WorkflowId is not set on SignalExternalWorkflowExecutionCommand. Namespace={named_namespace} RunId={run_id} SignalName={signal}"
        )));
    }
    if workflow_id.len() > limits::ID {
        return Err(bad(format!(
            "WorkflowId on SignalExternalWorkflowExecutionCommand exceeds length limit. WorkflowId={workflow_id} Length={} Limit={} Namespace={named_namespace} RunId={run_id} SignalName={signal}",
            workflow_id.len(),
            limits::ID
        )));
    }
    if !run_id.is_empty() && !is_run_id(run_id) {
        return Err(bad(format!(
            "Invalid RunId set on SignalExternalWorkflowExecutionCommand. WorkflowId={workflow_id} Namespace={named_namespace} RunId={run_id} SignalName={signal}"
        )));
    }
    if signal.is_empty() {
        return Err(bad(format!(
            "SignalName is not set on SignalExternalWorkflowExecutionCommand. WorkflowId={workflow_id} Namespace={named_namespace} RunId={run_id}"
        )));
    }
    if attributes.input.as_ref().map_or(0, Message::encoded_len) > limits::BLOB {
        let message = "SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size limit.";
        return Err(BadCommand::too_large(CAUSE, message));
    }
    let event = SignalExternalWorkflowExecutionInitiatedEventAttributes {
        namespace: named_namespace,
        namespace_id: namespace.id.to_string(),
        workflow_execution: Some(execution),
        signal_name: attributes.signal_name,
        input: attributes.input,
        child_workflow_only: attributes.child_workflow_only,
        header: attributes.header,
        ..Default::default()
    };
    #[expect(deprecated, reason = "histories still show it")]
    let event = SignalExternalWorkflowExecutionInitiatedEventAttributes { control, ..event };
    Ok(SignalExternal {
        namespace: namespace.clone(),
        attributes: event,
    })
}

impl SignalExternal {
    pub(crate) fn check(&self, plan: &mut Plan<'_>) -> Result<(), BadCommand> {
        check_pending(
            plan.pending_signals,
            limits::PENDING_SIGNALS,
            "pending signals to external workflows",
            Cause::PendingSignalsLimitExceeded,
        )?;
        plan.pending_signals += 1;
        Ok(())
    }

    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &mut Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let event = SignalExternalWorkflowExecutionInitiatedEventAttributes {
            workflow_task_completed_event_id: completing.completed.0,
            ..self.attributes
        };
        let initiated = run.record(
            out.now,
            Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(event),
        );
        let entry = OutgoingEntry {
            namespace: self.namespace.name,
            request_id: RequestId::from(run.random.run_id().as_str()),
            child_run_id: None,
        };
        run.send(OutgoingKind::Signal.of(initiated), entry, out);
        initiated
    }
}

fn bad(message: String) -> BadCommand {
    BadCommand::new(CAUSE, message)
}

const CAUSE: Cause = Cause::BadSignalWorkflowExecutionAttributes;
