//! Update: a request that user code first accepts or rejects, and then completes.
//!
//! ```text
//!   Open --accept--> Accepted --complete--> Done    two events: UpdateAccepted, UpdateCompleted
//!     '----reject--------------------------> Done   no event
//! ```
//! Acceptance, rejection and result are sent as messages; a `ProtocolMessage` command says where among the
//! commands it belongs.

use std::collections::BTreeMap;

use super::Once;
use crate::{
    Command, CommandEvent, CommandSummary, EngineError, EventId, FailureRecord, Header, Payload,
    TaskCompletion,
};

/// An update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateRequest {
    /// Id of the update, unique in the run.
    pub id: String,
    /// Name of the update.
    pub name: String,
    /// Its arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
    /// Who sent it.
    pub identity: String,
    /// Whether it was accepted before; then the validator is skipped.
    pub replaying: bool,
}

/// An update, in the message by which the server sent it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateMessage {
    /// Id of the message.
    pub message_id: String,
    /// Id of the exchange of messages; the update's.
    pub protocol_instance: String,
    /// The event after which the update happens.
    pub sequencing: EventId,
    /// What is asked.
    pub request: UpdateRequest,
}

/// An update passed its validator.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateAccepted {
    /// Id of the update.
    pub id: String,
    /// The message that requested it.
    pub message_id: String,
    /// The event after which it was requested.
    pub sequencing: EventId,
    /// What was asked; missing when an earlier event holds it.
    pub request: Option<UpdateRequest>,
}

/// One message to the server about an update.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Id of the message.
    pub id: String,
    /// Id of the exchange of messages; the update's.
    pub protocol_instance: String,
    /// Its content.
    pub body: MessageBody,
}

/// The content of a message about an update.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageBody {
    /// It passed its validator.
    Accepted {
        /// The message that requested it.
        message_id: String,
        /// The event after which it was requested.
        sequencing: EventId,
    },
    /// It did not.
    Rejected {
        /// The message that requested it.
        message_id: String,
        /// The event after which it was requested.
        sequencing: EventId,
        /// Why.
        failure: FailureRecord,
    },
    /// Its handler came to its end.
    Completed {
        /// Id of the update.
        update_id: String,
        /// Who sent it.
        identity: String,
        /// What the handler returned.
        result: Result<Vec<Payload>, FailureRecord>,
    },
}

/// The open updates of a run, by id.
#[derive(Debug, Default)]
pub(crate) struct Updates {
    open: BTreeMap<String, OpenUpdate>,
}

/// An update that is not completed.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenUpdate {
    pub(crate) message_id: String,
    pub(crate) protocol_instance: String,
    pub(crate) sequencing: EventId,
    pub(crate) identity: String,
}

impl Updates {
    pub(crate) fn open(&mut self, id: String, update: OpenUpdate) {
        self.open.insert(id, update);
    }

    pub(crate) fn accept(&self, id: String) -> Result<UpdateStep, EngineError> {
        match self.open.get(&id) {
            Some(update) => Ok(UpdateStep {
                update: update.clone(),
                id,
                said: Said::Accepted,
            }),
            None => Err(unknown("accept update", id)),
        }
    }

    pub(crate) fn reject(
        &mut self,
        id: String,
        failure: FailureRecord,
    ) -> Result<UpdateStep, EngineError> {
        match self.open.remove(&id) {
            Some(update) => Ok(UpdateStep {
                update,
                id,
                said: Said::Rejected(Box::new(failure)),
            }),
            None => Err(unknown("reject update", id)),
        }
    }

    pub(crate) fn complete(
        &mut self,
        id: String,
        result: Result<Vec<Payload>, FailureRecord>,
    ) -> Result<UpdateStep, EngineError> {
        match self.open.remove(&id) {
            Some(update) => Ok(UpdateStep {
                update,
                id,
                said: Said::Completed(Box::new(result)),
            }),
            None => Err(unknown("complete update", id)),
        }
    }
}

/// One word about an update.
#[derive(Debug)]
pub(crate) struct UpdateStep {
    id: String,
    update: OpenUpdate,
    said: Said,
}

#[derive(Debug)]
enum Said {
    Accepted,
    Rejected(Box<FailureRecord>),
    Completed(Box<Result<Vec<Payload>, FailureRecord>>),
}

impl Once for UpdateStep {
    fn summary(&self) -> CommandSummary {
        let id = self.id.clone();
        match self.said {
            Said::Accepted => CommandSummary::AcceptUpdate { id },
            Said::Rejected(_) => CommandSummary::RejectUpdate { id },
            Said::Completed(_) => CommandSummary::CompleteUpdate { id },
        }
    }

    fn send(&mut self, out: &mut TaskCompletion) {
        let update = std::mem::take(&mut self.update);
        let (suffix, body) = match &mut self.said {
            Said::Accepted => (
                "accept",
                MessageBody::Accepted {
                    message_id: update.message_id.clone(),
                    sequencing: update.sequencing,
                },
            ),
            Said::Rejected(failure) => (
                "reject",
                MessageBody::Rejected {
                    message_id: update.message_id.clone(),
                    sequencing: update.sequencing,
                    failure: std::mem::take(failure.as_mut()),
                },
            ),
            Said::Completed(result) => (
                "complete",
                MessageBody::Completed {
                    update_id: self.id.clone(),
                    identity: update.identity,
                    result: std::mem::replace(result.as_mut(), Ok(Vec::new())),
                },
            ),
        };
        let id = format!("{}/{suffix}", update.message_id);
        if self.leaves_event() {
            out.commands.push(Command::ProtocolMessage {
                message_id: id.clone(),
            });
        }
        out.messages.push(Message {
            id,
            protocol_instance: update.protocol_instance,
            body,
        });
    }

    fn left(&self, event: &CommandEvent) -> bool {
        match (&self.said, event) {
            (Said::Accepted, CommandEvent::UpdateAccepted(it)) => it.id == self.id,
            (Said::Completed(_), CommandEvent::UpdateCompleted { id }) => *id == self.id,
            (Said::Accepted | Said::Rejected(_) | Said::Completed(_), _) => false,
        }
    }

    fn leaves_event(&self) -> bool {
        !matches!(self.said, Said::Rejected(_))
    }
}

fn unknown(intent: &'static str, id: String) -> EngineError {
    EngineError::UnknownUpdate { intent, id }
}
