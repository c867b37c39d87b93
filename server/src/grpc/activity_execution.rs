//! The newer methods of activities: with a workflow they are the older ones by another name; activities without a
//! workflow are not there.

use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::workflowservice::v1::{
    PauseActivityExecutionRequest, PauseActivityExecutionResponse, PauseActivityRequest,
    ResetActivityExecutionRequest, ResetActivityExecutionResponse, ResetActivityRequest,
    UnpauseActivityExecutionRequest, UnpauseActivityExecutionResponse, UnpauseActivityRequest,
    UpdateActivityExecutionOptionsRequest, UpdateActivityExecutionOptionsResponse,
    UpdateActivityOptionsRequest, pause_activity_request, reset_activity_request,
    unpause_activity_request, update_activity_options_request,
};

use super::activity_operations;
use crate::backend::request::RequestScope;
use crate::error::Error;

/// `PauseActivityExecution`.
pub(super) fn pause(
    scope: &RequestScope<'_>,
    request: PauseActivityExecutionRequest,
) -> Result<PauseActivityExecutionResponse, Error> {
    let pause = PauseActivityRequest {
        execution: execution(request.workflow_id, &request.activity_id, request.run_id)?,
        namespace: request.namespace,
        identity: request.identity,
        reason: request.reason,
        request_id: request.request_id,
        activity: Some(pause_activity_request::Activity::Id(request.activity_id)),
    };
    activity_operations::pause(scope, pause)?;
    Ok(PauseActivityExecutionResponse {})
}

/// `UnpauseActivityExecution`.
pub(super) fn unpause(
    scope: &RequestScope<'_>,
    request: UnpauseActivityExecutionRequest,
) -> Result<UnpauseActivityExecutionResponse, Error> {
    let unpause = UnpauseActivityRequest {
        execution: execution(request.workflow_id, &request.activity_id, request.run_id)?,
        namespace: request.namespace,
        identity: request.identity,
        jitter: request.jitter,
        activity: Some(unpause_activity_request::Activity::Id(request.activity_id)),
        ..UnpauseActivityRequest::default()
    };
    activity_operations::unpause(scope, unpause)?;
    Ok(UnpauseActivityExecutionResponse {})
}

/// `ResetActivityExecution`.
pub(super) fn reset(
    scope: &RequestScope<'_>,
    request: ResetActivityExecutionRequest,
) -> Result<ResetActivityExecutionResponse, Error> {
    let reset = ResetActivityRequest {
        execution: execution(request.workflow_id, &request.activity_id, request.run_id)?,
        namespace: request.namespace,
        identity: request.identity,
        keep_paused: request.keep_paused,
        jitter: request.jitter,
        restore_original_options: request.restore_original_options,
        reset_heartbeat: request.reset_heartbeat,
        activity: Some(reset_activity_request::Activity::Id(request.activity_id)),
    };
    activity_operations::reset(scope, reset)?;
    Ok(ResetActivityExecutionResponse {})
}

/// `UpdateActivityExecutionOptions`.
pub(super) fn update_options(
    scope: &RequestScope<'_>,
    request: UpdateActivityExecutionOptionsRequest,
) -> Result<UpdateActivityExecutionOptionsResponse, Error> {
    use update_activity_options_request::Activity;
    let update = UpdateActivityOptionsRequest {
        execution: execution(request.workflow_id, &request.activity_id, request.run_id)?,
        namespace: request.namespace,
        identity: request.identity,
        activity_options: request.activity_options,
        update_mask: request.update_mask,
        restore_original: request.restore_original,
        activity: Some(Activity::Id(request.activity_id)),
    };
    let updated = activity_operations::update_options(scope, update)?;
    Ok(UpdateActivityExecutionOptionsResponse {
        activity_options: updated.activity_options,
    })
}

/// The run of an activity; without a workflow the request is for an activity that has none.
fn execution(
    workflow_id: String,
    activity_id: &str,
    run_id: String,
) -> Result<Option<WorkflowExecution>, Error> {
    match workflow_id.is_empty() {
        true => Err(Error::NotFound(format!(
            "activity not found for ID: {activity_id}"
        ))),
        false => Ok(Some(WorkflowExecution {
            workflow_id,
            run_id,
        })),
    }
}
