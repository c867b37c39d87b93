use durably_proto::api::failure::v1::Failure;
use durably_proto::api::failure::v1::failure::FailureInfo;
use durably_proto::api::workflowservice::v1::*;
use tonic::{Code, Request};

use crate::case::*;

#[tokio::test]
async fn a_failed_activity_is_tried_again() {
    let case = Case::with(durably_server::Clock::skipping().unlocked()).await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![schedule_activity("a")]).await;
    let activity = case.activity().await;
    assert_eq!(activity.attempt, 1);
    ok(case
        .service
        .respond_activity_task_failed(Request::new(RespondActivityTaskFailedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: activity.task_token,
            failure: Some(Failure {
                message: "not yet".to_owned(),
                failure_info: Some(FailureInfo::ApplicationFailureInfo(Default::default())),
                ..Default::default()
            }),
            ..Default::default()
        }))
        .await);
    let activity = case.activity().await;
    assert_eq!(activity.attempt, 2);
    case.complete_activity(activity).await;
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    let history = case.history("w").await;
    let started = history.iter().filter(|it| *it == "ActivityTaskStarted");
    assert_eq!(started.count(), 1, "attempts that fail write nothing");
}

#[tokio::test]
async fn an_activity_is_reported_by_its_id() {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![schedule_activity("a")]).await;
    case.activity().await;
    let beat = ok(case
        .service
        .record_activity_task_heartbeat_by_id(Request::new(
            RecordActivityTaskHeartbeatByIdRequest {
                namespace: NAMESPACE.to_owned(),
                workflow_id: "w".to_owned(),
                activity_id: "a".to_owned(),
                details: payloads("1"),
                ..Default::default()
            },
        ))
        .await);
    assert!(!beat.cancel_requested);
    let pending = case.describe("w").await.pending_activities;
    assert_eq!(pending[0].heartbeat_details, payloads("1"));
    ok(case
        .service
        .respond_activity_task_completed_by_id(Request::new(
            RespondActivityTaskCompletedByIdRequest {
                namespace: NAMESPACE.to_owned(),
                workflow_id: "w".to_owned(),
                activity_id: "a".to_owned(),
                ..Default::default()
            },
        ))
        .await);
    case.task().await;
}

#[tokio::test]
async fn a_report_comes_once() {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![schedule_activity("a")]).await;
    let activity = case.activity().await;
    case.complete_activity(activity.clone()).await;
    let again = case
        .service
        .respond_activity_task_completed(Request::new(RespondActivityTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: activity.task_token,
            ..Default::default()
        }))
        .await
        .expect_err("it was reported before");
    assert_eq!(again.code(), Code::NotFound);
}
