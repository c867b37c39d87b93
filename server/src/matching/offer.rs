//! Offers: the tasks and queries that the task queues of a namespace hold for workers.

use std::convert::Infallible;
use std::sync::Arc;

use durably_history::{ActivityTaskKey, DeploymentVersion, Route, WorkflowTaskKey};
use durably_proto::api::query::v1::WorkflowQuery;

use super::priority::TaskPriority;
use super::query::QueryId;
use crate::deployment::{Deployments, QueueType};
use crate::name::RunName;

/// An entry of a shared queue, which goes to the workers of one version.
pub(crate) trait Routed {
    /// The version whose workers may take it; none for workers outside of deployments.
    fn destination(&self, queue: &str, deployments: &Deployments) -> Option<DeploymentVersion>;
}

/// An entry of a queue of workflow tasks.
#[derive(Clone, Debug)]
pub(crate) enum WorkflowOffer {
    /// A workflow task.
    Task {
        run: RunName,
        task_key: WorkflowTaskKey,
        /// The queue that receives the task when the sticky worker does not take it.
        normal_queue: Arc<str>,
        priority: TaskPriority,
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
    pub(crate) priority: TaskPriority,
    pub(crate) route: Route,
}

impl Routed for WorkflowOffer {
    fn destination(&self, queue: &str, deployments: &Deployments) -> Option<DeploymentVersion> {
        let workflow_id = &self.run().execution.workflow_id;
        deployments.destination(QueueType::Workflow, queue, self.route(), workflow_id)
    }
}

impl Routed for ActivityOffer {
    fn destination(&self, queue: &str, deployments: &Deployments) -> Option<DeploymentVersion> {
        let workflow_id = &self.run.execution.workflow_id;
        deployments.destination(QueueType::Activity, queue, &self.route, workflow_id)
    }
}

impl Routed for Infallible {
    fn destination(&self, _queue: &str, _deployments: &Deployments) -> Option<DeploymentVersion> {
        match *self {}
    }
}
