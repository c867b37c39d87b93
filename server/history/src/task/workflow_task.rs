//! The workflow task: scheduling it, handing it to a worker, and what follows when that goes wrong.

use std::time::Duration;

use durably_proto::api::common::v1::WorkerVersionStamp;
use durably_proto::api::enums::v1::{
    SuggestContinueAsNewReason, TimeoutType, WorkflowTaskFailedCause,
};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    HistoryEvent, WorkflowTaskFailedEventAttributes, WorkflowTaskScheduledEventAttributes,
    WorkflowTaskStartedEventAttributes, WorkflowTaskTimedOutEventAttributes,
};

use crate::apply::Out;
use crate::event::unrecorded;
use crate::id::{EventId, RequestId, Stamp};
use crate::input::{
    Deadline, FailWorkflowTask, StartWorkflowTask, WorkflowTaskTicket, WorkflowTaskToken,
};
use crate::outcome::{Effect, Reply, StartedWorkflowTask};
use crate::queue::TaskQueue;
use crate::rejection::{Rejection, TaskNotFound};
use crate::request::update;
use crate::state::{Form, HistorySize, Run, ScheduledTask, StartedTask, Suggest, WorkflowTask};
use crate::time::{Time, to_proto};
use crate::{failure, limits};

/// Schedules a workflow task and offers it to its queue.
pub(crate) fn schedule(run: &mut Run, form: Form, out: &mut Out) {
    let original_at = out.now;
    schedule_silently(run, form, original_at, out);
    dispatch(run, out);
}

/// Schedules a workflow task that its worker is about to be handed directly.
pub(crate) fn schedule_silently(run: &mut Run, wanted: Form, original_at: Time, out: &Out) {
    // With new events there is something to say, however often the last task failed.
    if !run.buffered.is_empty() {
        run.flush_buffer();
        run.task_attempt = 1;
    }
    let form = match wanted {
        Form::Speculative => Form::Speculative,
        _ if run.task_attempt > 1 => Form::Transient,
        _ => Form::Recorded,
    };
    let timeout = timeout_of_attempt(run.terms.timeouts.task, run.task_attempt);
    let scheduled = match form {
        Form::Recorded => {
            let event = scheduled_event(run, timeout, run.task_attempt);
            run.record(out.now, event)
        }
        Form::Transient | Form::Speculative => run.next_event_id(),
    };
    run.last_stamp = Stamp(run.last_stamp.0 + 1);
    let stamp = run.last_stamp;
    let task = ScheduledTask {
        stamp,
        scheduled,
        at: out.now,
        original_at,
        timeout,
        form,
        waits_until: None,
    };
    run.task = WorkflowTask::Scheduled(task);
}

/// Offers the scheduled task to its queue.
pub(crate) fn dispatch(run: &mut Run, out: &mut Out) {
    let queue = run.current_task_queue();
    let WorkflowTask::Scheduled(task) = &mut run.task else {
        return;
    };
    let speculative = task.form == Form::Speculative;
    let ticket = WorkflowTaskTicket {
        scheduled: task.scheduled,
        stamp: task.stamp,
    };
    let patience = match &queue {
        TaskQueue::Sticky(sticky) => sticky.schedule_to_start,
        TaskQueue::Normal(_) => speculative.then_some(limits::SPECULATIVE_SCHEDULE_TO_START),
    };
    task.waits_until = patience.map(|patience| out.now + patience);
    out.effect(Effect::DispatchWorkflowTask {
        ticket,
        queue,
        speculative,
    });
    if let Some(at) = task.waits_until {
        out.effect(Effect::Arm {
            deadline: Deadline::WorkflowTask(ticket.stamp),
            at,
        });
    }
}

/// A poller took the task.
pub(crate) fn start(
    start: StartWorkflowTask,
    run: &mut Run,
    out: &mut Out,
) -> Result<Reply, Rejection> {
    match &run.task {
        WorkflowTask::Scheduled(task) if task.stamp == start.ticket.stamp => {
            if task.form == Form::Speculative && !update::any_to_send(run, true) {
                return Err(Rejection::TaskNotFound(TaskNotFound::Workflow));
            }
        }
        WorkflowTask::Started(task) if task.task.stamp == start.ticket.stamp => {
            if task.request_id != start.request_id {
                return Err(Rejection::TaskAlreadyStarted);
            }
            let delivery = delivery(run, run.is_sticky_queue(&start.queue), true);
            return Ok(Reply::WorkflowTask(Box::new(delivery)));
        }
        _ => return Err(Rejection::TaskNotFound(TaskNotFound::Workflow)),
    }
    // The sticky worker is gone, or the task would not have come this way.
    if !run.is_sticky_queue(&start.queue) {
        run.sticky = None;
    }
    start_scheduled(
        run,
        start.request_id,
        start.identity,
        start.worker_version,
        out,
    );
    let delivery = delivery(run, run.sticky.is_some(), true);
    Ok(Reply::WorkflowTask(Box::new(delivery)))
}

