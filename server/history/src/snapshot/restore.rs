//! Restores a run from its parts and events.

use durably_proto::api::history::v1::HistoryEvent;
use durably_proto::api::history::v1::history_event::Attributes;
use prost::Message;

use crate::corrupted::Corrupted;
use crate::event_log::EventLog;
use crate::id::{OutgoingKind, RunId, Stamp};
use crate::pending::requests::Requests;
use crate::pending::updates::Updates;
use crate::random::Random;
use crate::snapshot::config::ConfigMessage;
use crate::snapshot::core::CoreMessage;
use crate::snapshot::key::{PartKey, PartName};
use crate::snapshot::message::{Empty, counter};
use crate::snapshot::outgoing::{ChildMessage, OutgoingMessage};
use crate::snapshot::part;
use crate::snapshot::pending::{ActivityMessage, RequestMessage, TimerMessage, UpdateMessage};
use crate::snapshot::versioning::VersioningMessage;
use crate::snapshot::virtual_time::VirtualTimeMessage;
use crate::state::{Run, RunConfig, Taken};

impl Run {
    /// Restores a run from all its parts, as they were taken last, and its events. It behaves as
    /// the run that they were taken of.
    ///
    /// # Errors
    /// [`Corrupted`] if a part or an event is missing, damaged, or written by a version of this
    /// program that knows more.
    pub fn restore(
        parts: impl IntoIterator<Item = (PartKey, Vec<u8>)>,
        events: EventLog,
    ) -> Result<Self, Corrupted> {
        let mut config = None;
        let mut core = None;
        let mut entries = Vec::new();
        let mut count = 0;
        for (key, value) in parts {
            count += 1;
            match key.name() {
                Some(PartName::Config) => config = Some(read_config(&key, &value)?),
                Some(PartName::Core) => core = Some((open(&key, &value)?, value)),
                Some(name) => entries.push((key, name, value)),
                None => return Err(Corrupted::new(key, "this kind of part is unknown")),
            }
        }
        let config = config.ok_or_else(|| missing(PartName::Config))?;
        let (core, core_value) = core.ok_or_else(|| missing(PartName::Core))?;
        check_complete(&core, count, &events)?;
        let key = PartKey::from(&PartName::Core);
        let mut run = from_core(config, core, core_value, events)
            .map_err(|problem| Corrupted::new(&key, problem))?;
        for (key, name, value) in entries {
            if !add(&mut run, &key, name, &value)? {
                return Err(Corrupted::new(key, "it contradicts another part"));
            }
        }
        check_invariants(&run).map_err(|problem| Corrupted::new(key, problem))?;
        Ok(run)
    }
}

fn read_config(key: &PartKey, value: &[u8]) -> Result<RunConfig, Corrupted> {
    let message: ConfigMessage = open(key, value)?;
    RunConfig::try_from(message).map_err(|problem| Corrupted::new(key, problem))
}

/// Checks that no part and no event is missing, and that the events are the committed ones.
fn check_complete(core: &CoreMessage, parts: u64, events: &EventLog) -> Result<(), Corrupted> {
    let corrupted = |place: &str, problem: &str| Err(Corrupted::new(place, problem));
    if events.len() as u64 != core.events {
        let problem = format!("there are {} of {}", events.len(), core.events);
        return corrupted("events", &problem);
    }
    if events.checksum().value() != core.events_checksum {
        return corrupted("events", "their checksum is wrong");
    }
    if parts != core.parts {
        return corrupted("parts", &format!("there are {parts} of {}", core.parts));
    }
    match events.get(0).and_then(|first| first.attributes) {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(_)) => Ok(()),
        _ => corrupted("events", "the first one does not start the run"),
    }
}

fn from_core(
    config: RunConfig,
    mut core: CoreMessage,
    value: Vec<u8>,
    events: EventLog,
) -> Result<Run, String> {
    let size = |field: &str, value: u64| {
        let value = counter(field, value, u64::from(u32::MAX))?;
        usize::try_from(value).map_err(|error| error.to_string())
    };
    Ok(Run {
        history_size: size("the history's size", core.history_size)?,
        phase: core.phase()?,
        task: core.take_task(&events)?,
        task_attempt: counter("the workflow task's attempt", core.task_attempt, u32::MAX)?,
        last_stamp: Stamp(counter("the last stamp", core.last_stamp, u64::MAX)?),
        sticky: core.sticky(&config.task_queue)?,
        last_completed_started: core.last_completed_started(&events)?,
        close_attempted: core.close_attempted,
        cancel_requested: core.cancel_requested,
        deletion_requested: core.deletion_requested,
        reset_run: core.reset_run.take().map(RunId::from),
        awaits_parent: core.awaits_parent,
        last_worker_version: core.last_worker_version.take(),
        versioning: VersioningMessage::restore(core.versioning.take())?,
        virtual_time: VirtualTimeMessage::restore(core.virtual_time.take())?,
        updated_priority: core.updated_priority,
        transitions: counter("the number of transitions", core.transitions, i64::MAX)?,
        random: Random::new(core.random),
        config: Box::new(config),
        events,
        buffered: Default::default(),
        timers: Default::default(),
        activities: Default::default(),
        children: Default::default(),
        outgoing: Default::default(),
        updates: Updates::with_admitted(counter(
            "the number of updates",
            core.updates_admitted,
            u64::MAX,
        )?),
        requests: Requests::with_signals_received(size("the number of signals", core.signals)?),
        callbacks: Default::default(),
        memo: Default::default(),
        search_attributes: Default::default(),
        reset_points: Default::default(),
        taken: Taken {
            config: true,
            core: value.into(),
        },
    })
}

