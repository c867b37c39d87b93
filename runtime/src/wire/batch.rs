//! Batches: one operation on all workflows that match a filter.

use std::num::NonZeroU16;

use durably_engine::Payload;
use durably_proto::api::{
    batch::v1 as proto,
    common::v1::{ResetOptions, reset_options::Target},
    enums::v1 as enums,
    workflowservice::v1 as pb,
    workflowservice::v1::start_batch_operation_request::Operation as Kind,
};

use super::{
    WireError,
    activity_operations::{ActivityResetOptions, OptionsUpdate, UnpauseOptions},
    page::{self, Page},
    payload,
    request::{Request, Sender},
    time,
    workflow_options::WorkflowOptions,
};
use crate::time::Time;

/// What a batch does with each workflow.
///
/// ```no_run
/// use durably::{client::BatchKind, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let mut batches = client.batches();
/// while let Some(batch) = batches.next().await? {
///     if batch.kind == BatchKind::Terminate {
///         println!("{} since {:?}", batch.id, batch.start_time);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchKind {
    /// It requests cancellation.
    Cancel,
    /// It terminates.
    Terminate,
    /// It sends a signal.
    Signal,
    /// It resets.
    Reset,
    /// It deletes.
    Delete,
    /// It changes options of workflows.
    UpdateOptions,
    /// It unpauses activities.
    UnpauseActivities,
    /// It resets activities.
    ResetActivities,
    /// It changes options of activities.
    UpdateActivityOptions,
    /// It does something that this version does not know.
    Unknown,
}

/// Where a batch stands.
///
/// ```no_run
/// use durably::{client::BatchState, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let batch = client.batch_operation("spring-cleaning").describe().await?;
/// assert_ne!(batch.state, BatchState::Failed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchState {
    /// It goes through the workflows.
    Running,
    /// It has gone through all of them; with some it may have failed.
    Completed,
    /// It was stopped, or failed as a whole.
    Failed,
    /// A state this version does not know.
    Unknown,
}

/// A batch, as lists show it.
///
/// ```no_run
/// use durably::{client::BatchSummary, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let last: Option<BatchSummary> = client.batches().next().await?;
/// if let Some(batch) = last {
///     println!("{}: {:?} is {:?} since {:?}", batch.id, batch.kind, batch.state, batch.close_time);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BatchSummary {
    /// The id of the batch.
    pub id: String,
    /// What it does.
    pub kind: BatchKind,
    /// Where it stands.
    pub state: BatchState,
    /// When it was started.
    pub start_time: Option<Time>,
    /// When it came to its end.
    pub close_time: Option<Time>,
}

/// What the server knows of a batch.
///
/// ```no_run
/// use durably::{client::BatchDescription, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let batch: BatchDescription = client.batch_operation("spring-cleaning").describe().await?;
/// println!("{} of {}, {} failed", batch.completed, batch.total, batch.failed);
/// println!("{} by {}", batch.reason, batch.identity);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BatchDescription {
    /// What lists show, too.
    pub summary: BatchSummary,
    /// How many workflows matched the filter.
    pub total: u64,
    /// With how many it has succeeded.
    pub completed: u64,
    /// With how many it has failed.
    pub failed: u64,
    /// Why it was started.
    pub reason: String,
    /// Who started it.
    pub identity: String,
}

/// The end of a workflow task to which a batch resets each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchResetPoint {
    FirstTask,
    LastTask,
}

/// What is done with each workflow.
#[derive(Clone, Debug)]
pub(crate) enum BatchOperation {
    Cancel,
    Terminate,
    Signal { name: String, input: Vec<Payload> },
    Reset(BatchResetPoint),
    Delete,
    UpdateOptions(WorkflowOptions),
    UnpauseActivities(BatchActivities, UnpauseOptions),
    ResetActivities(BatchActivities, ActivityResetOptions),
    UpdateActivityOptions(BatchActivities, OptionsUpdate),
}

/// The activities of each workflow that a batch is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BatchActivities {
    OfType(String),
    All,
}

