//! Rebuilds the state of a run from its recorded events.
//!
//! A reset starts a run with the first events of another one. What those events mean for the state
//! is said here once more: each event calls the owner of what is pending, as the input that recorded
//! it did. [`Run::recorded_facts`] shows what a run and the run rebuilt from its events have in common; the
//! core's tests compare it after every input.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use durably_proto::api::common::v1::RetryPolicy as RetryPolicyMessage;
use durably_proto::api::enums::v1::{EventType, TimeoutType, WorkflowTaskFailedCause};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    ActivityTaskScheduledEventAttributes, HistoryEvent,
    WorkflowExecutionUpdateAcceptedEventAttributes, WorkflowTaskScheduledEventAttributes,
    WorkflowTaskStartedEventAttributes,
};

use crate::command::{properties, task_completed};
use crate::id::{ActivityId, EventId, OutgoingKind, RequestId, RunId, Stamp, TimerId, UpdateId};
use crate::pending::activities::{Activity, ActivityTimeouts};
use crate::pending::children::Child;
use crate::pending::outgoing::OutgoingEntry;
use crate::pending::timers::Timer;
use crate::request::start;
use crate::request::workflow_options;
use crate::retry::RetryPolicy;
use crate::state::{
    ContinueAsNewSuggestion, HistorySize, Phase, Run, RunConfig, ScheduledTask, StartedTask,
    TaskType, WorkflowTask,
};
use crate::time::{Time, timeout_from_proto};

/// A run that is being rebuilt.
pub(crate) struct Rebuild {
    pub(crate) run: Run,
    /// The started events of pending activities. A run that is not rebuilt has none: it records the
    /// start of an activity with its end.
    pub(crate) started: BTreeMap<EventId, EventId>,
    /// Name of the run's namespace, which events do not have.
    namespace: Arc<str>,
}

impl Run {
    /// Rebuilds the run from its recorded events, those up to `last`. What no event records, as the
    /// attempts of an activity, is as at its beginning.
    pub fn rebuilt(&self, last: EventId, namespace: Arc<str>, seed: u64) -> Self {
        rebuild(self, (*self.config).clone(), last, namespace, seed).run
    }

