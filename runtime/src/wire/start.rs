//! Starts of workflows, alone or together with a signal or an update.

use std::time::{Duration, Instant};

/// Whether a workflow id that a closed workflow had may be used again.
///
/// ```no_run
/// use durably::{client::IdReusePolicy, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// // One greeting a day, unless that of today has failed.
/// let start = client.start("Greeting", ("Hello",)).task_queue("greetings").id("greeting-2026-03-01");
/// start.id_reuse_policy(IdReusePolicy::AllowDuplicateFailedOnly).await?;
/// # Ok(())
/// # }
/// ```
pub use durably_engine::IdReusePolicy;
use durably_engine::{Header, Payload, Priority, RetryPolicy};
use durably_proto::api::{
    common::v1::{Memo, Payloads, WorkflowType},
    enums::v1::WorkflowIdConflictPolicy,
    workflowservice::v1 as pb,
    workflowservice::v1::{
        execute_multi_operation_request::{Operation, operation::Operation as Kind},
        execute_multi_operation_response::response::Response as Reply,
    },
};

use super::{
    WireError, child, command,
    deployment::VersioningOverride,
    payload,
    payload_fields::Subject,
    request::{Request, Sender},
    signal,
    sizes::Sizes,
    status::{CallError, CodecFault},
    time::to_duration,
    time_skipping::TimeSkipping,
    update::{UpdateResponse, UpdateWorkflow},
    workflow_task::PolledTask,
};

/// What to do when a workflow of that id is running.
///
/// ```no_run
/// use durably::{client::IdConflictPolicy, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// // The account's workflow, started if it does not run.
/// let start = client.start("Account", ()).task_queue("accounts").id("account-1");
/// let account = start.id_conflict_policy(IdConflictPolicy::UseExisting).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdConflictPolicy {
    /// The start fails.
    #[default]
    Fail,
    /// The start returns a handle of the running one.
    UseExisting,
    /// The running one is terminated, and a new one started.
    TerminateExisting,
}

/// Starts a workflow.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartWorkflow {
    pub(crate) workflow_id: String,
    pub(crate) workflow_type: String,
    pub(crate) task_queue: String,
    pub(crate) input: Vec<Payload>,
    pub(crate) header: Header,
    pub(crate) execution_timeout: Option<Duration>,
    pub(crate) run_timeout: Option<Duration>,
    pub(crate) task_timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) priority: Priority,
    /// Summary and details for people; JSON strings.
    pub(crate) summary: Option<Payload>,
    pub(crate) details: Option<Payload>,
    pub(crate) cron: String,
    pub(crate) start_delay: Option<Duration>,
    pub(crate) memo: Header,
    pub(crate) search_attributes: Header,
    pub(crate) id_reuse: IdReusePolicy,
    /// The server's default if none.
    pub(crate) id_conflict: Option<IdConflictPolicy>,
    pub(crate) versioning: Option<VersioningOverride>,
    pub(crate) time_skipping: Option<TimeSkipping>,
    /// Requests the first task in the response.
    pub(crate) eager: bool,
}

/// A start that the server has recorded.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) run_id: String,
    /// The first task, if it was requested and the server hands it out.
    pub(crate) first_task: Option<PolledTask>,
}

impl StartWorkflow {
    /// Requests no first task any more.
    pub(crate) const fn leave_out_first_task(message: &mut pb::StartWorkflowExecutionRequest) {
        message.request_eager_execution = false;
    }

