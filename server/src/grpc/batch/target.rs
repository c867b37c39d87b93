//! The workflows that a batch operation goes over.

use durably_proto::api::batch::v1::BatchOperationUnpauseActivities;
use durably_proto::api::batch::v1::batch_operation_unpause_activities::Activity as Unpaused;
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::workflowservice::v1::start_batch_operation_request::Operation;
use durably_proto::api::workflowservice::v1::{
    ListWorkflowExecutionsRequest, StartBatchOperationRequest,
};

use crate::backend::Backend;
use crate::error::Error;
use crate::grpc::visibility;

/// One workflow of a batch operation.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) execution: WorkflowExecution,
    /// A repetition has the same.
    pub(crate) request_id: String,
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
pub(super) fn query(request: &StartBatchOperationRequest) -> String {
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

/// Workflows of one page of a query, which the stored state holds.
const PAGE_SIZE: i32 = 1000;
