//! Responses to workflow tasks.

use std::time::{Duration, Instant};

use durably_engine::{EventId, FailureRecord, QueryAnswer, TaskCompletion};
use durably_proto::api::{
    common::v1::WorkerVersionStamp,
    enums::v1::{QueryResultType, WorkflowTaskFailedCause},
    taskqueue::v1::StickyExecutionAttributes,
    workflowservice::v1 as pb,
    workflowservice::v1::respond_workflow_task_completed_request::Capabilities,
};

use super::{
    WireError,
    activity_task::ActivityTask,
    command, command_sizes,
    deployment::{Versioning, WorkerBuild},
    failure,
    poll::TaskQueue,
    request::{QueryResults, Request, Sender},
    sizes::Sizes,
    status::{CallError, CodecFault},
    time::to_duration,
    workflow_task::PolledTask,
};

/// Completes a workflow task.
///
/// Its commands become messages when it is made: on the thread of the run, not of the connection.
#[derive(Debug)]
pub(crate) struct CompleteWorkflowTask(Box<pb::RespondWorkflowTaskCompletedRequest>);

/// The response to a completed task: activities to start, and the run's next task.
#[derive(Debug)]
pub(crate) struct CompletedResponse {
    /// Activities that start on this worker at once.
    pub(crate) activities: Vec<Result<ActivityTask, WireError>>,
    /// The next task.
    pub(crate) task: Option<PolledTask>,
    /// The server dropped the task from history: the run resumes after this event.
    pub(crate) reset_to: Option<EventId>,
}

impl CompleteWorkflowTask {
    pub(crate) fn new(completion: TaskCompletion, token: Vec<u8>, instance_key: String) -> Self {
        let mut message = command::task_completed(completion);
        message.task_token = token;
        message.worker_instance_key = instance_key;
        message.capabilities = Some(Capabilities {
            discard_speculative_workflow_task_with_events: true,
        });
        Self(Box::new(message))
    }

    /// Requests the run's next task in the response.
    pub(crate) fn returning_next_task(mut self) -> Self {
        self.0.return_new_workflow_task = true;
        self
    }

    /// Routes the run's next tasks to this queue, from which others may take them after `timeout`.
    pub(crate) fn sticky_to(mut self, queue: TaskQueue, timeout: Duration) -> Self {
        self.0.sticky_attributes = Some(StickyExecutionAttributes {
            worker_task_queue: Some(queue.into_proto()),
            schedule_to_start_timeout: Some(to_duration(timeout)),
        });
        self
    }

    /// Names the build that ran the workflow, and which versions the run accepts after it.
    ///
    /// History records the build of a worker outside of deployments as it records that of older SDKs.
    #[expect(
        deprecated,
        reason = "the newer field is not recorded for workers outside of deployments"
    )]
    pub(crate) fn of_build(mut self, build: WorkerBuild, versioning: Option<Versioning>) -> Self {
        if let WorkerBuild::Unversioned(build_id) = &build {
            self.0.worker_version_stamp = Some(WorkerVersionStamp {
                build_id: build_id.clone(),
                use_versioning: false,
            });
        }
        self.0.deployment_options = Some(build.into_proto());
        self.0.versioning_behavior = versioning.map_or(0, |it| it.into_proto().into());
        self
    }

    /// Requests another task at once: this one is completed to keep it from timing out.
    pub(crate) fn prolonging(mut self) -> Self {
        self.0.force_create_new_workflow_task = true;
        self
    }
}

