//! Workflow tasks: scheduling, dispatch and start.

use std::time::Duration;

use durably_proto::api::common::v1::WorkerVersionStamp;

use crate::event::workflow_task::{scheduled_event, started_event, unrecorded_events};
use crate::id::{EventId, RequestId, Stamp};
use crate::input::{StartWorkflowTask, WorkflowTaskToken};
use crate::limits;
use crate::open_transition::OpenTransition;
use crate::queue::TaskQueue;
use crate::rejection::{Rejection, TaskNotFound};
use crate::state::{
    ContinueAsNewSuggestion, HistorySize, Run, ScheduledTask, StartedTask, TaskType, WorkflowTask,
};
use crate::time::Time;
use crate::transition::{Reply, StartedWorkflowTask};
use crate::updates;
use crate::versioning::PolledBy;

/// Schedules and dispatches a workflow task.
pub(crate) fn schedule(run: &mut Run, task_type: TaskType, out: &mut OpenTransition) {
    let original_at = out.now;
    schedule_undispatched(run, task_type, original_at, out);
    dispatch(run, out);
}

/// Schedules a workflow task that is not dispatched, because the worker receives it at once.
pub(crate) fn schedule_undispatched(
    run: &mut Run,
    wanted: TaskType,
    original_at: Time,
    out: &OpenTransition,
) {
    // New events make it a first attempt, however often the last task failed.
    if !run.buffered.is_empty() {
        run.flush_buffer();
        run.task_attempt = 1;
    }
    let task_type = match wanted {
        TaskType::Speculative => TaskType::Speculative,
        _ if run.task_attempt > 1 => TaskType::Transient,
        _ => TaskType::Normal,
    };
    let timeout = timeout_of_attempt(run.config.timeouts.task, run.task_attempt);
    let scheduled = match task_type {
        TaskType::Normal => {
            let event = scheduled_event(run, timeout, run.task_attempt);
            run.record(out.now, event)
        }
        TaskType::Transient | TaskType::Speculative => run.next_event_id(),
    };
    // A speculative task may leave no trace; then the first task is still to be scheduled.
    if task_type != TaskType::Speculative {
        run.awaits_parent = false;
    }
    run.last_stamp = Stamp(run.last_stamp.0 + 1);
    let stamp = run.last_stamp;
    let task = ScheduledTask {
        stamp,
        scheduled,
        at: out.now,
        original_at,
        timeout,
        task_type,
        waits_until: None,
    };
    run.task = WorkflowTask::Scheduled(task);
}

/// Dispatches the scheduled task to its queue.
pub(crate) fn dispatch(run: &mut Run, out: &mut OpenTransition) {
    let queue = run.current_task_queue();
    let WorkflowTask::Scheduled(task) = &mut run.task else {
        return;
    };
    let patience = match (&queue, task.task_type) {
        (TaskQueue::Sticky(sticky), _) => sticky.schedule_to_start,
        (TaskQueue::Normal(_), TaskType::Speculative) => {
            Some(limits::SPECULATIVE_SCHEDULE_TO_START)
        }
        (TaskQueue::Normal(_), TaskType::Normal | TaskType::Transient) => None,
    };
    task.waits_until = patience.map(|patience| out.now + patience);
    out.effect(task.offer(queue));
}

/// Dispatches the scheduled task once more, under a new stamp: its offer names a worker or a version
/// that the run leaves.
pub(crate) fn redispatch(run: &mut Run, out: &mut OpenTransition) {
    let WorkflowTask::Scheduled(task) = &mut run.task else {
        return;
    };
    run.last_stamp = Stamp(run.last_stamp.0 + 1);
    task.stamp = run.last_stamp;
    dispatch(run, out);
}

/// Starts the task for the poll that took it.
pub(crate) fn start(
    start: StartWorkflowTask,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    match &run.task {
        WorkflowTask::Scheduled(task) if task.stamp == start.task_key.stamp => {
            if task.task_type == TaskType::Speculative && !run.updates.any_to_send(true) {
                return Err(Rejection::TaskNotFound(TaskNotFound::Workflow));
            }
        }
        WorkflowTask::Started(task) if task.task.stamp == start.task_key.stamp => {
            if task.request_id != start.request_id {
                return Err(Rejection::TaskAlreadyStarted);
            }
            let delivery = delivery(run, run.is_sticky_queue(&start.queue), true);
            return Ok(Reply::WorkflowTask(Box::new(delivery)));
        }
        _ => return Err(Rejection::TaskNotFound(TaskNotFound::Workflow)),
    }
    if !run.versioning.admits(start.polled_by.version.as_ref()) {
        return Err(Rejection::TaskNotFound(TaskNotFound::Workflow));
    }
    // A task that reached the normal queue was not taken by the sticky worker.
    if !run.is_sticky_queue(&start.queue) {
        run.sticky = None;
    }
    let size = run.size();
    start_scheduled(
        run,
        start.request_id,
        start.identity,
        start.worker_version,
        &start.polled_by,
        size,
        out,
    );
    // A speculative task may leave no trace: the run moves when it completes.
    let is_speculative = matches!(&run.task, WorkflowTask::Started(task) if task.task.task_type == TaskType::Speculative);
    if !is_speculative && run.versioning.begin_transition(&start.polled_by) {
        run.sticky = None;
    }
    let delivery = delivery(run, run.sticky.is_some(), true);
    Ok(Reply::WorkflowTask(Box::new(delivery)))
}

