//! What is said to those who wait for a workflow that does not go on.

use std::time::SystemTime;

use durably_engine::Payload;
use durably_proto::{
    api::{
        common::v1::{ActivityType, WorkflowExecution, WorkflowType},
        enums::v1::PendingWorkflowTaskState,
        failure::v1::Failure,
        history::v1::{
            History, HistoryEvent, WorkflowExecutionCompletedEventAttributes,
            WorkflowTaskFailedEventAttributes, history_event::Attributes,
        },
        taskqueue::v1::{PollerInfo, TaskQueueStats},
        workflow::v1::{PendingActivityInfo, PendingWorkflowTaskInfo, WorkflowExecutionInfo},
        workflowservice::v1::{
            DescribeTaskQueueResponse, DescribeWorkflowExecutionResponse,
            GetWorkflowExecutionHistoryResponse as Page,
            GetWorkflowExecutionHistoryReverseResponse as LastPage,
        },
    },
    wkt::{Duration, Timestamp},
};

use super::{Account, fake::server};
use crate::{
    client::Handle, telemetry::log::test_log, texts::Texts, time::span::secs, wire::payload,
};

/// A run whose task was scheduled so many seconds ago.
fn waits(attempt: i32, seconds: u64) -> DescribeWorkflowExecutionResponse {
    let scheduled = SystemTime::now() - secs(seconds);
    let since_epoch = scheduled.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since_epoch.expect("the clock is past 1970").as_secs();
    DescribeWorkflowExecutionResponse {
        workflow_execution_info: Some(WorkflowExecutionInfo {
            execution: Some(WorkflowExecution {
                workflow_id: "stuck".to_owned(),
                run_id: "run-1".to_owned(),
            }),
            r#type: Some(WorkflowType {
                name: "Account".to_owned(),
            }),
            task_queue: "accounts".to_owned(),
            ..Default::default()
        }),
        pending_workflow_task: Some(PendingWorkflowTaskInfo {
            state: PendingWorkflowTaskState::Scheduled.into(),
            scheduled_time: Some(Timestamp {
                seconds: seconds.cast_signed(),
                nanos: 0,
            }),
            attempt,
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A run that waits for an activity whose attempts fail.
fn retries(attempt: i32, maximum_attempts: i32) -> DescribeWorkflowExecutionResponse {
    let activity = |name: &str, attempt| PendingActivityInfo {
        activity_type: Some(ActivityType {
            name: name.to_owned(),
        }),
        attempt,
        maximum_attempts,
        last_failure: (attempt > 1).then(|| Failure {
            message: format!("no {name} today"),
            ..Default::default()
        }),
        ..Default::default()
    };
    DescribeWorkflowExecutionResponse {
        pending_workflow_task: None,
        pending_activities: vec![activity("greet", 1), activity("charge", attempt)],
        ..waits(1, 1)
    }
}

/// The end of a history, newest first: a signal follows the event.
fn page(last: Attributes) -> LastPage {
    events(vec![None, Some(last)])
}

fn events(newest_first: Vec<Option<Attributes>>) -> LastPage {
    let history = Some(history(newest_first));
    LastPage {
        history,
        ..Default::default()
    }
}

fn history(attributes: Vec<Option<Attributes>>) -> History {
    let event = |attributes| HistoryEvent {
        attributes,
        ..Default::default()
    };
    let events = attributes.into_iter().map(event).collect();
    History { events }
}

/// The run is open after a while of waiting.
fn still_running() -> Page {
    Page {
        next_page_token: b"more".to_vec(),
        ..Default::default()
    }
}

fn completed() -> Page {
    let completed = WorkflowExecutionCompletedEventAttributes {
        result: payload::list_to_proto(vec![Payload::json(b"5".to_vec())]),
        ..Default::default()
    };
    let completed = Attributes::WorkflowExecutionCompletedEventAttributes(completed);
    Page {
        history: Some(history(vec![Some(completed)])),
        ..Default::default()
    }
}

fn failure(message: &str) -> Attributes {
    let failed = WorkflowTaskFailedEventAttributes {
        failure: Some(Failure {
            message: message.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    Attributes::WorkflowTaskFailedEventAttributes(failed)
}

/// A history whose first task failed, was done by another worker, and was followed by `last`.
fn overcome(last: Option<Attributes>) -> LastPage {
    let done = Attributes::WorkflowTaskCompletedEventAttributes(Default::default());
    events(vec![last, Some(done), Some(failure("long ago"))])
}

/// A queue with so many workers.
fn polled(workers: usize) -> DescribeTaskQueueResponse {
    let poller = |number| PollerInfo {
        identity: format!("worker-{number}"),
        ..Default::default()
    };
    DescribeTaskQueueResponse {
        pollers: (1..=workers).map(poller).collect(),
        stats: Some(TaskQueueStats {
            approximate_backlog_count: 12,
            approximate_backlog_age: Some(Duration {
                seconds: 21,
                nanos: 0,
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_long_wait_is_explained_once() {
    test_log::open();
    let mut texts = Texts::of("waiting");
    for (case, id, found, history) in [
        ("no worker takes the task", "stuck-1", waits(1, 20), vec![]),
        (
            "the task fails again and again",
            "stuck-2",
            waits(4, 20),
            vec![page(failure("workflow type `Account` is not registered"))],
        ),
        (
            "the task times out again and again",
            "stuck-3",
            waits(4, 20),
            vec![overcome(Some(
                Attributes::WorkflowTaskTimedOutEventAttributes(Default::default()),
            ))],
        ),
        (
            "the history tells nothing of this task",
            "stuck-4",
            waits(4, 20),
            vec![overcome(None)],
        ),
        (
            "many signals follow the failure",
            "stuck-5",
            waits(4, 20),
            vec![
                LastPage {
                    next_page_token: b"more".to_vec(),
                    ..events(vec![None, None])
                },
                page(failure("no seat 7")),
            ],
        ),
        (
            "an activity fails again and again",
            "stuck-6",
            retries(5, 0),
            vec![],
        ),
        ("the same, with a limit", "stuck-7", retries(4, 10), vec![]),
        ("its workers are busy", "stuck-8", waits(1, 20), vec![]),
    ] {
        let (fake, client) = server().await;
        let pages = &fake.get_workflow_execution_history;
        pages.then(Ok(still_running()));
        fake.describe_workflow_execution.then(Ok(found));
        fake.describe_task_queue.then(Ok(match case {
            "its workers are busy" => polled(7),
            _ => polled(0),
        }));
        for page in history {
            fake.get_workflow_execution_history_reverse.then(Ok(page));
        }
        pages.then(Ok(still_running()));
        pages.then(Ok(completed()));
        let result = Handle::<Account>::attach(&client, id).result().await;
        assert_eq!(result.ok(), Some(5));
        assert_eq!(fake.describe_workflow_execution.asked().len(), 1);
        let id = format!("workflow_id=\"{id}\"");
        assert_eq!(test_log::count(&id), 1);
        texts.add(case, test_log::find(&id).unwrap_or_default());
    }
    texts.check();
}

#[tokio::test]
async fn a_workflow_that_works_is_waited_for_in_silence() {
    test_log::open();
    let idle = DescribeWorkflowExecutionResponse::default();
    for (id, found) in [
        ("busy-1", waits(1, 1)),
        ("busy-2", idle),
        ("busy-3", retries(3, 0)),
    ] {
        let (fake, client) = server().await;
        let pages = &fake.get_workflow_execution_history;
        pages.then(Ok(still_running()));
        fake.describe_workflow_execution.then(Ok(found));
        pages.then(Ok(completed()));
        let result = Handle::<Account>::attach(&client, id).result().await;
        assert_eq!(result.ok(), Some(5));
        assert_eq!(test_log::count(id), 0);
    }
}