/// Starts the scheduled task.
pub(crate) fn start_scheduled(
    run: &mut Run,
    request_id: RequestId,
    identity: String,
    worker_version: Option<WorkerVersionStamp>,
    out: &mut Out,
) {
    let WorkflowTask::Scheduled(mut task) = std::mem::replace(&mut run.task, WorkflowTask::Idle)
    else {
        unreachable!("the caller saw the scheduled task");
    };
    if task.waits_until.is_some() {
        out.effect(Effect::Disarm(Deadline::WorkflowTask(task.stamp)));
    }
    let size = run.size();
    // What came since makes a task that was to leave no trace an ordinary one.
    if task.form != Form::Recorded && task.scheduled != run.next_event_id() {
        run.task_attempt = 1;
        task.form = Form::Recorded;
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
    };
    if started.task.form == Form::Recorded {
        let event = started_event(&started);
        started.started = run.record(out.now, event);
    }
    out.effect(Effect::Arm {
        deadline: Deadline::WorkflowTask(started.task.stamp),
        at: out.now + started.task.timeout,
    });
    run.task = WorkflowTask::Started(started);
}

/// What the worker of the started task is handed. With `resend`, updates that an earlier task
/// delivered in vain go out again.
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
        messages: update::take_messages(run, task.started, resend),
        sticky,
        scheduled_at: task.task.at,
        started_at: task.at,
    }
}

fn unrecorded_events(run: &Run, task: &StartedTask) -> Vec<HistoryEvent> {
    if task.task.form == Form::Recorded {
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

/// The worker reports that it could not complete the task.
pub(crate) fn fail(
    fail: FailWorkflowTask,
    run: &mut Run,
    out: &mut Out,
) -> Result<Reply, Rejection> {
    run.started_task(&fail.token)?;
    let failure = fail.failure.map(|failure| {
        if durably_proto::Message::encoded_len(&failure) > limits::BLOB {
            failure::too_large("Failure exceeds size limit.", Some(failure))
        } else {
            failure
        }
    });
    let end = Failed {
        cause: fail.cause,
        failure,
        identity: fail.identity,
        binary_checksum: fail.binary_checksum,
        worker_version: fail.worker_version,
    };
    end_failed(run, end, out);
    schedule(run, Form::Recorded, out);
    Ok(Reply::Done)
}

/// How a workflow task failed.
pub(crate) struct Failed {
    pub cause: WorkflowTaskFailedCause,
    pub failure: Option<Failure>,
    pub identity: String,
    pub binary_checksum: String,
    pub worker_version: Option<WorkerVersionStamp>,
}

impl Failed {
    /// The server fails the task to be able to close the run.
    pub(crate) fn force_close() -> Self {
        Self {
            cause: WorkflowTaskFailedCause::ForceCloseCommand,
            failure: None,
            identity: "history-service".to_owned(),
            binary_checksum: String::new(),
            worker_version: None,
        }
    }
}

/// Ends the started task as failed. Repeated failures write no events.
pub(crate) fn end_failed(run: &mut Run, failed: Failed, out: &mut Out) {
    let Some(task) = take_started(run, out) else {
        return;
    };
    let (scheduled, started) = record_speculative(run, &task, &failed.identity);
    if run.task_attempt == 1 {
        let event = WorkflowTaskFailedEventAttributes {
            scheduled_event_id: scheduled.0,
            started_event_id: started.0,
            cause: failed.cause.into(),
            failure: failed.failure,
            identity: failed.identity,
            ..Default::default()
        };
        #[expect(
            deprecated,
            reason = "workers still send them and histories still show them"
        )]
        let event = WorkflowTaskFailedEventAttributes {
            binary_checksum: failed.binary_checksum,
            worker_version: failed.worker_version,
            ..event
        };
        run.record(
            out.now,
            Attributes::WorkflowTaskFailedEventAttributes(event),
        );
    }
    count_failure(run);
    run.close_attempted = failed.cause == WorkflowTaskFailedCause::UnhandledCommand;
}

/// Ends the started task as timed out.
pub(crate) fn end_timed_out(run: &mut Run, out: &mut Out) {
    let Some(task) = take_started(run, out) else {
        return;
    };
    let (scheduled, started) = record_speculative(run, &task, "");
    if run.task_attempt == 1 {
        record_timed_out(run, scheduled, started, TimeoutType::StartToClose, out);
    }
    count_failure(run);
    run.close_attempted = false;
}

