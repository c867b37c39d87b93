//! Events of a workflow task: recorded when a normal task is scheduled and started, and when a
//! transient or speculative one ends.

use std::time::Duration;

use durably_proto::api::enums::v1::SuggestContinueAsNewReason;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    HistoryEvent, WorkflowTaskScheduledEventAttributes, WorkflowTaskStartedEventAttributes,
};

use crate::event::unrecorded;
use crate::id::EventId;
use crate::state::{ContinueAsNewSuggestion, Run, StartedTask, TaskType, WorkflowTask};
use crate::time::to_proto;

pub(crate) fn scheduled_event(run: &Run, timeout: Duration, attempt: u32) -> Attributes {
    Attributes::WorkflowTaskScheduledEventAttributes(WorkflowTaskScheduledEventAttributes {
        task_queue: Some((&run.current_task_queue()).into()),
        start_to_close_timeout: Some(to_proto(timeout)),
        attempt: i32::try_from(attempt).unwrap_or(i32::MAX),
    })
}

pub(crate) fn started_event(task: &StartedTask) -> Attributes {
    Attributes::WorkflowTaskStartedEventAttributes(started_attributes(task))
}

fn started_attributes(task: &StartedTask) -> WorkflowTaskStartedEventAttributes {
    let suggest = task.size.suggest;
    let event = WorkflowTaskStartedEventAttributes {
        scheduled_event_id: task.task.scheduled.0,
        identity: task.identity.clone(),
        request_id: task.request_id.to_string(),
        suggest_continue_as_new: suggest.any(),
        suggest_continue_as_new_reasons: suggest.reasons(),
        target_worker_deployment_version_changed: task.target_changed,
        history_size_bytes: i64::try_from(task.size.bytes).unwrap_or(i64::MAX),
        ..Default::default()
    };
    #[expect(deprecated, reason = "histories still show it")]
    WorkflowTaskStartedEventAttributes {
        worker_version: task.worker_version.clone(),
        ..event
    }
}

/// The scheduled and started events that the worker of an unrecorded task receives.
pub(crate) fn unrecorded_events(run: &Run, task: &StartedTask) -> Vec<HistoryEvent> {
    if task.task.task_type == TaskType::Normal {
        return Vec::new();
    }
    let mut scheduled = unrecorded(
        task.task.at,
        scheduled_event(run, task.task.timeout, run.task_attempt),
    );
    scheduled.event_id = task.task.scheduled.0;
    let mut started = unrecorded(task.at, started_event(task));
    started.event_id = task.started.0;
    vec![scheduled, started]
}

/// The started event without identity, as the real server records it before the task has ended.
fn anonymous_started_event(task: &StartedTask) -> Attributes {
    let mut event = started_attributes(task);
    event.identity = String::new();
    Attributes::WorkflowTaskStartedEventAttributes(event)
}

/// Converts a speculative task to a normal one, because another event is recorded: its scheduled
/// and started events must precede that one.
pub(crate) fn convert_speculative(run: &mut Run) {
    let (scheduled_at, timeout, started) = match &run.task {
        WorkflowTask::Scheduled(task) if task.task_type == TaskType::Speculative => {
            (task.at, task.timeout, None)
        }
        WorkflowTask::Started(task) if task.task.task_type == TaskType::Speculative => (
            task.task.at,
            task.task.timeout,
            Some((task.at, anonymous_started_event(task))),
        ),
        _ => return,
    };
    let event = scheduled_event(run, timeout, run.task_attempt);
    run.record(scheduled_at, event);
    if let Some((at, event)) = started {
        run.record(at, event);
    }
    match &mut run.task {
        WorkflowTask::Scheduled(task) | WorkflowTask::Started(StartedTask { task, .. }) => {
            task.task_type = TaskType::Normal
        }
        WorkflowTask::Idle => {}
    }
}

/// Records the scheduled and started events of a transient or speculative task.
pub(crate) fn record_deferred_events(
    run: &mut Run,
    task: &StartedTask,
    identity: &str,
) -> (EventId, EventId) {
    if task.task.task_type == TaskType::Normal {
        return (task.task.scheduled, task.started);
    }
    let event = scheduled_event(run, task.task.timeout, run.task_attempt);
    let scheduled = run.record(task.task.at, event);
    let mut event = started_attributes(task);
    event.scheduled_event_id = scheduled.0;
    event.identity = identity.to_owned();
    let started = run.record(
        task.at,
        Attributes::WorkflowTaskStartedEventAttributes(event),
    );
    (scheduled, started)
}

impl Run {
    /// The unrecorded events of the pending workflow task, which readers of the whole history
    /// receive after the recorded ones.
    pub fn unrecorded_events(&self) -> Vec<HistoryEvent> {
        let (task, started) = match &self.task {
            WorkflowTask::Scheduled(task) => (task, None),
            WorkflowTask::Started(task) => (&task.task, Some(task)),
            WorkflowTask::Idle => return Vec::new(),
        };
        // An event recorded since has taken the id: the task is converted when it starts.
        if task.task_type == TaskType::Normal || task.scheduled != self.next_event_id() {
            return Vec::new();
        }
        let mut scheduled = unrecorded(
            task.at,
            scheduled_event(self, task.timeout, self.task_attempt),
        );
        scheduled.event_id = task.scheduled.0;
        let started = started.map(|task| {
            let mut event = unrecorded(task.at, anonymous_started_event(task));
            event.event_id = task.started.0;
            event
        });
        std::iter::once(scheduled).chain(started).collect()
    }
}

impl ContinueAsNewSuggestion {
    fn any(self) -> bool {
        self.too_large || self.too_many_events || self.too_many_updates
    }

    fn reasons(self) -> Vec<i32> {
        use SuggestContinueAsNewReason as Reason;
        [
            (self.too_large, Reason::HistorySizeTooLarge),
            (self.too_many_events, Reason::TooManyHistoryEvents),
            (self.too_many_updates, Reason::TooManyUpdates),
        ]
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, reason)| reason.into())
        .collect()
    }
}
