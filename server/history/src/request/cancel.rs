//! A cancel request: records it and schedules a workflow task.

use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::history::v1::WorkflowExecutionCancelRequestedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::input::RequestCancel;
use crate::open_transition::OpenTransition;
use crate::rejection::{ChainMismatch, Rejection};
use crate::state::Run;
use crate::transition::Reply;

/// Records the first request; later ones succeed without an event.
pub(crate) fn apply(
    cancel: RequestCancel,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    run.check_chain(cancel.first_run_id.as_ref())?;
    if cancel.child_only {
        run.check_parent(cancel.external.as_ref())?;
    }
    if run.cancel_requested {
        return Ok(Reply::AlreadyDone);
    }
    let event = WorkflowExecutionCancelRequestedEventAttributes {
        cause: cancel.reason,
        external_initiated_event_id: cancel.external_initiated.0,
        external_workflow_execution: cancel.external,
        identity: cancel.identity,
    };
    run.cancel_requested = true;
    run.buffer_with_links(
        out.now,
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(event),
        cancel.links,
    );
    run.ensure_workflow_task(out);
    Ok(Reply::Done)
}

impl Run {
    /// Rejects a request that names the first run of another chain.
    pub(crate) fn check_chain(&self, wanted: Option<&crate::id::RunId>) -> Result<(), Rejection> {
        match wanted {
            Some(wanted) if *wanted != self.config.first_run_id => {
                let first_run_id = self.config.first_run_id.clone();
                Err(Rejection::ChainMismatch(ChainMismatch { first_run_id }))
            }
            _ => Ok(()),
        }
    }

    /// Rejects a message for a child of another run.
    pub(crate) fn check_parent(&self, wanted: Option<&WorkflowExecution>) -> Result<(), Rejection> {
        match self.parent().map(|(parent, _)| parent) == wanted {
            true => Ok(()),
            false => Err(Rejection::OtherParent),
        }
    }
}
