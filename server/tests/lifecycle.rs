use std::sync::Arc;

use durably_proto::service::workflow::workflow_service_client::WorkflowServiceClient;
use durably_server::Server;
use tonic::Request;

use crate::case::*;

const WHOLE_HISTORY: [&str; 16] = [
    "WorkflowExecutionStarted",
    "WorkflowTaskScheduled",
    "WorkflowTaskStarted",
    "WorkflowTaskCompleted",
    "ActivityTaskScheduled",
    "ActivityTaskStarted",
    "ActivityTaskCompleted",
    "WorkflowTaskScheduled",
    "WorkflowTaskStarted",
    "WorkflowTaskCompleted",
    "TimerStarted",
    "TimerFired",
    "WorkflowTaskScheduled",
    "WorkflowTaskStarted",
    "WorkflowTaskCompleted",
    "WorkflowExecutionCompleted",
];

#[tokio::test]
async fn a_workflow_runs_to_its_end_in_process() {
    let case = Case::with(durably_server::Clock::skipping().unlocked()).await;
    case.start("w").await;
    let task = case.task().await;
    assert_eq!(task.started_event_id, 3);
    assert_eq!(task.previous_started_event_id, 0);
    assert_eq!(task.attempt, 1);
    case.complete(&task, vec![schedule_activity("a")]).await;
    let activity = case.activity().await;
    assert_eq!(activity.activity_id, "a");
    case.complete_activity(activity).await;
    let task = case.task().await;
    case.complete(&task, vec![start_timer("t", 3600)]).await;
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    assert_eq!(short(&case.closed("w").await), "WorkflowExecutionCompleted");
    assert_eq!(case.history("w").await, WHOLE_HISTORY);
}

#[tokio::test]
async fn the_same_service_is_behind_the_port() {
    let server = Server::start().await.expect("a port is free");
    let url = server.url().expect("it listens");
    let mut client = WorkflowServiceClient::connect(url)
        .await
        .expect("it listens");
    let started = client
        .start_workflow_execution(request("w"))
        .await
        .expect("it is accepted")
        .into_inner();
    let case = Case {
        service: server.service(),
        server,
    };
    let task = case.task().await;
    let execution = task.workflow_execution.clone().unwrap_or_default();
    assert_eq!(execution.run_id, started.run_id);
    client
        .respond_workflow_task_completed(completion(&task, vec![complete_workflow()]))
        .await
        .expect("it is accepted");
    assert_eq!(short(&case.closed("w").await), "WorkflowExecutionCompleted");
}

#[tokio::test]
async fn many_workflows_run_side_by_side() {
    let case = Arc::new(Case::new().await);
    let worker = tokio::spawn({
        let case = Arc::clone(&case);
        async move {
            for _ in 0..100 {
                let task = case.task().await;
                case.complete(&task, vec![complete_workflow()]).await;
            }
        }
    });
    for n in 0..100 {
        case.start(&format!("w{n}")).await;
    }
    worker.await.expect("the worker ends");
    for n in 0..100 {
        let closed = case.closed(&format!("w{n}")).await;
        assert_eq!(short(&closed), "WorkflowExecutionCompleted");
    }
}

#[tokio::test]
async fn a_failed_workflow_task_is_tried_again() {
    use durably_proto::api::workflowservice::v1::RespondWorkflowTaskFailedRequest;
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    ok(case
        .service
        .respond_workflow_task_failed(Request::new(RespondWorkflowTaskFailedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: task.task_token.clone(),
            ..Default::default()
        }))
        .await);
    let again = case.task().await;
    assert_eq!(again.attempt, 2);
    let stale = case
        .service
        .respond_workflow_task_completed(Request::new(completion(&task, Vec::new())))
        .await
        .expect_err("the first attempt is over");
    assert_eq!(stale.code(), tonic::Code::NotFound);
    case.complete(&again, vec![complete_workflow()]).await;
    case.closed("w").await;
}

#[tokio::test]
async fn a_stopping_server_aborts_waiting_requests() {
    let case = Case::new().await;
    let service = Arc::clone(&case.service);
    let waiting = tokio::spawn(async move {
        let request = durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: Some(normal(QUEUE)),
            ..Default::default()
        };
        service
            .poll_workflow_task_queue(Request::new(request))
            .await
    });
    tokio::task::yield_now().await;
    let service = Arc::clone(&case.service);
    case.server.shutdown().await;
    let ended = waiting.await.expect("no panic").expect_err("no task came");
    assert_eq!(ended.code(), tonic::Code::Unavailable);
    let refused = service
        .poll_workflow_task_queue(Request::new(Default::default()))
        .await
        .expect_err("it has stopped");
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}
