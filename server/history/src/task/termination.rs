//! Termination of a run, by a request or by the server.

use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_proto::api::history::v1::WorkflowExecutionTerminatedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::input::Terminate;
use crate::open_transition::OpenTransition;
use crate::state::Run;
use crate::task::task_end::{self, Failed};
use crate::transition::UpdateAbort;
use crate::updates;

/// Terminates the run on the server's behalf.
pub(crate) fn by_server(run: &mut Run, reason: String, out: &mut OpenTransition) {
    task_end::end_failed(run, Failed::force_close(), out);
    let identity = "history-service".to_owned();
    end(
        Terminate {
            reason,
            identity,
            ..Default::default()
        },
        run,
        out,
    );
}

pub(crate) fn end(terminate: Terminate, run: &mut Run, out: &mut OpenTransition) {
    record(terminate, run, out);
    run.close(WorkflowExecutionStatus::Terminated, out);
}

/// Records the termination of a run that the caller closes.
pub(crate) fn record(terminate: Terminate, run: &mut Run, out: &mut OpenTransition) {
    run.flush_buffer();
    let event = WorkflowExecutionTerminatedEventAttributes {
        reason: terminate.reason,
        details: terminate.details,
        identity: terminate.identity,
    };
    run.record(
        out.now,
        Attributes::WorkflowExecutionTerminatedEventAttributes(event),
    );
    run.last_event_mut().links = terminate.links;
    updates::abort_all(run, UpdateAbort::Closed, out);
}
