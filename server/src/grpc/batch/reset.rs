//! The reset of each workflow by a batch operation.

use durably_proto::api::batch::v1::BatchOperationReset;
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::common::v1::reset_options::Target as ResetTarget;
use durably_proto::api::enums::v1::{EventType, ResetType};
use durably_proto::api::workflowservice::v1::{
    ResetWorkflowExecutionRequest, StartBatchOperationRequest,
};

use super::{Target, check};
use crate::backend::request::RequestScope;
use crate::backend::{no_such_workflow, resolve_run};
use crate::error::Error;
use crate::grpc::reset;

#[expect(deprecated, reason = "clients still send the older fields")]
pub(super) fn reset_to(
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
