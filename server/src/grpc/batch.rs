//! Batch operations: requests, and what one does with each workflow.

use std::cmp::Reverse;

use durably_history::Time;
use durably_proto::api::batch::v1::batch_operation_reset_activities::Activity as Reset;
use durably_proto::api::batch::v1::batch_operation_unpause_activities::Activity as Unpaused;
use durably_proto::api::batch::v1::batch_operation_update_activity_options::Activity as Updated;
use durably_proto::api::batch::v1::{
    BatchOperationInfo, BatchOperationReset, BatchOperationUnpauseActivities,
};
use durably_proto::api::common::v1::reset_options::Target as ResetTarget;
use durably_proto::api::common::v1::{Execution, WorkflowExecution};
use durably_proto::api::enums::v1::{
    BatchOperationState, BatchOperationType, EventType, ExecutionType, ResetType,
};
use durably_proto::api::workflowservice::v1::start_batch_operation_request::Operation;
use durably_proto::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, DeleteWorkflowExecutionRequest, DescribeBatchOperationRequest,
    DescribeBatchOperationResponse, ListBatchOperationsRequest, ListBatchOperationsResponse,
    ListWorkflowExecutionsRequest, RequestCancelWorkflowExecutionRequest, ResetActivityRequest,
    ResetWorkflowExecutionRequest, SignalWorkflowExecutionRequest, StartBatchOperationRequest,
    StartBatchOperationResponse, StopBatchOperationRequest, StopBatchOperationResponse,
    TerminateWorkflowExecutionRequest, UnpauseActivityRequest, UpdateActivityOptionsRequest,
    reset_activity_request, unpause_activity_request, update_activity_options_request,
};

use super::{activity_operations, check, reset, visibility, workflow, workflow_options};
use crate::backend::Backend;
use crate::backend::request::RequestScope;
use crate::backend::{no_such_workflow, resolve_run};
use crate::batch::Batch;
use crate::error::Error;
use crate::name::BatchName;

/// One workflow of a batch operation.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) execution: WorkflowExecution,
    /// A repetition has the same.
    pub(crate) request_id: String,
}

/// `StartBatchOperation`.
pub(super) async fn start(
    backend: &Backend,
    request: StartBatchOperationRequest,
) -> Result<StartBatchOperationResponse, Error> {
    validate(&request)?;
    let namespace = backend.namespaces.find(&request.namespace)?;
    let name = BatchName {
        namespace: namespace.name.clone(),
        id: request.job_id.as_str().into(),
    };
    let matched = match request.visibility_query.is_empty() {
        true => 0,
        false => {
            let query = query(&request);
            let namespace = request.namespace.clone();
            let count = CountWorkflowExecutionsRequest { namespace, query };
            let counted = backend.on_disk(move |backend| visibility::count(backend, count));
            counted.await.map_err(wrong_query)?.count
        }
    };
    let batch = Batch::new(request, backend.ids.uuid(), backend.clock.now(), matched);
    backend.start_batch(namespace, name, batch).await?;
    Ok(StartBatchOperationResponse {})
}

fn wrong_query(error: Error) -> Error {
    match error {
        Error::Query(error) => Error::Invalid(format!("invalid visibility query: {error}")),
        error => error,
    }
}

/// `StopBatchOperation`.
pub(super) async fn stop(
    backend: &Backend,
    request: StopBatchOperationRequest,
) -> Result<StopBatchOperationResponse, Error> {
    if request.job_id.is_empty() {
        return Err(check::invalid(NO_ID));
    }
    if request.namespace.is_empty() {
        return Err(check::invalid(NO_NAMESPACE));
    }
    if request.reason.is_empty() {
        return Err(check::invalid("Reason is not set on request."));
    }
    let namespace = backend.namespaces.find(&request.namespace)?;
    let live = backend.batches.find(&BatchName {
        namespace: namespace.name.clone(),
        id: request.job_id.as_str().into(),
    });
    let live = live.ok_or_else(|| no_such_batch(&request.job_id))?;
    let failed = BatchOperationState::Failed;
    match backend.close_batch(&live, failed).await? {
        true => Ok(StopBatchOperationResponse {}),
        false => Err(Error::NotFound(
            "workflow execution already completed".to_owned(),
        )),
    }
}

