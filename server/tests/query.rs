use std::time::Duration;

use durably_proto::Message;
use durably_proto::api::enums::v1::{QueryRejectCondition, QueryResultType};
use durably_proto::api::errordetails::v1::QueryFailedFailure;
use durably_proto::api::query::v1::WorkflowQueryResult;
use durably_proto::api::workflowservice::v1::*;
use durably_proto::rpc;
use tonic::{Code, Request};

use crate::case::*;

async fn answer(case: &Case, task: &PollWorkflowTaskQueueResponse, json: &str) {
    ok(case
        .service
        .respond_query_task_completed(Request::new(RespondQueryTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: task.task_token.clone(),
            completed_type: QueryResultType::Answered.into(),
            query_result: payloads(json),
            ..Default::default()
        }))
        .await);
}

/// Completes a workflow task and answers the query that goes along with it.
async fn answer_along(case: &Case, task: &PollWorkflowTaskQueueResponse, json: &str) {
    assert!(task.query.is_none());
    let (id, query) = task.queries.iter().next().expect("the query goes along");
    assert_eq!(query.query_type, "state");
    let result = WorkflowQueryResult {
        result_type: QueryResultType::Answered.into(),
        answer: payloads(json),
        ..Default::default()
    };
    case.complete_with(RespondWorkflowTaskCompletedRequest {
        query_results: [(id.clone(), result)].into(),
        ..completion(task, Vec::new())
    })
    .await;
}

#[tokio::test]
async fn an_idle_run_is_queried_by_a_direct_query_task() {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, Vec::new()).await;
    let worker = async {
        let task = case.task().await;
        assert_eq!(task.query.clone().unwrap_or_default().query_type, "state");
        assert_eq!(task.history.clone().unwrap_or_default().events.len(), 4);
        answer(&case, &task, "1").await;
    };
    let (answered, ()) = tokio::join!(case.query("w"), worker);
    assert_eq!(answered.expect("answered").query_result, payloads("1"));
    assert_eq!(case.events("w").await.len(), 4, "queries leave no trace");
}

#[tokio::test]
async fn a_cached_run_is_queried_without_history() {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete_sticky(&task, Vec::new()).await;
    let worker = async {
        let task = case.sticky_task().await;
        assert!(task.query.is_some());
        assert!(task.history.clone().unwrap_or_default().events.is_empty());
        answer(&case, &task, "1").await;
    };
    // The worker polls first, as it would.
    let ((), answered) = tokio::join!(worker, case.query("w"));
    assert_eq!(answered.expect("answered").query_result, payloads("1"));
}

#[tokio::test]
async fn a_query_is_piggybacked_on_a_started_task() {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, Vec::new()).await;
    case.signal("w", "s").await.expect("it runs");
    let worker = async {
        let task = case.task().await;
        answer_along(&case, &task, "2").await;
    };
    let (answered, ()) = tokio::join!(case.query("w"), worker);
    assert_eq!(answered.expect("answered").query_result, payloads("2"));
}

#[tokio::test]
async fn a_query_before_the_first_task_is_piggybacked_on_it() {
    let case = Case::new().await;
    case.start("w").await;
    let worker = async {
        // The query is there first.
        tokio::task::yield_now().await;
        let task = case.task().await;
        answer_along(&case, &task, "0").await;
    };
    let (answered, ()) = tokio::join!(case.query("w"), worker);
    assert_eq!(answered.expect("answered").query_result, payloads("0"));
}

#[tokio::test]
async fn a_query_that_missed_the_task_is_dispatched_after_it() {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, Vec::new()).await;
    case.signal("w", "s").await.expect("it runs");
    let task = case.task().await;
    let worker = async {
        case.complete(&task, Vec::new()).await;
        let task = case.task().await;
        assert!(task.query.is_some());
        answer(&case, &task, "3").await;
    };
    let (answered, ()) = tokio::join!(case.query("w"), worker);
    assert_eq!(answered.expect("answered").query_result, payloads("3"));
}

#[tokio::test]
async fn a_query_that_the_worker_fails_returns_its_error() {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    let worker = async {
        let task = case.task().await;
        ok(case
            .service
            .respond_query_task_completed(Request::new(RespondQueryTaskCompletedRequest {
                namespace: NAMESPACE.to_owned(),
                task_token: task.task_token.clone(),
                completed_type: QueryResultType::Failed.into(),
                error_message: "no such query".to_owned(),
                ..Default::default()
            }))
            .await);
    };
    let (answered, ()) = tokio::join!(case.query("w"), worker);
    let failed = answered.expect_err("the worker failed it");
    assert_eq!(failed.code(), Code::InvalidArgument);
    assert_eq!(failed.message(), "no such query");
    let status = rpc::Status::decode(failed.details()).expect("details are a google.rpc.Status");
    assert_eq!(
        status.details[0].type_url,
        "type.googleapis.com/temporal.api.errordetails.v1.QueryFailedFailure"
    );
    QueryFailedFailure::decode(&*status.details[0].value).expect("it is what its type says");
}

#[tokio::test]
async fn a_closed_run_is_queried_unless_the_client_rejects_it() {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    let declined = case
        .query_with(QueryWorkflowRequest {
            query_reject_condition: QueryRejectCondition::NotOpen.into(),
            ..query("w")
        })
        .await
        .expect("it is answered with a rejection");
    assert!(declined.query_rejected.is_some());
    let worker = async {
        let task = case.task().await;
        answer(&case, &task, "4").await;
    };
    let request = QueryWorkflowRequest {
        query_reject_condition: QueryRejectCondition::NotCompletedCleanly.into(),
        ..query("w")
    };
    let (answered, ()) = tokio::join!(case.query_with(request), worker);
    assert_eq!(answered.expect("answered").query_result, payloads("4"));
}

#[tokio::test]
async fn a_query_without_workers_names_the_missing_pollers() {
    let case = Case::new().await;
    let started = case
        .start_with(StartWorkflowExecutionRequest {
            request_eager_execution: true,
            ..request("w")
        })
        .await;
    let task = started.eager_workflow_task.expect("it was asked for");
    case.complete(&task, vec![complete_workflow()]).await;
    let mut request = Request::new(query("w"));
    request.set_timeout(Duration::from_millis(50));
    let unanswered = case
        .service
        .query_workflow(request)
        .await
        .expect_err("nobody polls");
    assert_eq!(unanswered.code(), Code::FailedPrecondition);
    assert_eq!(
        unanswered.message(),
        "no poller seen for task queue recently, worker may be down"
    );
}