    /// What the recorded events say of the run, for comparisons. None while they lack something that
    /// the state has: events are buffered, or the run is closed, which discards what is pending.
    pub fn recorded_facts(&self) -> Option<impl Debug + '_> {
        let Self {
            config,
            events: _,
            // The events' sizes are counted before fields outside of their attributes are set.
            history_size: _,
            buffered,
            phase,
            task,
            task_attempt,
            last_stamp: _,
            sticky: _,
            last_completed_started,
            close_attempted: _,
            timers,
            activities,
            children,
            outgoing,
            // The parent's permission to begin is not recorded.
            awaits_parent: _,
            updates,
            cancel_requested,
            // Only of a closed run.
            deletion_requested: _,
            reset_run: _,
            requests,
            callbacks,
            memo,
            search_attributes,
            reset_points,
            last_worker_version,
            versioning,
            virtual_time,
            updated_priority,
            transitions: _,
            random: _,
            taken: _,
        } = self;
        if !buffered.is_empty() || !matches!(phase, Phase::Running) {
            return None;
        }
        let is_recorded = |task: &ScheduledTask| task.task_type == TaskType::Normal;
        let task = match task {
            WorkflowTask::Scheduled(it) if is_recorded(it) => {
                Some((it.scheduled, it.timeout, *task_attempt, Ok(it.at)))
            }
            // A repeated task that new events precede is recorded when it starts, so the time of its
            // scheduling is not.
            WorkflowTask::Started(it) if is_recorded(&it.task) => {
                let started = Err((it.started, it.at, &it.request_id, it.size));
                Some((it.task.scheduled, it.task.timeout, *task_attempt, started))
            }
            WorkflowTask::Idle | WorkflowTask::Scheduled(_) | WorkflowTask::Started(_) => None,
        };
        let activities: Vec<_> = activities
            .iter()
            .map(|it| {
                let Activity {
                    id,
                    scheduled,
                    scheduled_at,
                    cancel_requested,
                    // No event records a change of options, a pause or a reset.
                    queue: _,
                    priority: _,
                    timeouts: _,
                    expires_at: _,
                    retry: _,
                    pause: _,
                    reset: _,
                    attempt: _,
                    stamp: _,
                    attempt_at: _,
                    state: _,
                    last_failure: _,
                    last_ended_at: _,
                    heartbeat_details: _,
                    heartbeat_at: _,
                    last_worker: _,
                    last_version: _,
                    last_started_at: _,
                } = it;
                (id, scheduled, scheduled_at, cancel_requested)
            })
            .collect();
        // Whether the child's first task was released is not recorded.
        let outgoing: Vec<_> = outgoing
            .keys()
            .filter(|key| key.kind != OutgoingKind::BeginChild)
            .map(|key| (key, outgoing.get(key).map(|entry| &entry.namespace)))
            .collect();
        let updates: Vec<_> = updates
            .iter()
            .filter(|(_, update)| !update.state.is_unanswered())
            .map(|(id, update)| (id, &update.state))
            .collect();
        // A reset does not record its request.
        let requests: Vec<_> = requests
            .events()
            .filter(|(_, kind, _)| *kind != EventType::WorkflowTaskFailed)
            .chain(
                requests
                    .signals()
                    .map(|id| (id, EventType::WorkflowExecutionSignaled, EventId::NONE)),
            )
            .collect();
        Some((
            (config, task, last_completed_started, cancel_requested),
            (timers.iter().collect::<Vec<_>>(), activities),
            (children.iter().collect::<Vec<_>>(), outgoing),
            (updates, requests, self.requests.signals_received()),
            (
                callbacks.iter().collect::<Vec<_>>(),
                memo.iter().collect::<Vec<_>>(),
            ),
            (
                search_attributes.iter().collect::<Vec<_>>(),
                reset_points.iter().collect::<Vec<_>>(),
            ),
            (last_worker_version, updated_priority, versioning.recorded()),
            virtual_time.as_ref().map(|time| time.recorded()),
        ))
    }
}

/// Rebuilds a run with this configuration from the events of another one, those up to `last`.
pub(crate) fn rebuild(
    base: &Run,
    config: RunConfig,
    last: EventId,
    namespace: Arc<str>,
    seed: u64,
) -> Rebuild {
    let mut rebuild = Rebuild {
        run: start::empty(config, seed),
        started: BTreeMap::new(),
        namespace,
    };
    let count = usize::try_from(last.0).expect("an event id");
    for event in base.events.events(0..count) {
        rebuild.apply(&event);
        rebuild.run.append(event);
    }
    rebuild.run.assert_invariants();
    rebuild
}