/// `DescribeBatchOperation`.
pub(super) fn describe(
    backend: &Backend,
    request: &DescribeBatchOperationRequest,
) -> Result<DescribeBatchOperationResponse, Error> {
    if request.job_id.is_empty() {
        return Err(check::invalid(NO_ID));
    }
    if request.namespace.is_empty() {
        return Err(check::invalid(NO_NAMESPACE));
    }
    let namespace = backend.namespaces.find(&request.namespace)?;
    let live = backend.batches.find(&BatchName {
        namespace: namespace.name.clone(),
        id: request.job_id.as_str().into(),
    });
    let live = live.ok_or_else(|| no_such_batch(&request.job_id))?;
    let batch = live.lock().clone();
    let request = batch.request();
    let (operation_type, identity) = described(request.operation.as_ref());
    Ok(DescribeBatchOperationResponse {
        operation_type: operation_type.into(),
        job_id: live.name.id.to_string(),
        state: batch.state().into(),
        start_time: Some(batch.started_at().into()),
        close_time: batch.closed_at().map(Into::into),
        total_operation_count: batch.total(),
        complete_operation_count: batch.completed,
        failure_operation_count: batch.failed,
        identity,
        reason: request.reason.clone(),
        executions: executions(&request),
        query: request.visibility_query,
    })
}

#[expect(deprecated, reason = "clients still send it")]
fn executions(request: &StartBatchOperationRequest) -> Vec<Execution> {
    let named = request.executions.iter().map(|execution| Execution {
        r#type: ExecutionType::Workflow.into(),
        business_id: execution.workflow_id.clone(),
        run_id: execution.run_id.clone(),
    });
    named
        .chain(request.target_executions.iter().cloned())
        .collect()
}

/// `ListBatchOperations`: the running ones first, then those that ended last.
pub(super) fn list(
    backend: &Backend,
    request: &ListBatchOperationsRequest,
) -> Result<ListBatchOperationsResponse, Error> {
    if request.namespace.is_empty() {
        return Err(check::invalid(NO_NAMESPACE));
    }
    let namespace = backend.namespaces.find(&request.namespace)?;
    let size = visibility::page_size(request.page_size);
    let after = place_of(&request.next_page_token)?;
    let mut listed: Vec<_> = backend
        .batches
        .of_namespace(&namespace.name)
        .into_iter()
        .map(|live| {
            // Not copied: its request may be megabytes long.
            let batch = live.lock();
            let closed = batch.closed_at().unwrap_or(Time::MAX);
            let times = (closed.as_unix_nanos(), batch.started_at().as_unix_nanos());
            let (operation_type, _) = described(batch.operation());
            let info = BatchOperationInfo {
                job_id: live.name.id.to_string(),
                state: batch.state().into(),
                start_time: Some(batch.started_at().into()),
                close_time: batch.closed_at().map(Into::into),
                operation_type: operation_type.into(),
            };
            ((Reverse(times), live.name.id.to_string()), info)
        })
        .filter(|(place, _)| after.as_ref().is_none_or(|after| place > after))
        .collect();
    listed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let has_more = listed.len() > size;
    listed.truncate(size);
    let next_page_token = match listed.last() {
        Some(((Reverse((closed, started)), id), _)) if has_more => {
            format!("{closed} {started} {id}").into_bytes()
        }
        _ => Vec::new(),
    };
    let operation_info = listed.into_iter().map(|(_, info)| info);
    Ok(ListBatchOperationsResponse {
        operation_info: operation_info.collect(),
        next_page_token,
    })
}

/// The order of lists: the end and the start, the latest first, then the id.
type Place = (Reverse<(i64, i64)>, String);

/// The place after which a page begins.
fn place_of(token: &[u8]) -> Result<Option<Place>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    let parsed = || {
        let mut parts = str::from_utf8(token).ok()?.splitn(3, ' ');
        let closed = parts.next()?.parse().ok()?;
        let started = parts.next()?.parse().ok()?;
        Some((Reverse((closed, started)), parts.next()?.to_owned()))
    };
    match parsed() {
        Some(place) => Ok(Some(place)),
        None => Err(check::invalid("Invalid NextPageToken.")),
    }
}

