//! Plan of a completion: parses and checks its commands and messages against the run and each
//! other.

mod activities;

use std::collections::{BTreeMap, BTreeSet};

use durably_proto::api::command::v1::Command as CommandMessage;
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::protocol::v1::Message;
use durably_proto::api::sdk::v1::{EventGroupMarker, UserMetadata};

use crate::command::protocol_message::{self, PlannedUpdate, UpdateMessage};
use crate::command::{BadCommand, Command, continue_as_new, search_attributes, start_child};
use crate::id::{EventId, OutgoingKind, TimerId, UpdateId};
use crate::input::{BadSearchAttributes, RunNamespace};
use crate::state::{Run, StartedTask, TaskType};

use activities::PlannedActivities;

/// One step of a completion.
pub(crate) enum Step {
    Command {
        command: Command,
        extras: CommandMetadata,
    },
    Message(UpdateMessage),
}

/// Fields of a command that its event copies.
#[derive(Default)]
pub(crate) struct CommandMetadata {
    pub user_metadata: Option<UserMetadata>,
    pub event_group_markers: Vec<EventGroupMarker>,
}

/// The run as it will be after the steps planned so far.
pub(crate) struct Plan<'a> {
    pub run: &'a Run,
    pub timers: BTreeMap<TimerId, bool>,
    /// Cancelled timers whose buffered `TimerFired` the worker will never see.
    pub unfired: BTreeSet<TimerId>,
    pub activities: PlannedActivities<'a>,
    /// Workflow ids of the children that these steps start.
    pub started_children: BTreeSet<String>,
    pub pending_children: usize,
    pub pending_signals: usize,
    pub pending_cancel_requests: usize,
    pub updates: BTreeMap<UpdateId, PlannedUpdate>,
    /// The event that the next step will record.
    pub next_event: EventId,
    /// A command has closed the run.
    pub closed: bool,
}

/// Parses and checks the commands and messages of a completion.
pub(crate) fn plan(
    run: &Run,
    task: &StartedTask,
    commands: Vec<CommandMessage>,
    mut messages: Vec<Message>,
    namespace: &RunNamespace,
    refused: Option<BadSearchAttributes>,
) -> Result<Vec<Step>, BadCommand> {
    let mut plan = Plan {
        run,
        timers: BTreeMap::new(),
        unfired: BTreeSet::new(),
        activities: PlannedActivities::new(run),
        started_children: BTreeSet::new(),
        pending_children: run.children.len(),
        pending_signals: run.outgoing.count(OutgoingKind::Signal),
        pending_cancel_requests: run.outgoing.count(OutgoingKind::RequestCancel),
        updates: BTreeMap::new(),
        next_event: first_step_event(run, task),
        closed: false,
    };
    let mut steps = Vec::with_capacity(commands.len() + messages.len());
    for (place, mut command) in commands.into_iter().enumerate() {
        if let Some(refused) = refused.as_ref().filter(|it| it.place == place) {
            return Err(plan.refusal(refused, command, namespace));
        }
        if let Some(Attributes::ProtocolMessageCommandAttributes(attributes)) = &command.attributes
        {
            let message = take(&mut messages, &attributes.message_id)?;
            steps.extend(plan.message(message)?);
            continue;
        }
        let extras = CommandMetadata {
            user_metadata: command.user_metadata.take(),
            event_group_markers: std::mem::take(&mut command.event_group_markers),
        };
        let command = Command::read(command, run, namespace)?;
        command.check(&mut plan)?;
        plan.next_event = plan.next_event.next();
        steps.push(Step::Command { command, extras });
    }
    // Messages without a command come last: rejections, which record nothing.
    for message in messages {
        steps.extend(plan.message(message)?);
    }
    Ok(steps)
}

/// The first event that a step records: the one after `WorkflowTaskCompleted`.
fn first_step_event(run: &Run, task: &StartedTask) -> EventId {
    let completed = match task.task.task_type {
        TaskType::Normal => run.next_event_id(),
        TaskType::Transient | TaskType::Speculative => run.next_event_id().next().next(),
    };
    completed.next()
}

fn take(messages: &mut Vec<Message>, id: &str) -> Result<Message, BadCommand> {
    let place = messages
        .iter()
        .position(|message| message.id == id)
        .ok_or_else(|| {
            BadCommand::new(
                Cause::BadUpdateWorkflowExecutionMessage,
                format!("ProtocolMessageCommand referenced absent message ID {id}"),
            )
        })?;
    Ok(messages.remove(place))
}

impl Plan<'_> {
    /// Checks a command that closes the run: the worker must have seen all events.
    pub(crate) fn check_close(&mut self) -> Result<(), BadCommand> {
        if self.run.buffered.len() > self.unfired.len() {
            return Err(BadCommand::unhandled());
        }
        self.closed = true;
        Ok(())
    }

    pub(crate) fn has_timer(&self, id: &TimerId) -> bool {
        self.timers
            .get(id)
            .copied()
            .unwrap_or_else(|| self.run.timers.contains(id))
    }

    /// The error of a command with bad search attributes.
    fn refusal(
        &mut self,
        refused: &BadSearchAttributes,
        command: CommandMessage,
        namespace: &RunNamespace,
    ) -> BadCommand {
        match command.attributes {
            Some(Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(attributes)) => self
                .check_close()
                .err()
                .unwrap_or_else(|| continue_as_new::refusal(refused, attributes, self.run)),
            Some(Attributes::StartChildWorkflowExecutionCommandAttributes(attributes)) => {
                start_child::refusal(refused, attributes, self.run, namespace)
            }
            _ => search_attributes::refusal(refused),
        }
    }

    fn message(&mut self, message: Message) -> Result<Option<Step>, BadCommand> {
        let message = protocol_message::read(message)?;
        if !message.check(self)? {
            return Ok(None);
        }
        if message.is_recorded() {
            self.next_event = self.next_event.next();
        }
        Ok(Some(Step::Message(message)))
    }
}
