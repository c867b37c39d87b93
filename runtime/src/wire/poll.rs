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
    /// Activities that the server hands out in a second, to all workers of the queue together.
    pub(crate) max_per_second: Option<f64>,
}

/// The answer to a poll.
#[derive(Debug)]
pub(crate) struct Polled<T> {
    /// None if the server had no task.
    pub(crate) task: Option<T>,
    /// How many more pollers the server advises, or fewer; none if it has no advice.
    pub(crate) advice: Option<i32>,
}

fn advice(decision: Option<taskqueue::PollerScalingDecision>) -> Option<i32> {
    decision.map(|it| it.poll_request_delta_suggestion)
}

/// Asks whether a worker polls a queue for activity tasks.
#[derive(Debug)]
pub(crate) struct HasActivityPollers {
    pub(crate) queue: TaskQueue,
}

impl Request for PollWorkflowTask {
    type Message = pb::PollWorkflowTaskQueueRequest;
    type Reply = pb::PollWorkflowTaskQueueResponse;
    type Response = Polled<PolledTask>;

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

    fn read(reply: Self::Reply) -> Result<Polled<PolledTask>, WireError> {
        Ok(Polled {
            advice: advice(reply.poller_scaling_decision),
            task: PolledTask::new(reply),
        })
    }

    fn about_reply(reply: &Self::Reply) -> Option<Subject> {
        Some(Execution::about(reply.workflow_execution.as_ref()))
    }

    fn workflow_task(reply: &mut Self::Reply) -> Option<&mut pb::PollWorkflowTaskQueueResponse> {
        Some(reply)
    }

    fn arrived(response: Polled<PolledTask>, at: Instant) -> Polled<PolledTask> {
        let Polled { task, advice } = response;
        let task = task.map(|task| task.arrived_at(at));
        Polled { task, advice }
    }

    /// The task fails with the fault: another worker may have the codec.
    fn undecodable(reply: Self::Reply, fault: CodecFault) -> Result<Polled<PolledTask>, CallError> {
        let Polled { task, advice } = Self::read(reply)?;
        let task = task.map(|task| task.undecodable(fault));
        Ok(Polled { task, advice })
    }
}

impl Request for PollActivityTask {
    type Message = pb::PollActivityTaskQueueRequest;
    type Reply = pb::PollActivityTaskQueueResponse;
    type Response = Polled<ActivityTask>;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::PollActivityTaskQueueRequest {
            namespace: sender.namespace(),
            task_queue: Some(self.queue.into_proto()),
            identity: sender.identity(),
            worker_instance_key: self.instance_key,
            deployment_options: self.build.map(WorkerBuild::into_proto),
            task_queue_metadata: self
                .max_per_second
                .map(|rate| taskqueue::TaskQueueMetadata {
                    max_tasks_per_second: Some(rate),
                }),
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<Polled<ActivityTask>, WireError> {
        let advice = advice(reply.poller_scaling_decision);
        let task = match reply.task_token.is_empty() {
            true => None,
            false => Some(ActivityTask::from_proto(reply)?),
        };
        Ok(Polled { task, advice })
    }

    fn about_reply(reply: &Self::Reply) -> Option<Subject> {
        Some(Execution::about(reply.workflow_execution.as_ref()))
    }

    fn arrived(response: Polled<ActivityTask>, at: Instant) -> Polled<ActivityTask> {
        let Polled { task, advice } = response;
        let task = task.map(|task| task.arrived_at(at));
        Polled { task, advice }
    }

    /// The attempt fails with the fault: another worker may have the codec.
    fn undecodable(
        reply: Self::Reply,
        fault: CodecFault,
    ) -> Result<Polled<ActivityTask>, CallError> {
        let Polled { task, advice } = Self::read(reply)?;
        let task = task.map(|task| task.undecodable(fault));
        Ok(Polled { task, advice })
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
