//! Names of executions and runs. What is queued, armed or stored names a run; only
//! [`crate::execution`] holds live ones.

use std::fmt;
use std::sync::Arc;

use durably_history::schedule::ActionId;
use durably_history::{OutgoingKey, RunId};

/// Names an execution: all runs of one workflow id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ExecutionName {
    pub(crate) namespace: Arc<str>,
    pub(crate) workflow_id: Arc<str>,
}

/// Names one run of an execution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunName {
    pub(crate) execution: ExecutionName,
    pub(crate) run_id: RunId,
}

/// Names a message of a run to another execution.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MessageName {
    pub(crate) run: RunName,
    pub(crate) key: OutgoingKey,
}

/// Names a schedule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ScheduleName {
    pub(crate) namespace: Arc<str>,
    pub(crate) id: Arc<str>,
}

/// Names a batch operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BatchName {
    pub(crate) namespace: Arc<str>,
    pub(crate) id: Arc<str>,
}

/// Names a worker deployment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DeploymentName {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// Names an action of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ActionName {
    pub(crate) schedule: ScheduleName,
    pub(crate) action: ActionId,
}

/// Names what the outbox delivers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Delivery {
    /// A message of a run to another execution or a schedule.
    Message(MessageName),
    /// An action of a schedule.
    Action(ActionName),
}

impl fmt::Display for ExecutionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            namespace,
            workflow_id,
        } = self;
        write!(f, "workflow {workflow_id} in namespace {namespace}")
    }
}
