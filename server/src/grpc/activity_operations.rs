//! Requests that pause, unpause, reset and reconfigure activities of a workflow.

use std::time::Duration;

use durably_history::{
    ActivityId, ActivitySelector, Input, OptionsChange, PauseActivities, Reply, RequestId,
    ResetActivities, UnpauseActivities, UpdateActivityOptions,
};
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::workflowservice::v1::{
    PauseActivityRequest, PauseActivityResponse, ResetActivityRequest, ResetActivityResponse,
    UnpauseActivityRequest, UnpauseActivityResponse, UpdateActivityOptionsRequest,
    UpdateActivityOptionsResponse, pause_activity_request, reset_activity_request,
    unpause_activity_request, update_activity_options_request,
};
use durably_proto::wkt;

use super::check;
use crate::backend::request::RequestScope;
use crate::error::Error;

/// `PauseActivity`.
pub(super) fn pause(
    scope: &RequestScope<'_>,
    request: PauseActivityRequest,
) -> Result<PauseActivityResponse, Error> {
    use pause_activity_request::Activity;
    let execution = named(request.execution)?;
    let selected = match request.activity.ok_or_else(not_selected)? {
        Activity::Id(id) => by_id(&id),
        Activity::Type(name) => ActivitySelector::Type(name),
    };
    let input = Input::PauseActivities(PauseActivities {
        selected,
        identity: request.identity,
        reason: request.reason,
        request_id: RequestId::from(request.request_id),
    });
    apply(scope, &request.namespace, execution, input)?;
    Ok(PauseActivityResponse {})
}

/// `UnpauseActivity`.
pub(super) fn unpause(
    scope: &RequestScope<'_>,
    request: UnpauseActivityRequest,
) -> Result<UnpauseActivityResponse, Error> {
    use unpause_activity_request::Activity;
    let execution = named(request.execution)?;
    let selected = match request.activity.ok_or_else(not_selected)? {
        Activity::Id(id) => by_id(&id),
        Activity::Type(name) => ActivitySelector::Type(name),
        Activity::UnpauseAll(_) => ActivitySelector::All,
    };
    let input = Input::UnpauseActivities(UnpauseActivities {
        selected,
        reset_attempts: request.reset_attempts,
        reset_heartbeat: request.reset_heartbeat,
        jitter: jitter(request.jitter),
    });
    apply(scope, &request.namespace, execution, input)?;
    Ok(UnpauseActivityResponse {})
}

/// `ResetActivity`.
pub(super) fn reset(
    scope: &RequestScope<'_>,
    request: ResetActivityRequest,
) -> Result<ResetActivityResponse, Error> {
    use reset_activity_request::Activity;
    let execution = named(request.execution)?;
    let selected = match request.activity.ok_or_else(not_selected)? {
        Activity::Id(id) => by_id(&id),
        Activity::Type(name) => ActivitySelector::Type(name),
        Activity::MatchAll(_) => ActivitySelector::All,
    };
    let input = Input::ResetActivities(ResetActivities {
        selected,
        reset_heartbeat: request.reset_heartbeat,
        keep_paused: request.keep_paused,
        restore_options: request.restore_original_options,
        jitter: jitter(request.jitter),
    });
    apply(scope, &request.namespace, execution, input)?;
    Ok(ResetActivityResponse {})
}

/// `UpdateActivityOptions`.
pub(super) fn update_options(
    scope: &RequestScope<'_>,
    request: UpdateActivityOptionsRequest,
) -> Result<UpdateActivityOptionsResponse, Error> {
    use update_activity_options_request::Activity;
    let execution = named(request.execution)?;
    let selected = match request.activity.ok_or_else(not_selected)? {
        Activity::Id(id) => by_id(&id),
        Activity::Type(name) => ActivitySelector::Type(name),
        Activity::MatchAll(_) => ActivitySelector::All,
    };
    let options = request.activity_options;
    durably_history::check_priority(options.as_ref().and_then(|it| it.priority.as_ref()))?;
    let mask = request.update_mask;
    let change = match request.restore_original {
        true if mask.as_ref().is_some_and(|mask| !mask.paths.is_empty()) => {
            return Err(check::invalid(
                "Both UpdateMask and RestoreOriginal are provided",
            ));
        }
        true => OptionsChange::Restore,
        false => OptionsChange::Replace {
            options: options.map(Box::new),
            mask,
        },
    };
    let update = UpdateActivityOptions { selected, change };
    let input = Input::UpdateActivityOptions(Box::new(update));
    match apply(scope, &request.namespace, execution, input)? {
        Reply::ActivityOptions(options) => Ok(UpdateActivityOptionsResponse {
            activity_options: Some(*options),
        }),
        other => Err(Error::NotFound(format!("no options: {other:?}"))),
    }
}

/// Checks the execution that a request names.
fn named(execution: Option<WorkflowExecution>) -> Result<WorkflowExecution, Error> {
    let mut named = execution.unwrap_or_default();
    if named.workflow_id.is_empty() {
        return Err(check::invalid("WorkflowId is not set on request."));
    }
    named.run_id = check::run_id(named.run_id, "RunId is not valid UUID.")?;
    Ok(named)
}

fn by_id(id: &str) -> ActivitySelector {
    ActivitySelector::Id(ActivityId::from(id))
}

/// A negative jitter is none.
fn jitter(jitter: Option<wkt::Duration>) -> Duration {
    let jitter = jitter.and_then(|jitter| Duration::try_from(jitter).ok());
    jitter.unwrap_or_default()
}

fn apply(
    scope: &RequestScope<'_>,
    namespace: &str,
    execution: WorkflowExecution,
    input: Input,
) -> Result<Reply, Error> {
    let namespace = scope.namespaces.find(namespace)?;
    scope.apply_to(&namespace, &execution.workflow_id, &execution.run_id, input)
}

fn not_selected() -> Error {
    check::invalid("Either Activity.Id or Activity.Type should be set on request.")
}
