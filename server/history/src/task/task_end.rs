//! The end of a workflow task without completion: failed, timed out, or not started in time.

use durably_proto::Message;
use durably_proto::api::enums::v1::{TimeoutType, WorkflowTaskFailedCause};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    WorkflowTaskFailedEventAttributes, WorkflowTaskTimedOutEventAttributes,
};

use crate::event::workflow_task::{record_deferred_events, scheduled_event};
use crate::id::EventId;
use crate::input::FailWorkflowTask;
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::state::{Run, StartedTask, TaskType, WorkflowTask};
use crate::task::{termination, workflow_task};
use crate::transition::Reply;
use crate::{failure, limits};

/// Fails the workflow task at the worker's request.
pub(crate) fn fail(
    fail: FailWorkflowTask,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    run.started_task(&fail.token)?;
    // A retry would produce the same message again.
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

/// Cause of a failed workflow task.
pub(crate) struct Failed {
    pub cause: WorkflowTaskFailedCause,
    pub failure: Option<Failure>,
    pub identity: String,
    pub binary_checksum: String,
}

impl Failed {
    /// The server fails the task in order to close the run.
    pub(crate) fn force_close() -> Self {
        Self {
            cause: WorkflowTaskFailedCause::ForceCloseCommand,
            failure: None,
            identity: "history-service".to_owned(),
            binary_checksum: String::new(),
        }
    }
}

/// Fails the started task. Repeated failures record no events.
pub(crate) fn end_failed(run: &mut Run, failed: Failed, out: &mut OpenTransition) {
    let Some(task) = take_started(run) else {
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

/// Times the started task out.
pub(crate) fn end_timed_out(run: &mut Run, out: &mut OpenTransition) {
    let Some(task) = take_started(run) else {
        return;
    };
    let (scheduled, started) = record_speculative(run, &task, "");
    if run.task_attempt == 1 {
        record_timed_out(run, scheduled, started, TimeoutType::StartToClose, out);
    }
    count_failure(run);
    run.close_attempted = false;
}

/// Times a task out that no poll took in time.
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

/// Removes the started task.
pub(crate) fn take_started(run: &mut Run) -> Option<StartedTask> {
    let WorkflowTask::Started(task) = &run.task else {
        return None;
    };
    let task = task.clone();
    run.task = WorkflowTask::Idle;
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

/// Counts a failed attempt. After a failure on a sticky queue the next attempt, on the normal
/// queue, counts as the first, because the cause may be the worker.
fn count_failure(run: &mut Run) {
    run.task_attempt = if run.sticky.take().is_some() {
        1
    } else {
        run.task_attempt + 1
    };
}
