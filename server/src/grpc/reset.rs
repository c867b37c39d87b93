//! `ResetWorkflowExecution`.

use durably_history::{EventId, Reapply, UpdateOptions, check_override};
use durably_proto::api::enums::v1::{ResetReapplyExcludeType, ResetReapplyType};
use durably_proto::api::workflow::v1::PostResetOperation;
use durably_proto::api::workflow::v1::post_reset_operation::Variant;
use durably_proto::api::workflowservice::v1::{
    ResetWorkflowExecutionRequest, ResetWorkflowExecutionResponse,
};

use super::{check, workflow_options};
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
    let options = request.post_reset_operations.into_iter().map(checked);
    let options = options.collect::<Result<_, _>>()?;
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
            children: !leaves_all_out,
        },
        follows_chain: !leaves_all_out,
        options,
    };
    let run_id = scope.reset(&namespace, request)?;
    Ok(ResetWorkflowExecutionResponse {
        run_id: run_id.to_string(),
    })
}

/// What is to be done with the run that starts; the real server does not signal it either.
fn checked(operation: PostResetOperation) -> Result<UpdateOptions, Error> {
    let update = match operation.variant {
        Some(Variant::UpdateWorkflowOptions(update)) => update,
        Some(Variant::SignalWorkflow(_)) => {
            return Err(unsupported("*workflow.PostResetOperation_SignalWorkflow_"));
        }
        None => return Err(unsupported("<nil>")),
    };
    let mask = update.update_mask.unwrap_or_default();
    let mut options = update.workflow_execution_options.unwrap_or_default();
    workflow_options::check_paths(&mask)
        .map_err(|message| Error::Invalid(format!("error applying update_options: {message}")))?;
    durably_history::check_time_skipping(options.time_skipping_config.as_mut())?;
    let given = options.versioning_override.as_ref();
    check_override(given).map_err(Error::Invalid)?;
    Ok(UpdateOptions {
        options,
        mask,
        identity: String::new(),
    })
}

fn unsupported(kind: &str) -> Error {
    Error::Invalid(format!("unsupported post reset operation: {kind}"))
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
