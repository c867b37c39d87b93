//! One attempt at an action of a schedule.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use durably_history::schedule::{Action, ActionResult, EndRun};
use durably_history::{Input, Policies, RequestCancel, RunId, Start, Terminate, Time};
use durably_proto::api::enums::v1::WorkflowIdConflictPolicy;
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;

use crate::backend::request::RequestScope;
use crate::backend::{Backend, resolve_run};
use crate::error::{Error, StoreError};
use crate::name::{ActionName, ScheduleName};
use crate::namespace::Namespace;

/// An attempt that did not fail.
pub(super) enum Performed<'a> {
    /// The schedule has the result already, or was deleted.
    Void,
    /// It must become durable before the schedule takes the result in.
    Done {
        scope: RequestScope<'a>,
        result: ActionResult,
    },
}

/// Performs an action.
///
/// # Errors
/// The attempt must be repeated.
pub(super) fn perform<'a>(backend: &'a Backend, name: &ActionName) -> Result<Performed<'a>, Error> {
    // A bug that one action shows must not stop the delivery of all others.
    let performed = catch_unwind(AssertUnwindSafe(|| try_once(backend, name)));
    performed.unwrap_or_else(|_| Err(StoreError::panicked().into()))
}

fn try_once<'a>(backend: &'a Backend, name: &ActionName) -> Result<Performed<'a>, Error> {
    let ActionName { schedule, action } = name;
    // The schedule is deleted with its namespace.
    let Ok(namespace) = backend.namespaces.find(&schedule.namespace) else {
        return Ok(Performed::Void);
    };
    // A damaged schedule has no actions.
    let found = backend.schedules.find(schedule).ok().flatten();
    let action = found.and_then(|found| found.action(*action));
    let Some(action) = action else {
        return Ok(Performed::Void);
    };
    let scope = RequestScope::new(backend);
    let result = match action {
        Action::Start { request, run_id } => start(&scope, &namespace, schedule, *request, run_id),
        Action::Cancel(end) => cancel(&scope, &namespace, end),
        Action::Terminate(end) => terminate(&scope, &namespace, end),
    };
    let result = result.or_else(|error| refused(schedule, error))?;
    Ok(Performed::Done { scope, result })
}

/// What the result is if a repetition would fail, too.
fn refused(schedule: &ScheduleName, error: Error) -> Result<ActionResult, Error> {
    let is_final = match &error {
        Error::Store(StoreError::Corrupted(_)) => true,
        Error::Store(_) | Error::Unavailable(_) | Error::Aborted(_) => false,
        Error::Rejected(_)
        | Error::NamespaceNotFound(_)
        | Error::NamespaceState { .. }
        | Error::NamespaceExists(_)
        | Error::NotFound(_)
        | Error::AlreadyStarted(_)
        | Error::Invalid(_)
        | Error::Query(_)
        | Error::QueryFailed(_)
        | Error::NotReady(_)
        | Error::Precondition(_)
        | Error::AlreadyExists(_)
        | Error::DeploymentLimit(_)
        | Error::Exhausted(_)
        | Error::Unimplemented(_)
        | Error::PermissionDenied(_)
        | Error::DeadlineExceeded(_)
        | Error::MultiOperation(_) => true,
    };
    if !is_final {
        return Err(error);
    }
    tracing::warn!(
        namespace = %schedule.namespace,
        schedule_id = %schedule.id,
        ?error,
        "an action of a schedule was refused"
    );
    Ok(ActionResult::Refused)
}

fn start(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    schedule: &ScheduleName,
    mut request: StartWorkflowExecutionRequest,
    run_id: RunId,
) -> Result<ActionResult, Error> {
    if let Some(at) = started_before(scope, namespace, &request.workflow_id, &run_id)? {
        return Ok(ActionResult::Started(at));
    }
    namespace.complete_search_attributes(request.search_attributes.as_mut())?;
    let policies = Policies::new(
        request.workflow_id_reuse_policy(),
        request.workflow_id_conflict_policy(),
        WorkflowIdConflictPolicy::Fail,
    )?;
    let at = scope.clock.now();
    let start = Start::scheduled(request, &schedule.id, run_id, scope.ids.number())?;
    namespace.check_override(start.versioning_override.as_ref(), &start.task_queue)?;
    scope.start(namespace, start, policies, |_, _, _, _| Ok(()))?;
    Ok(ActionResult::Started(at))
}

/// When an earlier attempt has started the run, if one has. The run may have ended since.
fn started_before(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    workflow_id: &str,
    run_id: &RunId,
) -> Result<Option<Time>, Error> {
    let execution = match scope.execution(namespace, workflow_id) {
        Err(Error::NotFound(_)) => return Ok(None),
        found => found?,
    };
    let mut runs = execution.lock();
    let started = runs.get(run_id)?;
    Ok(started.map(|record| record.run.started_at()))
}

fn cancel(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    end: EndRun,
) -> Result<ActionResult, Error> {
    let input = Input::RequestCancel(RequestCancel {
        reason: end.reason,
        identity: end.identity,
        first_run_id: Some(end.execution.run_id.as_str().into()),
        ..RequestCancel::default()
    });
    apply(scope, namespace, &end.execution.workflow_id, input)
}

fn terminate(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    end: EndRun,
) -> Result<ActionResult, Error> {
    let input = Input::Terminate(Terminate {
        reason: end.reason,
        identity: end.identity,
        first_run_id: Some(end.execution.run_id.as_str().into()),
        ..Terminate::default()
    });
    apply(scope, namespace, &end.execution.workflow_id, input)
}

/// Applies an input to the latest run of a workflow, unless that has ended.
fn apply(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    workflow_id: &str,
    input: Input,
) -> Result<ActionResult, Error> {
    let execution = scope.execution(namespace, workflow_id)?;
    let mut runs = execution.lock();
    let run_id = resolve_run(&execution, &mut runs, "")?;
    match scope.apply(&execution, &mut runs, &run_id, input, |_, _| ()) {
        Ok(()) | Err(Error::Rejected(_)) => Ok(ActionResult::Ended),
        Err(error) => Err(error),
    }
}
