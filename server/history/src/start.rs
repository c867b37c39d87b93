//! Start of a run: everything that is decided before its first event.

use std::sync::Arc;
use std::time::Duration;

use durably_proto::api::common::v1::{
    Callback, Header, Link, Memo, Payloads, Priority, SearchAttributes, TimeSkippingConfig,
    WorkflowExecution,
};
use durably_proto::api::enums::v1::ContinueAsNewInitiator;
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::sdk::v1::UserMetadata;
use durably_proto::api::workflow::v1::{ResetPointInfo, VersioningOverride};
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;

use crate::cron::CronSchedule;
use crate::id::{EventId, RequestId, RunId, WorkflowId};
use crate::input::{Signal, UpdateRequest};
use crate::retry::RetryPolicy;
use crate::time::Time;
use crate::versioning::InheritedVersion;
use crate::virtual_time::InheritedTime;

/// Parameters of a run that a client starts ([`Start::from_request`]) or the previous run
/// ([`Effect::StartNext`](crate::Effect::StartNext)).
#[derive(Clone, Debug)]
pub struct Start {
    /// The execution's workflow id.
    pub workflow_id: WorkflowId,
    /// The new run's id.
    pub run_id: RunId,
    /// Seed of the run's random numbers: ids of later runs, retry jitter.
    pub seed: u64,
    /// The start request; its repetition finds this run.
    pub request_id: RequestId,
    /// Identity of the client.
    pub identity: String,
    /// The workflow's type.
    pub workflow_type: String,
    /// The normal queue of its tasks.
    pub task_queue: Arc<str>,
    /// The workflow's arguments.
    pub input: Option<Payloads>,
    /// Headers of the start request.
    pub header: Option<Header>,
    /// The memo.
    pub memo: Option<Memo>,
    /// The search attributes.
    pub search_attributes: Option<SearchAttributes>,
    /// Static summary and details.
    pub user_metadata: Option<UserMetadata>,
    /// Links to the cause of the start.
    pub links: Vec<Link>,
    /// Callbacks to call when the execution closes.
    pub completion_callbacks: Vec<Callback>,
    /// Priority of its tasks.
    pub priority: Option<Priority>,
    /// Versioning override of the request.
    pub versioning_override: Option<VersioningOverride>,
    /// The version that it takes over from the run before or from its parent.
    pub inherited_version: InheritedVersion,
    /// Whether and how the run skips time.
    pub time_skipping: Option<TimeSkippingConfig>,
    /// The skipped time that it takes over from the run before or from its parent.
    pub inherited_time: InheritedTime,
    /// The timeouts.
    pub timeouts: Timeouts,
    /// Retry policy of failed and timed out runs.
    pub retry_policy: Option<RetryPolicy>,
    /// Cron schedule of the chain.
    pub cron: Option<CronSchedule>,
    /// Delay of the first workflow task.
    pub delay: StartDelay,
    /// The run's position in its chain.
    pub chain: Chain,
    /// The workflow that started this one.
    pub parent: Option<Parent>,
    /// The schedule that started this workflow, which its end is reported to.
    pub schedule: Option<Arc<str>>,
    /// The root of the workflow tree; none for the root itself.
    pub root: Option<WorkflowExecution>,
    /// The signal of a signal-with-start.
    pub signal: Option<Signal>,
    /// The update of an update-with-start.
    pub update: Option<UpdateRequest>,
    /// Whether the client is also the worker and takes the first workflow task with the response.
    pub eager: bool,
}

/// The timeouts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Of all runs of the chain together.
    pub execution: Option<Duration>,
    /// Of one run.
    pub run: Option<Duration>,
    /// Of one workflow task, from start to completion.
    pub task: Duration,
}

/// Delay of the first workflow task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartDelay {
    /// None; a cron schedule is evaluated when the run starts.
    None,
    /// Requested by the client; requests other than a plain signal end it early.
    Requested(Duration),
    /// Requested by the previous run: a retry's backoff, cron or continue-as-new.
    Backoff(Duration),
}

/// A run's position in the chain of runs of its execution.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The first run of the chain.
    pub first_run_id: RunId,
    /// When the execution timeout expires; none without one, or before the first run starts.
    pub execution_expires_at: Option<Time>,
    /// The attempt of the workflow's retry policy, from 1.
    pub attempt: u32,
    /// The previous run.
    pub continued: Option<Continued>,
    /// The result of the last run that completed, for cron.
    pub last_completion_result: Option<Payloads>,
    /// The failure of the last run that failed, for cron and retries.
    pub continued_failure: Option<Failure>,
    /// The first task that each build completed in earlier runs.
    pub reset_points: Vec<ResetPointInfo>,
}

/// The previous run of the chain.
#[derive(Clone, Debug)]
pub struct Continued {
    /// Its id.
    pub run_id: RunId,
    /// Why the chain continues.
    pub initiator: ContinueAsNewInitiator,
}

/// The start of a child, as its parent's event says it.
#[derive(Clone, Debug)]
pub struct ChildStart {
    /// The version that it takes over, if workers of that version poll its task queue.
    pub inherited_version: InheritedVersion,
    /// The skipped time that it takes over.
    pub inherited_time: InheritedTime,
    /// The start request.
    pub request: StartWorkflowExecutionRequest,
    /// The first run's id, chosen when the parent decides the start, so that a repeated delivery finds
    /// the run; none if an earlier version has stored the message.
    pub run_id: Option<RunId>,
    /// The parent.
    pub parent: Parent,
    /// The root of the workflow tree.
    pub root: WorkflowExecution,
}

/// The workflow that started this one as its child.
#[derive(Clone, Debug)]
pub struct Parent {
    /// Its namespace.
    pub namespace: String,
    /// Its namespace's id.
    pub namespace_id: String,
    /// Its execution.
    pub execution: WorkflowExecution,
    /// The `StartChildWorkflowExecutionInitiated` event there.
    pub initiated: EventId,
}
