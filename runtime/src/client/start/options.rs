//! What can be said about a workflow that is to be started.

use std::time::Duration;

use durably_engine::Header;
use durably_proto::api::{
    common::v1::WorkflowType,
    enums::v1::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
    workflowservice::v1::StartWorkflowExecutionRequest,
};

use crate::{
    client::Client,
    data::EncodedArgs,
    error::DataError,
    options::Retry,
    transport::id,
    wire::{command, payload, time::to_duration},
};

/// Whether a workflow id that a closed workflow had may be used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdReusePolicy {
    /// Yes.
    #[default]
    AllowDuplicate,
    /// Only if the closed one did not complete.
    AllowDuplicateFailedOnly,
    /// No.
    RejectDuplicate,
}

/// What to do when a workflow of that id is running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdConflictPolicy {
    /// The start fails.
    #[default]
    Fail,
    /// The start gives a handle of the running one.
    UseExisting,
    /// The running one is terminated, and a new one started.
    TerminateExisting,
}

/// A workflow about to be started.
pub(crate) struct Start {
    pub client: Client,
    pub workflow: String,
    pub args: EncodedArgs,
    pub id: Option<String>,
    pub task_queue: String,
    pub execution_timeout: Option<Duration>,
    pub run_timeout: Option<Duration>,
    pub task_timeout: Option<Duration>,
    pub retry: Option<Retry>,
    pub cron: Option<String>,
    pub start_delay: Option<Duration>,
    pub memo: Header,
    pub search_attributes: Header,
    pub id_reuse: IdReusePolicy,
    pub id_conflict: Option<IdConflictPolicy>,
    /// How long the caller waits for the server's response.
    pub timeout: Option<Duration>,
    /// The first memo or search attribute that could not be encoded.
    pub error: Option<DataError>,
}

impl Start {
    pub(crate) fn new(client: &Client, workflow: String, args: EncodedArgs) -> Self {
        Self {
            client: client.clone(),
            workflow,
            args,
            id: None,
            task_queue: String::new(),
            execution_timeout: None,
            run_timeout: None,
            task_timeout: None,
            retry: None,
            cron: None,
            start_delay: None,
            memo: Header::new(),
            search_attributes: Header::new(),
            id_reuse: IdReusePolicy::default(),
            id_conflict: None,
            timeout: None,
            error: None,
        }
    }

    /// The message that asks the server for it.
    pub(crate) fn into_request(self) -> Result<StartWorkflowExecutionRequest, DataError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        Ok(StartWorkflowExecutionRequest {
            namespace: self.client.namespace().to_owned(),
            workflow_id: self.id.unwrap_or_else(id::random),
            workflow_type: Some(WorkflowType {
                name: self.workflow,
            }),
            task_queue: Some(command::task_queue(self.task_queue)),
            input: payload::list_to_proto(self.args.0?),
            workflow_execution_timeout: self.execution_timeout.map(to_duration),
            workflow_run_timeout: self.run_timeout.map(to_duration),
            workflow_task_timeout: self.task_timeout.map(to_duration),
            identity: self.client.identity().to_owned(),
            request_id: id::random(),
            workflow_id_reuse_policy: reuse_policy(self.id_reuse).into(),
            workflow_id_conflict_policy: conflict_policy(self.id_conflict).into(),
            retry_policy: self
                .retry
                .map(|retry| command::retry_policy(retry.policy())),
            cron_schedule: self.cron.unwrap_or_default(),
            workflow_start_delay: self.start_delay.map(to_duration),
            memo: payload::memo_to_proto(self.memo),
            search_attributes: payload::search_attributes_to_proto(self.search_attributes),
            ..Default::default()
        })
    }
}

const fn reuse_policy(policy: IdReusePolicy) -> WorkflowIdReusePolicy {
    match policy {
        IdReusePolicy::AllowDuplicate => WorkflowIdReusePolicy::AllowDuplicate,
        IdReusePolicy::AllowDuplicateFailedOnly => WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
        IdReusePolicy::RejectDuplicate => WorkflowIdReusePolicy::RejectDuplicate,
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
