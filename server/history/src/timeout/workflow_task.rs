//! The first workflow task is due, or a workflow task took too long.

use crate::id::Stamp;
use crate::rejection::Rejection;
use crate::state::{Form, Run, WorkflowTask};
use crate::task::{task_end, workflow_task};
use crate::transition::Transition;

/// The delay before the first workflow task is over.
pub(crate) fn first(run: &mut Run, out: &mut Transition) -> Result<(), Rejection> {
    if !run.is_delayed() || run.terms.executes_at > out.now {
        return Err(Rejection::StaleDeadline);
    }
    workflow_task::schedule(run, Form::Recorded, out);
    Ok(())
}

/// Too long in a queue, or too long with a worker: the next task goes to the normal queue.
pub(crate) fn ring(stamp: Stamp, run: &mut Run, out: &mut Transition) -> Result<(), Rejection> {
    match &run.task {
        WorkflowTask::Scheduled(task)
            if task.stamp == stamp && task.waits_until.is_some_and(|at| at <= out.now) =>
        {
            task_end::end_waiting(run, out);
        }
        WorkflowTask::Started(task)
            if task.task.stamp == stamp && task.at + task.task.timeout <= out.now =>
        {
            task_end::end_timed_out(run, out);
        }
        _ => return Err(Rejection::StaleDeadline),
    }
    workflow_task::schedule(run, Form::Recorded, out);
    Ok(())
}
