//! Offers: the tasks and queries that the task queues of a namespace hold for workers.

use std::sync::Arc;

use durably_history::{ActivityTaskKey, Route, WorkflowTaskKey};
use durably_proto::api::query::v1::WorkflowQuery;

use super::matcher::PriorityLevel;
use super::query::QueryId;
use crate::name::RunName;

/// An entry of a queue of workflow tasks.
#[derive(Clone, Debug)]
pub(crate) enum WorkflowOffer {
    /// A workflow task.
    Task {
        run: RunName,
        task_key: WorkflowTaskKey,
        /// The queue that receives the task when the sticky worker does not take it.
        normal_queue: Arc<str>,
        level: PriorityLevel,
        route: Route,
    },
    /// A direct query.
    Query {
        run: RunName,
        id: QueryId,
        query: Box<WorkflowQuery>,
        route: Route,
    },
}

impl WorkflowOffer {
    pub(crate) fn run(&self) -> &RunName {
        match self {
            Self::Task { run, .. } | Self::Query { run, .. } => run,
        }
    }

    /// Which workers may take it.
    pub(crate) fn route(&self) -> &Route {
        match self {
            Self::Task { route, .. } | Self::Query { route, .. } => route,
        }
    }
}

/// An entry of a queue of activity tasks: one attempt.
#[derive(Clone, Debug)]
pub(crate) struct ActivityOffer {
    pub(crate) run: RunName,
    pub(crate) task_key: ActivityTaskKey,
    pub(crate) route: Route,
}