    fn into_proto(self, sender: Sender<'_>) -> pb::StartWorkflowExecutionRequest {
        pb::StartWorkflowExecutionRequest {
            namespace: sender.namespace(),
            workflow_id: self.workflow_id,
            workflow_type: Some(WorkflowType {
                name: self.workflow_type,
            }),
            task_queue: Some(command::task_queue(self.task_queue)),
            input: payload::list_to_proto(self.input),
            header: payload::header_to_proto(self.header),
            workflow_execution_timeout: self.execution_timeout.map(to_duration),
            workflow_run_timeout: self.run_timeout.map(to_duration),
            workflow_task_timeout: self.task_timeout.map(to_duration),
            identity: sender.identity(),
            request_id: sender.request_id(),
            workflow_id_reuse_policy: child::reuse_policy(self.id_reuse).into(),
            workflow_id_conflict_policy: conflict_policy(self.id_conflict).into(),
            retry_policy: self.retry.map(command::retry_policy),
            priority: command::priority(self.priority),
            user_metadata: command::user_metadata(self.summary, self.details),
            cron_schedule: self.cron,
            workflow_start_delay: self.start_delay.map(to_duration),
            memo: payload::memo_to_proto(self.memo),
            search_attributes: payload::search_attributes_to_proto(self.search_attributes),
            versioning_override: self.versioning.map(VersioningOverride::into_proto),
            time_skipping_config: self.time_skipping.map(TimeSkipping::into_proto),
            request_eager_execution: self.eager,
            ..Default::default()
        }
    }
}

fn measure_arguments(
    workflow_type: Option<&WorkflowType>,
    input: Option<&Payloads>,
    memo: Option<&Memo>,
    sizes: &mut Sizes,
) {
    let name = workflow_type.map_or("", |it| &it.name);
    sizes.payloads(input, || format!("the arguments of workflow `{name}`"));
    sizes.memo(memo, || format!("the memo of workflow `{name}`"));
}

impl Request for StartWorkflow {
    type Message = pb::StartWorkflowExecutionRequest;
    type Reply = pb::StartWorkflowExecutionResponse;
    type Response = Started;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        self.into_proto(sender)
    }

    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        measure_arguments(
            message.workflow_type.as_ref(),
            message.input.as_ref(),
            message.memo.as_ref(),
            sizes,
        );
    }

    fn about(message: &Self::Message) -> Subject {
        Subject::workflow(&message.workflow_id)
    }

    fn read(reply: Self::Reply) -> Result<Started, WireError> {
        Ok(Started {
            run_id: run_id("response to a start", reply.run_id)?,
            first_task: reply.eager_workflow_task.and_then(PolledTask::new),
        })
    }

    fn arrived(response: Started, at: Instant) -> Started {
        Started {
            first_task: response.first_task.map(|task| task.arrived_at(at)),
            ..response
        }
    }

    /// The workflow is started all the same. The task fails: another worker may have the codec.
    fn undecodable(reply: Self::Reply, fault: CodecFault) -> Result<Started, CallError> {
        let response = Self::read(reply)?;
        Ok(Started {
            first_task: response.first_task.map(|task| task.undecodable(fault)),
            ..response
        })
    }
}

/// Signals a workflow, which is started if it does not run.
#[derive(Debug)]
pub(crate) struct SignalWithStart {
    pub(crate) start: StartWorkflow,
    pub(crate) signal: String,
    pub(crate) input: Vec<Payload>,
}

impl Request for SignalWithStart {
    type Message = pb::SignalWithStartWorkflowExecutionRequest;
    type Reply = pb::SignalWithStartWorkflowExecutionResponse;
    /// The id of the run.
    type Response = String;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let start = self.start.into_proto(sender);
        pb::SignalWithStartWorkflowExecutionRequest {
            signal_name: self.signal,
            signal_input: payload::list_to_proto(self.input),
            namespace: start.namespace,
            workflow_id: start.workflow_id,
            workflow_type: start.workflow_type,
            task_queue: start.task_queue,
            input: start.input,
            header: start.header,
            workflow_execution_timeout: start.workflow_execution_timeout,
            workflow_run_timeout: start.workflow_run_timeout,
            workflow_task_timeout: start.workflow_task_timeout,
            identity: start.identity,
            request_id: start.request_id,
            workflow_id_reuse_policy: start.workflow_id_reuse_policy,
            workflow_id_conflict_policy: start.workflow_id_conflict_policy,
            retry_policy: start.retry_policy,
            priority: start.priority,
            user_metadata: start.user_metadata,
            cron_schedule: start.cron_schedule,
            memo: start.memo,
            search_attributes: start.search_attributes,
            workflow_start_delay: start.workflow_start_delay,
            versioning_override: start.versioning_override,
            time_skipping_config: start.time_skipping_config,
            ..Default::default()
        }
    }

    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        measure_arguments(
            message.workflow_type.as_ref(),
            message.input.as_ref(),
            message.memo.as_ref(),
            sizes,
        );
        signal::measure(&message.signal_name, message.signal_input.as_ref(), sizes);
    }

    fn about(message: &Self::Message) -> Subject {
        Subject::workflow(&message.workflow_id)
    }

    fn read(reply: Self::Reply) -> Result<String, WireError> {
        run_id("response to a signal with start", reply.run_id)
    }
}

