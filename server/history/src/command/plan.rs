//! The plan: what a task's commands and messages will do, checked against the run and each other.

use std::collections::{BTreeMap, BTreeSet};

use durably_proto::api::command::v1::Command as CommandMessage;
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::protocol::v1::Message;
use durably_proto::api::sdk::v1::{EventGroupMarker, UserMetadata};

use crate::command::protocol_message::{self, PlannedUpdate, UpdateMessage};
use crate::command::{Command, Refusal};
use crate::id::{ActivityId, EventId, TimerId, UpdateId};
use crate::input::RefusedCommand;
use crate::state::{ActivityState, Run};

/// One thing to do.
pub(crate) enum Step {
    Command { command: Command, extras: Extras },
    Message(UpdateMessage),
}

/// What every command may give its event.
#[derive(Default)]
pub(crate) struct Extras {
    pub user_metadata: Option<UserMetadata>,
    pub event_group_markers: Vec<EventGroupMarker>,
}

/// The run as the steps planned so far will leave it.
pub(crate) struct Plan<'a> {
    pub run: &'a Run,
    pub timers: BTreeMap<TimerId, bool>,
    /// Fired timers whose event the worker will never see.
    pub unfired: BTreeSet<TimerId>,
    pub new_activities: BTreeSet<ActivityId>,
    pub cancelled_activities: BTreeSet<EventId>,
    pub updates: BTreeMap<UpdateId, PlannedUpdate>,
    /// A command has closed the run.
    pub closed: bool,
}

/// Reads and checks everything the worker sent.
pub(crate) fn plan(
    run: &Run,
    commands: Vec<CommandMessage>,
    mut messages: Vec<Message>,
    refused: Option<RefusedCommand>,
) -> Result<Vec<Step>, Refusal> {
    let mut plan = Plan {
        run,
        timers: BTreeMap::new(),
        unfired: BTreeSet::new(),
        new_activities: BTreeSet::new(),
        cancelled_activities: BTreeSet::new(),
        updates: BTreeMap::new(),
        closed: false,
    };
    let mut steps = Vec::with_capacity(commands.len() + messages.len());
    for (place, mut command) in commands.into_iter().enumerate() {
        if let Some(refused) = refused.as_ref().filter(|it| it.place == place) {
            return Err(Refusal {
                fatal: refused.fatal,
                ..Refusal::new(Cause::BadSearchAttributes, refused.message.clone())
            });
        }
        if let Some(Attributes::ProtocolMessageCommandAttributes(attributes)) = &command.attributes
        {
            let message = take(&mut messages, &attributes.message_id)?;
            steps.extend(plan.message(message)?);
            continue;
        }
        let extras = Extras {
            user_metadata: command.user_metadata.take(),
            event_group_markers: std::mem::take(&mut command.event_group_markers),
        };
        let command = Command::read(command, run)?;
        command.check(&mut plan)?;
        steps.push(Step::Command { command, extras });
    }
    // What no command ordered comes last: rejections, which record nothing.
    for message in messages {
        steps.extend(plan.message(message)?);
    }
    Ok(steps)
}

fn take(messages: &mut Vec<Message>, id: &str) -> Result<Message, Refusal> {
    let place = messages
        .iter()
        .position(|message| message.id == id)
        .ok_or_else(|| {
            Refusal::new(
                Cause::BadUpdateWorkflowExecutionMessage,
                format!("ProtocolMessageCommand referenced absent message ID {id}"),
            )
        })?;
    Ok(messages.remove(place))
}

impl Plan<'_> {
    /// A run may only be closed by a worker that has seen everything.
    pub(crate) fn check_close(&mut self) -> Result<(), Refusal> {
        if self.run.buffered.len() > self.unfired.len() {
            return Err(Refusal::unhandled());
        }
        self.closed = true;
        Ok(())
    }

    pub(crate) fn has_timer(&self, id: &TimerId) -> bool {
        self.timers
            .get(id)
            .copied()
            .unwrap_or_else(|| self.run.timers.contains_key(id))
    }

    pub(crate) fn has_activity(&self, id: &ActivityId) -> bool {
        if self.new_activities.contains(id) {
            return true;
        }
        let scheduled = self.run.activity_ids.get(id);
        scheduled.is_some_and(|scheduled| !self.ends(scheduled))
    }

    /// The activities that are pending after the steps planned so far.
    pub(crate) fn pending_activities(&self) -> usize {
        let cancelled = self.cancelled_activities.iter();
        let ended = cancelled.filter(|scheduled| self.ends(scheduled)).count();
        self.run.activities.len() + self.new_activities.len() - ended
    }

    /// Whether a planned cancel ends the activity; one that a worker has goes on and keeps its id.
    fn ends(&self, scheduled: &EventId) -> bool {
        self.cancelled_activities.contains(scheduled)
            && !matches!(
                self.run.activities[scheduled].state,
                ActivityState::Started { .. }
            )
    }

    fn message(&mut self, message: Message) -> Result<Option<Step>, Refusal> {
        let message = protocol_message::read(message)?;
        Ok(message.check(self)?.then_some(Step::Message(message)))
    }
}
