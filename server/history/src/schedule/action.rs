//! Actions of a schedule: what it has to do for workflows, until that is done.

use durably_proto::api::common::v1::{Payloads, WorkflowExecution};
use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;

use super::buffer::BufferedStart;
use crate::id::RunId;
use crate::time::Time;

/// Names an action of a schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u64);

/// An action, as it is delivered: at least once.
#[derive(Clone, Debug)]
pub enum Action {
    /// Start a workflow, unless the run exists.
    Start {
        /// The start request.
        request: Box<StartWorkflowExecutionRequest>,
        /// The id of the run, chosen with the decision to start it.
        run_id: RunId,
    },
    /// Request the cancellation of a workflow; the run is the first of its chain.
    Cancel(EndRun),
    /// Terminate a workflow; the run is the first of its chain.
    Terminate(EndRun),
}

/// The end of a run, because another one is due.
#[derive(Clone, Debug)]
pub struct EndRun {
    /// The workflow and the first run of its chain.
    pub execution: WorkflowExecution,
    /// Who requests it.
    pub identity: String,
    /// Why.
    pub reason: String,
}

/// What became of an action.
#[derive(Clone, Debug)]
pub enum ActionResult {
    /// The workflow has started at this time.
    Started(Time),
    /// It was cancelled or terminated, or has ended before.
    Ended,
    /// It was refused, and a repetition would be refused, too.
    Refused,
}

/// The end of a workflow that a schedule has started.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// The workflow and the first run of its chain.
    pub execution: WorkflowExecution,
    /// How it ended.
    pub status: WorkflowExecutionStatus,
    /// Of a completed workflow.
    pub result: Option<Payloads>,
    /// Of a failed workflow.
    pub failure: Option<Failure>,
}

/// An action that is not done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PendingAction {
    pub(super) id: ActionId,
    pub(super) kind: PendingKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum PendingKind {
    Start {
        start: BufferedStart,
        /// Stays the same when the definition changes, or a repetition would start another one.
        execution: WorkflowExecution,
        /// Whether it may run next to others; then it is not waited for.
        overlaps: bool,
        /// Its end, when that is reported before its start is.
        closed: Option<Box<Closed>>,
    },
    Cancel(WorkflowExecution),
    Terminate(WorkflowExecution),
}
