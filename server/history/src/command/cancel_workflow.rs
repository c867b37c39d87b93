//! `CancelWorkflowExecution`: closes the run as cancelled, without a retry or cron run.

use durably_proto::api::command::v1::CancelWorkflowExecutionCommandAttributes;
use durably_proto::api::common::v1::Payloads;
use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_proto::api::history::v1::WorkflowExecutionCanceledEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::command::Completion;
use crate::id::EventId;
use crate::open_transition::OpenTransition;
use crate::state::Run;

pub(crate) struct CancelWorkflow {
    details: Option<Payloads>,
}

pub(crate) fn read(attributes: CancelWorkflowExecutionCommandAttributes) -> CancelWorkflow {
    CancelWorkflow {
        details: attributes.details,
    }
}

impl CancelWorkflow {
    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let event = WorkflowExecutionCanceledEventAttributes {
            workflow_task_completed_event_id: completing.completed.0,
            details: self.details,
        };
        let canceled = run.record(
            out.now,
            Attributes::WorkflowExecutionCanceledEventAttributes(event),
        );
        run.close(WorkflowExecutionStatus::Canceled, out);
        canceled
    }
}
