//! Polls for activity tasks.

use std::sync::Arc;

use super::{POLL_TIMEOUT, Queue};
use crate::{
    transport::{caller::Arrival, retry::Patience},
    wire::{
        activity_task::ActivityTask,
        poll::{PollActivityTask, Polled},
        status::CallError,
    },
    worker::{
        activity_task::ActivityTasks,
        rate::RateLimit,
        server::Server,
        slots::{Permit, Slots},
    },
};

/// The activities of the task queue.
pub(crate) struct ActivityQueue {
    pub(crate) server: Arc<Server>,
    pub(crate) tasks: Arc<ActivityTasks>,
    /// The rate of this worker.
    pub(crate) rate: Option<RateLimit>,
    /// The rate of the queue, which the server keeps.
    pub(crate) max_per_second: Option<f64>,
}

impl Queue for ActivityQueue {
    type Task = ActivityTask;
    const WHAT: &'static str = "polling for activity tasks";

    fn slots(&self) -> &Slots {
        &self.tasks.slots
    }

    async fn may_poll(&self) {}

    fn rate(&self) -> Option<&RateLimit> {
        self.rate.as_ref()
    }

    async fn poll(&self) -> Result<Arrival<Polled<Self::Task>>, CallError> {
        let identity = &self.server.identity;
        let request = PollActivityTask {
            queue: identity.normal_task_queue(),
            instance_key: identity.instance_key.clone(),
            build: identity.build.clone(),
            max_per_second: self.max_per_second,
        };
        let patience = Patience::one_attempt(POLL_TIMEOUT);
        self.server.caller.call_undecoded(request, patience).await
    }

    fn count(&self, has_task: bool) {
        if !has_task {
            self.server.metrics.activity_poll_empty();
        }
    }

    fn start(&self, task: Self::Task, permit: Permit) {
        self.tasks.start(task, permit);
    }
}
