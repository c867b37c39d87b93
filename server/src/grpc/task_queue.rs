//! Task queue descriptions, worker shutdown, and Nexus polls.

use durably_history::Time;
use durably_proto::api::deployment::v1::WorkerDeploymentOptions;
use durably_proto::api::enums::v1::{
    DescribeTaskQueueMode, RateLimitSource, TaskQueueType, WorkerVersioningMode,
};
use durably_proto::api::taskqueue::v1::{
    PollerInfo, PollerScalingDecision, TaskQueuePartitionMetadata, TaskQueueStats, TaskQueueStatus,
    TaskQueueTypeInfo, TaskQueueVersionInfo, TaskQueueVersioningInfo,
};
use durably_proto::api::workflowservice::v1::describe_task_queue_response::EffectiveRateLimit;
use durably_proto::api::workflowservice::v1::{
    DescribeTaskQueueRequest, DescribeTaskQueueResponse, ListTaskQueuePartitionsRequest,
    ListTaskQueuePartitionsResponse, PollNexusTaskQueueRequest, PollNexusTaskQueueResponse,
    ShutdownWorkerRequest,
};
use durably_proto::wkt;
use tokio::time::Instant;

use crate::backend::Backend;
use crate::deployment::QueueType;
use crate::error::Error;
use crate::matching::offer::WorkflowOffer;
use crate::matching::queue::{Poll, QueueKind};
use crate::matching::queues::{Description, LevelStatistics};
use crate::matching::rate::RateSource;
use crate::namespace::Namespace;
use crate::queue_config::QueueKey;

use super::workflow_task::polled_queue;
use super::{check, deployment};

/// `DescribeTaskQueue`.
pub(super) fn describe(
    backend: &Backend,
    request: DescribeTaskQueueRequest,
) -> Result<DescribeTaskQueueResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let (queue, _) = polled_queue(request.task_queue.as_ref())?;
    let now = backend.clock.now();
    let kind = request.task_queue_type();
    let description = description(&namespace, queue, kind, now);
    let config = request.report_config.then(|| {
        namespace.queue_config(&QueueKey {
            name: queue.to_owned(),
            task_queue_type: match kind {
                TaskQueueType::Unspecified => TaskQueueType::Workflow.into(),
                TaskQueueType::Workflow | TaskQueueType::Activity | TaskQueueType::Nexus => {
                    kind.into()
                }
            },
        })
    });
    let config = config.flatten();
    let stats = total(&description);
    let by_priority = description.levels.iter().map(|(level, of_level)| {
        let stats = stats_of(*of_level, description.is_rate_limited);
        (i32::from(*level), stats)
    });
    let by_priority = match request.report_stats {
        true => by_priority.collect(),
        false => Default::default(),
    };
    let rate_limit = effective_rate(&description);
    #[expect(deprecated, reason = "the command line still asks for it")]
    let status = request.include_task_queue_status.then(|| TaskQueueStatus {
        backlog_count_hint: stats.approximate_backlog_count,
        rate_per_second: f64::from(rate_limit.requests_per_second),
        ..TaskQueueStatus::default()
    });
    // The enhanced mode requests several types at a time, by version; all versions are described together here.
    let types = described_types(&request);
    let types = types.iter().map(|task_queue_type| {
        let kind = TaskQueueType::try_from(*task_queue_type).unwrap_or(TaskQueueType::Workflow);
        let description = self::description(&namespace, queue, kind, now);
        let info = TaskQueueTypeInfo {
            stats: Some(total(&description)),
            pollers: pollers(description),
        };
        (*task_queue_type, info)
    });
    let types_info: std::collections::HashMap<_, _> = types.collect();
    #[expect(deprecated, reason = "the enhanced mode is still requested")]
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
        stats_by_priority_key: by_priority,
        versioning_info: versioning_info(&namespace, queue, kind),
        effective_rate_limit: Some(rate_limit),
        config,
        pollers: pollers(description),
        task_queue_status: status,
    })
}

/// The task types of an enhanced request.
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

/// `ListTaskQueuePartitions`: the queues here are not divided.
pub(super) fn partitions(
    backend: &Backend,
    request: &ListTaskQueuePartitionsRequest,
) -> Result<ListTaskQueuePartitionsResponse, Error> {
    backend.namespaces.find(&request.namespace)?;
    let key = check::task_queue(request.task_queue.as_ref())?;
    let whole = || TaskQueuePartitionMetadata {
        key: key.to_owned(),
        owner_host_name: String::new(),
    };
    Ok(ListTaskQueuePartitionsResponse {
        activity_task_queue_partitions: vec![whole()],
        workflow_task_queue_partitions: vec![whole()],
    })
}

