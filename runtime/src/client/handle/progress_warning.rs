//! Warns a caller blocked on a result why the workflow makes no progress.
//!
//! A task that fails is tried again until a worker can do it, and one that no worker takes waits for ever; the
//! caller has no other sign of either.

use std::time::{Duration, SystemTime};

use super::{description::describe, target::FromClient, task_failure::last_failure};
use crate::{
    client::task_queue,
    telemetry::log,
    transport::retry::Patience,
    wire::{
        describe::{PendingActivity, PendingWorkflowTask},
        failure,
        task_queue::{TaskKind, TaskQueueState},
    },
};

/// A task that waits longer than this is taken to have no worker.
const LONG: Duration = Duration::from_secs(15);

/// An activity that comes to this attempt is not likely to succeed in a later one.
const SEVERAL: u32 = 4;

/// Describes the workflow once and logs the cause. A server that does not answer is not asked again.
pub(crate) async fn log(target: &FromClient, run: &str) {
    let Ok(found) = describe(target, run, Patience::at_once(None)).await else {
        return;
    };
    let info = found.summary;
    let (workflow_type, run_id) = (info.workflow_type, info.run_id);
    let (workflow_id, task_queue) = (target.workflow_id(), info.task_queue);
    let Some(task) = found.workflow_task else {
        if let Some(activity) = hopeless(found.activities) {
            let (activity_type, last) = (activity.activity_type, last(activity.max_attempts));
            let error = activity.last_failure.map(|record| failure::chain(&record));
            log::warning!(
                workflow_type,
                workflow_id,
                run_id,
                activity_type,
                activity_id = activity.id,
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
        let client = target.client();
        let patience = Patience::at_once(None);
        let queue =
            task_queue::state(client, task_queue.clone(), TaskKind::Workflow, patience).await;
        if let Ok(queue) = queue
            && !queue.pollers.is_empty()
        {
            let pollers = names(&queue);
            let backlog = queue.tasks.map(|tasks| tasks.backlog);
            let waiting = queue.tasks.map_or_else(String::new, |tasks| {
                let age = tasks.backlog_age.as_secs();
                format!(
                    "{} tasks wait there, the oldest one for {age} s; ",
                    tasks.backlog
                )
            });
            log::warning!(
                workflow_type,
                workflow_id,
                run_id,
                task_queue,
                pollers,
                backlog,
                "still waiting for the result: the workers of task queue `{task_queue}` have not taken the workflow's \
                 task yet: they are busy, or have ended; {waiting}within the last minutes polled: {pollers}"
            );
            return;
        }
        log::warning!(
            workflow_type,
            workflow_id,
            run_id,
            task_queue,
            "still waiting for the result: no worker takes the workflow's task; does one run that polls \
             task queue `{task_queue}` in namespace `{}`?",
            client.namespace()
        );
    }
}

/// The workers that poll the queue, each with its version; the first ones if there are many.
fn names(queue: &TaskQueueState) -> String {
    let mut names: Vec<String> = queue
        .pollers
        .iter()
        .take(MOST_NAMES)
        .map(|poller| match &poller.version {
            Some(version) => format!("{} ({version})", poller.identity),
            None => poller.identity.clone(),
        })
        .collect();
    if queue.pollers.len() > MOST_NAMES {
        names.push(format!("{} more", queue.pollers.len() - MOST_NAMES));
    }
    names.join(", ")
}

/// As many workers are named in a warning.
const MOST_NAMES: usize = 5;

/// The activity with the most attempts, among those whose attempts fail again and again.
fn hopeless(activities: Vec<PendingActivity>) -> Option<PendingActivity> {
    activities
        .into_iter()
        .filter(|activity| activity.attempt >= SEVERAL && activity.last_failure.is_some())
        .max_by_key(|activity| activity.attempt)
}

fn last(max_attempts: Option<u32>) -> String {
    match max_attempts {
        None => "and without `max_attempts` there is no last attempt".to_owned(),
        Some(last) => format!("and attempt {last} is the last"),
    }
}

fn is_left_alone(task: &PendingWorkflowTask) -> bool {
    let waits = task
        .waiting_since
        .and_then(|since| SystemTime::now().duration_since(since).ok());
    waits.is_some_and(|waits| waits > LONG)
}
