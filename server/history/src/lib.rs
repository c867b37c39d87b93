//! The history of one Temporal workflow execution, without IO.
//!
//! A [`Run`] is the state of one run. [`Run::start`] creates it, [`Run::apply`] applies an input: a
//! request, a worker's response or a deadline. Time, ids and randomness are arguments; what must be
//! done in the world is returned as [`Effect`]s. The same inputs always write the same history,
//! event by event the one that a Temporal server writes.
//!
//! The caller's part, for every input:
//! 1. load the run and apply the input at the current time;
//! 2. on a [`Rejection`], answer with it; the run has not changed;
//! 3. otherwise commit [`Run::take_changes`], then execute the effects in order, then answer.
//!
//! A run that is not in memory is restored from its committed parts and events ([`Run::restore`]),
//! and does what it would have done; its first effects are [`Run::pending_tasks`].
//!
//! What a run has to do for other executions (start children, signal and cancel workflows, report
//! its close to its parent) is part of its state: [`Effect::Deliver`] names a message, and
//! [`Run::outgoing`] has it until [`Input::Delivered`].
//!
//! Queries record no events; they are the caller's business.

mod apply;
mod checksum;
mod closing;
mod command;
mod corrupted;
mod cron;
mod delivery;
mod event;
mod event_log;
mod failure;
pub mod field_mask;
mod go_duration;
mod id;
mod input;
mod json;
mod limits;
mod local_time;
mod next_run;
mod open_transition;
mod outgoing;
mod pending;
mod pending_tasks;
mod priority;
mod queue;
mod random;
mod rebuild;
mod rejection;
mod request;
mod reset;
mod retry;
mod reuse_policy;
pub mod schedule;
mod snapshot;
mod start;
mod state;
mod task;
mod time;
mod time_skipping;
mod timeout;
mod tracked;
mod transition;
mod updates;
mod versioning;
mod virtual_time;

pub use checksum::Checksum;
pub use command::sequence::drop_foreign_attributes;
pub use corrupted::Corrupted;
pub use cron::CronSchedule;
pub use event_log::{EventBatch, EventLog};
pub use failure::workflow_timeout as workflow_timeout_failure;
pub use go_duration::parse_with_days as parse_go_duration;
pub use id::{
    ActivityId, EventId, OutgoingKey, OutgoingKind, RequestId, RunId, Stamp, TimerId, UpdateId,
    WorkflowId,
};
pub use input::{
    ActivityRef, ActivitySelector, ActivityTaskKey, ActivityTaskToken, Attach, BadSearchAttributes,
    BeginFirstTask, CancelActivity, ChildClosed, ChildEnd, CompleteActivity, CompleteWorkflowTask,
    Deadline, Delivered, EndForReset, FailActivity, FailWorkflowTask, Heartbeat, Input,
    OptionsChange, PauseActivities, RequestCancel, ResetActivities, RunNamespace,
    SearchAttributeProblem, Signal, StartActivity, StartWorkflowTask, Terminate, UnpauseActivities,
    UpdateActivityOptions, UpdateOptions, UpdateRequest, WorkflowTaskKey, WorkflowTaskToken,
};
pub use limits::{BLOB as LARGEST_BLOB, DEFAULT_WORKFLOW_TASK_TIMEOUT, ID as LONGEST_ID};
pub use local_time::{days_in_month, first_day_of_month};
pub use outgoing::Outgoing;
pub use priority::{LONGEST_FAIRNESS_KEY, check as check_priority};
pub use queue::{StickyQueue, TaskQueue, check as check_task_queue};
pub use rejection::{ChainMismatch, Closed, Invalid, LimitExceeded, Rejection, TaskNotFound};
pub use reset::{Reapply, Reset, ResetRun};
pub use retry::RetryPolicy;
pub use reuse_policy::{IdConflict, Policies, StartDecision};
pub use snapshot::{Changes, Part, PartKey};
pub use start::{Chain, ChildStart, Continued, Parent, Start, StartDelay, Timeouts};
pub use state::Run;
pub use time::Time;
pub use time_skipping::{FastForwardEnd, FastForwardStatus};
pub use transition::{
    CompletedWorkflowTask, Effect, HeartbeatReply, Reply, StartedActivity, StartedWorkflowTask,
    Transition, UpdateAbort, UpdateStage, UpdateStatus,
};
pub use versioning::{
    DeploymentVersion, InheritedVersion, PolledBy, Route, RoutingTarget, check_override,
    checked_version,
};
pub use virtual_time::{InheritedTime, check_fast_forward_id, check_time_skipping};
