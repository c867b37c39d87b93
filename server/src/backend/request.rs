//! The scope of one request: what it reads and changes must be durable before it is answered.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use durably_history::Start;

use super::{Backend, no_such_workflow};
use crate::error::{Error, StoreError};
use crate::execution::Execution;
use crate::name::RunName;
use crate::namespace::Namespace;

/// One request to the backend.
///
/// A request applies its inputs and reads its answer without waiting for the store, so that the
/// commits of many requests become durable together. [`Self::settle`] then waits for those of the
/// executions that the request has used. All ways to an execution lead through the scope, so that
/// none is forgotten.
#[derive(Debug)]
pub(crate) struct RequestScope<'a> {
    backend: &'a Backend,
    used: Mutex<Vec<Used>>,
}

/// An execution that the request has used, and how many of its commits had failed before.
#[derive(Debug)]
struct Used {
    execution: Arc<Execution>,
    failures: u64,
}

impl<'a> RequestScope<'a> {
    pub(crate) fn new(backend: &'a Backend) -> Self {
        Self {
            backend,
            used: Mutex::default(),
        }
    }

    /// Finds the execution that a request names.
    pub(crate) fn execution(
        &self,
        namespace: &Arc<Namespace>,
        workflow_id: &str,
    ) -> Result<Arc<Execution>, Error> {
        if workflow_id.is_empty() {
            return Err(Error::Invalid("WorkflowId is not set on request.".into()));
        }
        let execution = self.backend.executions.find(namespace, workflow_id)?;
        let execution = execution.ok_or_else(|| no_such_workflow(workflow_id))?;
        self.add(&execution);
        Ok(execution)
    }

    /// The execution of a task or query that a poll of this namespace has taken.
    pub(crate) fn offered(&self, namespace: &Arc<Namespace>, run: &RunName) -> Arc<Execution> {
        let workflow_id = &run.execution.workflow_id;
        let execution = self
            .backend
            .executions
            .find_or_create(namespace, workflow_id);
        self.add(&execution);
        execution
    }

    /// The execution that a start request names.
    pub(super) fn to_start(&self, namespace: &Arc<Namespace>, start: &Start) -> Arc<Execution> {
        let execution = self
            .backend
            .executions
            .find_or_create(namespace, start.workflow_id.as_str());
        self.add(&execution);
        execution
    }

    /// Waits until what the request has read and changed is durable.
    pub(crate) async fn settle(self) -> Result<(), Error> {
        let used = self
            .used
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for Used {
            execution,
            failures,
        } in used
        {
            tokio::select! {
                confirmed = execution.confirmed() => confirmed?,
                // A server that stops confirms what it has taken, unless its runtime ends first.
                () = self.backend.stopped_for(STOP_GRACE) => return Err(StoreError::Stopped.into()),
            }
            if execution.failures() != failures {
                return Err(Error::Store(StoreError::Failed(
                    FAILED_MEANWHILE.to_owned(),
                )));
            }
        }
        Ok(())
    }

    /// Forgets an execution that the request does not answer from: its task was stale.
    pub(crate) fn forget(&self, execution: &Arc<Execution>) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|it| !Arc::ptr_eq(&it.execution, execution));
    }

    fn add(&self, execution: &Arc<Execution>) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !used.iter().any(|it| Arc::ptr_eq(&it.execution, execution)) {
            used.push(Used {
                failures: execution.failures(),
                execution: Arc::clone(execution),
            });
        }
    }
}

impl Deref for RequestScope<'_> {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        self.backend
    }
}

/// Whether the request's own commit is among the failed ones is not known; its repetition finds out.
const FAILED_MEANWHILE: &str = "a commit of the workflow failed, try again";
/// How long a stopping server has to confirm commits.
const STOP_GRACE: Duration = Duration::from_secs(5);
