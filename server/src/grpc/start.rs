//! Workflow starts, with and without a signal.

use durably_history::{Attach, Input, Policies, Rejection, Reply, RequestId, Start};
use durably_proto::api::enums::v1::{EventType, WorkflowIdConflictPolicy};
use durably_proto::api::workflowservice::v1::{
    SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse,
    StartWorkflowExecutionRequest, StartWorkflowExecutionResponse,
};

use super::{callback, check, link, workflow_task};
use crate::backend::StartResolution;
use crate::backend::request::RequestScope;
use crate::error::Error;
use crate::namespace::Namespace;

/// `StartWorkflowExecution`.
pub(super) fn start(
    scope: &RequestScope<'_>,
    mut request: StartWorkflowExecutionRequest,
) -> Result<StartWorkflowExecutionResponse, Error> {
    let namespace = scope.namespaces.find_to_start(&request.namespace)?;
    complete_request_id(scope, &mut request.request_id);
    let request_id = request.request_id.clone();
    let is_eager = request.request_eager_execution;
    let attach = attach(&request);
    let (start, policies) = prepared(scope, &namespace, request)?;
    let started = scope.start(
        &namespace,
        start,
        policies,
        |execution, runs, run_id, met| {
            let mut eager_task = None;
            let mut is_attached = false;
            match met {
                StartResolution::Started(Reply::WorkflowTask(task)) => {
                    eager_task = runs
                        .get(run_id)?
                        .map(|record| workflow_task::response(execution, record, *task));
                }
                StartResolution::Started(_) => {}
                StartResolution::Repeated(EventType::WorkflowExecutionStarted) if is_eager => {
                    let repeat = Input::RepeatEagerStart;
                    let repeated =
                        scope.apply(
                            execution,
                            runs,
                            run_id,
                            repeat,
                            |record, reply| match reply {
                                Reply::WorkflowTask(task) => {
                                    Some(workflow_task::response(execution, record, *task))
                                }
                                _ => None,
                            },
                        );
                    eager_task = unless_closed(repeated)?;
                }
                StartResolution::Repeated(event_type) => {
                    is_attached = event_type != EventType::WorkflowExecutionStarted;
                }
                StartResolution::InUse => {
                    if let Some(attach) = attach {
                        is_attached = attach.request_id.is_some();
                        let attach = Input::Attach(attach);
                        scope.apply(execution, runs, run_id, attach, |_, _| ())?;
                    }
                }
            }
            let link = match is_attached {
                true => {
                    let attached = EventType::WorkflowExecutionOptionsUpdated;
                    link::to_request(execution, run_id, &request_id, attached)
                }
                false => link::to_start(execution, run_id),
            };
            Ok((eager_task, link))
        },
    )?;
    let (eager_workflow_task, link) = started.result;
    Ok(StartWorkflowExecutionResponse {
        run_id: started.run_id.to_string(),
        first_execution_run_id: started.first_run_id.to_string(),
        started: started.is_new,
        status: started.status.into(),
        eager_workflow_task,
        link: Some(link),
    })
}

/// Treats a run that has closed meanwhile as one without a task to repeat.
fn unless_closed<T>(applied: Result<Option<T>, Error>) -> Result<Option<T>, Error> {
    match applied {
        Err(Error::Rejected(Rejection::Closed(_))) => Ok(None),
        applied => applied,
    }
}

/// `SignalWithStartWorkflowExecution`.
pub(super) fn signal_with_start(
    scope: &RequestScope<'_>,
    mut request: SignalWithStartWorkflowExecutionRequest,
) -> Result<SignalWithStartWorkflowExecutionResponse, Error> {
    let namespace = scope.namespaces.find_to_start(&request.namespace)?;
    if request.workflow_id_conflict_policy() == WorkflowIdConflictPolicy::Fail {
        return Err(check::invalid(
            "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported for this operation.",
        ));
    }
    let policies = Policies::new(
        request.workflow_id_reuse_policy(),
        request.workflow_id_conflict_policy(),
        WorkflowIdConflictPolicy::UseExisting,
    )?;
    complete_request_id(scope, &mut request.request_id);
    let request_id = request.request_id.clone();
    let run_id = scope.ids.run_id(scope.clock.now());
    let mut start = Start::from_signal_with_start(request, run_id, scope.ids.number())?;
    namespace.complete_search_attributes(start.search_attributes.as_mut())?;
    namespace.check_override(start.versioning_override.as_ref(), &start.task_queue)?;
    let signal = start.signal.clone().unwrap_or_default();
    let started = scope.start(
        &namespace,
        start,
        policies,
        |execution, runs, run_id, met| {
            if let StartResolution::Repeated(_) | StartResolution::InUse = met {
                let signal = Input::SignalWithStart(signal);
                scope.apply(execution, runs, run_id, signal, |_, _| ())?;
            }
            let signaled = EventType::WorkflowExecutionSignaled;
            Ok(link::to_request(execution, run_id, &request_id, signaled))
        },
    )?;
    Ok(SignalWithStartWorkflowExecutionResponse {
        run_id: started.run_id.to_string(),
        first_execution_run_id: started.first_run_id.to_string(),
        started: started.is_new,
        signal_link: Some(started.result),
    })
}

/// Checks a start request whose request id is set.
pub(super) fn prepared(
    scope: &RequestScope<'_>,
    namespace: &Namespace,
    request: StartWorkflowExecutionRequest,
) -> Result<(Start, Policies), Error> {
    let policies = Policies::new(
        request.workflow_id_reuse_policy(),
        request.workflow_id_conflict_policy(),
        WorkflowIdConflictPolicy::Fail,
    )?;
    callback::check_start(&request)?;
    let run_id = scope.ids.run_id(scope.clock.now());
    let mut start = Start::from_request(request, run_id, scope.ids.number())?;
    namespace.complete_search_attributes(start.search_attributes.as_mut())?;
    namespace.check_override(start.versioning_override.as_ref(), &start.task_queue)?;
    Ok((start, policies))
}

/// Generates a request id if the request has none.
pub(super) fn complete_request_id(scope: &RequestScope<'_>, request_id: &mut String) {
    if request_id.is_empty() {
        *request_id = scope.ids.uuid();
    }
}

/// The input of a start request that finds a running run.
fn attach(request: &StartWorkflowExecutionRequest) -> Option<Attach> {
    let options = request.on_conflict_options.as_ref()?;
    let attach = Attach {
        request_id: options
            .attach_request_id
            .then(|| RequestId::from(request.request_id.as_str())),
        links: match options.attach_links {
            true => request.links.clone(),
            false => Vec::new(),
        },
    };
    Some(attach)
}
