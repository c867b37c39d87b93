//! The names by which the server knows one running worker.

use crate::wire::{deployment::WorkerBuild, poll::TaskQueue};

/// The names by which the server knows one running worker; every request carries some of them.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) namespace: String,
    pub(crate) task_queue: String,
    /// The queue that only this worker polls: tasks of its cached runs.
    pub(crate) sticky_queue: String,
    /// Differs for each start of a worker. The server uses it to end the polls of this one.
    pub(crate) instance_key: String,
    /// The identity of this worker in histories.
    pub(crate) identity: String,
    /// The build that it runs, if it says so.
    pub(crate) build: Option<WorkerBuild>,
}

impl Identity {
    pub(crate) fn new(
        namespace: String,
        task_queue: String,
        identity: String,
        build: Option<WorkerBuild>,
    ) -> Self {
        let instance_key = uuid::Uuid::new_v4().to_string();
        Self {
            namespace,
            sticky_queue: format!("{task_queue}-{instance_key}"),
            task_queue,
            instance_key,
            identity,
            build,
        }
    }

    pub(crate) fn normal_task_queue(&self) -> TaskQueue {
        TaskQueue::Normal(self.task_queue.clone())
    }

    pub(crate) fn sticky_task_queue(&self) -> TaskQueue {
        TaskQueue::Sticky {
            name: self.sticky_queue.clone(),
            normal: self.task_queue.clone(),
        }
    }
}
