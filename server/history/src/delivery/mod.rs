//! Answers to the messages that the run sent to other executions, and reports of its children.

mod child;
mod external;

pub(crate) use child::closed as child_closed;
pub(crate) use child::record_again;

use crate::id::OutgoingKind;
use crate::input::Delivered;
use crate::open_transition::OpenTransition;
use crate::state::Run;
use crate::transition::Reply;

/// Records the answer to a message and removes the message.
pub(crate) fn apply(delivered: Delivered, run: &mut Run, out: &mut OpenTransition) -> Reply {
    match delivered {
        Delivered::ChildStarted { initiated, run_id } => {
            child::started(initiated, run_id, run, out)
        }
        Delivered::StartChildFailed { initiated, cause } => {
            child::start_failed(initiated, cause, run, out)
        }
        Delivered::Signaled { initiated } => external::signaled(initiated, run, out),
        Delivered::SignalFailed { initiated, cause } => {
            external::signal_failed(initiated, cause, run, out)
        }
        Delivered::CancelRequested { initiated } => external::cancel_requested(initiated, run, out),
        Delivered::RequestCancelFailed { initiated, cause } => {
            external::request_cancel_failed(initiated, cause, run, out)
        }
        Delivered::Done(key) => match key.kind {
            OutgoingKind::BeginChild | OutgoingKind::ClosePolicy | OutgoingKind::ReportClose => {
                match run.outgoing.remove(key) {
                    Some(_) => Reply::Done,
                    None => Reply::AlreadyDone,
                }
            }
            // The answers to these are events.
            OutgoingKind::StartChild | OutgoingKind::Signal | OutgoingKind::RequestCancel => {
                Reply::AlreadyDone
            }
        },
    }
}
