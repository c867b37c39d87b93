//! What a batch operation does with each workflow.

use durably_proto::api::batch::v1::batch_operation_reset_activities::Activity as Reset;
use durably_proto::api::batch::v1::batch_operation_unpause_activities::Activity as Unpaused;
use durably_proto::api::batch::v1::batch_operation_update_activity_options::Activity as Updated;
use durably_proto::api::workflowservice::v1::start_batch_operation_request::Operation;
use durably_proto::api::workflowservice::v1::{
    DeleteWorkflowExecutionRequest, RequestCancelWorkflowExecutionRequest, ResetActivityRequest,
    SignalWorkflowExecutionRequest, StartBatchOperationRequest, TerminateWorkflowExecutionRequest,
    UnpauseActivityRequest, UpdateActivityOptionsRequest, reset_activity_request,
    unpause_activity_request, update_activity_options_request,
};

use super::reset::reset_to;
use super::{Target, unsupported};
use crate::backend::request::RequestScope;
use crate::error::Error;
use crate::grpc::{activity_operations, workflow, workflow_options};

/// Performs the operation on one workflow.
pub(crate) fn perform(
    scope: &RequestScope<'_>,
    request: &StartBatchOperationRequest,
    target: &Target,
) -> Result<(), Error> {
    let namespace = request.namespace.clone();
    let workflow_execution = Some(target.execution.clone());
    let reason = request.reason.clone();
    // Only what a request of this workflow needs is copied: a batch may be about many.
    match request.operation.as_ref().ok_or_else(unsupported)? {
        Operation::TerminationOperation(operation) => {
            let terminate = TerminateWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                reason,
                details: operation.details.clone(),
                identity: operation.identity.clone(),
                ..TerminateWorkflowExecutionRequest::default()
            };
            workflow::terminate(scope, terminate)
        }
        Operation::SignalOperation(operation) => {
            let signal = SignalWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                signal_name: operation.signal.clone(),
                input: operation.input.clone(),
                header: operation.header.clone(),
                identity: operation.identity.clone(),
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
                identity: operation.identity.clone(),
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
        Operation::ResetOperation(operation) => reset_to(scope, request, operation, target),
        Operation::UpdateWorkflowOptionsOperation(operation) => {
            let options = operation.workflow_execution_options.clone();
            let change = workflow_options::checked(options, operation.update_mask.clone())?;
            let (named, identity) = (&target.execution, operation.identity.clone());
            workflow_options::apply(scope, &namespace, named, change, identity).map(|_| ())
        }
        Operation::UnpauseActivitiesOperation(operation) => {
            let unpause = UnpauseActivityRequest {
                namespace,
                execution: workflow_execution,
                identity: operation.identity.clone(),
                reset_attempts: operation.reset_attempts,
                reset_heartbeat: operation.reset_heartbeat,
                jitter: operation.jitter,
                activity: operation.activity.clone().map(|activity| match activity {
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
                identity: operation.identity.clone(),
                reset_heartbeat: operation.reset_heartbeat,
                keep_paused: operation.keep_paused,
                jitter: operation.jitter,
                restore_original_options: operation.restore_original_options,
                activity: operation.activity.clone().map(|activity| match activity {
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
                identity: operation.identity.clone(),
                activity_options: operation.activity_options.clone(),
                update_mask: operation.update_mask.clone(),
                restore_original: operation.restore_original,
                activity: operation.activity.clone().map(|activity| match activity {
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
