//! Deadlines of workflow tasks: the start delay, schedule-to-start and start-to-close timeouts.

use crate::id::Stamp;
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::state::{Run, TaskType, WorkflowTask};
use crate::task::{task_end, workflow_task};

/// Ends the start delay.
pub(crate) fn first(run: &mut Run, out: &mut OpenTransition) -> Result<(), Rejection> {
    if !run.is_delayed() || run.config.executes_at > out.now {
        return Err(Rejection::StaleDeadline);
    }
    workflow_task::schedule(run, TaskType::Normal, out);
    Ok(())
}

/// Times the workflow task out; the next one goes to the normal queue.
pub(crate) fn fire(stamp: Stamp, run: &mut Run, out: &mut OpenTransition) -> Result<(), Rejection> {
    match &run.task {
        WorkflowTask::Scheduled(task)
            if task.stamp == stamp && task.waits_until.is_some_and(|at| at <= out.now) =>
        {
            task_end::end_unstarted(run, out);
        }
        WorkflowTask::Started(task)
            if task.task.stamp == stamp && task.at + task.task.timeout <= out.now =>
        {
            task_end::end_timed_out(run, out);
        }
        _ => return Err(Rejection::StaleDeadline),
    }
    workflow_task::schedule(run, TaskType::Normal, out);
    Ok(())
}