/// `ShutdownWorker`: ends the worker's polls and moves the tasks of its sticky queue to the normal
/// one.
pub(super) fn shutdown_worker(
    backend: &Backend,
    request: ShutdownWorkerRequest,
) -> Result<(), Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    if !request.sticky_task_queue.is_empty() {
        let now = backend.clock.now();
        for offer in namespace.workflow_tasks.drain(&request.sticky_task_queue) {
            // A query falls back to the normal queue itself when the sticky worker does not answer.
            if let WorkflowOffer::Task {
                normal_queue,
                priority,
                ..
            } = &offer
            {
                let priority = priority.clone();
                let queue = std::sync::Arc::clone(normal_queue);
                let kind = QueueKind::Normal;
                namespace.offer_workflow_task(&queue, kind, priority, offer, now);
            }
        }
    }
    let heartbeats = request.worker_heartbeat.clone().into_iter().collect();
    namespace.workers.record(heartbeats, backend.clock.now());
    // Without an instance key the worker cannot be distinguished from others of its identity.
    let (queue, key) = (&request.task_queue, &request.worker_instance_key);
    if !queue.is_empty() && !key.is_empty() {
        namespace.workflow_tasks.end_polls_of(queue, key);
        namespace.activity_tasks.end_polls_of(queue, key);
        namespace.nexus_tasks.end_polls_of(queue, key);
    }
    Ok(())
}

/// `PollNexusTaskQueue`: the server creates no Nexus tasks, so the poll ends with its worker or at
/// its deadline.
pub(super) async fn poll_nexus(
    backend: &Backend,
    request: PollNexusTaskQueueRequest,
    deadline: Instant,
) -> Result<PollNexusTaskQueueResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    check::length(&request.identity, "Identity")?;
    let (queue, kind) = polled_queue(request.task_queue.as_ref())?;
    let poll = Poll {
        queue,
        version: None,
        kind,
        identity: &request.identity,
        instance_key: &request.worker_instance_key,
        rate: None,
    };
    backend.check_running()?;
    let now = backend.clock.now();
    match namespace.nexus_tasks.poll(poll, now, deadline).await {
        Some(never) => match never {},
        None => backend.check_running()?,
    }
    namespace.check_not_deleted()?;
    Ok(PollNexusTaskQueueResponse::default())
}

/// The advice to a worker in the answer to its poll.
pub(super) fn scaling(advice: Option<i32>) -> Option<PollerScalingDecision> {
    advice.map(|change| PollerScalingDecision {
        poll_request_delta_suggestion: change,
    })
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
        TaskQueueType::Nexus => namespace.nexus_tasks.describe(queue, now),
    }
}

/// Where new work goes; none if no worker of a deployment has polled the queue.
fn versioning_info(
    namespace: &Namespace,
    queue: &str,
    task_queue_type: TaskQueueType,
) -> Option<TaskQueueVersioningInfo> {
    let ty = match task_queue_type {
        TaskQueueType::Workflow | TaskQueueType::Unspecified => QueueType::Workflow,
        TaskQueueType::Activity => QueueType::Activity,
        TaskQueueType::Nexus => return None,
    };
    let deployments = namespace.deployments();
    Some(deployment::versioning_info(deployments.routing(ty, queue)?))
}

fn total(description: &Description) -> TaskQueueStats {
    stats_of(description.total(), description.is_rate_limited)
}

#[expect(clippy::cast_possible_truncation, reason = "the message has floats")]
fn stats_of(statistics: LevelStatistics, is_rate_limited: bool) -> TaskQueueStats {
    TaskQueueStats {
        approximate_backlog_count: i64::try_from(statistics.backlog).unwrap_or(i64::MAX),
        approximate_backlog_age: wkt::Duration::try_from(statistics.age).ok(),
        tasks_add_rate: statistics.added as f32,
        tasks_dispatch_rate: statistics.dispatched as f32,
        rate_limiting_active: is_rate_limited,
    }
}

fn pollers(description: Description) -> Vec<PollerInfo> {
    let rate_per_second = description.polled_rate.unwrap_or(UNLIMITED_RATE);
    description
        .pollers
        .into_iter()
        .map(|(version, poller)| PollerInfo {
            last_access_time: Some(poller.last_access.into()),
            identity: poller.identity,
            rate_per_second,
            deployment_options: version.map(|version| WorkerDeploymentOptions {
                deployment_name: version.deployment.to_string(),
                build_id: version.build_id.to_string(),
                worker_versioning_mode: WorkerVersioningMode::Versioned.into(),
            }),
            ..PollerInfo::default()
        })
        .collect()
}

/// The rate of a queue; without a limit the real server shows one of its own.
fn effective_rate(description: &Description) -> EffectiveRateLimit {
    let (rate, source) = match description.rate {
        Some((rate, RateSource::Client)) => (rate, RateLimitSource::Api),
        Some((rate, RateSource::Worker)) => (rate, RateLimitSource::Worker),
        None => (SYSTEM_RATE, RateLimitSource::System),
    };
    #[expect(clippy::cast_possible_truncation, reason = "the message has a float")]
    EffectiveRateLimit {
        requests_per_second: rate as f32,
        rate_limit_source: source.into(),
    }
}

/// The rate that the real server allows for a queue at most, in its four partitions.
const SYSTEM_RATE: f64 = 4_000.0;
/// The rate that the real server shows for a poller without a limit.
const UNLIMITED_RATE: f64 = 100_000.0;
