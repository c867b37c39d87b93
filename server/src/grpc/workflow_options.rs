//! `UpdateWorkflowExecutionOptions`.

use durably_history::{Input, Reply, UpdateOptions, check_override};
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::workflow::v1::WorkflowExecutionOptions;
use durably_proto::api::workflowservice::v1::{
    UpdateWorkflowExecutionOptionsRequest, UpdateWorkflowExecutionOptionsResponse,
};
use durably_proto::wkt::FieldMask;

use super::check;
use crate::backend::request::RequestScope;
use crate::backend::resolve_run;
use crate::error::Error;

/// `UpdateWorkflowExecutionOptions`.
pub(super) fn update(
    scope: &RequestScope<'_>,
    request: UpdateWorkflowExecutionOptionsRequest,
) -> Result<UpdateWorkflowExecutionOptionsResponse, Error> {
    let mut named = request.workflow_execution.unwrap_or_default();
    if named.workflow_id.is_empty() {
        return Err(check::invalid("WorkflowId is not set on request."));
    }
    named.run_id = check::run_id(named.run_id, "RunId is not valid UUID.")?;
    let change = checked(request.workflow_execution_options, request.update_mask)?;
    let options = apply(scope, &request.namespace, &named, change, request.identity)?;
    Ok(UpdateWorkflowExecutionOptionsResponse {
        workflow_execution_options: Some(options),
        // The real server does not set the time.
        ..UpdateWorkflowExecutionOptionsResponse::default()
    })
}

/// Options and the mask of those that are replaced.
#[derive(Clone, Debug)]
pub(super) struct Change {
    options: WorkflowExecutionOptions,
    mask: FieldMask,
}

/// Checks a change as far as it does not depend on the run.
pub(super) fn checked(
    options: Option<WorkflowExecutionOptions>,
    mask: Option<FieldMask>,
) -> Result<Change, Error> {
    let mask = mask.ok_or_else(|| check::invalid("UpdateMask is required"))?;
    let options = options.ok_or_else(|| check::invalid("WorkflowExecutionOptions is required"))?;
    check_paths(&mask)
        .map_err(|message| Error::Invalid(format!("error parsing UpdateMask: {message}")))?;
    durably_history::check_priority(options.priority.as_ref())?;
    let mut options = options;
    durably_history::check_time_skipping(options.time_skipping_config.as_mut())?;
    Ok(Change { options, mask })
}

/// Checks that a mask names fields of the options; the error is the platform's.
pub(super) fn check_paths(mask: &FieldMask) -> Result<(), String> {
    match mask.paths.iter().find(|path| !is_path(path)) {
        Some(path) => Err(format!(
            "proto: invalid path \"{path}\" for message \
             \"temporal.api.workflow.v1.WorkflowExecutionOptions\""
        )),
        None => Ok(()),
    }
}

/// Changes the options of a run; returns them.
pub(super) fn apply(
    scope: &RequestScope<'_>,
    namespace: &str,
    named: &WorkflowExecution,
    change: Change,
    identity: String,
) -> Result<WorkflowExecutionOptions, Error> {
    let namespace = scope.namespaces.find(namespace)?;
    let execution = scope.execution(&namespace, &named.workflow_id)?;
    let mut runs = execution.lock();
    let run_id = resolve_run(&execution, &mut runs, &named.run_id)?;
    let mut options = change.options;
    if let Some(record) = runs.get(&run_id)?
        && record.run.is_running()
    {
        let given = options.versioning_override.as_ref();
        let given = record.run.checked_override(given);
        options.versioning_override = given.map_err(Error::Precondition)?;
        let given = options.versioning_override.as_ref();
        check_override(given).map_err(Error::Invalid)?;
        namespace.check_override(given, record.run.task_queue())?;
    }
    let input = Input::UpdateOptions(Box::new(UpdateOptions {
        options,
        mask: change.mask,
        identity,
    }));
    scope.apply(
        &execution,
        &mut runs,
        &run_id,
        input,
        |_, reply| match reply {
            Reply::WorkflowOptions { options, .. } => Ok(*options),
            other => Err(Error::NotFound(format!("no options: {other:?}"))),
        },
    )?
}

/// Whether a mask may have this path.
fn is_path(path: &str) -> bool {
    PATHS.contains(&path)
}

/// The fields of the options, and those of the messages in them that clients name.
const PATHS: [&str; 21] = [
    "versioning_override",
    "versioning_override.auto_upgrade",
    "versioning_override.behavior",
    "versioning_override.deployment",
    "versioning_override.one_time",
    "versioning_override.pinned",
    "versioning_override.pinned_version",
    "versioning_override.pinned.version",
    "priority",
    "priority.priority_key",
    "priority.fairness_key",
    "priority.fairness_weight",
    "time_skipping_config",
    "time_skipping_config.enabled",
    "time_skipping_config.fast_forward_config",
    "time_skipping_config.fast_forward_config.id",
    "time_skipping_config.fast_forward_config.duration",
    "time_skipping_config.fast_forward_config.duration.seconds",
    "time_skipping_config.fast_forward_config.duration.nanos",
    "time_skipping_config.disable_propagation",
    "time_skipping_config.max_session_skip_count",
];
