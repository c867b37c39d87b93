//! A request to delete a run: it is closed, and removed when its messages are delivered.

use crate::open_transition::OpenTransition;
use crate::state::Run;
use crate::task::termination;
use crate::transition::Reply;

/// Terminates the run if it is running, and marks it for removal.
pub(crate) fn apply(run: &mut Run, out: &mut OpenTransition) -> Reply {
    if run.is_running() {
        // Its parent and its children must learn of the end, as of any other.
        termination::by_server(run, "Delete workflow execution".to_owned(), out);
    }
    run.deletion_requested = true;
    Reply::Done
}
