//! Updates: their delivery with workflow tasks, and their ends.
//!
//! No event is recorded before acceptance, so a rejected update leaves none.

use durably_proto::Message as _;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::protocol::v1::Message;
use durably_proto::api::protocol::v1::message::SequencingId;
use durably_proto::api::update::v1::{Outcome, Request};
use durably_proto::wkt;

use crate::failure;
use crate::id::{EventId, UpdateId};
use crate::open_transition::OpenTransition;
use crate::pending::updates::{EndAtClose, UpdateState};
use crate::state::Run;
use crate::transition::{UpdateAbort, UpdateStage, UpdateStatus};

/// Builds the messages of a starting workflow task and marks their updates as sent.
pub(crate) fn take_messages(run: &mut Run, started: EventId, resend: bool) -> Vec<Message> {
    let sent = run.updates.send(resend).into_iter();
    sent.map(|(id, request)| message(&id, &request, started))
        .collect()
}

fn message(id: &UpdateId, request: &Request, started: EventId) -> Message {
    Message {
        id: message_id(id),
        protocol_instance_id: id.to_string(),
        body: Some(wkt::Any {
            type_url: format!("{TYPE_URL}temporal.api.update.v1.Request"),
            value: request.encode_to_vec(),
        }),
        sequencing_id: Some(SequencingId::EventId(started.0 - 1)),
    }
}

/// The id of the message that delivers an update.
pub(crate) fn message_id(id: &UpdateId) -> String {
    format!("{id}/request")
}

/// Rejects the updates that the worker did not answer; otherwise they would be sent again and
/// again.
pub(crate) fn reject_unprocessed(run: &mut Run, out: &mut OpenTransition) {
    for id in run.updates.sent() {
        reject(run, id, failure::update_unprocessed(), out);
    }
}

/// Removes a rejected update and notifies its waiters.
pub(crate) fn reject(run: &mut Run, id: UpdateId, outcome: Outcome, out: &mut OpenTransition) {
    run.updates.reject(&id);
    notify_stage(id, UpdateStage::Completed(Box::new(outcome)), out);
}

/// Ends all unfinished updates of a closing run.
pub(crate) fn abort_all(run: &mut Run, abort: UpdateAbort, out: &mut OpenTransition) {
    for (id, end) in run.updates.end_all() {
        let stage = match end {
            EndAtClose::Aborted => UpdateStage::Aborted(abort),
            EndAtClose::Failed => {
                UpdateStage::Completed(Box::new(failure::update_failed_at_close()))
            }
        };
        notify_stage(id, stage, out);
    }
}

/// Notifies the update's waiters.
pub(crate) fn notify_stage(id: UpdateId, stage: UpdateStage, out: &mut OpenTransition) {
    out.update_reached(UpdateStatus { id, stage });
}

impl Run {
    /// The status of an update; none if it is unknown or was rejected.
    pub fn update(&self, id: &UpdateId) -> Option<UpdateStatus> {
        let stage = match &self.updates.get(id)?.state {
            UpdateState::Admitted(_)
            | UpdateState::Sent(_)
            | UpdateState::Recorded(_)
            | UpdateState::RecordedSent(_) => UpdateStage::Admitted,
            UpdateState::Accepted(_) => UpdateStage::Accepted,
            UpdateState::Completed(event) => {
                UpdateStage::Completed(Box::new(self.update_outcome(*event)))
            }
            UpdateState::FailedAtClose => {
                UpdateStage::Completed(Box::new(failure::update_failed_at_close()))
            }
        };
        Some(UpdateStatus {
            id: id.clone(),
            stage,
        })
    }

    /// Whether the update is completed; its result can be read after the run has closed.
    pub fn has_completed_update(&self, id: &UpdateId) -> bool {
        let update = self.updates.get(id);
        update.is_some_and(|update| matches!(update.state, UpdateState::Completed(_)))
    }

    fn update_outcome(&self, completed: EventId) -> Outcome {
        let place = usize::try_from(completed.0 - 1).expect("an event id");
        match self.events.get(place).and_then(|it| it.attributes) {
            Some(Attributes::WorkflowExecutionUpdateCompletedEventAttributes(event)) => {
                event.outcome.unwrap_or_default()
            }
            other => unreachable!("event {completed} completed an update, but is {other:?}"),
        }
    }
}

/// Prefix of a message's name in an `Any`.
pub(crate) const TYPE_URL: &str = "type.googleapis.com/";
