//! A termination request: closes the run without a workflow task.

use crate::input::Terminate;
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::state::Run;
use crate::task::task_end::{self, Failed};
use crate::task::termination;
use crate::transition::Reply;

/// Terminates the run.
pub(crate) fn apply(
    terminate: Terminate,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    run.check_chain(terminate.first_run_id.as_ref())?;
    if terminate.child_of.is_some() {
        run.check_parent(terminate.child_of.as_ref())?;
    }
    let reason = match terminate.reason.as_str() {
        "" => "terminated by user via frontend".to_owned(),
        _ => terminate.reason,
    };
    let identity = match terminate.identity.as_str() {
        "" => "frontend-service".to_owned(),
        _ => terminate.identity,
    };
    let terminate = Terminate {
        reason,
        identity,
        ..terminate
    };
    task_end::end_failed(run, Failed::force_close(), out);
    termination::end(terminate, run, out);
    Ok(Reply::Done)
}
