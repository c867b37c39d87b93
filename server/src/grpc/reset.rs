//! `ResetWorkflowExecution`.

use durably_history::{EventId, Reapply};
use durably_proto::api::enums::v1::{ResetReapplyExcludeType, ResetReapplyType};
use durably_proto::api::workflowservice::v1::{
    ResetWorkflowExecutionRequest, ResetWorkflowExecutionResponse,
};

use super::check;
use crate::backend::request::RequestScope;
use crate::backend::reset::ResetRequest;
use crate::error::Error;

/// `ResetWorkflowExecution`.
pub(super) fn reset(
    scope: &RequestScope<'_>,
    request: ResetWorkflowExecutionRequest,
) -> Result<ResetWorkflowExecutionResponse, Error> {
    if request.request_id.is_empty() {
        return Err(check::invalid("RequestId is not set on request."));
    }
    check::length(&request.request_id, "RequestId")?;
    let excluded = excluded(&request)?;
    let execution = check::execution(request.workflow_execution)?;
    if !request.post_reset_operations.is_empty() {
        return Err(check::invalid(
            "PostResetOperations are not supported by the embedded server.",
        ));
    }
    let namespace = scope.namespaces.find(&request.namespace)?;
    let is_excluded = |kind| excluded.contains(&kind);
    // As on the real server, the rest is left out only together with everything.
    let leaves_all_out = EXCLUDABLE.into_iter().all(is_excluded);
    let request = ResetRequest {
        workflow_id: execution.workflow_id,
        run_id: execution.run_id,
        point: EventId(request.workflow_task_finish_event_id),
        request_id: request.request_id,
        reason: request.reason,
        reapply: Reapply {
            signals: !is_excluded(ResetReapplyExcludeType::Signal),
            updates: !is_excluded(ResetReapplyExcludeType::Update),
            options: !leaves_all_out,
        },
        follows_chain: !leaves_all_out,
    };
    let run_id = scope.reset(&namespace, request)?;
    Ok(ResetWorkflowExecutionResponse {
        run_id: run_id.to_string(),
    })
}

/// What is not recorded again. The older field says what is.
#[expect(deprecated, reason = "clients still send it")]
fn excluded(
    request: &ResetWorkflowExecutionRequest,
) -> Result<Vec<ResetReapplyExcludeType>, Error> {
    use ResetReapplyExcludeType as Exclude;
    let mut excluded: Vec<_> = match ResetReapplyType::try_from(request.reset_reapply_type) {
        Ok(ResetReapplyType::Unspecified | ResetReapplyType::AllEligible) => Vec::new(),
        Ok(ResetReapplyType::Signal) => vec![Exclude::Update],
        Ok(ResetReapplyType::None) => vec![Exclude::Signal, Exclude::Update],
        Err(_) => {
            return Err(check::invalid(&format!(
                "unknown reset reapply type: {}",
                request.reset_reapply_type
            )));
        }
    };
    excluded.extend(request.reset_reapply_exclude_types());
    Ok(excluded)
}

#[expect(deprecated, reason = "the real server still asks for it")]
const EXCLUDABLE: [ResetReapplyExcludeType; 4] = [
    ResetReapplyExcludeType::Signal,
    ResetReapplyExcludeType::Update,
    ResetReapplyExcludeType::Nexus,
    ResetReapplyExcludeType::CancelRequest,
];
