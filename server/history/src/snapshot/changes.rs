//! Changes of a run since the last commit.

use prost::Message;

use crate::event_log::EventBatch;
use crate::snapshot::config::ConfigMessage;
use crate::snapshot::core::CoreMessage;
use crate::snapshot::key::{PartKey, PartName};
use crate::snapshot::message::Empty;
use crate::snapshot::outgoing::{ChildMessage, OutgoingMessage};
use crate::snapshot::part;
use crate::snapshot::pending::{ActivityMessage, RequestMessage, TimerMessage, UpdateMessage};
use crate::state::Run;
use crate::tracked::Tracked;

/// What changed in a run since the last commit, encoded.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The parts that changed.
    pub parts: Vec<Part>,
    /// The new events, if there are any.
    pub events: Option<EventBatch>,
}

/// A part of a run's state that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Names the part within its run.
    pub key: PartKey,
    /// The part's new value; `None` if the part was removed.
    pub value: Option<Vec<u8>>,
}

impl Run {
    /// What changed since the last call, to be committed as a whole; everything for a new run. The
    /// caller takes the changes after an accepted input, or after several that are one commit.
    ///
    /// If the commit fails, this run is ahead of the store and must be dropped; [`Run::restore`]
    /// returns it as it was before.
    pub fn take_changes(&mut self) -> Changes {
        let events = self.events.take_batch();
        if !self.is_running() {
            self.events.close();
        }
        let mut parts = Vec::new();
        if !self.taken.config {
            self.taken.config = true;
            parts.push(changed(
                PartName::Config,
                &ConfigMessage::from(&*self.config),
            ));
        }
        let core = changed(PartName::Core, &CoreMessage::new(self, self.count_parts()));
        if core.value.as_deref() != Some(&self.taken.core) {
            self.taken.core = core.value.clone().unwrap_or_default().into();
            parts.push(core);
        }
        let timers = self.timers.take_changed();
        add(timers, PartName::Timer, &mut parts, TimerMessage::from);
        let activities = self.activities.take_changed();
        add(
            activities,
            PartName::Activity,
            &mut parts,
            ActivityMessage::from,
        );
        let updates = self.updates.take_changed();
        add(updates, PartName::Update, &mut parts, UpdateMessage::from);
        let signals = self.requests.take_changed_signals();
        add(signals, PartName::SignalRequest, &mut parts, |()| Empty {});
        let requests = self.requests.take_changed();
        add(
            requests,
            PartName::Request,
            &mut parts,
            RequestMessage::from,
        );
        add_messages(&mut self.buffered, PartName::BufferedEvent, &mut parts);
        add_messages(&mut self.callbacks, PartName::Callback, &mut parts);
        add_messages(&mut self.memo, PartName::MemoField, &mut parts);
        let attributes = &mut self.search_attributes;
        add_messages(attributes, PartName::SearchAttribute, &mut parts);
        add_messages(&mut self.reset_points, PartName::ResetPoint, &mut parts);
        let children = self.children.take_changed();
        add(children, PartName::Child, &mut parts, ChildMessage::from);
        let outgoing = self.outgoing.take_changed();
        add(
            outgoing,
            PartName::Outgoing,
            &mut parts,
            OutgoingMessage::from,
        );
        Changes { parts, events }
    }

    fn count_parts(&self) -> usize {
        let collections = self.timers.len()
            + self.activities.len()
            + self.updates.len()
            + self.requests.len()
            + self.buffered.len()
            + self.callbacks.len()
            + self.memo.len()
            + self.search_attributes.len()
            + self.reset_points.len()
            + self.children.len()
            + self.outgoing.len();
        CONFIG_AND_CORE + collections
    }
}

/// Adds the changed entries of a collection.
fn add<'a, K, V: 'a, M: Message>(
    changed: impl Iterator<Item = (K, Option<&'a V>)>,
    name: impl Fn(K) -> PartName,
    parts: &mut Vec<Part>,
    message: impl Fn(&'a V) -> M,
) {
    parts.extend(changed.map(|(key, value)| {
        let key = PartKey::from(&name(key));
        let value = value.map(|value| part::seal(&key, &message(value)));
        Part { key, value }
    }));
}

/// Adds the changed entries of a collection whose values are messages.
fn add_messages<K: Ord + Clone, M: Message>(
    entries: &mut Tracked<K, M>,
    name: impl Fn(K) -> PartName,
    parts: &mut Vec<Part>,
) {
    parts.extend(entries.take_changed().map(|(key, value)| {
        let key = PartKey::from(&name(key));
        let value = value.map(|value| part::seal(&key, value));
        Part { key, value }
    }));
}

fn changed(name: PartName, message: &impl Message) -> Part {
    let key = PartKey::from(&name);
    let value = Some(part::seal(&key, message));
    Part { key, value }
}

/// The parts that every run has.
const CONFIG_AND_CORE: usize = 2;
