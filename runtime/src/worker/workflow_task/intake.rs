//! A workflow task on its way from the server to the thread that owns its run.

use std::sync::Arc;

use durably_engine::Task;
use durably_proto::api::{
    common::v1::WorkflowExecution, history::v1::History,
    workflowservice::v1::PollWorkflowTaskQueueResponse,
};

use super::{
    answer::{self, Failure},
    executor::{Delivery, Wake, Work},
    history_pages,
    ticket::Ticket,
};
use crate::{
    telemetry::log,
    wire,
    worker::{shared::Shared, slots::Permit},
};

/// Brings a task to its thread, with the pages of history that it came without.
pub(crate) fn take(shared: &Arc<Shared>, task: Box<PollWorkflowTaskQueueResponse>, permit: Permit) {
    if let Some(task) = shared.failing_runs.keep(shared, task) {
        hand_in(shared, task, permit);
    }
}

/// Does so at once, also if its run fails here.
pub(crate) fn hand_in(
    shared: &Arc<Shared>,
    task: Box<PollWorkflowTaskQueueResponse>,
    permit: Permit,
) {
    if task.next_page_token.is_empty() {
        hand_over(shared, task, permit);
        return;
    }
    let shared = Arc::clone(shared);
    shared.clone().net.spawn(async move {
        let mut task = task;
        let execution = task.workflow_execution.clone().unwrap_or_default();
        let token = std::mem::take(&mut task.next_page_token);
        let history = task.history.get_or_insert_default();
        match history_pages::add_pages(&shared, &execution, token, &mut history.events).await {
            Ok(()) => hand_over(&shared, task, permit),
            Err(status) => history_pages::missing(&shared, &Ticket::take(&mut task), &status),
        }
    });
}

/// Brings a task to its thread again, with all of history: its run is not cached.
pub(crate) async fn take_again(
    shared: Arc<Shared>,
    ticket: Arc<Ticket>,
    mut task: Box<Task>,
    permit: Permit,
) {
    let execution = WorkflowExecution {
        workflow_id: ticket.workflow_id.clone(),
        run_id: ticket.run_id.clone(),
    };
    let mut events = Vec::new();
    if let Err(status) =
        history_pages::add_pages(&shared, &execution, Vec::new(), &mut events).await
    {
        history_pages::missing(&shared, &ticket, &status);
        return;
    }
    // The tail came with the task. It may hold events that are not in history yet: those of a task
    // that leaves no trace unless it does something.
    if let Some(first) = task.history.first() {
        let before_tail = events.partition_point(|event| event.event_id < first.id.0);
        events.truncate(before_tail);
    }
    let mut tail = std::mem::take(&mut task.history);
    match wire::task::append_history(&mut task, History { events }) {
        Ok(()) => {
            task.history.append(&mut tail);
            let run_id = ticket.run_id.clone();
            let work = Work::Decoded(ticket, task);
            shared.wake(&run_id, Wake::Task(Box::new(Delivery { work, permit })));
        }
        Err(error) => {
            drop(permit);
            answer::fail(&shared, &ticket, Failure::of(&error.into())).await;
        }
    }
}

fn hand_over(shared: &Arc<Shared>, task: Box<PollWorkflowTaskQueueResponse>, permit: Permit) {
    let Some(execution) = &task.workflow_execution else {
        log::warning!(
            task_queue = shared.task_queue,
            "the server gave a workflow task without an execution; it is left alone"
        );
        return;
    };
    let run_id = execution.run_id.clone();
    let work = Work::Raw(task);
    shared.wake(&run_id, Wake::Task(Box::new(Delivery { work, permit })));
}
