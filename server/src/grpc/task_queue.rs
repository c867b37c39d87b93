//! Task queues as clients see them, and workers that leave.

use durably_history::Time;
use durably_proto::api::enums::v1::{DescribeTaskQueueMode, TaskQueueType};
use durably_proto::api::taskqueue::v1::{
    PollerInfo, TaskQueueStats, TaskQueueStatus, TaskQueueTypeInfo, TaskQueueVersionInfo,
};
use durably_proto::api::workflowservice::v1::{
    DescribeTaskQueueRequest, DescribeTaskQueueResponse, ShutdownWorkerRequest,
};

use crate::dispatch::WorkflowOffer;
use crate::engine::Engine;
use crate::error::Error;
use crate::matching::service::{Description, Kind};
use crate::namespace::Namespace;

use super::worker::polled_queue;

/// `DescribeTaskQueue`.
pub(super) fn describe(
    engine: &Engine,
    request: DescribeTaskQueueRequest,
) -> Result<DescribeTaskQueueResponse, Error> {
    let namespace = engine.namespaces.find(&request.namespace)?;
    let (queue, _) = polled_queue(request.task_queue.as_ref())?;
    let now = engine.clock.now();
    let asked = request.task_queue_type();
    let description = description(&namespace, queue, asked, now);
    let stats = stats(&description);
    #[expect(deprecated, reason = "the command line still asks for it")]
    let status = request.include_task_queue_status.then(|| TaskQueueStatus {
        backlog_count_hint: stats.approximate_backlog_count,
        ..TaskQueueStatus::default()
    });
    // The enhanced mode asks for several types at once, by version; all workers here have none.
    let types = described_types(&request);
    let types = types.iter().map(|task_queue_type| {
        let asked = TaskQueueType::try_from(*task_queue_type).unwrap_or(TaskQueueType::Workflow);
        let description = self::description(&namespace, queue, asked, now);
        let info = TaskQueueTypeInfo {
            stats: Some(self::stats(&description)),
            pollers: pollers(description),
        };
        (*task_queue_type, info)
    });
    let types_info: std::collections::HashMap<_, _> = types.collect();
    #[expect(deprecated, reason = "the enhanced mode is still asked for")]
    Ok(DescribeTaskQueueResponse {
        versions_info: match types_info.is_empty() {
            true => Default::default(),
            false => [(
                String::new(),
                TaskQueueVersionInfo {
                    types_info,
                    ..TaskQueueVersionInfo::default()
                },
            )]
            .into(),
        },
        stats: request.report_stats.then_some(stats),
        pollers: pollers(description),
        task_queue_status: status,
        ..DescribeTaskQueueResponse::default()
    })
}

/// The types of tasks that the enhanced mode tells about.
#[expect(deprecated, reason = "the command line still asks in this mode")]
fn described_types(request: &DescribeTaskQueueRequest) -> Vec<i32> {
    match request.api_mode() {
        DescribeTaskQueueMode::Unspecified => Vec::new(),
        DescribeTaskQueueMode::Enhanced if request.task_queue_types.is_empty() => {
            vec![
                TaskQueueType::Workflow.into(),
                TaskQueueType::Activity.into(),
            ]
        }
        DescribeTaskQueueMode::Enhanced => request.task_queue_types.clone(),
    }
}

/// `ShutdownWorker`: its polls end at once, and what waits for it alone goes to everybody.
pub(super) fn shutdown_worker(
    engine: &Engine,
    request: ShutdownWorkerRequest,
) -> Result<(), Error> {
    let namespace = engine.namespaces.find(&request.namespace)?;
    if !request.sticky_task_queue.is_empty() {
        let now = engine.clock.now();
        for offer in namespace.workflow_tasks.retire(&request.sticky_task_queue) {
            // A query finds its other way by itself when the sticky worker does not answer.
            if let WorkflowOffer::Task { normal_queue, .. } = &offer {
                let queue = std::sync::Arc::clone(normal_queue);
                namespace
                    .workflow_tasks
                    .offer(&queue, Kind::Normal, offer, now);
            }
        }
    }
    if !request.task_queue.is_empty() {
        let queue = &request.task_queue;
        namespace.workflow_tasks.shut_down(queue, &request.identity);
        namespace.activity_tasks.shut_down(queue, &request.identity);
    }
    Ok(())
}

fn description(
    namespace: &Namespace,
    queue: &str,
    task_queue_type: TaskQueueType,
    now: Time,
) -> Description {
    match task_queue_type {
        TaskQueueType::Workflow | TaskQueueType::Unspecified => {
            namespace.workflow_tasks.describe(queue, now)
        }
        TaskQueueType::Activity => namespace.activity_tasks.describe(queue, now),
        TaskQueueType::Nexus => Description::default(),
    }
}

fn stats(description: &Description) -> TaskQueueStats {
    TaskQueueStats {
        approximate_backlog_count: i64::try_from(description.backlog).unwrap_or(i64::MAX),
        approximate_backlog_age: Some(Default::default()),
        ..TaskQueueStats::default()
    }
}

fn pollers(description: Description) -> Vec<PollerInfo> {
    description
        .pollers
        .into_iter()
        .map(|poller| PollerInfo {
            last_access_time: Some(poller.last_access.into()),
            identity: poller.identity,
            rate_per_second: UNLIMITED_RATE,
            ..PollerInfo::default()
        })
        .collect()
}

/// What the real server shows for a poller without a rate limit.
const UNLIMITED_RATE: f64 = 100_000.0;
