//! Histories: which run they are of, which of their events are shown, and how many are requested.

use durably_proto::{
    Message,
    api::{
        common::v1::DataBlob,
        enums::v1::{EventType, WorkflowTaskFailedCause},
        history::v1::{
            History as ProtoHistory, HistoryEvent, WorkflowExecutionStartedEventAttributes,
            WorkflowTaskFailedEventAttributes, history_event::Attributes,
        },
        workflowservice::v1 as pb,
    },
};
use futures::TryStreamExt;

use super::fake::server;
use crate::client::History;

fn event(id: i64, kind: EventType) -> HistoryEvent {
    HistoryEvent {
        event_id: id,
        task_id: 100 + id,
        event_type: kind.into(),
        ..Default::default()
    }
}

/// One that is not recorded yet.
fn transient(id: i64, kind: EventType) -> HistoryEvent {
    HistoryEvent {
        task_id: 0,
        ..event(id, kind)
    }
}

fn page(events: Vec<HistoryEvent>, token: &str) -> pb::GetWorkflowExecutionHistoryResponse {
    pb::GetWorkflowExecutionHistoryResponse {
        history: Some(ProtoHistory { events }),
        next_page_token: token.as_bytes().to_vec(),
        ..Default::default()
    }
}

/// A page as the server of a namespace with raw histories sends it.
fn raw(events: Vec<HistoryEvent>) -> pb::GetWorkflowExecutionHistoryResponse {
    pb::GetWorkflowExecutionHistoryResponse {
        raw_history: vec![DataBlob {
            data: ProtoHistory { events }.encode_to_vec(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

#[tokio::test]
async fn a_list_that_waits_has_each_event_once() {
    let (fake, client) = server().await;
    use EventType::{WorkflowExecutionStarted as Started, WorkflowTaskScheduled as Scheduled};
    let history = &fake.get_workflow_execution_history;
    let first = event(1, Started);
    let attempt = transient(2, Scheduled);
    history.then(Ok(page(vec![first.clone(), attempt.clone()], "more")));
    history.then(Ok(page(vec![event(2, Scheduled)], "")));
    history.then(Ok(page(vec![first, attempt], "")));
    let ids = |events: Vec<crate::client::HistoryEvent>| -> Vec<i64> {
        events.iter().map(|event| event.id()).collect()
    };
    let handle = client.handle("order-1");
    let waited = handle.events().wait().try_collect().await;
    assert_eq!(ids(waited.expect("the run is closed")), [1, 2]);
    // What is there now is shown with the attempt that runs.
    let now = handle.events().try_collect().await;
    assert_eq!(ids(now.expect("it is one page")), [1, 2]);
}

#[tokio::test]
async fn the_closing_event_is_the_last_of_a_raw_page() {
    let (fake, client) = server().await;
    use EventType::{WorkflowExecutionCompleted, WorkflowTaskCompleted};
    let batch = vec![
        event(4, WorkflowTaskCompleted),
        event(5, WorkflowExecutionCompleted),
    ];
    fake.get_workflow_execution_history.then(Ok(raw(batch)));
    let mut closing = client.handle("order-1").events().closing();
    let last = closing.next().await.expect("it is well-formed");
    assert_eq!(last.map(|event| event.id()), Some(5));
    assert!(closing.next().await.expect("it is one page").is_none());
}

#[tokio::test]
async fn a_limit_is_the_size_of_the_pages() {
    let (fake, client) = server().await;
    let history = &fake.get_workflow_execution_history;
    use EventType::TimerStarted;
    history.then(Ok(page(
        vec![event(1, TimerStarted), event(2, TimerStarted)],
        "more",
    )));
    history.then(Ok(page(
        vec![event(3, TimerStarted), event(4, TimerStarted)],
        "more",
    )));
    let first = client
        .handle("order-1")
        .events()
        .limit(3)
        .try_collect::<Vec<_>>();
    assert_eq!(first.await.expect("they are well-formed").len(), 3);
    let asked = history.asked().into_iter();
    assert_eq!(
        asked.map(|it| it.maximum_page_size).collect::<Vec<_>>(),
        [3, 1]
    );

    fake.list_workflow_executions.then(Ok(Default::default()));
    fake.list_workflow_executions.then(Ok(Default::default()));
    fake.list_workflow_executions.then(Ok(Default::default()));
    let list = || client.list("");
    for list in [list(), list().limit(7), list().limit(usize::MAX)] {
        list.try_collect::<Vec<_>>().await.expect("it is empty");
    }
    let asked = fake.list_workflow_executions.asked().into_iter();
    assert_eq!(asked.map(|it| it.page_size).collect::<Vec<_>>(), [0, 7, 0]);

    fake.list_schedules.then(Ok(Default::default()));
    let schedules = client.schedules().limit(8);
    schedules
        .try_collect::<Vec<_>>()
        .await
        .expect("it is empty");
    assert_eq!(fake.list_schedules.asked()[0].maximum_page_size, 8);

    fake.list_batch_operations.then(Ok(Default::default()));
    let batches = client.batches().limit(9);
    batches.try_collect::<Vec<_>>().await.expect("it is empty");
    assert_eq!(fake.list_batch_operations.asked()[0].page_size, 9);

    fake.list_namespaces.then(Ok(Default::default()));
    let namespaces = client.namespaces().limit(10);
    namespaces
        .try_collect::<Vec<_>>()
        .await
        .expect("it is empty");
    assert_eq!(fake.list_namespaces.asked()[0].page_size, 10);
}

/// The history of a run that a reset has made: its first event is the one of the run before.
fn after_reset() -> Vec<HistoryEvent> {
    let started = WorkflowExecutionStartedEventAttributes {
        original_execution_run_id: "run-1".to_owned(),
        ..Default::default()
    };
    let failed = |cause: WorkflowTaskFailedCause, new_run_id: &str| HistoryEvent {
        attributes: Some(Attributes::WorkflowTaskFailedEventAttributes(
            WorkflowTaskFailedEventAttributes {
                cause: cause.into(),
                new_run_id: new_run_id.to_owned(),
                ..Default::default()
            },
        )),
        ..event(4, EventType::WorkflowTaskFailed)
    };
    vec![
        HistoryEvent {
            attributes: Some(Attributes::WorkflowExecutionStartedEventAttributes(started)),
            ..event(1, EventType::WorkflowExecutionStarted)
        },
        failed(WorkflowTaskFailedCause::ResetWorkflow, "run-2"),
        failed(WorkflowTaskFailedCause::ResetWorkflow, "run-3"),
        failed(WorkflowTaskFailedCause::NonDeterministicError, ""),
    ]
}

#[tokio::test]
async fn a_history_after_a_reset_is_of_the_new_run() {
    let (fake, client) = server().await;
    let events = ProtoHistory {
        events: after_reset(),
    };
    assert_eq!(History::from_raw(events).run_id(), "run-3");
    let history = &fake.get_workflow_execution_history;
    history.then(Ok(page(after_reset(), "")));
    history.then(Ok(page(after_reset(), "")));
    let latest = client
        .handle("order-1")
        .history()
        .await
        .expect("it is there");
    assert_eq!(latest.run_id(), "run-3");
    let named = client.handle("order-1").run("run-3").history().await;
    let named = named.expect("it is there");
    assert_eq!(named.run_id(), "run-3");
    let text = named.to_string();
    assert!(
        text.starts_with("workflow `order-1`, run run-3\n"),
        "{text}"
    );

    let mut first = after_reset();
    first.truncate(1);
    assert_eq!(
        History::from_raw(ProtoHistory { events: first }).run_id(),
        "run-1"
    );
}
