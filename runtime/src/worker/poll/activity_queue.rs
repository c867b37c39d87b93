//! Polls for activity tasks.

use std::sync::Arc;

use durably_proto::api::workflowservice::v1::{
    PollActivityTaskQueueRequest, PollActivityTaskQueueResponse,
};
use tonic::Status;

use super::{POLL_TIMEOUT, Queue};
use crate::worker::{
    activity_task::ActivityTasks,
    server::Server,
    slots::{Permit, Slots},
};

/// The activities of the task queue.
pub(crate) struct ActivityQueue {
    pub(crate) server: Arc<Server>,
    pub(crate) tasks: Arc<ActivityTasks>,
}

impl Queue for ActivityQueue {
    type Task = Box<PollActivityTaskQueueResponse>;
    const WHAT: &'static str = "polling for activity tasks";

    fn slots(&self) -> &Slots {
        &self.tasks.slots
    }

    async fn may_poll(&self) {}

    async fn poll(&self) -> Result<Option<Self::Task>, Status> {
        let identity = &self.server.identity;
        let request = PollActivityTaskQueueRequest {
            namespace: identity.namespace.clone(),
            task_queue: Some(identity.normal_task_queue()),
            identity: identity.identity.clone(),
            worker_instance_key: identity.instance_key.clone(),
            ..Default::default()
        };
        let rpc = &self.server.rpc;
        let response = rpc.poll_activity_task_queue(request, POLL_TIMEOUT).await?;
        Ok((!response.task_token.is_empty()).then(|| Box::new(response)))
    }

    fn start(&self, task: Self::Task, permit: Permit) {
        self.tasks.start(task, permit);
    }
}