/// Starts a batch.
#[derive(Clone, Debug)]
pub(crate) struct StartBatch {
    pub(crate) id: String,
    pub(crate) filter: String,
    pub(crate) reason: String,
    pub(crate) operation: BatchOperation,
    /// None for the server's default.
    pub(crate) max_per_second: Option<f32>,
}

/// Describes a batch.
#[derive(Clone, Debug)]
pub(crate) struct DescribeBatch {
    pub(crate) id: String,
}

/// Stops a batch.
#[derive(Clone, Debug)]
pub(crate) struct StopBatch {
    pub(crate) id: String,
    pub(crate) reason: String,
}

/// Lists batches, a page at a time.
#[derive(Clone, Debug)]
pub(crate) struct ListBatches {
    /// At most this many batches a page; the server's number if none.
    pub(crate) page_size: Option<NonZeroU16>,
    /// Empty for the first page.
    pub(crate) page_token: Vec<u8>,
}

impl Request for StartBatch {
    type Message = pb::StartBatchOperationRequest;
    type Reply = pb::StartBatchOperationResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let identity = sender.identity();
        let operation = match self.operation {
            BatchOperation::Cancel => {
                Kind::CancellationOperation(proto::BatchOperationCancellation { identity })
            }
            BatchOperation::Terminate => {
                Kind::TerminationOperation(proto::BatchOperationTermination {
                    details: None,
                    identity,
                })
            }
            BatchOperation::Signal { name, input } => {
                Kind::SignalOperation(proto::BatchOperationSignal {
                    signal: name,
                    input: payload::list_to_proto(input),
                    header: None,
                    identity,
                })
            }
            BatchOperation::Reset(point) => {
                let target = match point {
                    BatchResetPoint::FirstTask => Target::FirstWorkflowTask(()),
                    BatchResetPoint::LastTask => Target::LastWorkflowTask(()),
                };
                Kind::ResetOperation(proto::BatchOperationReset {
                    identity,
                    options: Some(ResetOptions {
                        target: Some(target),
                        ..Default::default()
                    }),
                    ..Default::default()
                })
            }
            BatchOperation::Delete => {
                Kind::DeletionOperation(proto::BatchOperationDeletion { identity })
            }
            BatchOperation::UpdateOptions(options) => {
                let (options, mask) = options.into_proto();
                Kind::UpdateWorkflowOptionsOperation(
                    proto::BatchOperationUpdateWorkflowExecutionOptions {
                        identity,
                        workflow_execution_options: Some(options),
                        update_mask: Some(mask),
                    },
                )
            }
            BatchOperation::UnpauseActivities(activities, options) => {
                use proto::batch_operation_unpause_activities::Activity;
                Kind::UnpauseActivitiesOperation(proto::BatchOperationUnpauseActivities {
                    identity,
                    reset_attempts: options.reset_attempts,
                    reset_heartbeat: options.reset_heartbeat,
                    jitter: Some(time::to_duration(options.jitter)),
                    activity: Some(match activities {
                        BatchActivities::OfType(name) => Activity::Type(name),
                        BatchActivities::All => Activity::MatchAll(true),
                    }),
                })
            }
            BatchOperation::ResetActivities(activities, options) => {
                use proto::batch_operation_reset_activities::Activity;
                Kind::ResetActivitiesOperation(proto::BatchOperationResetActivities {
                    identity,
                    reset_heartbeat: options.reset_heartbeat,
                    keep_paused: options.keep_paused,
                    restore_original_options: options.restore_options,
                    jitter: Some(time::to_duration(options.jitter)),
                    activity: Some(match activities {
                        BatchActivities::OfType(name) => Activity::Type(name),
                        BatchActivities::All => Activity::MatchAll(true),
                    }),
                    ..Default::default()
                })
            }
            BatchOperation::UpdateActivityOptions(activities, update) => {
                use proto::batch_operation_update_activity_options::Activity;
                let (activity_options, mask, restore_original) = update.into_proto();
                Kind::UpdateActivityOptionsOperation(proto::BatchOperationUpdateActivityOptions {
                    identity,
                    activity_options,
                    restore_original,
                    // Without a mask a real server of version 1.32 panics in its batch worker and ends.
                    update_mask: Some(mask.unwrap_or_default()),
                    activity: Some(match activities {
                        BatchActivities::OfType(name) => Activity::Type(name),
                        BatchActivities::All => Activity::MatchAll(true),
                    }),
                })
            }
        };
        pb::StartBatchOperationRequest {
            namespace: sender.namespace(),
            visibility_query: self.filter,
            job_id: self.id,
            reason: self.reason,
            max_operations_per_second: self.max_per_second.unwrap_or(0.0),
            operation: Some(operation),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for DescribeBatch {
    type Message = pb::DescribeBatchOperationRequest;
    type Reply = pb::DescribeBatchOperationResponse;
    type Response = BatchDescription;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DescribeBatchOperationRequest {
            namespace: sender.namespace(),
            job_id: self.id,
        }
    }

    fn read(reply: Self::Reply) -> Result<BatchDescription, WireError> {
        let count = |number: i64| number.max(0).cast_unsigned();
        Ok(BatchDescription {
            total: count(reply.total_operation_count),
            completed: count(reply.complete_operation_count),
            failed: count(reply.failure_operation_count),
            summary: BatchSummary {
                id: reply.job_id,
                kind: kind(reply.operation_type),
                state: state(reply.state),
                start_time: reply.start_time.and_then(time::point),
                close_time: reply.close_time.and_then(time::point),
            },
            reason: reply.reason,
            identity: reply.identity,
        })
    }
}

impl Request for StopBatch {
    type Message = pb::StopBatchOperationRequest;
    type Reply = pb::StopBatchOperationResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::StopBatchOperationRequest {
            namespace: sender.namespace(),
            job_id: self.id,
            reason: self.reason,
            identity: sender.identity(),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for ListBatches {
    type Message = pb::ListBatchOperationsRequest;
    type Reply = pb::ListBatchOperationsResponse;
    type Response = Page<BatchSummary>;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::ListBatchOperationsRequest {
            namespace: sender.namespace(),
            page_size: page::size(self.page_size),
            next_page_token: self.page_token,
        }
    }

    fn read(reply: Self::Reply) -> Result<Self::Response, WireError> {
        let batches = reply.operation_info.into_iter().map(|info| BatchSummary {
            id: info.job_id,
            kind: kind(info.operation_type),
            state: state(info.state),
            start_time: info.start_time.and_then(time::point),
            close_time: info.close_time.and_then(time::point),
        });
        Ok(Page {
            items: batches.collect(),
            next_page_token: reply.next_page_token,
        })
    }
}

/// Servers write old and new names of the same.
#[expect(deprecated, reason = "servers still write the old names")]
fn kind(kind: i32) -> BatchKind {
    use enums::BatchOperationType as Type;
    match Type::try_from(kind) {
        Ok(Type::Cancel | Type::CancelWorkflow) => BatchKind::Cancel,
        Ok(Type::Terminate | Type::TerminateWorkflow) => BatchKind::Terminate,
        Ok(Type::Signal | Type::SignalWorkflow) => BatchKind::Signal,
        Ok(Type::Reset | Type::ResetWorkflow) => BatchKind::Reset,
        Ok(Type::Delete | Type::DeleteWorkflow) => BatchKind::Delete,
        Ok(Type::UpdateExecutionOptions | Type::UpdateWorkflowExecutionOptions) => {
            BatchKind::UpdateOptions
        }
        Ok(Type::UnpauseActivity) => BatchKind::UnpauseActivities,
        Ok(Type::ResetActivity) => BatchKind::ResetActivities,
        Ok(Type::UpdateActivityOptions) => BatchKind::UpdateActivityOptions,
        // Operations that this client has no method for.
        Ok(_) | Err(_) => BatchKind::Unknown,
    }
}

fn state(state: i32) -> BatchState {
    match enums::BatchOperationState::try_from(state) {
        Ok(enums::BatchOperationState::Running) => BatchState::Running,
        Ok(enums::BatchOperationState::Completed) => BatchState::Completed,
        Ok(enums::BatchOperationState::Failed) => BatchState::Failed,
        Ok(enums::BatchOperationState::Unspecified) | Err(_) => BatchState::Unknown,
    }
}
