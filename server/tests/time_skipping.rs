//! Runs that skip time by themselves, on servers with clocks of several kinds.

use durably_proto::api::common::v1::{FastForwardConfig, TimeSkippingConfig};
use durably_proto::api::enums::v1::{EventType, FastForwardPollingResult};
use durably_proto::api::workflow::v1::WorkflowExecutionOptions;
use durably_proto::api::workflowservice::v1::{
    PollWorkflowExecutionTimeSkippingRequest, PollWorkflowExecutionTimeSkippingResponse,
    StartWorkflowExecutionRequest, UpdateWorkflowExecutionOptionsRequest,
};
use durably_proto::wkt::FieldMask;
use durably_server::{Clock, SkipsTime};
use tonic::Request;

use crate::case::*;

const DAY: i64 = 24 * 3600;

fn enabled() -> TimeSkippingConfig {
    TimeSkippingConfig {
        enabled: true,
        ..TimeSkippingConfig::default()
    }
}

fn forward(by: i64) -> TimeSkippingConfig {
    TimeSkippingConfig {
        fast_forward_config: Some(FastForwardConfig {
            id: "f".to_owned(),
            duration: Some(seconds(by)),
        }),
        disable_propagation: true,
        ..enabled()
    }
}

fn skipping(id: &str, config: TimeSkippingConfig) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        time_skipping_config: Some(config),
        ..request(id)
    }
}

/// The run's time, in seconds since its start.
async fn passed(case: &Case, id: &str) -> i64 {
    let described = case.describe(id).await;
    let started = described.workflow_execution_info.unwrap_or_default();
    let started = started.start_time.unwrap_or_default();
    let info = described.workflow_extended_info.unwrap_or_default();
    let info = info.time_skipping_info.expect("it skips time");
    info.current_time.unwrap_or_default().seconds - started.seconds
}

async fn poll(case: &Case, id: &str) -> PollWorkflowExecutionTimeSkippingResponse {
    let mut request = Request::new(PollWorkflowExecutionTimeSkippingRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: named(id),
        fast_forward_id: "f".to_owned(),
    });
    request.extensions_mut().insert(SkipsTime);
    ok(case
        .service
        .poll_workflow_execution_time_skipping(request)
        .await)
}

#[tokio::test]
async fn a_run_skips_time_while_the_clock_stands() {
    let case = Case::with(Clock::skipping()).await;
    let before = case.server.now();
    case.start_with(skipping("w", enabled())).await;
    let task = case.task().await;
    case.complete(&task, vec![start_timer("t", 30 * DAY)]).await;
    let task = case.task().await;
    assert_eq!(passed(&case, "w").await, 30 * DAY);
    case.complete(&task, vec![complete_workflow()]).await;
    assert_eq!(case.server.now(), before);
    assert_eq!(short(&case.closed("w").await), "WorkflowExecutionCompleted");
}

#[tokio::test]
async fn the_clock_skips_until_an_awaited_fast_forward_is_settled() {
    let case = Case::with(Clock::skipping()).await;
    let before = case.server.now();
    case.start_with(skipping("parent", forward(10 * DAY))).await;
    let worker = async {
        let task = case.task().await;
        case.complete(&task, vec![start_child("child")]).await;
        // The child waits for the server's clock, and the parent for the child.
        loop {
            let task = case.task().await;
            let id = task.workflow_execution.clone().unwrap_or_default();
            let events = task.history.clone().unwrap_or_default().events;
            let has = |event| events.iter().any(|it| it.event_type() == event);
            let commands = match id.workflow_id.as_str() {
                "child" if has(EventType::TimerFired) => vec![complete_workflow()],
                "child" => vec![start_timer("t", DAY)],
                _ => Vec::new(),
            };
            let is_last = has(EventType::ChildWorkflowExecutionCompleted);
            case.complete(&task, commands).await;
            if is_last {
                break;
            }
        }
    };
    let (polled, ()) = tokio::join!(poll(&case, "parent"), worker);
    let completed = FastForwardPollingResult::FastForwardCompleted;
    assert_eq!(polled.fast_forward_polling_result(), completed);
    let a_day = std::time::Duration::from_secs(24 * 3600);
    assert_eq!(case.server.now(), before + a_day);
    assert_eq!(passed(&case, "parent").await, 10 * DAY);
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_run_keeps_its_time_over_restarts() {
    let folder = crate::database::Folder::new("time-skipping");
    let first = folder.server().await;
    first.start_with(skipping("w", forward(DAY))).await;
    let task = first.task().await;
    let timers = vec![start_timer("a", DAY / 2), start_timer("b", 2 * DAY)];
    first.complete(&task, timers).await;
    let task = first.task().await;
    first.complete(&task, Vec::new()).await;
    let history = first.history("w").await;
    let clients = first.service;
    first.server.shutdown().await;

    let second = folder.server().await;
    assert_eq!(second.history("w").await, history);
    let ahead = passed(&second, "w").await;
    assert!((DAY..2 * DAY).contains(&ahead), "{ahead} s");
    let completed = FastForwardPollingResult::FastForwardCompleted;
    let polled = poll(&second, "w").await;
    assert_eq!(polled.fast_forward_polling_result(), completed);
    let update = UpdateWorkflowExecutionOptionsRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: named("w"),
        workflow_execution_options: Some(WorkflowExecutionOptions {
            time_skipping_config: Some(enabled()),
            ..WorkflowExecutionOptions::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["time_skipping_config".to_owned()],
        }),
        ..UpdateWorkflowExecutionOptionsRequest::default()
    };
    ok(second
        .service
        .update_workflow_execution_options(Request::new(update))
        .await);
    let task = second.task().await;
    second.complete(&task, vec![complete_workflow()]).await;
    assert_eq!(
        short(&second.closed("w").await),
        "WorkflowExecutionCompleted"
    );
    second.server.shutdown().await;
    drop(clients);
}
