//! The end of a workflow task that was not completed: failed, timed out, or never taken.

use durably_proto::Message;
use durably_proto::api::enums::v1::{TimeoutType, WorkflowTaskFailedCause};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    WorkflowTaskFailedEventAttributes, WorkflowTaskTimedOutEventAttributes,
};

use crate::event::workflow_task::{record_deferred_events, scheduled_event};
use crate::id::EventId;
use crate::input::{Deadline, FailWorkflowTask};
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::state::{Run, StartedTask, TaskType, WorkflowTask};
use crate::task::{termination, workflow_task};
use crate::transition::{Effect, Reply};
use crate::{failure, limits};

/// The worker reports that it could not complete the task.
pub(crate) fn fail(
    fail: FailWorkflowTask,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    run.started_task(&fail.token)?;
    // The same task would produce the same message again.
    if fail.cause == WorkflowTaskFailedCause::GrpcMessageTooLarge {
        termination::by_server(run, "GrpcMessageTooLarge".to_owned(), out);
        return Ok(Reply::Done);
    }
    let failure = fail.failure.map(|failure| {
        if failure.encoded_len() > limits::BLOB {
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
    };
    end_failed(run, end, out);
    workflow_task::schedule(run, TaskType::Normal, out);
    Ok(Reply::Done)
}

/// How a workflow task failed.
pub(crate) struct Failed {
    pub cause: WorkflowTaskFailedCause,
    pub failure: Option<Failure>,
    pub identity: String,
    pub binary_checksum: String,
}

impl Failed {
    /// The server fails the task to be able to close the run.
    pub(crate) fn force_close() -> Self {
        Self {
            cause: WorkflowTaskFailedCause::ForceCloseCommand,
            failure: None,
            identity: "history-service".to_owned(),
            binary_checksum: String::new(),
        }
    }
}

/// Ends the started task as failed. Repeated failures write no events.
pub(crate) fn end_failed(run: &mut Run, failed: Failed, out: &mut OpenTransition) {
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
            reason = "workers still send it and histories still show it"
        )]
        let event = WorkflowTaskFailedEventAttributes {
            binary_checksum: failed.binary_checksum,
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
pub(crate) fn end_timed_out(run: &mut Run, out: &mut OpenTransition) {
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
pub(crate) fn end_unstarted(run: &mut Run, out: &mut OpenTransition) {
    let WorkflowTask::Scheduled(task) = std::mem::replace(&mut run.task, WorkflowTask::Idle) else {
        return;
    };
    let mut scheduled = task.scheduled;
    if task.task_type == TaskType::Speculative {
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

/// Takes the started task out of the run, and its deadline away.
pub(crate) fn take_started(run: &mut Run, out: &mut OpenTransition) -> Option<StartedTask> {
    let WorkflowTask::Started(task) = &run.task else {
        return None;
    };
    let task = task.clone();
    run.task = WorkflowTask::Idle;
    out.effect(Effect::Disarm(Deadline::WorkflowTask(task.task.stamp)));
    Some(task)
}

fn record_speculative(run: &mut Run, task: &StartedTask, identity: &str) -> (EventId, EventId) {
    match task.task.task_type {
        TaskType::Speculative => record_deferred_events(run, task, identity),
        TaskType::Normal | TaskType::Transient => (task.task.scheduled, task.started),
    }
}

fn record_timed_out(
    run: &mut Run,
    scheduled: EventId,
    started: EventId,
    kind: TimeoutType,
    out: &OpenTransition,
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
