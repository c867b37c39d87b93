use durably_proto::api::enums::v1::WorkerStatus;
use durably_proto::api::taskqueue::v1::TaskQueue;
use durably_proto::api::worker::v1::WorkerHeartbeat;
use durably_proto::api::workflowservice::v1::*;
use tonic::{Code, Request};

use crate::case::*;

const NAMESPACE: &str = "default";

fn heartbeat(key: &str, queue: &str, status: WorkerStatus) -> WorkerHeartbeat {
    WorkerHeartbeat {
        worker_instance_key: key.to_owned(),
        worker_identity: format!("worker-{key}"),
        task_queue: queue.to_owned(),
        status: status.into(),
        ..WorkerHeartbeat::default()
    }
}

async fn record(case: &Case, worker_heartbeat: Vec<WorkerHeartbeat>) {
    let request = RecordWorkerHeartbeatRequest {
        namespace: NAMESPACE.to_owned(),
        worker_heartbeat,
        ..Default::default()
    };
    let recorded = case.service.record_worker_heartbeat(Request::new(request));
    recorded.await.expect("heartbeats are taken");
}

async fn count(case: &Case, query: &str) -> Result<i64, tonic::Status> {
    let request = CountWorkersRequest {
        namespace: NAMESPACE.to_owned(),
        query: query.to_owned(),
        ..Default::default()
    };
    let counted = case.service.count_workers(Request::new(request)).await?;
    Ok(counted.into_inner().count)
}

#[tokio::test]
async fn workers_are_listed_by_pages_counted_and_described() {
    let case = Case::new().await;
    let running = WorkerStatus::Running;
    record(
        &case,
        vec![
            heartbeat("a", "orders", running),
            heartbeat("b", "orders", WorkerStatus::ShuttingDown),
            heartbeat("c", "films", running),
        ],
    )
    .await;
    let mut keys = Vec::new();
    let mut next_page_token = Vec::new();
    loop {
        let request = ListWorkersRequest {
            namespace: NAMESPACE.to_owned(),
            page_size: 2,
            next_page_token,
            ..Default::default()
        };
        let listed = case.service.list_workers(Request::new(request)).await;
        let listed = listed.expect("a list").into_inner();
        keys.extend(listed.workers.into_iter().map(|it| it.worker_instance_key));
        next_page_token = listed.next_page_token;
        if next_page_token.is_empty() {
            break;
        }
    }
    assert_eq!(keys, ["a", "b", "c"]);
    for (query, expected) in [
        ("", 3),
        ("TaskQueue = 'orders'", 2),
        ("WorkerStatus = 'Running'", 2),
        ("Status = 'ShuttingDown' OR WorkerIdentity = 'worker-c'", 2),
        (
            "TaskQueue STARTS_WITH 'ord' AND WorkerInstanceKey != 'a'",
            1,
        ),
        ("BuildId IS NULL", 3),
    ] {
        let counted = count(&case, query).await.expect(query);
        assert_eq!(counted, expected, "{query}");
    }
    for query in [
        "(((",
        "Nonsense = 'x'",
        "TaskQueue = 'x' ORDER BY StartTime",
    ] {
        let refused = count(&case, query).await.expect_err(query);
        assert_eq!(refused.code(), Code::InvalidArgument, "{query}");
    }
    let describe = |key: &str| {
        case.service
            .describe_worker(Request::new(DescribeWorkerRequest {
                namespace: NAMESPACE.to_owned(),
                worker_instance_key: key.to_owned(),
            }))
    };
    let found = describe("a").await.expect("it is there").into_inner();
    let heartbeat = found.worker_info.and_then(|info| info.worker_heartbeat);
    assert_eq!(heartbeat.map(|it| it.task_queue).as_deref(), Some("orders"));
    let missing = describe("d").await.expect_err("it is not there");
    assert_eq!(missing.message(), "Worker d not found");
}

#[tokio::test]
async fn a_worker_that_has_shut_down_is_gone() {
    let case = Case::new().await;
    record(&case, vec![heartbeat("a", "orders", WorkerStatus::Running)]).await;
    let request = ShutdownWorkerRequest {
        namespace: NAMESPACE.to_owned(),
        worker_instance_key: "a".to_owned(),
        worker_heartbeat: Some(heartbeat("a", "orders", WorkerStatus::Shutdown)),
        ..Default::default()
    };
    let ended = case.service.shutdown_worker(Request::new(request)).await;
    ended.expect("it is taken");
    assert_eq!(count(&case, "").await.expect("a count"), 0);
}

#[tokio::test]
async fn a_task_queue_has_one_partition_of_each_kind() {
    let case = Case::new().await;
    let request = ListTaskQueuePartitionsRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: Some(TaskQueue {
            name: "orders".to_owned(),
            ..TaskQueue::default()
        }),
    };
    let listed = case
        .service
        .list_task_queue_partitions(Request::new(request));
    let listed = listed.await.expect("a list").into_inner();
    for partitions in [
        listed.activity_task_queue_partitions,
        listed.workflow_task_queue_partitions,
    ] {
        let keys: Vec<_> = partitions.iter().map(|it| it.key.as_str()).collect();
        assert_eq!(keys, ["orders"]);
    }
    let nameless = ListTaskQueuePartitionsRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: None,
    };
    let refused = case
        .service
        .list_task_queue_partitions(Request::new(nameless));
    let refused = refused.await.expect_err("it has no name");
    assert_eq!(refused.message(), "taskQueue is not set");
}
