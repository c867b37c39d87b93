//! Polls for activity tasks.

use std::sync::Arc;

use super::{POLL_TIMEOUT, Queue};
use crate::{
    transport::{caller::Arrival, retry::Patience},
    wire::{activity_task::ActivityTask, poll::PollActivityTask, status::CallError},
    worker::{
        activity_task::ActivityTasks,
        server::Server,
        slots::{Permit, Slots},
    },
};

/// The activities of the task queue.
pub(crate) struct ActivityQueue {
    pub(crate) server: Arc<Server>,
    pub(crate) tasks: Arc<ActivityTasks>,
}

impl Queue for ActivityQueue {
    type Task = ActivityTask;
    const WHAT: &'static str = "polling for activity tasks";

    fn slots(&self) -> &Slots {
        &self.tasks.slots
    }

    async fn may_poll(&self) {}

    async fn poll(&self) -> Result<Arrival<Option<Self::Task>>, CallError> {
        let identity = &self.server.identity;
        let request = PollActivityTask {
            queue: identity.normal_task_queue(),
            instance_key: identity.instance_key.clone(),
            build: identity.build.clone(),
        };
        let patience = Patience::one_attempt(POLL_TIMEOUT);
        self.server.caller.call_undecoded(request, patience).await
    }

    fn start(&self, task: Self::Task, permit: Permit) {
        self.tasks.start(task, permit);
    }
}