/// A page of the workflows that match, and where the next one begins.
pub(crate) fn page(
    backend: &Backend,
    request: &StartBatchOperationRequest,
    next_page_token: Vec<u8>,
) -> Result<(Vec<WorkflowExecution>, Vec<u8>), Error> {
    let list = ListWorkflowExecutionsRequest {
        namespace: request.namespace.clone(),
        query: query(request),
        page_size: PAGE_SIZE,
        next_page_token,
    };
    let listed = visibility::list(backend, list)?;
    let executions = listed.executions.into_iter();
    let executions = executions.filter_map(|info| info.execution).collect();
    Ok((executions, listed.next_page_token))
}

/// The query of a batch operation; what needs a running workflow is for those only.
fn query(request: &StartBatchOperationRequest) -> String {
    let query = &request.visibility_query;
    match &request.operation {
        // Unlike the real server 1.32, which replaces the query of such a batch by the one for `TemporalPauseInfo`: a
        // batch must not reach workflows that its query excludes.
        Some(Operation::UnpauseActivitiesOperation(BatchOperationUnpauseActivities {
            activity: Some(Unpaused::Type(name)),
            ..
        })) => {
            let name = name.replace('\\', "\\\\").replace('\'', "\\'");
            format!(
                "({query}) AND (ExecutionStatus = 'Running') AND TemporalPauseInfo = 'property:activityType={name}'"
            )
        }
        Some(
            Operation::TerminationOperation(_)
            | Operation::SignalOperation(_)
            | Operation::CancellationOperation(_)
            | Operation::UpdateWorkflowOptionsOperation(_)
            | Operation::UnpauseActivitiesOperation(_)
            | Operation::ResetActivitiesOperation(_)
            | Operation::UpdateActivityOptionsOperation(_),
        ) => format!("({query}) AND (ExecutionStatus = 'Running')"),
        Some(
            Operation::DeletionOperation(_)
            | Operation::ResetOperation(_)
            | Operation::CancelActivitiesOperation(_)
            | Operation::TerminateActivitiesOperation(_)
            | Operation::DeleteActivitiesOperation(_),
        )
        | None => query.clone(),
    }
}

