//! Starting workflows: plainly, with a signal, with an update.

use std::sync::{Arc, PoisonError};

use durably_history::{
    Attach, Input, Policies, Rejection, Reply, RequestId, RunId, Start, UpdateId,
};
use durably_proto::api::common::v1::Link;
use durably_proto::api::common::v1::link::workflow_event::{EventReference, Reference};
use durably_proto::api::common::v1::link::{Variant, WorkflowEvent};
use durably_proto::api::enums::v1::{
    EventType, UpdateWorkflowExecutionLifecycleStage as WaitStage, WorkflowExecutionStatus,
    WorkflowIdConflictPolicy,
};
use durably_proto::api::workflowservice::v1::execute_multi_operation_request::operation::Operation;
use durably_proto::api::workflowservice::v1::{
    ExecuteMultiOperationRequest, ExecuteMultiOperationResponse,
    SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse,
    StartWorkflowExecutionRequest, StartWorkflowExecutionResponse, UpdateWorkflowExecutionRequest,
    execute_multi_operation_response as multi,
};

use super::check;
use super::deadline::WaitLimit;
use super::update::{self, Sent};
use super::worker;
use crate::clock::Timekeeper;
use crate::engine::Engine;
use crate::error::Error;
use crate::namespace::Namespace;
use crate::store::Runs;
use crate::visibility::values;

/// `StartWorkflowExecution`.
pub(super) fn start(
    engine: &Engine,
    request: StartWorkflowExecutionRequest,
) -> Result<StartWorkflowExecutionResponse, Error> {
    let namespace = engine.namespaces.find(&request.namespace)?;
    let attach = attach(&request);
    let (start, policies) = prepared(engine, &namespace, request)?;
    let workflow_id = start.workflow_id.clone();
    let started = engine.start(
        &namespace,
        start,
        policies,
        |execution, runs, run_id, reply| match reply {
            Some(Reply::WorkflowTask(task)) => Ok(runs
                .get(run_id)
                .map(|record| worker::response(record, *task))),
            Some(_) => Ok(None),
            None => {
                if let Some(attach) = attach {
                    let attach = Input::Attach(attach);
                    unless_closed(engine.apply(execution, runs, run_id, attach, |_, _| ()))?;
                }
                Ok(None)
            }
        },
    )?;
    Ok(StartWorkflowExecutionResponse {
        run_id: started.run_id.to_string(),
        started: started.is_new,
        status: WorkflowExecutionStatus::Running.into(),
        eager_workflow_task: started.result,
        link: Some(link_to_start(
            &namespace,
            workflow_id.as_str(),
            &started.run_id,
        )),
        ..StartWorkflowExecutionResponse::default()
    })
}

/// `SignalWithStartWorkflowExecution`.
pub(super) fn signal_with_start(
    engine: &Engine,
    request: SignalWithStartWorkflowExecutionRequest,
) -> Result<SignalWithStartWorkflowExecutionResponse, Error> {
    let namespace = engine.namespaces.find(&request.namespace)?;
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
    let run_id = engine.ids.run_id(engine.clock.now());
    let mut start = Start::from_signal_with_start(request, run_id, engine.ids.number())?;
    complete(engine, &namespace, &mut start)?;
    let signal = start.signal.clone().unwrap_or_default();
    let started = engine.start(
        &namespace,
        start,
        policies,
        |execution, runs, run_id, reply| match reply {
            Some(_) => Ok(()),
            None => {
                let signal = Input::SignalWithStart(signal);
                unless_closed(engine.apply(execution, runs, run_id, signal, |_, _| ()))
            }
        },
    )?;
    Ok(SignalWithStartWorkflowExecutionResponse {
        run_id: started.run_id.to_string(),
        started: started.is_new,
        ..SignalWithStartWorkflowExecutionResponse::default()
    })
}

/// `ExecuteMultiOperation`: update-with-start.
pub(super) async fn execute_multi_operation(
    engine: &Engine,
    request: ExecuteMultiOperationRequest,
    skips: Option<&Timekeeper>,
    limit: WaitLimit,
) -> Result<ExecuteMultiOperationResponse, Error> {
    let namespace = engine.namespaces.find(&request.namespace)?;
    let (start, update) = start_and_update(request)?;
    let until = update::wanted_stage(update.wait_policy)
        .map_err(|error| Error::MultiOperation(vec![None, Some(error)]))?;
    let workflow_id = start.workflow_id.clone();
    let (started, is_new) = start_with_update(engine, &namespace, start, update, until)?;
    let run_id = started.run_id.clone();
    let execution = engine.execution(&namespace, &workflow_id)?;
    let status = update::awaited(&execution, started, until, skips, limit).await?;
    let run_status = execution
        .lock()
        .get(&run_id)
        .map_or(WorkflowExecutionStatus::Unspecified, |record| {
            record.run.status()
        });
    let started = StartWorkflowExecutionResponse {
        run_id: run_id.to_string(),
        started: is_new,
        status: run_status.into(),
        link: Some(link_to_start(&namespace, &workflow_id, &run_id)),
        ..StartWorkflowExecutionResponse::default()
    };
    let updated = update::response(&execution, &run_id, status)
        .map_err(|error| Error::MultiOperation(vec![None, Some(error)]))?;
    use multi::response::Response;
    Ok(ExecuteMultiOperationResponse {
        responses: [
            Response::StartWorkflow(started),
            Response::UpdateWorkflow(updated),
        ]
        .map(|response| multi::Response {
            response: Some(response),
        })
        .into(),
    })
}