impl Rebuild {
    /// Applies one event, before it is appended.
    fn apply(&mut self, event: &HistoryEvent) {
        use Attributes as A;
        let id = EventId(event.event_id);
        let at = event.event_time.map(Time::from).unwrap_or_default();
        let Some(attributes) = &event.attributes else {
            unreachable!("event {id} was recorded with attributes")
        };
        let run = &mut self.run;
        match attributes {
            A::WorkflowExecutionStartedEventAttributes(it) => start::apply_started(run, it, at),
            A::WorkflowExecutionSignaledEventAttributes(it) => {
                let request_id = RequestId::from(it.request_id.as_str());
                run.requests.record_any_signal(request_id.clone());
                if id == EventId::FIRST.next() {
                    run.requests.record_signal_with_start(&request_id, id);
                }
            }
            A::WorkflowExecutionCancelRequestedEventAttributes(_) => run.cancel_requested = true,
            A::WorkflowExecutionOptionsUpdatedEventAttributes(it) => {
                let callbacks = it.attached_completion_callbacks.iter();
                run.callbacks.extend(callbacks.cloned());
                workflow_options::apply_updated(run, it, at);
            }
            A::WorkflowExecutionTimeSkippingTransitionedEventAttributes(it) => {
                if let Some(time) = &mut run.virtual_time {
                    time.transition(it, at);
                }
            }
            A::WorkflowExecutionUpdateAdmittedEventAttributes(it) => {
                let meta = it.request.as_ref().and_then(|it| it.meta.as_ref());
                let update = meta.map_or("", |meta| meta.update_id.as_str());
                run.updates.admit_recorded(UpdateId::from(update), id);
            }
            A::WorkflowExecutionUpdateAcceptedEventAttributes(it) => accept(run, it, id),
            A::WorkflowExecutionUpdateCompletedEventAttributes(it) => {
                let update = self.accepted(EventId(it.accepted_event_id));
                self.run.updates.complete(&update, id);
            }
            A::WorkflowTaskScheduledEventAttributes(it) => schedule_task(run, it, id, at),
            A::WorkflowTaskStartedEventAttributes(it) => start_task(run, it, id, at),
            A::WorkflowTaskCompletedEventAttributes(it) => {
                end_task(run, 1);
                task_completed::apply_completed(run, it, id, at);
            }
            A::WorkflowTaskFailedEventAttributes(it) => {
                let is_reset = it.cause() == WorkflowTaskFailedCause::ResetWorkflow;
                // After a failure on a sticky queue the attempt is the first one again, too, which
                // the next `WorkflowTaskScheduled` says.
                let attempt = if is_reset { 1 } else { run.task_attempt + 1 };
                end_task(run, attempt);
                if is_reset {
                    run.activities.reschedule(at);
                }
            }
            A::WorkflowTaskTimedOutEventAttributes(it) => {
                let attempt = match it.timeout_type() {
                    TimeoutType::StartToClose => run.task_attempt + 1,
                    _ => 1,
                };
                end_task(run, attempt);
            }
            A::ActivityTaskScheduledEventAttributes(it) => schedule_activity(run, it, id, at),
            A::ActivityTaskStartedEventAttributes(it) => {
                let scheduled = EventId(it.scheduled_event_id);
                if run.activities.get(scheduled).is_some() {
                    let request_id = RequestId::from(it.request_id.as_str());
                    let identity = it.identity.clone();
                    run.activities
                        .start_attempt(scheduled, at, request_id, identity, None);
                    self.started.insert(scheduled, id);
                }
            }
            A::ActivityTaskCancelRequestedEventAttributes(it) => {
                let scheduled = EventId(it.scheduled_event_id);
                let activity = run.activities.get(scheduled);
                if activity.is_some_and(|activity| activity.cancel_requested.is_none()) {
                    run.activities.request_cancel(scheduled, id);
                }
            }
            A::ActivityTaskCompletedEventAttributes(it) => self.end_activity(it.scheduled_event_id),
            A::ActivityTaskFailedEventAttributes(it) => self.end_activity(it.scheduled_event_id),
            A::ActivityTaskTimedOutEventAttributes(it) => self.end_activity(it.scheduled_event_id),
            A::ActivityTaskCanceledEventAttributes(it) => self.end_activity(it.scheduled_event_id),
            A::TimerStartedEventAttributes(it) => {
                let timer = TimerId::from(it.timer_id.as_str());
                // A timer of the same id has fired, which a later event records.
                run.timers.remove(&timer);
                let after = timeout_from_proto(it.start_to_fire_timeout.as_ref());
                let fires_at = at + after.unwrap_or_default();
                let started = id;
                run.timers.start(timer, Timer { started, fires_at });
            }
            A::TimerFiredEventAttributes(it) => end_timer(run, &it.timer_id, it.started_event_id),
            A::TimerCanceledEventAttributes(it) => {
                end_timer(run, &it.timer_id, it.started_event_id);
            }
            A::MarkerRecordedEventAttributes(_) => {}
            A::UpsertWorkflowSearchAttributesEventAttributes(it) => {
                if let Some(upserted) = &it.search_attributes {
                    properties::set_fields(&mut run.search_attributes, &upserted.indexed_fields);
                }
            }
            A::WorkflowPropertiesModifiedEventAttributes(it) => {
                if let Some(upserted) = &it.upserted_memo {
                    properties::set_fields(&mut run.memo, &upserted.fields);
                }
            }
            A::StartChildWorkflowExecutionInitiatedEventAttributes(it) => {
                run.children.initiate(id, Child::from(it));
                let message = OutgoingKind::StartChild.of(id);
                let entry = OutgoingEntry::child(run.random.first_run_id(at));
                run.outgoing.add(message, entry);
            }
            A::StartChildWorkflowExecutionFailedEventAttributes(it) => {
                self.end_child(it.initiated_event_id);
            }
            A::ChildWorkflowExecutionStartedEventAttributes(it) => {
                let initiated = EventId(it.initiated_event_id);
                let execution = it.workflow_execution.as_ref();
                let run_id = execution.map_or("", |execution| execution.run_id.as_str());
                run.outgoing.remove(OutgoingKind::StartChild.of(initiated));
                run.children.start(initiated, RunId::from(run_id));
                run.children.record_start(initiated, id);
                // It may have been delivered, which no event records; a child ignores repetitions.
                let message = OutgoingKind::BeginChild.of(initiated);
                run.outgoing.add(message, OutgoingEntry::default());
            }
            A::ChildWorkflowExecutionCompletedEventAttributes(it) => {
                self.end_child(it.initiated_event_id);
            }
            A::ChildWorkflowExecutionFailedEventAttributes(it) => {
                self.end_child(it.initiated_event_id);
            }
            A::ChildWorkflowExecutionCanceledEventAttributes(it) => {
                self.end_child(it.initiated_event_id);
            }
            A::ChildWorkflowExecutionTimedOutEventAttributes(it) => {
                self.end_child(it.initiated_event_id);
            }
            A::ChildWorkflowExecutionTerminatedEventAttributes(it) => {
                self.end_child(it.initiated_event_id);
            }
            A::SignalExternalWorkflowExecutionInitiatedEventAttributes(_) => {
                let request_id = RequestId::from(run.random.run_id().as_str());
                self.send(OutgoingKind::Signal, id, request_id);
            }
            A::SignalExternalWorkflowExecutionFailedEventAttributes(it) => {
                self.answered(OutgoingKind::Signal, it.initiated_event_id);
            }
            A::ExternalWorkflowExecutionSignaledEventAttributes(it) => {
                self.answered(OutgoingKind::Signal, it.initiated_event_id);
            }
            A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_) => {
                self.send(OutgoingKind::RequestCancel, id, RequestId::default());
            }
            A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(it) => {
                self.answered(OutgoingKind::RequestCancel, it.initiated_event_id);
            }
            A::ExternalWorkflowExecutionCancelRequestedEventAttributes(it) => {
                self.answered(OutgoingKind::RequestCancel, it.initiated_event_id);
            }
            other => unreachable!("a running run has recorded {other:?}"),
        }
    }

    fn end_activity(&mut self, scheduled: i64) {
        let scheduled = EventId(scheduled);
        self.started.remove(&scheduled);
        self.run.activities.remove(scheduled);
    }

    fn end_child(&mut self, initiated: i64) {
        let initiated = EventId(initiated);
        for kind in [OutgoingKind::StartChild, OutgoingKind::BeginChild] {
            self.run.outgoing.remove(kind.of(initiated));
        }
        self.run.children.remove(initiated);
    }

    fn send(&mut self, kind: OutgoingKind, initiated: EventId, request_id: RequestId) {
        let namespace = Arc::clone(&self.namespace);
        let entry = OutgoingEntry {
            namespace,
            request_id,
            child_run_id: None,
        };
        self.run.outgoing.add(kind.of(initiated), entry);
    }

    fn answered(&mut self, kind: OutgoingKind, initiated: i64) {
        self.run.outgoing.remove(kind.of(EventId(initiated)));
    }

    /// The update that this event accepted.
    fn accepted(&self, event: EventId) -> UpdateId {
        let place = usize::try_from(event.0 - 1).expect("an event id");
        match self.run.events.get(place).and_then(|it| it.attributes) {
            Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(it)) => {
                UpdateId::from(it.protocol_instance_id)
            }
            other => unreachable!("event {event} accepted an update, but is {other:?}"),
        }
    }
}