/// Performs the operation on one workflow.
pub(crate) fn perform(
    scope: &RequestScope<'_>,
    request: &StartBatchOperationRequest,
    target: &Target,
) -> Result<(), Error> {
    let namespace = request.namespace.clone();
    let workflow_execution = Some(target.execution.clone());
    let reason = request.reason.clone();
    match request.operation.clone().ok_or_else(unsupported)? {
        Operation::TerminationOperation(operation) => {
            let terminate = TerminateWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                reason,
                details: operation.details,
                identity: operation.identity,
                ..TerminateWorkflowExecutionRequest::default()
            };
            workflow::terminate(scope, terminate)
        }
        Operation::SignalOperation(operation) => {
            let signal = SignalWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                signal_name: operation.signal,
                input: operation.input,
                header: operation.header,
                identity: operation.identity,
                request_id: target.request_id.clone(),
                ..SignalWorkflowExecutionRequest::default()
            };
            workflow::signal(scope, signal).map(|_| ())
        }
        Operation::CancellationOperation(operation) => {
            let cancel = RequestCancelWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                reason,
                identity: operation.identity,
                request_id: target.request_id.clone(),
                ..RequestCancelWorkflowExecutionRequest::default()
            };
            workflow::request_cancel(scope, cancel)
        }
        Operation::DeletionOperation(_) => {
            let delete = DeleteWorkflowExecutionRequest {
                namespace,
                workflow_execution,
            };
            workflow::delete(scope, delete).map(|_| ())
        }
        Operation::ResetOperation(operation) => reset_to(scope, request, &operation, target),
        Operation::UpdateWorkflowOptionsOperation(operation) => {
            let options = operation.workflow_execution_options;
            let change = workflow_options::checked(options, operation.update_mask)?;
            let (named, identity) = (&target.execution, operation.identity);
            workflow_options::apply(scope, &namespace, named, change, identity).map(|_| ())
        }
        Operation::UnpauseActivitiesOperation(operation) => {
            let unpause = UnpauseActivityRequest {
                namespace,
                execution: workflow_execution,
                identity: operation.identity,
                reset_attempts: operation.reset_attempts,
                reset_heartbeat: operation.reset_heartbeat,
                jitter: operation.jitter,
                activity: operation.activity.map(|activity| match activity {
                    Unpaused::Type(name) => unpause_activity_request::Activity::Type(name),
                    Unpaused::MatchAll(all) => unpause_activity_request::Activity::UnpauseAll(all),
                }),
            };
            activity_operations::unpause(scope, unpause).map(|_| ())
        }
        Operation::ResetActivitiesOperation(operation) => {
            let reset = ResetActivityRequest {
                namespace,
                execution: workflow_execution,
                identity: operation.identity,
                reset_heartbeat: operation.reset_heartbeat,
                keep_paused: operation.keep_paused,
                jitter: operation.jitter,
                restore_original_options: operation.restore_original_options,
                activity: operation.activity.map(|activity| match activity {
                    Reset::Type(name) => reset_activity_request::Activity::Type(name),
                    Reset::MatchAll(all) => reset_activity_request::Activity::MatchAll(all),
                }),
            };
            activity_operations::reset(scope, reset).map(|_| ())
        }
        Operation::UpdateActivityOptionsOperation(operation) => {
            let update = UpdateActivityOptionsRequest {
                namespace,
                execution: workflow_execution,
                identity: operation.identity,
                activity_options: operation.activity_options,
                update_mask: operation.update_mask,
                restore_original: operation.restore_original,
                activity: operation.activity.map(|activity| match activity {
                    Updated::Type(name) => update_activity_options_request::Activity::Type(name),
                    Updated::MatchAll(all) => {
                        update_activity_options_request::Activity::MatchAll(all)
                    }
                }),
            };
            activity_operations::update_options(scope, update).map(|_| ())
        }
        Operation::CancelActivitiesOperation(_)
        | Operation::TerminateActivitiesOperation(_)
        | Operation::DeleteActivitiesOperation(_) => Err(unsupported()),
    }
}

#[expect(deprecated, reason = "clients still send the older fields")]
fn reset_to(
    scope: &RequestScope<'_>,
    request: &StartBatchOperationRequest,
    operation: &BatchOperationReset,
    target: &Target,
) -> Result<(), Error> {
    let options = operation.options.clone();
    let wanted = match &options {
        Some(options) => options.target.clone(),
        None => match operation.reset_type() {
            ResetType::FirstWorkflowTask => Some(ResetTarget::FirstWorkflowTask(())),
            ResetType::LastWorkflowTask => Some(ResetTarget::LastWorkflowTask(())),
            ResetType::Unspecified => None,
        },
    };
    let wanted = wanted.ok_or_else(|| check::invalid("batch reset missing target"))?;
    let current_run_only = options.as_ref().is_some_and(|it| it.current_run_only);
    let (run_id, point) = reset_point(scope, request, target, &wanted, current_run_only)?;
    let options = options.unwrap_or_default();
    let reset_request = ResetWorkflowExecutionRequest {
        namespace: request.namespace.clone(),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: target.execution.workflow_id.clone(),
            run_id,
        }),
        reason: request.reason.clone(),
        request_id: target.request_id.clone(),
        workflow_task_finish_event_id: point,
        reset_reapply_type: match operation.options {
            Some(_) => options.reset_reapply_type,
            None => operation.reset_reapply_type,
        },
        reset_reapply_exclude_types: options.reset_reapply_exclude_types,
        post_reset_operations: operation.post_reset_operations.clone(),
        identity: operation.identity.clone(),
    };
    reset::reset(scope, reset_request).map(|_| ())
}

