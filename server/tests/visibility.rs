use durably_proto::api::common::v1::SearchAttributes;
use durably_proto::api::workflowservice::v1::*;
use tonic::{Code, Request};

use crate::case::*;

async fn list(case: &Case, query: &str) -> Vec<String> {
    let listed = ok(case
        .service
        .list_workflow_executions(Request::new(ListWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: query.to_owned(),
            ..Default::default()
        }))
        .await);
    listed
        .executions
        .into_iter()
        .filter_map(|info| info.execution)
        .map(|execution| execution.workflow_id)
        .collect()
}

#[tokio::test]
async fn executions_are_found_by_their_fields() {
    let case = Case::new().await;
    case.start("a").await;
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    case.start("b").await;
    assert_eq!(list(&case, "").await, ["b", "a"]);
    assert_eq!(list(&case, "ExecutionStatus = 'Running'").await, ["b"]);
    assert_eq!(list(&case, "ExecutionStatus = 'Completed'").await, ["a"]);
    assert_eq!(list(&case, "WorkflowType = 'Other'").await, [""; 0]);
    let count = ok(case
        .service
        .count_workflow_executions(Request::new(CountWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: "GROUP BY ExecutionStatus".to_owned(),
        }))
        .await);
    assert_eq!((count.count, count.groups.len()), (2, 2));
}

#[tokio::test]
async fn an_error_in_a_query_has_its_position() {
    let case = Case::new().await;
    let refused = case
        .service
        .list_workflow_executions(Request::new(ListWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: "WorkflowId == 'x'".to_owned(),
            ..Default::default()
        }))
        .await
        .expect_err("`==` is no comparison");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("position 13"), "{refused}");
}

#[tokio::test]
async fn an_unknown_search_attribute_is_refused() {
    let case = Case::new().await;
    let payload = payloads("\"red\"").unwrap_or_default().payloads.remove(0);
    let refused = case
        .service
        .start_workflow_execution(Request::new(StartWorkflowExecutionRequest {
            search_attributes: Some(SearchAttributes {
                indexed_fields: [("Colour".to_owned(), payload)].into(),
            }),
            ..request("w")
        }))
        .await
        .expect_err("there is no such attribute");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("Colour"));
}
