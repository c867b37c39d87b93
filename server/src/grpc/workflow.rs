//! Requests to an existing workflow: signal, cancel, terminate, describe.

use std::sync::Arc;

use durably_history::{Input, Rejection, RequestCancel, RequestId, RunId, Signal, Terminate};
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::enums::v1::EventType;
use durably_proto::api::workflowservice::v1::{
    DeleteWorkflowExecutionRequest, DeleteWorkflowExecutionResponse,
    DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
    RequestCancelWorkflowExecutionRequest, ResetStickyTaskQueueRequest,
    SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse,
    TerminateWorkflowExecutionRequest,
};

use super::{check, link};
use crate::backend::request::RequestScope;
use crate::backend::resolve_run;
use crate::error::Error;
use crate::execution::Execution;
use crate::visibility::removed;

/// `SignalWorkflowExecution`.
pub(super) fn signal(
    scope: &RequestScope<'_>,
    request: SignalWorkflowExecutionRequest,
) -> Result<SignalWorkflowExecutionResponse, Error> {
    let execution = check::execution(request.workflow_execution)?;
    if request.signal_name.is_empty() {
        return Err(check::invalid("SignalName is not set on request."));
    }
    check::length(&request.signal_name, "SignalName")?;
    check::length(&request.request_id, "RequestId")?;
    check::blob(request.input.as_ref())?;
    let request_id = request.request_id.clone();
    let input = Input::Signal(Signal {
        name: request.signal_name,
        input: request.input,
        header: request.header,
        identity: request.identity,
        request_id: RequestId::from(request.request_id),
        links: request.links,
        external: None,
        child_only: false,
    });
    let (execution, run_id) = apply_to_named(scope, &request.namespace, execution, input)?;
    let signaled = EventType::WorkflowExecutionSignaled;
    Ok(SignalWorkflowExecutionResponse {
        link: Some(link::to_request(&execution, &run_id, &request_id, signaled)),
    })
}

/// `RequestCancelWorkflowExecution`.
pub(super) fn request_cancel(
    scope: &RequestScope<'_>,
    request: RequestCancelWorkflowExecutionRequest,
) -> Result<(), Error> {
    let execution = check::execution(request.workflow_execution)?;
    let execution = latest_of(execution, &request.first_execution_run_id);
    let input = Input::RequestCancel(RequestCancel {
        reason: request.reason,
        identity: request.identity,
        links: request.links,
        first_run_id: named(request.first_execution_run_id),
        ..RequestCancel::default()
    });
    let applied = apply_to_named(scope, &request.namespace, execution, input);
    match applied {
        // Cancelling a closed run succeeds, as on the real server.
        Err(Error::Rejected(Rejection::Closed(_))) => Ok(()),
        applied => applied.map(|_| ()),
    }
}

/// `TerminateWorkflowExecution`.
pub(super) fn terminate(
    scope: &RequestScope<'_>,
    request: TerminateWorkflowExecutionRequest,
) -> Result<(), Error> {
    let execution = check::execution(request.workflow_execution)?;
    let execution = latest_of(execution, &request.first_execution_run_id);
    let input = Input::Terminate(Terminate {
        reason: request.reason,
        details: request.details,
        identity: request.identity,
        links: request.links,
        first_run_id: named(request.first_execution_run_id),
        child_of: None,
    });
    apply_to_named(scope, &request.namespace, execution, input).map(|_| ())
}

/// `DeleteWorkflowExecution`: answers when the run is closed for good; it is removed in the background.
pub(super) fn delete(
    scope: &RequestScope<'_>,
    request: DeleteWorkflowExecutionRequest,
) -> Result<DeleteWorkflowExecutionResponse, Error> {
    let execution = check::execution(request.workflow_execution)?;
    apply_to_named(scope, &request.namespace, execution, Input::Delete)?;
    Ok(DeleteWorkflowExecutionResponse {})
}

/// `ResetStickyTaskQueue`.
pub(super) fn reset_sticky(
    scope: &RequestScope<'_>,
    request: ResetStickyTaskQueueRequest,
) -> Result<(), Error> {
    let execution = check::execution(request.execution)?;
    apply_to_named(scope, &request.namespace, execution, Input::ResetStickiness).map(|_| ())
}

/// `DescribeWorkflowExecution`.
pub(super) fn describe(
    scope: &RequestScope<'_>,
    request: DescribeWorkflowExecutionRequest,
) -> Result<DescribeWorkflowExecutionResponse, Error> {
    let namespace = scope.namespaces.find(&request.namespace)?;
    let named = check::execution(request.execution)?;
    let execution = scope.execution(&namespace, &named.workflow_id)?;
    let mut runs = execution.lock();
    let run_id = resolve_run(&execution, &mut runs, &named.run_id)?;
    let Some(record) = runs.get(&run_id)? else {
        return Err(Error::NotFound(format!("no run {run_id}")));
    };
    let mut described = record.run.describe(scope.clock.now());
    if let Some(info) = &mut described.workflow_execution_info {
        removed::hide(&namespace.attributes(), &mut info.search_attributes);
    }
    Ok(described)
}

/// Applies an input to the run that a request names; returns the run.
fn apply_to_named(
    scope: &RequestScope<'_>,
    namespace: &str,
    named: WorkflowExecution,
    input: Input,
) -> Result<(Arc<Execution>, RunId), Error> {
    let namespace = scope.namespaces.find(namespace)?;
    let execution = scope.execution(&namespace, &named.workflow_id)?;
    let mut runs = execution.lock();
    let run_id = resolve_run(&execution, &mut runs, &named.run_id)?;
    scope.apply(&execution, &mut runs, &run_id, input, |_, _| ())?;
    drop(runs);
    Ok((execution, run_id))
}

/// A client that names the first run of a chain means the chain's current run, whichever run id it
/// names as well.
fn latest_of(named: WorkflowExecution, first_run_id: &str) -> WorkflowExecution {
    match first_run_id {
        "" => named,
        _ => WorkflowExecution {
            run_id: String::new(),
            ..named
        },
    }
}

fn named(run_id: String) -> Option<RunId> {
    (!run_id.is_empty()).then(|| RunId::from(run_id))
}