impl Request for CompleteWorkflowTask {
    type Message = pb::RespondWorkflowTaskCompletedRequest;
    type Reply = pb::RespondWorkflowTaskCompletedResponse;
    type Response = CompletedResponse;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let mut message = *self.0;
        message.namespace = sender.namespace();
        message.identity = sender.identity();
        message
    }

    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        command_sizes::measure(message, sizes);
    }

    fn query_results(message: &mut Self::Message) -> Option<&mut QueryResults> {
        Some(&mut message.query_results)
    }

    fn read(reply: Self::Reply) -> Result<CompletedResponse, WireError> {
        let activities = reply.activity_tasks.into_iter();
        let reset_to = reply.reset_history_event_id;
        Ok(CompletedResponse {
            activities: activities.map(ActivityTask::from_proto).collect(),
            task: reply.workflow_task.and_then(PolledTask::new),
            reset_to: (reset_to > 0).then_some(EventId(reset_to)),
        })
    }

    fn workflow_task(reply: &mut Self::Reply) -> Option<&mut pb::PollWorkflowTaskQueueResponse> {
        reply.workflow_task.as_mut()
    }

    fn arrived(response: CompletedResponse, at: Instant) -> CompletedResponse {
        let activities = response.activities.into_iter();
        CompletedResponse {
            activities: activities.map(|task| Ok(task?.arrived_at(at))).collect(),
            task: response.task.map(|task| task.arrived_at(at)),
            reset_to: response.reset_to,
        }
    }

    /// The task is completed all the same. What came in return fails: another worker may have the codec.
    fn undecodable(reply: Self::Reply, fault: CodecFault) -> Result<CompletedResponse, CallError> {
        let response = Self::read(reply)?;
        let activities = response.activities.into_iter();
        Ok(CompletedResponse {
            activities: activities
                .map(|task| Ok(task?.undecodable(fault.clone())))
                .collect(),
            task: response.task.map(|task| task.undecodable(fault)),
            reset_to: response.reset_to,
        })
    }
}

/// Fails a workflow task.
#[derive(Debug)]
pub(crate) struct FailWorkflowTask {
    pub(crate) token: Vec<u8>,
    pub(crate) cause: TaskFailureCause,
    pub(crate) failure: FailureRecord,
}

/// Why a workflow task fails, in the platform's categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskFailureCause {
    Nondeterminism,
    /// A bug of the worker, its configuration or the workflow.
    WorkerFailure,
    /// The server would terminate the run because of a value in the response.
    PayloadsTooLarge,
    MessageTooLarge,
}

impl TaskFailureCause {
    const fn into_proto(self) -> WorkflowTaskFailedCause {
        match self {
            Self::Nondeterminism => WorkflowTaskFailedCause::NonDeterministicError,
            Self::WorkerFailure => WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
            Self::PayloadsTooLarge => WorkflowTaskFailedCause::PayloadsTooLarge,
            Self::MessageTooLarge => WorkflowTaskFailedCause::GrpcMessageTooLarge,
        }
    }
}

impl Request for FailWorkflowTask {
    type Message = pb::RespondWorkflowTaskFailedRequest;
    type Reply = pb::RespondWorkflowTaskFailedResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::RespondWorkflowTaskFailedRequest {
            namespace: sender.namespace(),
            identity: sender.identity(),
            task_token: self.token,
            cause: self.cause.into_proto().into(),
            failure: Some(failure::to_proto(self.failure)),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

/// Answers a task that consists of a query.
#[derive(Debug)]
pub(crate) struct AnswerQuery(Box<pb::RespondQueryTaskCompletedRequest>);

impl AnswerQuery {
    pub(crate) fn new(answer: QueryAnswer, token: Vec<u8>) -> Self {
        let mut message = command::query_completed(answer);
        message.task_token = token;
        Self(Box::new(message))
    }

    pub(crate) fn failed(cause: TaskFailureCause, record: FailureRecord, token: Vec<u8>) -> Self {
        Self(Box::new(pb::RespondQueryTaskCompletedRequest {
            task_token: token,
            completed_type: QueryResultType::Failed.into(),
            error_message: record.message.clone(),
            failure: Some(failure::to_proto(record)),
            cause: cause.into_proto().into(),
            ..Default::default()
        }))
    }
}

impl Request for AnswerQuery {
    type Message = pb::RespondQueryTaskCompletedRequest;
    type Reply = pb::RespondQueryTaskCompletedResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let mut message = *self.0;
        message.namespace = sender.namespace();
        message
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}