/// The run to reset and the event to which. Without a completed task that is the one after the task's
/// scheduled event, as on the real server.
fn reset_point(
    scope: &RequestScope<'_>,
    request: &StartBatchOperationRequest,
    target: &Target,
    wanted: &ResetTarget,
    current_run_only: bool,
) -> Result<(String, i64), Error> {
    let namespace = scope.namespaces.find(&request.namespace)?;
    let named = &target.execution;
    let execution = scope.execution(&namespace, &named.workflow_id)?;
    let mut runs = execution.lock();
    let run_id = resolve_run(&execution, &mut runs, &named.run_id)?;
    let record = runs
        .get(&run_id)?
        .ok_or_else(|| no_such_workflow(&named.workflow_id))?;
    let events = record.run.events();
    let of_type = |event_type: EventType| {
        let all = events.events(0..events.len());
        all.filter(move |event| event.event_type() == event_type)
            .map(|event| event.event_id)
    };
    let mut completed = of_type(EventType::WorkflowTaskCompleted);
    let mut scheduled = of_type(EventType::WorkflowTaskScheduled);
    let point = match wanted {
        ResetTarget::FirstWorkflowTask(()) => completed
            .next()
            .or_else(|| scheduled.next().map(|id| id + 1)),
        ResetTarget::LastWorkflowTask(()) => completed
            .last()
            .or_else(|| scheduled.next().map(|id| id + 1)),
        ResetTarget::WorkflowTaskId(id) => Some(*id),
        ResetTarget::BuildId(build_id) => {
            let points = record.run.info().auto_reset_points.unwrap_or_default();
            let mut points = points.points.into_iter();
            let point = points.find(|point| point.build_id == *build_id);
            let point = point
                .ok_or_else(|| Error::Invalid(format!("Can't find reset point for {build_id}")))?;
            if !point.resettable {
                return Err(Error::Invalid(format!(
                    "Reset point for {build_id} is not resettable"
                )));
            }
            if current_run_only && point.run_id != *run_id.as_str() {
                return Err(Error::Invalid(format!(
                    "Reset point for {build_id} points to previous run and CurrentRunOnly is set"
                )));
            }
            return Ok((point.run_id, point.first_workflow_task_completed_id));
        }
    };
    let point = point.ok_or_else(|| {
        Error::Invalid("unable to find any scheduled or completed task".to_owned())
    })?;
    Ok((run_id.to_string(), point))
}

fn validate(request: &StartBatchOperationRequest) -> Result<(), Error> {
    #[expect(deprecated, reason = "clients still send it")]
    let selectors = [
        !request.visibility_query.is_empty(),
        !request.executions.is_empty(),
        !request.target_executions.is_empty(),
    ];
    let selectors = selectors.into_iter().filter(|is_set| *is_set).count();
    let Some(operation) = &request.operation else {
        return Err(check::invalid(INCOMPLETE));
    };
    if request.reason.is_empty() || request.namespace.is_empty() || selectors == 0 {
        return Err(check::invalid(INCOMPLETE));
    }
    if request.job_id.is_empty() {
        return Err(check::invalid(NO_ID));
    }
    if selectors > 1 {
        return Err(check::invalid(
            "visibility query, executions, and target executions are mutually exclusive",
        ));
    }
    for (index, target) in request.target_executions.iter().enumerate() {
        if target.r#type() != ExecutionType::Workflow {
            return Err(Error::Invalid(format!(
                "target_executions[{index}] has type {}, but the operation requires {}",
                target.r#type().as_str_name(),
                ExecutionType::Workflow.as_str_name(),
            )));
        }
    }
    match operation {
        Operation::SignalOperation(signal) if signal.signal.is_empty() => {
            Err(check::invalid("must provide signal name"))
        }
        Operation::ResetOperation(reset) => validate_reset(reset),
        Operation::TerminationOperation(_)
        | Operation::SignalOperation(_)
        | Operation::CancellationOperation(_)
        | Operation::DeletionOperation(_) => Ok(()),
        Operation::UpdateWorkflowOptionsOperation(update) => {
            if update.workflow_execution_options.is_none() {
                return Err(check::invalid("must provide UpdateOptions"));
            }
            match update.update_mask {
                None => Err(check::invalid("must provide UpdateMask")),
                Some(_) => Ok(()),
            }
        }
        Operation::UnpauseActivitiesOperation(unpause) => match &unpause.activity {
            None => Err(check::invalid("activity filter must be set")),
            Some(Unpaused::Type(name)) => validate_selection(!name.is_empty()),
            Some(Unpaused::MatchAll(all)) => validate_selection(*all),
        },
        Operation::ResetActivitiesOperation(reset) => match &reset.activity {
            None => Err(check::invalid("must provide ActivityType or MatchAll")),
            Some(Reset::Type(name)) => validate_selection(!name.is_empty()),
            Some(Reset::MatchAll(all)) => validate_selection(*all),
        },
        Operation::UpdateActivityOptionsOperation(update) => {
            match (update.activity_options.is_some(), update.restore_original) {
                (true, true) => {
                    return Err(check::invalid(
                        "cannot set both activity options and restore original",
                    ));
                }
                (false, false) => {
                    return Err(check::invalid(
                        "Either activity type must be set, or restore original should be set to true",
                    ));
                }
                (true, false) | (false, true) => {}
            }
            match &update.activity {
                None => Ok(()),
                Some(Updated::Type(name)) => validate_selection(!name.is_empty()),
                Some(Updated::MatchAll(all)) => validate_selection(*all),
            }
        }
        Operation::CancelActivitiesOperation(_)
        | Operation::TerminateActivitiesOperation(_)
        | Operation::DeleteActivitiesOperation(_) => Err(unsupported()),
    }
}