/// Updates a workflow, which is started if it does not run.
#[derive(Debug)]
pub(crate) struct UpdateWithStart {
    pub(crate) start: StartWorkflow,
    pub(crate) update: UpdateWorkflow,
}

/// Responses to both operations.
#[derive(Debug)]
pub(crate) struct UpdateWithStartResponse {
    pub(crate) run_id: String,
    pub(crate) update: UpdateResponse,
}

impl Request for UpdateWithStart {
    type Message = pb::ExecuteMultiOperationRequest;
    type Reply = pb::ExecuteMultiOperationResponse;
    type Response = UpdateWithStartResponse;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let start = self.start.into_proto(sender);
        let update = self.update.into_message(sender);
        let operation = |kind| Operation {
            operation: Some(kind),
        };
        pb::ExecuteMultiOperationRequest {
            namespace: sender.namespace(),
            operations: vec![
                operation(Kind::StartWorkflow(start)),
                operation(Kind::UpdateWorkflow(update)),
            ],
            ..Default::default()
        }
    }

    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        for operation in &message.operations {
            match &operation.operation {
                Some(Kind::StartWorkflow(start)) => StartWorkflow::measure(start, sizes),
                Some(Kind::UpdateWorkflow(update)) => UpdateWorkflow::measure(update, sizes),
                None => {}
            }
        }
    }

    fn about(message: &Self::Message) -> Subject {
        let first = message.operations.first();
        match first.and_then(|it| it.operation.as_ref()) {
            Some(Kind::StartWorkflow(start)) => Subject::workflow(&start.workflow_id),
            Some(Kind::UpdateWorkflow(_)) | None => Subject::default(),
        }
    }

    /// The responses come in the order of the operations.
    fn read(reply: Self::Reply) -> Result<UpdateWithStartResponse, WireError> {
        const PLACE: &str = "response to an update with start";
        let mut replies = reply.responses.into_iter();
        let mut next = || replies.next()?.response;
        let Some(Reply::StartWorkflow(started)) = next() else {
            return Err(WireError::missing(PLACE, "responses[0].start_workflow"));
        };
        let Some(Reply::UpdateWorkflow(updated)) = next() else {
            return Err(WireError::missing(PLACE, "responses[1].update_workflow"));
        };
        Ok(UpdateWithStartResponse {
            run_id: run_id(PLACE, started.run_id)?,
            update: UpdateWorkflow::read(updated)?,
        })
    }
}

fn run_id(place: &str, run_id: String) -> Result<String, WireError> {
    match run_id.is_empty() {
        true => Err(WireError::missing(place, "run_id")),
        false => Ok(run_id),
    }
}

const fn conflict_policy(policy: Option<IdConflictPolicy>) -> WorkflowIdConflictPolicy {
    match policy {
        None => WorkflowIdConflictPolicy::Unspecified,
        Some(IdConflictPolicy::Fail) => WorkflowIdConflictPolicy::Fail,
        Some(IdConflictPolicy::UseExisting) => WorkflowIdConflictPolicy::UseExisting,
        Some(IdConflictPolicy::TerminateExisting) => WorkflowIdConflictPolicy::TerminateExisting,
    }
}
