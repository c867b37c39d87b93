//! Checks of a batch operation that starts, with the real server's texts.

use durably_proto::api::batch::v1::BatchOperationReset;
use durably_proto::api::batch::v1::batch_operation_reset_activities::Activity as Reset;
use durably_proto::api::batch::v1::batch_operation_unpause_activities::Activity as Unpaused;
use durably_proto::api::batch::v1::batch_operation_update_activity_options::Activity as Updated;
use durably_proto::api::enums::v1::{ExecutionType, ResetType};
use durably_proto::api::workflowservice::v1::StartBatchOperationRequest;
use durably_proto::api::workflowservice::v1::start_batch_operation_request::Operation;

use super::{NO_ID, check, unsupported};
use crate::error::Error;

pub(super) fn validate(request: &StartBatchOperationRequest) -> Result<(), Error> {
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

const INCOMPLETE: &str = "must provide required parameters: BatchType,Reason,Namespace, AND one of (Query OR Executions OR TargetExecutions)";
