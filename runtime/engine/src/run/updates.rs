//! Places updates among the other facts of their slice.
//!
//! An update is requested by a message of the task, or by the event `UpdateAdmitted` after a reset. The
//! platform gives each a sequencing event, after which it happens: the last event before `TaskStarted`
//! for a message, the event itself for `UpdateAdmitted`. The acceptance echoes it, so that a replay,
//! which finds the update in `UpdateAccepted`, places it between the same two events.

use super::Run;
use crate::machine::OpenUpdate;
use crate::{EngineError, EventId, UpdateAccepted, UpdateMessage, UpdateRequest};

/// The updates of a run whose job is not out yet.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// Those of the slice in hand, in the order of their jobs.
    due: Vec<Arrival>,
    /// Requests of `UpdateAdmitted` events whose acceptance is not known.
    admitted: Vec<(EventId, UpdateRequest)>,
}

#[derive(Debug)]
struct Arrival {
    message_id: String,
    protocol_instance: String,
    /// The event after which its job comes.
    sequencing: EventId,
    /// None if an `UpdateAdmitted` event holds it.
    request: Option<UpdateRequest>,
    /// Whether history says that the update was accepted.
    accepted: bool,
}

impl Arrivals {
    /// Lines up the updates that came with the task.
    pub(super) fn expect_messages(&mut self, messages: Vec<UpdateMessage>) {
        self.due = messages
            .into_iter()
            .map(|message| Arrival {
                message_id: message.message_id,
                protocol_instance: message.protocol_instance,
                sequencing: message.sequencing,
                request: Some(message.request),
                accepted: false,
            })
            .collect();
        self.due.sort_by_key(|arrival| arrival.sequencing);
    }

    /// Lines up an update that the commands after the slice accept; takes its request.
    pub(super) fn expect_accepted(&mut self, accepted: &mut UpdateAccepted) {
        self.due.push(Arrival {
            message_id: accepted.message_id.clone(),
            protocol_instance: accepted.id.clone(),
            sequencing: accepted.sequencing,
            request: accepted.request.take(),
            accepted: true,
        });
    }

    /// Takes an `UpdateAdmitted` in.
    pub(super) fn admit(&mut self, event: EventId, request: UpdateRequest, live: bool) {
        if !live {
            self.admitted.push((event, request));
            return;
        }
        self.due.push(Arrival {
            message_id: format!("{}/request", request.id),
            protocol_instance: request.id.clone(),
            sequencing: event,
            request: Some(request),
            accepted: false,
        });
    }

    /// Takes the first update out whose job comes before the event `next`; one whose request is not read
    /// yet waits for it.
    fn take_before(&mut self, next: EventId) -> Option<(Arrival, UpdateRequest)> {
        for at in 0..self.due.len() {
            let arrival = &mut self.due[at];
            // Nothing comes before the event that starts the run.
            if arrival.sequencing.max(EventId(1)) >= next {
                continue;
            }
            let request = arrival.request.take().or_else(|| {
                let id = &arrival.protocol_instance;
                let held = self.admitted.iter().position(|(_, held)| held.id == *id)?;
                Some(self.admitted.remove(held).1)
            });
            if let Some(request) = request {
                return Some((self.due.remove(at), request));
            }
        }
        None
    }
}

impl Run {
    /// Tells the updates that happen before the event `next`.
    pub(super) fn queue_updates_before(&mut self, next: EventId) {
        while let Some((arrival, mut request)) = self.arrivals.take_before(next) {
            request.replaying = arrival.accepted;
            let update = OpenUpdate {
                message_id: arrival.message_id,
                protocol_instance: arrival.protocol_instance,
                sequencing: arrival.sequencing,
                identity: request.identity.clone(),
            };
            self.updates.open(request.id.clone(), update);
            self.out.job(crate::Job::Update(request));
        }
    }

    /// Tells the rest of the slice's updates.
    pub(super) fn queue_last_updates(&mut self) -> Result<(), EngineError> {
        self.queue_updates_before(EventId(i64::MAX));
        match self.arrivals.due.first() {
            None => Ok(()),
            Some(Arrival {
                protocol_instance, ..
            }) => Err(EngineError::MalformedHistory {
                event: self.processed,
                reason: format!("update `{protocol_instance}` is accepted, but nowhere requested"),
            }),
        }
    }
}
