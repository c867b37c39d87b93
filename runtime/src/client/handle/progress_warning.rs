//! Tells who waits for a result what keeps the workflow from going on.
//!
//! A task that fails is tried again until a worker can do it, and one that no worker takes waits for
//! ever: without a word the caller could only wonder.

use std::time::{Duration, SystemTime};

use durably_proto::api::{
    enums::v1::PendingWorkflowTaskState,
    history::v1::history_event::Attributes,
    workflow::v1::{PendingActivityInfo, PendingWorkflowTaskInfo},
    workflowservice::v1::{DescribeWorkflowExecutionRequest, GetWorkflowExecutionHistoryRequest},
};

use super::target::{AT_ONCE, FromClient};
use crate::{
    telemetry::log,
    wire::{failure, time::instant},
};

/// A task that waits longer than this has nobody to take it.
const LONG: Duration = Duration::from_secs(15);

/// An activity that comes to this attempt is not likely to succeed in a later one.
const SEVERAL: i32 = 4;

/// Looks once, and tells what it finds. A server that does not say is left alone.
pub(crate) async fn tell(target: &FromClient, run: &str) {
    let request = DescribeWorkflowExecutionRequest {
        namespace: target.namespace(),
        execution: target.execution_of_run(run.to_owned()),
    };
    let answer = target.rpc().describe_workflow_execution(request, AT_ONCE);
    let Ok(found) = answer.await else {
        return;
    };
    let info = found.workflow_execution_info.unwrap_or_default();
    let workflow_type = info.r#type.unwrap_or_default().name;
    let (workflow_id, task_queue) = (target.workflow_id(), info.task_queue);
    let run_id = info.execution.unwrap_or_default().run_id;
    let Some(task) = found.pending_workflow_task else {
        if let Some(activity) = hopeless(found.pending_activities) {
            let (activity_type, last) = (
                activity.activity_type.unwrap_or_default().name,
                last(activity.maximum_attempts),
            );
            let error = activity
                .last_failure
                .map(|failure| failure::chain(&failure::from_proto(failure)));
            log::warning!(
                workflow_type,
                workflow_id,
                run_id,
                activity_type,
                activity_id = activity.activity_id,
                attempt = activity.attempt,
                error,
                "still waiting for the result: activity `{activity_type}` fails again and again, {last}"
            );
        }
        return;
    };
    if task.attempt > 1 {
        let error = last_failure(target, run).await;
        log::warning!(
            workflow_type,
            workflow_id,
            run_id,
            attempt = task.attempt,
            task_queue,
            error,
            "still waiting for the result: the workflow's task fails again and again"
        );
    } else if is_left_alone(&task) {
        log::warning!(
            workflow_type,
            workflow_id,
            run_id,
            task_queue,
            "still waiting for the result: no worker takes the workflow's task; does one run that polls \
             task queue `{task_queue}` in namespace `{}`?",
            target.namespace()
        );
    }
}

/// The activity with the most attempts, among those whose attempts fail again and again.
fn hopeless(activities: Vec<PendingActivityInfo>) -> Option<PendingActivityInfo> {
    activities
        .into_iter()
        .filter(|activity| activity.attempt >= SEVERAL && activity.last_failure.is_some())
        .max_by_key(|activity| activity.attempt)
}

fn last(maximum_attempts: i32) -> String {
    match maximum_attempts {
        0 => "and without `max_attempts` there is no last attempt".to_owned(),
        last => format!("and attempt {last} is the last"),
    }
}

fn is_left_alone(task: &PendingWorkflowTaskInfo) -> bool {
    let since = task.scheduled_time.and_then(instant);
    let waits = since.and_then(|since| SystemTime::now().duration_since(since).ok());
    task.state() == PendingWorkflowTaskState::Scheduled && waits.is_some_and(|waits| waits > LONG)
}

/// Why the task failed first; the server records no more of failures in a row. A history of several
/// pages is not read for it.
async fn last_failure(target: &FromClient, run: &str) -> Option<String> {
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: target.namespace(),
        execution: target.execution_of_run(run.to_owned()),
        ..Default::default()
    };
    let answer = target
        .rpc()
        .get_workflow_execution_history(request, AT_ONCE);
    let page = answer.await.ok()?;
    if !page.next_page_token.is_empty() {
        return None;
    }
    let events = page.history?.events.into_iter().rev();
    // What failed before a task went well was another one.
    events
        .filter_map(|event| event.attributes)
        .find_map(|attributes| match attributes {
            Attributes::WorkflowTaskFailedEventAttributes(failed) => Some(
                failed
                    .failure
                    .map(|it| failure::chain(&failure::from_proto(it))),
            ),
            Attributes::WorkflowTaskTimedOutEventAttributes(_) => {
                Some(Some("its worker did not answer in time".to_owned()))
            }
            Attributes::WorkflowTaskCompletedEventAttributes(_) => Some(None),
            _ => None,
        })
        .flatten()
}
