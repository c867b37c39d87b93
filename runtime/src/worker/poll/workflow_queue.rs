//! Polls for workflow tasks.

use std::sync::Arc;

use super::{POLL_TIMEOUT, Queue};
use crate::{
    transport::{caller::Arrival, retry::Patience},
    wire::{
        poll::{PollWorkflowTask, Polled},
        status::CallError,
        workflow_task::PolledTask,
    },
    worker::{
        rate::RateLimit,
        server::Server,
        slots::{Permit, Slots},
        workflow_task::WorkflowTasks,
    },
};

/// The task queue, or the sticky queue of the worker.
pub(crate) struct WorkflowQueue {
    pub(crate) server: Arc<Server>,
    pub(crate) tasks: Arc<WorkflowTasks>,
    pub(crate) sticky: bool,
    /// Those of workflow tasks, as this queue holds them.
    pub(crate) slots: Slots,
}

impl Queue for WorkflowQueue {
    type Task = PolledTask;
    const WHAT: &'static str = "polling for workflow tasks";

    fn slots(&self) -> &Slots {
        &self.slots
    }

    async fn may_poll(&self) {
        self.tasks.few_threads_lost().await;
    }

    fn rate(&self) -> Option<&RateLimit> {
        None
    }

    async fn poll(&self) -> Result<Arrival<Polled<Self::Task>>, CallError> {
        let identity = &self.server.identity;
        let queue = match self.sticky {
            true => identity.sticky_task_queue(),
            false => identity.normal_task_queue(),
        };
        let request = PollWorkflowTask {
            queue,
            instance_key: identity.instance_key.clone(),
            build: identity.build.clone(),
        };
        let patience = Patience::one_attempt(POLL_TIMEOUT);
        self.server.caller.call_undecoded(request, patience).await
    }

    fn count(&self, has_task: bool) {
        self.server.metrics.workflow_poll(has_task);
    }

    fn start(&self, task: Self::Task, permit: Permit) {
        let waited = task.schedule_to_start();
        self.server.metrics.workflow_task_waited(waited);
        self.tasks.start(task, permit);
    }
}