/// Adds an entry to its collection; returns false if it contradicts another entry.
fn add(run: &mut Run, key: &PartKey, name: PartName, value: &[u8]) -> Result<bool, Corrupted> {
    let events = &run.events;
    let corrupted = |problem| Corrupted::new(key, problem);
    Ok(match name {
        PartName::Config | PartName::Core => false,
        PartName::Timer(id) => {
            let timer = open::<TimerMessage>(key, value)?
                .restore(&id, events)
                .map_err(corrupted)?;
            run.timers.restore(id, timer)
        }
        PartName::Activity(scheduled) => {
            let activity = open::<ActivityMessage>(key, value)?
                .restore(scheduled, events)
                .map_err(corrupted)?;
            run.activities.restore(activity)
        }
        PartName::Update(id) => {
            let update = open::<UpdateMessage>(key, value)?.restore(events);
            run.updates.restore(id, update.map_err(corrupted)?)
        }
        PartName::SignalRequest(id) => {
            let Empty {} = open(key, value)?;
            run.requests.restore_signal(id)
        }
        PartName::Request(id) => {
            let request = open::<RequestMessage>(key, value)?.restore(events);
            let (event_type, event) = request.map_err(corrupted)?;
            run.requests.restore(id, event_type, event)
        }
        PartName::BufferedEvent(number) => {
            let number = counter("its number", number, u64::MAX).map_err(corrupted)?;
            let event: HistoryEvent = open(key, value)?;
            // The log, which the event is recorded in, refuses it later.
            if event.attributes.is_none() {
                return Err(Corrupted::new(key, "it has no known attributes"));
            }
            run.buffered.restore(number, event)
        }
        PartName::Callback(number) => {
            let number = counter("its number", number, u64::MAX).map_err(corrupted)?;
            run.callbacks.restore(number, open(key, value)?)
        }
        PartName::MemoField(name) => run.memo.restore(name, open(key, value)?),
        PartName::SearchAttribute(name) => run.search_attributes.restore(name, open(key, value)?),
        PartName::ResetPoint(number) => {
            let number = counter("its number", number, u64::MAX).map_err(corrupted)?;
            run.reset_points.restore(number, open(key, value)?)
        }
        PartName::Child(initiated) => {
            let child = open::<ChildMessage>(key, value)?.restore(initiated, events);
            run.children.restore(initiated, child.map_err(corrupted)?)
        }
        PartName::Outgoing(outgoing) => {
            let entry = open::<OutgoingMessage>(key, value)?.restore(outgoing, events);
            run.outgoing.restore(outgoing, entry.map_err(corrupted)?)
        }
    })
}

/// The invariants that [`Run::apply`] asserts.
fn check_invariants(run: &Run) -> Result<(), &'static str> {
    if !run.buffered.is_empty() && !run.has_started_workflow_task() {
        return Err("events are buffered, but no workflow task is started");
    }
    if !run.is_running() && run.has_pending() {
        return Err("the run is closed, but something is pending");
    }
    let starts = run.outgoing.count(OutgoingKind::StartChild);
    if starts != run.children.unstarted() && (run.is_running() || starts > 0) {
        return Err("the messages that start children do not match the children");
    }
    let at_close = run.outgoing.count(OutgoingKind::ReportClose)
        + run.outgoing.count(OutgoingKind::ClosePolicy);
    if run.is_running() && at_close > 0 {
        return Err("the run is running, but has messages of a closed one");
    }
    let mut begins = run.outgoing.keys();
    let has_premature = begins.any(|key| {
        let child = run.children.get(key.event);
        key.kind == OutgoingKind::BeginChild && child.is_some_and(|child| child.started.is_none())
    });
    if has_premature {
        return Err("a child begins before it is started");
    }
    if let Some(time) = &run.virtual_time {
        time.check()?;
    }
    Ok(())
}

fn open<M: Message + Default>(key: &PartKey, value: &[u8]) -> Result<M, Corrupted> {
    part::open(key, value).map_err(|problem| Corrupted::new(key, problem))
}

fn missing(name: PartName) -> Corrupted {
    Corrupted::new(PartKey::from(&name), "it is missing")
}
