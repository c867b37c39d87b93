//! Polls for workflow tasks.

use std::sync::Arc;

use durably_proto::api::workflowservice::v1::{
    PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse,
};
use tonic::Status;

use super::{POLL_TIMEOUT, Queue};
use crate::worker::{
    server::Server,
    slots::{Permit, Slots},
    workflow_task::WorkflowTasks,
};

/// The task queue, or the sticky queue of the worker.
pub(crate) struct WorkflowQueue {
    pub(crate) server: Arc<Server>,
    pub(crate) tasks: Arc<WorkflowTasks>,
    pub(crate) sticky: bool,
}

impl Queue for WorkflowQueue {
    type Task = Box<PollWorkflowTaskQueueResponse>;
    const WHAT: &'static str = "polling for workflow tasks";

    fn slots(&self) -> &Slots {
        &self.tasks.slots
    }

    async fn may_poll(&self) {
        self.tasks.few_threads_lost().await;
    }

    async fn poll(&self) -> Result<Option<Self::Task>, Status> {
        let identity = &self.server.identity;
        let task_queue = match self.sticky {
            true => identity.sticky_task_queue(),
            false => identity.normal_task_queue(),
        };
        let request = PollWorkflowTaskQueueRequest {
            namespace: identity.namespace.clone(),
            task_queue: Some(task_queue),
            identity: identity.identity.clone(),
            worker_instance_key: identity.instance_key.clone(),
            ..Default::default()
        };
        let rpc = &self.server.rpc;
        let response = rpc.poll_workflow_task_queue(request, POLL_TIMEOUT).await?;
        Ok((!response.task_token.is_empty()).then(|| Box::new(response)))
    }

    fn start(&self, task: Self::Task, permit: Permit) {
        self.tasks.start(task, permit);
    }
}
