//! All that is decided about a run before its first event.

use std::sync::Arc;
use std::time::Duration;

use durably_proto::api::common::v1::{
    Callback, Header, Link, Memo, Payloads, Priority, SearchAttributes, WorkflowExecution,
};
use durably_proto::api::enums::v1::ContinueAsNewInitiator;
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::sdk::v1::UserMetadata;
use durably_proto::api::workflow::v1::{ResetPointInfo, VersioningOverride};

use crate::cron::CronSchedule;
use crate::id::{EventId, RequestId, RunId, WorkflowId};
use crate::input::{Signal, UpdateRequest};
use crate::retry::RetryPolicy;
use crate::time::Time;

/// A run to be started: by a client ([`Start::from_request`]), or by the run before it
/// ([`Effect::StartNext`](crate::Effect::StartNext)).
#[derive(Clone, Debug)]
pub struct Start {
    /// The execution's name.
    pub workflow_id: WorkflowId,
    /// The run's name, new for every run.
    pub run_id: RunId,
    /// Where the run's own random choices come from: ids of later runs, retry jitter.
    pub seed: u64,
    /// The request that started it; a repeated request finds the same run.
    pub request_id: RequestId,
    /// Who asked.
    pub identity: String,
    /// The workflow's type.
    pub workflow_type: String,
    /// The normal queue of its tasks.
    pub task_queue: Arc<str>,
    /// The workflow's arguments.
    pub input: Option<Payloads>,
    /// Headers that travel with the arguments.
    pub header: Option<Header>,
    /// Unindexed notes.
    pub memo: Option<Memo>,
    /// Indexed attributes.
    pub search_attributes: Option<SearchAttributes>,
    /// Summary and details for people.
    pub user_metadata: Option<UserMetadata>,
    /// Links to what caused the start.
    pub links: Vec<Link>,
    /// Who is told when the execution closes.
    pub completion_callbacks: Vec<Callback>,
    /// Priority of its tasks.
    pub priority: Option<Priority>,
    /// Pinned version, if the client asked for one.
    pub versioning_override: Option<VersioningOverride>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Whether a failed or timed out run is tried again.
    pub retry_policy: Option<RetryPolicy>,
    /// When the run is repeated, if it is.
    pub cron: Option<CronSchedule>,
    /// What holds the first workflow task back.
    pub delay: StartDelay,
    /// The run's place among the runs of its execution.
    pub chain: Chain,
    /// The workflow that started this one.
    pub parent: Option<Parent>,
    /// The first workflow of the tree this one belongs to; none when it is this one.
    pub root: Option<WorkflowExecution>,
    /// The signal of a signal-with-start.
    pub signal: Option<Signal>,
    /// The update of an update-with-start.
    pub update: Option<UpdateRequest>,
    /// The caller is also the worker and takes the first workflow task with the answer.
    pub eager: bool,
}

/// The timeouts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For all runs of the execution together.
    pub execution: Option<Duration>,
    /// For one run.
    pub run: Option<Duration>,
    /// For one workflow task, from start to completion.
    pub task: Duration,
}

/// What holds the first workflow task back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartDelay {
    /// Nothing; or the run's cron schedule, which is asked when the run starts.
    None,
    /// The client asked for a delay; a signal ends it early.
    Requested(Duration),
    /// The run before this one asked for it: a retry's backoff, cron, or continue-as-new.
    Backoff(Duration),
}

/// A run's place among the runs of its execution.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The first run of all.
    pub first_run_id: RunId,
    /// When the execution timeout is over; none if there is none, or if the first run is yet to start.
    pub execution_expires_at: Option<Time>,
    /// The attempt of the workflow's retry policy, from 1.
    pub attempt: u32,
    /// What continues here.
    pub continued: Option<Continued>,
    /// The result of the last run that completed, for cron.
    pub last_completion_result: Option<Payloads>,
    /// The failure of the last run that failed, for cron and retries.
    pub continued_failure: Option<Failure>,
    /// The first task each build completed in the runs before.
    pub reset_points: Vec<ResetPointInfo>,
}

/// The run before this one.
#[derive(Clone, Debug)]
pub struct Continued {
    /// Its id.
    pub run_id: RunId,
    /// Why it did not end there.
    pub initiator: ContinueAsNewInitiator,
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