fn start_with_update(
    engine: &Engine,
    namespace: &Arc<Namespace>,
    request: StartWorkflowExecutionRequest,
    update: UpdateWorkflowExecutionRequest,
    until: WaitStage,
) -> Result<(Sent, bool), Error> {
    let of_start = |error| Error::MultiOperation(vec![Some(error), None]);
    let of_update = |error| Error::MultiOperation(vec![None, Some(error)]);
    let update = update::checked(engine, update.request).map_err(of_update)?;
    let id = update.id.clone();
    if let Some(sent) = sent_before(engine, namespace, &request.workflow_id, &id, until) {
        return Ok((sent, false));
    }
    let (mut start, policies) = prepared(engine, namespace, request).map_err(of_start)?;
    start.update = Some(update.clone());
    let mut failed_update = None;
    let started = engine.start(
        namespace,
        start,
        policies,
        |execution, runs, run_id, reply| {
            let sent = match reply {
                Some(_) => known(runs, run_id, &id, until)
                    .ok_or_else(|| Error::NotFound(format!("update \"{id}\" not found"))),
                None => update::send(engine, execution, runs, run_id, update, until),
            };
            sent.inspect_err(|error| failed_update = Some(error.clone()))
        },
    );
    match (started, failed_update) {
        (Ok(started), _) => Ok((started.result, started.is_new)),
        (Err(_), Some(error)) => Err(of_update(error)),
        (Err(error), None) => Err(of_start(error)),
    }
}

/// The same update sent before finds the same run, whatever the start's policies say.
fn sent_before(
    engine: &Engine,
    namespace: &Namespace,
    workflow_id: &str,
    id: &UpdateId,
    until: WaitStage,
) -> Option<Sent> {
    let execution = engine.execution(namespace, workflow_id).ok()?;
    let mut runs = execution.lock();
    let run_id = runs.latest()?.run.run_id().clone();
    known(&mut runs, &run_id, id, until)
}

fn known(runs: &mut Runs, run_id: &RunId, id: &UpdateId, until: WaitStage) -> Option<Sent> {
    let status = runs.get(run_id)?.run.update(id)?;
    Some(update::waiting(runs, run_id.clone(), status, until))
}

/// The two operations an update-with-start consists of.
fn start_and_update(
    request: ExecuteMultiOperationRequest,
) -> Result<
    (
        StartWorkflowExecutionRequest,
        UpdateWorkflowExecutionRequest,
    ),
    Error,
> {
    let mut operations = request.operations.into_iter().map(|it| it.operation);
    let (
        Some(Some(Operation::StartWorkflow(start))),
        Some(Some(Operation::UpdateWorkflow(update))),
        None,
    ) = (operations.next(), operations.next(), operations.next())
    else {
        return Err(Error::Invalid(
            "Operations have to be exactly [Start, Update].".to_owned(),
        ));
    };
    let updated = update.workflow_execution.clone().unwrap_or_default();
    if updated.workflow_id != start.workflow_id {
        return Err(Error::MultiOperation(vec![
            None,
            Some(Error::Invalid(
                "WorkflowId is not consistent with previous operation(s)".to_owned(),
            )),
        ]));
    }
    if !updated.run_id.is_empty() {
        return Err(Error::MultiOperation(vec![
            None,
            Some(Error::Invalid("RunId cannot be set.".to_owned())),
        ]));
    }
    Ok((start, update))
}

fn prepared(
    engine: &Engine,
    namespace: &Namespace,
    request: StartWorkflowExecutionRequest,
) -> Result<(Start, Policies), Error> {
    let policies = Policies::new(
        request.workflow_id_reuse_policy(),
        request.workflow_id_conflict_policy(),
        WorkflowIdConflictPolicy::Fail,
    )?;
    let run_id = engine.ids.run_id(engine.clock.now());
    let mut start = Start::from_request(request, run_id, engine.ids.number())?;
    complete(engine, namespace, &mut start)?;
    Ok((start, policies))
}

/// Gives a start the request id it may lack, and its search attributes their types.
fn complete(engine: &Engine, namespace: &Namespace, start: &mut Start) -> Result<(), Error> {
    if start.request_id.as_str().is_empty() {
        start.request_id = RequestId::from(engine.ids.uuid());
    }
    let Some(given) = &mut start.search_attributes else {
        return Ok(());
    };
    let known = namespace
        .attributes
        .read()
        .unwrap_or_else(PoisonError::into_inner);
    values::check(&namespace.name, &known, &mut given.indexed_fields)
        .map_err(|bad| Error::Invalid(bad.message))?;
    given
        .indexed_fields
        .retain(|_, value| !values::is_nothing(value));
    Ok(())
}

/// What goes with a start has been done already if the run has closed: only a repeated request
/// finds such a run.
fn unless_closed(applied: Result<(), Error>) -> Result<(), Error> {
    match applied {
        Err(Error::Rejected(Rejection::Closed(_))) => Ok(()),
        applied => applied,
    }
}

/// What a start request that meets a running workflow leaves with it.
fn attach(request: &StartWorkflowExecutionRequest) -> Option<Attach> {
    let options = request.on_conflict_options.as_ref()?;
    let attach = Attach {
        request_id: options
            .attach_request_id
            .then(|| RequestId::from(request.request_id.as_str())),
        completion_callbacks: match options.attach_completion_callbacks {
            true => request.completion_callbacks.clone(),
            false => Vec::new(),
        },
        links: match options.attach_links {
            true => request.links.clone(),
            false => Vec::new(),
        },
        identity: request.identity.clone(),
    };
    Some(attach)
}

fn link_to_start(namespace: &Namespace, workflow_id: &str, run_id: &RunId) -> Link {
    Link {
        variant: Some(Variant::WorkflowEvent(WorkflowEvent {
            namespace: namespace.name.to_string(),
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_string(),
            reference: Some(Reference::EventRef(EventReference {
                event_id: 1,
                event_type: EventType::WorkflowExecutionStarted.into(),
            })),
        })),
    }
}
