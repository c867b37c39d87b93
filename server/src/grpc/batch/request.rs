//! Batch operations: started, stopped, described and listed.

use std::cmp::Reverse;

use durably_history::Time;
use durably_proto::api::batch::v1::BatchOperationInfo;
use durably_proto::api::common::v1::Execution;
use durably_proto::api::enums::v1::{BatchOperationState, BatchOperationType, ExecutionType};
use durably_proto::api::workflowservice::v1::start_batch_operation_request::Operation;
use durably_proto::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, DescribeBatchOperationRequest, DescribeBatchOperationResponse,
    ListBatchOperationsRequest, ListBatchOperationsResponse, StartBatchOperationRequest,
    StartBatchOperationResponse, StopBatchOperationRequest, StopBatchOperationResponse,
};

use super::target::query;
use super::validate::validate;
use super::{NO_ID, check};
use crate::backend::{Backend, no_such_workflow};
use crate::batch::Batch;
use crate::error::{Error, ListError};
use crate::grpc::visibility;
use crate::name::BatchName;

/// `StartBatchOperation`.
pub(in crate::grpc) async fn start(
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
pub(in crate::grpc) async fn stop(
    backend: &Backend,
    request: StopBatchOperationRequest,
) -> Result<StopBatchOperationResponse, Error> {
    if request.job_id.is_empty() {
        return Err(check::invalid(NO_ID));
    }
    check::namespace_set(&request.namespace)?;
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
pub(in crate::grpc) fn describe(
    backend: &Backend,
    request: &DescribeBatchOperationRequest,
) -> Result<DescribeBatchOperationResponse, Error> {
    if request.job_id.is_empty() {
        return Err(check::invalid(NO_ID));
    }
    check::namespace_set(&request.namespace)?;
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
pub(in crate::grpc) fn list(
    backend: &Backend,
    request: &ListBatchOperationsRequest,
) -> Result<ListBatchOperationsResponse, Error> {
    check::namespace_set(&request.namespace)?;
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
        None => Err(ListError::BadPageToken.into()),
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

/// The real server's words: a batch operation is a workflow there.
fn no_such_batch(job_id: &str) -> Error {
    no_such_workflow(job_id)
}