/// Checks that activities are selected, by their type or all.
fn validate_selection(is_set: bool) -> Result<(), Error> {
    match is_set {
        true => Ok(()),
        false => Err(check::invalid(
            "Either activity type must be set, or match all should be set to true",
        )),
    }
}

fn validate_reset(reset: &BatchOperationReset) -> Result<(), Error> {
    match &reset.options {
        Some(options) if options.target.is_none() => {
            Err(check::invalid("batch reset missing target"))
        }
        Some(_) => Ok(()),
        None => match reset.reset_type() {
            ResetType::FirstWorkflowTask | ResetType::LastWorkflowTask => Ok(()),
            ResetType::Unspecified => Err(check::invalid("unknown batch reset type Unspecified")),
        },
    }
}

/// The type of an operation, and who has requested it.
fn described(operation: Option<&Operation>) -> (BatchOperationType, String) {
    use BatchOperationType as Type;
    match operation {
        Some(Operation::TerminationOperation(it)) => (Type::TerminateWorkflow, it.identity.clone()),
        Some(Operation::SignalOperation(it)) => (Type::SignalWorkflow, it.identity.clone()),
        Some(Operation::CancellationOperation(it)) => (Type::CancelWorkflow, it.identity.clone()),
        Some(Operation::DeletionOperation(it)) => (Type::DeleteWorkflow, it.identity.clone()),
        Some(Operation::ResetOperation(it)) => (Type::ResetWorkflow, it.identity.clone()),
        Some(Operation::UpdateWorkflowOptionsOperation(it)) => {
            (Type::UpdateWorkflowExecutionOptions, it.identity.clone())
        }
        Some(Operation::UnpauseActivitiesOperation(it)) => {
            (Type::UnpauseActivity, it.identity.clone())
        }
        Some(Operation::ResetActivitiesOperation(it)) => (Type::ResetActivity, it.identity.clone()),
        Some(Operation::UpdateActivityOptionsOperation(it)) => {
            (Type::UpdateActivityOptions, it.identity.clone())
        }
        // None of them is started.
        Some(
            Operation::CancelActivitiesOperation(_)
            | Operation::TerminateActivitiesOperation(_)
            | Operation::DeleteActivitiesOperation(_),
        )
        | None => (Type::Unspecified, String::new()),
    }
}

fn unsupported() -> Error {
    check::invalid("The operation type is not supported by the embedded server")
}

/// The real server's words: a batch operation is a workflow there.
fn no_such_batch(job_id: &str) -> Error {
    no_such_workflow(job_id)
}

const NO_ID: &str = "JobId is not set on request.";
const NO_NAMESPACE: &str = "Namespace is not set on request.";
const INCOMPLETE: &str = "must provide required parameters: BatchType,Reason,Namespace, AND one of (Query OR Executions OR TargetExecutions)";
/// Workflows of one page of a query, which the stored state holds.
const PAGE_SIZE: i32 = 1000;
