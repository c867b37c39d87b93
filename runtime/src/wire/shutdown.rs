//! The end of a worker, announced to the server.

use durably_proto::api::{enums::v1::TaskQueueType, workflowservice::v1 as pb};

use super::{
    WireError,
    request::{Request, Sender},
    worker_heartbeat::WorkerHeartbeat,
};

/// Makes the server give no more tasks to a worker's sticky queue, and end its polls.
#[derive(Debug)]
pub(crate) struct ShutdownWorker {
    pub(crate) task_queue: String,
    /// None if the worker caches no runs.
    pub(crate) sticky_queue: Option<String>,
    pub(crate) instance_key: String,
    pub(crate) polls_workflows: bool,
    pub(crate) polls_activities: bool,
    /// None if the server takes none.
    pub(crate) last_heartbeat: Option<WorkerHeartbeat>,
}

impl Request for ShutdownWorker {
    type Message = pb::ShutdownWorkerRequest;
    type Reply = pb::ShutdownWorkerResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let kinds = [
            (self.polls_workflows, TaskQueueType::Workflow),
            (self.polls_activities, TaskQueueType::Activity),
        ];
        let polled = kinds.into_iter().filter(|(polls, _)| *polls);
        pb::ShutdownWorkerRequest {
            namespace: sender.namespace(),
            sticky_task_queue: self.sticky_queue.unwrap_or_default(),
            identity: sender.identity(),
            reason: "graceful shutdown".to_owned(),
            worker_instance_key: self.instance_key,
            task_queue: self.task_queue,
            task_queue_types: polled.map(|(_, kind)| kind.into()).collect(),
            worker_heartbeat: self.last_heartbeat.map(|it| it.into_proto(sender)),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}