/// Starts the scheduled task; its event says that the history has this `size`.
pub(crate) fn start_scheduled(
    run: &mut Run,
    request_id: RequestId,
    identity: String,
    worker_version: Option<WorkerVersionStamp>,
    polled_by: &PolledBy,
    size: HistorySize,
    out: &mut OpenTransition,
) {
    let WorkflowTask::Scheduled(mut task) = std::mem::replace(&mut run.task, WorkflowTask::Idle)
    else {
        unreachable!("the caller saw the scheduled task");
    };
    // Events recorded since convert a transient or speculative task to a normal one.
    if task.task_type != TaskType::Normal && task.scheduled != run.next_event_id() {
        run.task_attempt = 1;
        task.task_type = TaskType::Normal;
        let event = scheduled_event(run, task.timeout, 1);
        task.scheduled = run.record(out.now, event);
    }
    let mut started = StartedTask {
        started: task.scheduled.next(),
        task,
        at: out.now,
        request_id,
        identity,
        worker_version,
        size,
        target_changed: run.versioning.notify(&polled_by.target),
    };
    if started.task.task_type == TaskType::Normal {
        let event = started_event(&started);
        started.started = run.record(out.now, event);
    }
    run.task = WorkflowTask::Started(started);
}

/// Returns the first task once more, if it is not completed.
pub(crate) fn repeat_eager(run: &mut Run) -> Reply {
    let is_first =
        matches!(&run.task, WorkflowTask::Started(task) if task.started == FIRST_STARTED);
    if !is_first || run.task_attempt > 1 {
        return Reply::Done;
    }
    Reply::WorkflowTask(Box::new(delivery(run, false, true)))
}

/// Builds the started task for its worker. With `resend`, updates that were delivered with an
/// earlier task are sent again.
pub(crate) fn delivery(run: &mut Run, sticky: bool, resend: bool) -> StartedWorkflowTask {
    let WorkflowTask::Started(task) = &run.task else {
        unreachable!("the caller started the task");
    };
    let task = task.clone();
    let previous = usize::try_from(run.last_completed_started.0).expect("an event id");
    StartedWorkflowTask {
        token: WorkflowTaskToken {
            scheduled: task.task.scheduled,
            started: task.started,
            attempt: run.task_attempt,
            stamp: task.task.stamp,
        },
        previous_started: run.last_completed_started,
        history: if sticky {
            previous..run.events.len()
        } else {
            0..run.events.len()
        },
        transient: unrecorded_events(run, &task),
        messages: updates::take_messages(run, task.started, resend),
        sticky,
        scheduled_at: task.task.at,
        started_at: task.at,
    }
}

/// The timeout of an attempt: it grows from the fourth on, which slows the repetition down.
fn timeout_of_attempt(timeout: Duration, attempt: u32) -> Duration {
    let Some(slow) = attempt.checked_sub(PROMPT_ATTEMPTS + 1) else {
        return timeout;
    };
    let delay = FIRST_DELAY.saturating_mul(1_u32.checked_shl(slow.min(16)).unwrap_or(u32::MAX));
    timeout + delay.min(MAX_DELAY)
}

impl Run {
    /// Schedules a workflow task for a new event, unless a pending one will deliver it. Also ends a
    /// start delay.
    pub(crate) fn ensure_workflow_task(&mut self, out: &mut OpenTransition) {
        if !self.has_workflow_task() {
            schedule(self, TaskType::Normal, out);
        }
    }

    /// The started workflow task that the token names.
    pub(crate) fn started_task(
        &self,
        token: &WorkflowTaskToken,
    ) -> Result<&StartedTask, Rejection> {
        match &self.task {
            WorkflowTask::Started(task) if task.task.stamp == token.stamp => Ok(task),
            _ => Err(Rejection::TaskNotFound(TaskNotFound::Workflow)),
        }
    }

    fn is_sticky_queue(&self, name: &str) -> bool {
        self.sticky
            .as_ref()
            .is_some_and(|sticky| &*sticky.name == name)
    }

    /// The size of the history as a task that starts now records it.
    pub(crate) fn size(&self) -> HistorySize {
        let updates = usize::try_from(self.updates.admitted()).unwrap_or(usize::MAX);
        HistorySize {
            bytes: self.history_size,
            suggest: ContinueAsNewSuggestion {
                too_large: self.history_size >= limits::HISTORY_SIZE_SUGGEST,
                too_many_events: self.events.len() >= limits::HISTORY_COUNT_SUGGEST,
                too_many_updates: updates >= limits::UPDATES_SUGGEST,
            },
        }
    }
}

/// The started event of a first workflow task that no event precedes.
const FIRST_STARTED: EventId = EventId(3);
const PROMPT_ATTEMPTS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_secs(5);
const MAX_DELAY: Duration = Duration::from_secs(10 * 60);
