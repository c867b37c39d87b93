//! A termination: the run ends, and the workflow is not asked.

use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_proto::api::history::v1::WorkflowExecutionTerminatedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::apply::Out;
use crate::input::Terminate;
use crate::outcome::{Reply, UpdateAbort};
use crate::rejection::Rejection;
use crate::request::update;
use crate::state::Run;
use crate::task::task_end::{self, Failed};

/// Ends the run.
pub(crate) fn apply(
    terminate: Terminate,
    run: &mut Run,
    out: &mut Out,
) -> Result<Reply, Rejection> {
    run.check_chain(terminate.first_run_id.as_ref())?;
    let reason = match terminate.reason.as_str() {
        "" => "terminated by user via frontend".to_owned(),
        _ => terminate.reason,
    };
    let terminate = Terminate {
        reason,
        ..terminate
    };
    task_end::end_failed(run, Failed::force_close(), out);
    end(terminate, run, out);
    Ok(Reply::Done)
}

/// Ends the run for something that must not go on.
pub(crate) fn by_server(run: &mut Run, reason: String, out: &mut Out) {
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

fn end(terminate: Terminate, run: &mut Run, out: &mut Out) {
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
    update::abort_all(run, UpdateAbort::Closed, out);
    run.close(WorkflowExecutionStatus::Terminated, out);
}
