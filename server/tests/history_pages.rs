use durably_proto::api::workflowservice::v1::*;
use tonic::{Code, Request};

use crate::case::*;

fn get(page: i32, token: Vec<u8>) -> GetWorkflowExecutionHistoryRequest {
    GetWorkflowExecutionHistoryRequest {
        namespace: NAMESPACE.to_owned(),
        execution: named("w"),
        maximum_page_size: page,
        next_page_token: token,
        ..Default::default()
    }
}

async fn with_signals(count: usize) -> Case {
    let case = Case::new().await;
    case.start("w").await;
    for _ in 0..count {
        case.signal("w", "s").await.expect("it runs");
    }
    case
}

#[tokio::test]
async fn pages_join_to_the_whole() {
    let case = with_signals(5).await;
    let mut ids = Vec::new();
    let mut token = Vec::new();
    loop {
        let page = ok(case
            .service
            .get_workflow_execution_history(Request::new(get(3, token)))
            .await);
        let events = page.history.unwrap_or_default().events;
        assert!(events.len() <= 3);
        ids.extend(events.iter().map(|event| event.event_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn a_history_is_read_backwards() {
    let case = with_signals(3).await;
    let mut ids = Vec::new();
    let mut token = Vec::new();
    loop {
        let page = ok(case
            .service
            .get_workflow_execution_history_reverse(Request::new(
                GetWorkflowExecutionHistoryReverseRequest {
                    namespace: NAMESPACE.to_owned(),
                    execution: named("w"),
                    maximum_page_size: 2,
                    next_page_token: token,
                },
            ))
            .await);
        ids.extend(
            page.history
                .unwrap_or_default()
                .events
                .iter()
                .map(|event| event.event_id),
        );
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn pages_from_either_end_are_cut_by_their_bytes() {
    let case = with_signals(0).await;
    for _ in 0..6 {
        let large = SignalWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: named("w"),
            signal_name: "large".to_owned(),
            input: payloads(&"x".repeat(900 * 1024)),
            ..Default::default()
        };
        let large = case.service.signal_workflow_execution(Request::new(large));
        ok(large.await);
    }
    let (mut forward, mut token) = (Vec::new(), Vec::new());
    loop {
        let page = case
            .service
            .get_workflow_execution_history(Request::new(get(0, token)));
        let page = ok(page.await);
        let events = page.history.unwrap_or_default().events;
        forward.push(events.iter().map(|it| it.event_id).collect::<Vec<_>>());
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(forward, [vec![1, 2, 3, 4], vec![5, 6], vec![7, 8]]);
    let mut backward = Vec::new();
    loop {
        let request = GetWorkflowExecutionHistoryReverseRequest {
            namespace: NAMESPACE.to_owned(),
            execution: named("w"),
            maximum_page_size: 0,
            next_page_token: token,
        };
        let page = case
            .service
            .get_workflow_execution_history_reverse(Request::new(request));
        let page = ok(page.await);
        let events = page.history.unwrap_or_default().events;
        backward.push(events.iter().map(|it| it.event_id).collect::<Vec<_>>());
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(backward, [vec![8, 7], vec![6, 5], vec![4, 3, 2, 1]]);
}

#[tokio::test]
async fn a_reader_waits_for_new_events() {
    let case = with_signals(0).await;
    let mut request = get(0, Vec::new());
    request.wait_new_event = true;
    let first = ok(case
        .service
        .get_workflow_execution_history(Request::new(request.clone()))
        .await);
    assert_eq!(first.history.unwrap_or_default().events.len(), 2);
    request.next_page_token = first.next_page_token;
    let (next, signalled) = tokio::join!(
        case.service
            .get_workflow_execution_history(Request::new(request)),
        case.signal("w", "s")
    );
    signalled.expect("it runs");
    let next = ok(next).history.unwrap_or_default().events;
    assert_eq!(next.len(), 1);
    assert_eq!(short(&next[0]), "WorkflowExecutionSignaled");
}

#[tokio::test]
async fn a_long_history_reaches_the_worker_in_pages() {
    let case = with_signals(1500).await;
    let task = case.task().await;
    let mut events = task.history.clone().unwrap_or_default().events;
    let mut token = task.next_page_token.clone();
    assert!(!token.is_empty());
    while !token.is_empty() {
        let page = ok(case
            .service
            .get_workflow_execution_history(Request::new(get(0, token)))
            .await);
        events.extend(page.history.unwrap_or_default().events);
        token = page.next_page_token;
    }
    assert_eq!(events.len(), 1503);
    assert_eq!(
        events.last().map(short).as_deref(),
        Some("WorkflowTaskStarted")
    );
}

#[tokio::test]
async fn page_tokens_of_another_run_are_refused() {
    let case = with_signals(0).await;
    let refused = case
        .service
        .get_workflow_execution_history(Request::new(get(0, b"junk".to_vec())))
        .await
        .expect_err("it is not ours");
    assert_eq!(refused.code(), Code::InvalidArgument);
}
