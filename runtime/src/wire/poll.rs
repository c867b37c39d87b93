//! Polls for tasks.

use std::time::Instant;

use durably_proto::api::{
    enums::v1::{TaskQueueKind, TaskQueueType},
    taskqueue::v1 as taskqueue,
    workflowservice::v1 as pb,
};

use super::{
    WireError,
    activity_task::ActivityTask,
    deployment::WorkerBuild,
    payload_fields::Subject,
    request::{Execution, Request, Sender},
    status::{CallError, CodecFault},
    workflow_task::PolledTask,
};

/// A task queue that a worker polls.
#[derive(Clone, Debug)]
pub(crate) enum TaskQueue {
    /// The queue that the workers of a program share.
    Normal(String),
    /// The queue of one worker, for tasks of its cached runs.
    Sticky { name: String, normal: String },
}

impl TaskQueue {
    pub(super) fn into_proto(self) -> taskqueue::TaskQueue {
        let (name, kind, normal_name) = match self {
            Self::Normal(name) => (name, TaskQueueKind::Normal, String::new()),
            Self::Sticky { name, normal } => (name, TaskQueueKind::Sticky, normal),
        };
        taskqueue::TaskQueue {
            name,
            kind: kind.into(),
            normal_name,
        }
    }
}

/// A long poll for a workflow task.
#[derive(Debug)]
pub(crate) struct PollWorkflowTask {
    pub(crate) queue: TaskQueue,
    /// Lets the server end the polls of one worker.
    pub(crate) instance_key: String,
    pub(crate) build: Option<WorkerBuild>,
}

/// A long poll for an activity task.
#[derive(Debug)]
pub(crate) struct PollActivityTask {
    pub(crate) queue: TaskQueue,
    /// Lets the server end the polls of one worker.
    pub(crate) instance_key: String,
    pub(crate) build: Option<WorkerBuild>,
}

/// Asks whether a worker polls a queue for activity tasks.
#[derive(Debug)]
pub(crate) struct HasActivityPollers {
    pub(crate) queue: TaskQueue,
}

impl Request for PollWorkflowTask {
    type Message = pb::PollWorkflowTaskQueueRequest;
    type Reply = pb::PollWorkflowTaskQueueResponse;
    /// None if the server had no task.
    type Response = Option<PolledTask>;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::PollWorkflowTaskQueueRequest {
            namespace: sender.namespace(),
            task_queue: Some(self.queue.into_proto()),
            identity: sender.identity(),
            worker_instance_key: self.instance_key,
            deployment_options: self.build.map(WorkerBuild::into_proto),
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<Option<PolledTask>, WireError> {
        Ok(PolledTask::new(reply))
    }

    fn about_reply(reply: &Self::Reply) -> Option<Subject> {
        Some(Execution::about(reply.workflow_execution.as_ref()))
    }

    fn arrived(response: Option<PolledTask>, at: Instant) -> Option<PolledTask> {
        response.map(|task| task.arrived_at(at))
    }

    /// The task fails with the fault: another worker may have the codec.
    fn undecodable(reply: Self::Reply, fault: CodecFault) -> Result<Option<PolledTask>, CallError> {
        Ok(PolledTask::new(reply).map(|task| task.undecodable(fault)))
    }
}

impl Request for PollActivityTask {
    type Message = pb::PollActivityTaskQueueRequest;
    type Reply = pb::PollActivityTaskQueueResponse;
    /// None if the server had no task.
    type Response = Option<ActivityTask>;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::PollActivityTaskQueueRequest {
            namespace: sender.namespace(),
            task_queue: Some(self.queue.into_proto()),
            identity: sender.identity(),
            worker_instance_key: self.instance_key,
            deployment_options: self.build.map(WorkerBuild::into_proto),
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<Option<ActivityTask>, WireError> {
        match reply.task_token.is_empty() {
            true => Ok(None),
            false => ActivityTask::from_proto(reply).map(Some),
        }
    }

    fn about_reply(reply: &Self::Reply) -> Option<Subject> {
        Some(Execution::about(reply.workflow_execution.as_ref()))
    }

    fn arrived(response: Option<ActivityTask>, at: Instant) -> Option<ActivityTask> {
        response.map(|task| task.arrived_at(at))
    }

    /// The attempt fails with the fault: another worker may have the codec.
    fn undecodable(
        reply: Self::Reply,
        fault: CodecFault,
    ) -> Result<Option<ActivityTask>, CallError> {
        let task = Self::read(reply)?;
        Ok(task.map(|task| task.undecodable(fault)))
    }
}

impl Request for HasActivityPollers {
    type Message = pb::DescribeTaskQueueRequest;
    type Reply = pb::DescribeTaskQueueResponse;
    type Response = bool;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DescribeTaskQueueRequest {
            namespace: sender.namespace(),
            task_queue: Some(self.queue.into_proto()),
            task_queue_type: TaskQueueType::Activity.into(),
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<bool, WireError> {
        Ok(!reply.pollers.is_empty())
    }
}