fn accept(run: &mut Run, event: &WorkflowExecutionUpdateAcceptedEventAttributes, id: EventId) {
    let update = UpdateId::from(event.protocol_instance_id.as_str());
    if run.updates.get(&update).is_none() {
        // It counts as one that was admitted, which only a reset records.
        let request = event.accepted_request.clone().unwrap_or_default();
        run.updates.admit(update.clone(), request);
    }
    run.updates.accept(update, id);
}

fn schedule_task(
    run: &mut Run,
    event: &WorkflowTaskScheduledEventAttributes,
    scheduled: EventId,
    at: Time,
) {
    run.awaits_parent = false;
    run.task_attempt = u32::try_from(event.attempt).unwrap_or(1);
    run.last_stamp = Stamp(run.last_stamp.0 + 1);
    let timeout = timeout_from_proto(event.start_to_close_timeout.as_ref());
    run.task = WorkflowTask::Scheduled(ScheduledTask {
        stamp: run.last_stamp,
        scheduled,
        at,
        original_at: at,
        timeout: timeout.unwrap_or(run.config.timeouts.task),
        task_type: TaskType::Normal,
        waits_until: None,
    });
}

fn start_task(
    run: &mut Run,
    event: &WorkflowTaskStartedEventAttributes,
    started: EventId,
    at: Time,
) {
    let WorkflowTask::Scheduled(task) = std::mem::replace(&mut run.task, WorkflowTask::Idle) else {
        unreachable!("event {started} starts the task that was scheduled");
    };
    let has = |reason| {
        event
            .suggest_continue_as_new_reasons()
            .any(|it| it == reason)
    };
    use durably_proto::api::enums::v1::SuggestContinueAsNewReason as Reason;
    let suggest = ContinueAsNewSuggestion {
        too_large: has(Reason::HistorySizeTooLarge),
        too_many_events: has(Reason::TooManyHistoryEvents),
        too_many_updates: has(Reason::TooManyUpdates),
    };
    #[expect(deprecated, reason = "histories still show it")]
    let worker_version = event.worker_version.clone();
    run.task = WorkflowTask::Started(StartedTask {
        task,
        started,
        at,
        request_id: RequestId::from(event.request_id.as_str()),
        identity: event.identity.clone(),
        worker_version,
        size: HistorySize {
            bytes: usize::try_from(event.history_size_bytes).unwrap_or_default(),
            suggest,
        },
        target_changed: event.target_worker_deployment_version_changed,
    });
}

