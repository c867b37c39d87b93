use durably_proto::api::enums::v1::TaskQueueType;
use durably_proto::api::workflowservice::v1::*;
use tonic::Request;

use crate::case::*;

#[tokio::test]
async fn a_queue_description_shows_pollers_and_backlog() {
    let case = Case::new().await;
    case.start("a").await;
    case.task().await;
    case.start("b").await;
    let described = ok(case
        .service
        .describe_task_queue(Request::new(DescribeTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: Some(normal(QUEUE)),
            task_queue_type: TaskQueueType::Workflow.into(),
            report_stats: true,
            ..Default::default()
        }))
        .await);
    assert_eq!(described.pollers[0].identity, "worker");
    let stats = described.stats.unwrap_or_default();
    assert_eq!(stats.approximate_backlog_count, 1);
}
