//! Offers: the tasks and queries that the task queues of a namespace hold for workers.

use std::sync::Arc;

use durably_history::{ActivityTaskKey, RunId, WorkflowTaskKey};
use durably_proto::api::query::v1::WorkflowQuery;

use crate::execution::Execution;
use crate::matching::matcher::PriorityLevel;
use crate::matching::query::QueryId;

/// An entry of a queue of workflow tasks.
#[derive(Clone, Debug)]
pub(crate) enum WorkflowOffer {
    /// A workflow task.
    Task {
        execution: Arc<Execution>,
        run_id: RunId,
        task_key: WorkflowTaskKey,
        /// The queue that receives the task when the sticky worker does not take it.
        normal_queue: Arc<str>,
        level: PriorityLevel,
    },
    /// A direct query.
    Query {
        execution: Arc<Execution>,
        run_id: RunId,
        id: QueryId,
        query: Box<WorkflowQuery>,
    },
}

/// An entry of a queue of activity tasks: one attempt.
#[derive(Clone, Debug)]
pub(crate) struct ActivityOffer {
    pub(crate) execution: Arc<Execution>,
    pub(crate) run_id: RunId,
    pub(crate) task_key: ActivityTaskKey,
}
