//! Update messages of a worker: acceptance, rejection, response.

use durably_proto::Message as _;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    WorkflowExecutionUpdateAcceptedEventAttributes, WorkflowExecutionUpdateCompletedEventAttributes,
};
use durably_proto::api::protocol::v1::Message;
use durably_proto::api::update::v1::{Acceptance, Outcome, Rejection, Response, outcome};

use crate::command::bad_command::BadCommand;
use crate::command::plan::Plan;
use crate::id::{EventId, UpdateId};
use crate::limits;
use crate::open_transition::OpenTransition;
use crate::pending::updates::UpdateState;
use crate::state::Run;
use crate::transition::UpdateStage;
use crate::updates::{self, TYPE_URL};

/// One parsed message.
pub(crate) enum UpdateMessage {
    Accept {
        id: UpdateId,
        acceptance: Acceptance,
    },
    Reject {
        id: UpdateId,
        rejection: Rejection,
    },
    Respond {
        id: UpdateId,
        response: Response,
    },
}

/// State of an update after the messages planned so far.
#[derive(Clone, Copy)]
pub(crate) enum PlannedUpdate {
    Accepted,
    Done,
}

pub(crate) fn read(message: Message) -> Result<UpdateMessage, BadCommand> {
    let id = UpdateId::from(message.protocol_instance_id);
    let body = message
        .body
        .ok_or_else(|| bad(format!("update {id} received a message without body")))?;
    if body.value.len() > limits::BLOB {
        return Err(BadCommand::too_large(CAUSE, "Message exceeds size limit."));
    }
    let name = body
        .type_url
        .strip_prefix(TYPE_URL)
        .unwrap_or(&body.type_url);
    let undecodable = |error| bad(format!("unable to unmarshal {name}: {error}"));
    let bytes = body.value.as_slice();
    match name {
        "temporal.api.update.v1.Acceptance" => Acceptance::decode(bytes)
            .map(|acceptance| UpdateMessage::Accept { id, acceptance })
            .map_err(undecodable),
        "temporal.api.update.v1.Rejection" => Rejection::decode(bytes)
            .map(|rejection| UpdateMessage::Reject { id, rejection })
            .map_err(undecodable),
        "temporal.api.update.v1.Response" => Response::decode(bytes)
            .map(|response| UpdateMessage::Respond { id, response })
            .map_err(undecodable),
        _ => Err(bad(format!("unsupported message type {name}"))),
    }
}

impl UpdateMessage {
    /// Checks the message; returns whether it is applied. After the run is closed only rejections
    /// are.
    pub(crate) fn check(&self, plan: &mut Plan<'_>) -> Result<bool, BadCommand> {
        let planned = plan.updates.get(self.id()).copied();
        let known = plan.run.updates.get(self.id()).map(|update| &update.state);
        let unanswered = planned.is_none() && known.is_some_and(UpdateState::is_unanswered);
        let unknown = planned.is_none() && known.is_none();
        let next = match self {
            Self::Accept { acceptance, .. } => {
                let revived = unknown && acceptance.accepted_request.is_some();
                if !(unanswered || revived) {
                    return Err(self.misplaced(unknown));
                }
                PlannedUpdate::Accepted
            }
            Self::Reject { rejection, .. } => {
                let revived = unknown && rejection.rejected_request.is_some();
                if !(unanswered || revived) {
                    return Err(self.misplaced(unknown));
                }
                PlannedUpdate::Done
            }
            Self::Respond { response, .. } => {
                let accepted = match planned {
                    Some(PlannedUpdate::Accepted) => true,
                    Some(PlannedUpdate::Done) => false,
                    None => matches!(known, Some(UpdateState::Accepted(_))),
                };
                if !accepted {
                    return Err(self.misplaced(unknown));
                }
                if response
                    .outcome
                    .as_ref()
                    .is_none_or(|outcome| outcome.value.is_none())
                {
                    return Err(bad(format!(
                        "response to update {} has no outcome",
                        self.id()
                    )));
                }
                PlannedUpdate::Done
            }
        };
        if plan.closed && !matches!(self, Self::Reject { .. }) {
            return Ok(false);
        }
        plan.updates.insert(self.id().clone(), next);
        Ok(true)
    }

    pub(crate) fn is_rejection(&self) -> bool {
        matches!(self, Self::Reject { .. })
    }

    /// Whether the message records an event.
    pub(crate) fn is_recorded(&self) -> bool {
        !self.is_rejection()
    }

    pub(crate) fn apply(self, run: &mut Run, out: &mut OpenTransition) {
        match self {
            Self::Accept { id, acceptance } => accept(id, acceptance, run, out),
            Self::Reject { id, rejection } => {
                let outcome = Outcome {
                    value: rejection.failure.map(outcome::Value::Failure),
                };
                updates::reject(run, id, outcome, out);
            }
            Self::Respond { id, response } => respond(id, response, run, out),
        }
    }

    fn id(&self) -> &UpdateId {
        match self {
            Self::Accept { id, .. } | Self::Reject { id, .. } | Self::Respond { id, .. } => id,
        }
    }

    fn misplaced(&self, unknown: bool) -> BadCommand {
        let id = self.id();
        if unknown {
            return bad(format!(
                "update {id} wasn't found on the server. This is most likely a transient error which will be resolved automatically by retries"
            ));
        }
        let kind = match self {
            Self::Accept { .. } => "Acceptance",
            Self::Reject { .. } => "Rejection",
            Self::Respond { .. } => "Response",
        };
        bad(format!(
            "invalid state transition attempted for Update {id}: received {kind} message"
        ))
    }
}

fn accept(id: UpdateId, acceptance: Acceptance, run: &mut Run, out: &mut OpenTransition) {
    let known = run.updates.get(&id);
    // The event that admitted the update has its request.
    let is_recorded = known.is_some_and(|update| update.state.admitted_event().is_some());
    let event = WorkflowExecutionUpdateAcceptedEventAttributes {
        protocol_instance_id: id.to_string(),
        accepted_request_message_id: updates::message_id(&id),
        accepted_request_sequencing_event_id: acceptance.accepted_request_sequencing_event_id,
        accepted_request: match is_recorded {
            true => None,
            false => run
                .updates
                .request(&id)
                .cloned()
                .or(acceptance.accepted_request),
        },
    };
    let accepted = run.record(
        out.now,
        Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(event),
    );
    run.updates.accept(id.clone(), accepted);
    updates::notify_stage(id, UpdateStage::Accepted, out);
}

fn respond(id: UpdateId, response: Response, run: &mut Run, out: &mut OpenTransition) {
    let Some(UpdateState::Accepted(accepted)) = run.updates.get(&id).map(|it| &it.state) else {
        return;
    };
    let accepted = *accepted;
    let outcome = response.outcome.clone().unwrap_or_default();
    let completed = record_completed(run, accepted, response, out);
    run.updates.complete(&id, completed);
    updates::notify_stage(id, UpdateStage::Completed(Box::new(outcome)), out);
}

fn record_completed(
    run: &mut Run,
    accepted: EventId,
    response: Response,
    out: &OpenTransition,
) -> EventId {
    let event = WorkflowExecutionUpdateCompletedEventAttributes {
        meta: response.meta,
        accepted_event_id: accepted.0,
        outcome: response.outcome,
    };
    run.record(
        out.now,
        Attributes::WorkflowExecutionUpdateCompletedEventAttributes(event),
    )
}

fn bad(message: String) -> BadCommand {
    BadCommand::new(CAUSE, message)
}

const CAUSE: Cause = Cause::BadUpdateWorkflowExecutionMessage;