fn end_task(run: &mut Run, attempt: u32) {
    run.task = WorkflowTask::Idle;
    run.task_attempt = attempt;
    run.close_attempted = false;
}

fn schedule_activity(
    run: &mut Run,
    event: &ActivityTaskScheduledEventAttributes,
    scheduled: EventId,
    at: Time,
) {
    let id = ActivityId::from(event.activity_id.as_str());
    // An activity of the same id has closed, which a later event records.
    if let Some(closed) = run.activities.event_of(&id) {
        run.activities.remove(closed);
    }
    let queue = event.task_queue.as_ref().map_or("", |queue| &queue.name);
    let timeouts = ActivityTimeouts {
        schedule_to_close: timeout_from_proto(event.schedule_to_close_timeout.as_ref()),
        schedule_to_start: timeout_from_proto(event.schedule_to_start_timeout.as_ref()),
        start_to_close: timeout_from_proto(event.start_to_close_timeout.as_ref()),
        heartbeat: timeout_from_proto(event.heartbeat_timeout.as_ref()),
    };
    let no_policy = RetryPolicyMessage::default();
    let retry = RetryPolicy::from_proto(event.retry_policy.as_ref().unwrap_or(&no_policy))
        .expect("it was checked before it was recorded");
    run.activities.schedule(Activity::new(
        id,
        scheduled,
        at,
        queue.into(),
        event.priority.clone(),
        timeouts,
        retry,
    ));
}

fn end_timer(run: &mut Run, id: &str, started: i64) {
    let id = TimerId::from(id);
    // A later timer may have the id of one that has fired.
    if run
        .timers
        .get(&id)
        .is_some_and(|it| it.started.0 == started)
    {
        run.timers.remove(&id);
    }
}