/// Takes the scheduled task out of a queue it waited in for too long.
pub(crate) fn end_waiting(run: &mut Run, out: &mut Out) {
    let WorkflowTask::Scheduled(task) = std::mem::replace(&mut run.task, WorkflowTask::Idle) else {
        return;
    };
    let mut scheduled = task.scheduled;
    if task.form == Form::Speculative {
        let event = scheduled_event(run, task.timeout, run.task_attempt);
        scheduled = run.record(task.at, event);
    }
    record_timed_out(
        run,
        scheduled,
        EventId::NONE,
        TimeoutType::ScheduleToStart,
        out,
    );
    run.sticky = None;
    run.task_attempt = 1;
}

/// A task that was to leave no trace becomes an ordinary one, because something else is written now.
pub(crate) fn make_ordinary(run: &mut Run) {
    let (scheduled_at, timeout, started) = match &run.task {
        WorkflowTask::Scheduled(task) if task.form == Form::Speculative => {
            (task.at, task.timeout, None)
        }
        WorkflowTask::Started(task) if task.task.form == Form::Speculative => (
            task.task.at,
            task.task.timeout,
            Some((task.at, started_event(task))),
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
            task.form = Form::Recorded
        }
        WorkflowTask::Idle => {}
    }
}

/// Takes the started task out of the run, and its deadline away.
pub(crate) fn take_started(run: &mut Run, out: &mut Out) -> Option<StartedTask> {
    let WorkflowTask::Started(task) = &run.task else {
        return None;
    };
    let task = task.clone();
    run.task = WorkflowTask::Idle;
    out.effect(Effect::Disarm(Deadline::WorkflowTask(task.task.stamp)));
    Some(task)
}

/// Records the scheduled and started events that a transient or speculative task still owes.
pub(crate) fn record_owed(run: &mut Run, task: &StartedTask, identity: &str) -> (EventId, EventId) {
    if task.task.form == Form::Recorded {
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

fn record_speculative(run: &mut Run, task: &StartedTask, identity: &str) -> (EventId, EventId) {
    match task.task.form {
        Form::Speculative => record_owed(run, task, identity),
        Form::Recorded | Form::Transient => (task.task.scheduled, task.started),
    }
}

fn record_timed_out(
    run: &mut Run,
    scheduled: EventId,
    started: EventId,
    kind: TimeoutType,
    out: &Out,
) {
    let event = WorkflowTaskTimedOutEventAttributes {
        scheduled_event_id: scheduled.0,
        started_event_id: started.0,
        timeout_type: kind.into(),
    };
    run.record(
        out.now,
        Attributes::WorkflowTaskTimedOutEventAttributes(event),
    );
}

/// A failure in a sticky queue may be the worker's: the task is first tried elsewhere, as if new.
fn count_failure(run: &mut Run) {
    run.task_attempt = if run.sticky.take().is_some() {
        1
    } else {
        run.task_attempt + 1
    };
}

/// From the fourth attempt on, tasks get more and more time, which slows their repetition down.
fn timeout_of_attempt(timeout: Duration, attempt: u32) -> Duration {
    let Some(slow) = attempt.checked_sub(PROMPT_ATTEMPTS + 1) else {
        return timeout;
    };
    let delay = FIRST_DELAY.saturating_mul(1_u32.checked_shl(slow.min(16)).unwrap_or(u32::MAX));
    timeout + delay.min(MAX_DELAY)
}

fn scheduled_event(run: &Run, timeout: Duration, attempt: u32) -> Attributes {
    Attributes::WorkflowTaskScheduledEventAttributes(WorkflowTaskScheduledEventAttributes {
        task_queue: Some((&run.current_task_queue()).into()),
        start_to_close_timeout: Some(to_proto(timeout)),
        attempt: i32::try_from(attempt).unwrap_or(i32::MAX),
    })
}

fn started_event(task: &StartedTask) -> Attributes {
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
        history_size_bytes: i64::try_from(task.size.bytes).unwrap_or(i64::MAX),
        ..Default::default()
    };
    #[expect(deprecated, reason = "histories still show it")]
    WorkflowTaskStartedEventAttributes {
        worker_version: task.worker_version.clone(),
        ..event
    }
}

impl Suggest {
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

impl Run {
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

    fn size(&self) -> HistorySize {
        let updates = usize::try_from(self.updates_admitted).unwrap_or(usize::MAX);
        HistorySize {
            bytes: self.history_size,
            suggest: Suggest {
                too_large: self.history_size >= limits::HISTORY_SIZE_SUGGEST,
                too_many_events: self.events.len() >= limits::HISTORY_COUNT_SUGGEST,
                too_many_updates: updates >= limits::UPDATES_SUGGEST,
            },
        }
    }
}

const PROMPT_ATTEMPTS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_secs(5);
const MAX_DELAY: Duration = Duration::from_secs(10 * 60);
