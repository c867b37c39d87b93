//! Attaches a start request with the conflict policy `USE_EXISTING` to the running run.

use durably_proto::api::history::v1::WorkflowExecutionOptionsUpdatedEventAttributes;

use crate::input::Attach;
use crate::open_transition::OpenTransition;
use crate::request::workflow_options;
use crate::state::Run;
use crate::transition::Reply;

/// Records the request's id and links.
pub(crate) fn apply(attach: Attach, run: &mut Run, out: &mut OpenTransition) -> Reply {
    if attach
        .request_id
        .as_ref()
        .is_some_and(|id| run.request_event(id).is_some())
    {
        return Reply::AlreadyDone;
    }
    if attach.request_id.is_none() && attach.links.is_empty() {
        return Reply::Done;
    }
    let event = WorkflowExecutionOptionsUpdatedEventAttributes {
        attached_request_id: attach
            .request_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        // As on the real server, the event does not say who attached them.
        ..Default::default()
    };
    workflow_options::record(event, attach.links, run, out);
    Reply::Done
}
