//! Tasks that wait in a queue, by raw calls: who takes them, and in which order.

use durably::Result;
use durably_proto::api::{
    command::v1::{Command, ScheduleActivityTaskCommandAttributes, command::Attributes},
    common::v1::{ActivityType, Priority},
    enums::v1::{CommandType, TaskQueueType},
    taskqueue::v1::{TaskQueueConfig, TaskQueueMetadata},
    workflowservice::v1::*,
};
use durably_proto::wkt::Duration;

use durably_tests::{
    World, eventually,
    raw::{NAMESPACE, Service, command, complete, task_queue, within, workflow_task},
};

/// A priority with nothing but its key.
pub(super) fn priority(key: i32) -> Option<Priority> {
    Some(Priority {
        priority_key: key,
        ..Default::default()
    })
}

/// A priority with nothing but a fairness key and its weight; zero for none.
pub(super) fn fair(key: &str, weight: f32) -> Option<Priority> {
    Some(Priority {
        fairness_key: key.to_owned(),
        fairness_weight: weight,
        ..Default::default()
    })
}

/// The command that schedules an activity.
pub(super) fn activity(id: impl Into<String>, queue: &str, priority: Option<Priority>) -> Command {
    let seconds = |seconds| Some(Duration { seconds, nanos: 0 });
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: id.into(),
        activity_type: Some(ActivityType {
            name: "work".to_owned(),
        }),
        task_queue: task_queue(queue),
        start_to_close_timeout: seconds(60),
        priority,
        ..Default::default()
    };
    command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(attributes),
    )
}

/// Starts a workflow whose first task issues these commands; returns its id.
pub(super) async fn issue(
    world: &World,
    service: &mut Service,
    workflow: Option<Priority>,
    commands: Vec<Command>,
) -> Result<String> {
    let mut request = world.start_request();
    request.priority = workflow;
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let task = workflow_task(service, &world.queue).await?;
    complete(service, &task, commands, vec![]).await?;
    Ok(workflow_id)
}

/// Waits until so many tasks wait in a queue.
pub(super) async fn until_waiting(
    service: &Service,
    queue: &str,
    kind: TaskQueueType,
    count: usize,
) {
    eventually("all tasks wait", || {
        let mut service = service.clone();
        async move {
            let waiting = backlog(&mut service, queue, kind).await;
            (waiting.ok()? == count).then_some(())
        }
    })
    .await;
}

/// Polls for an activity, with the rate that the poll sets for the queue; empty if none comes within so many seconds.
pub(super) async fn polled(
    service: &mut Service,
    queue: &str,
    rate: Option<f64>,
    seconds: u64,
) -> Result<PollActivityTaskQueueResponse> {
    let poll = PollActivityTaskQueueRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: task_queue(queue),
        identity: "raw".to_owned(),
        task_queue_metadata: rate.map(|rate| TaskQueueMetadata {
            max_tasks_per_second: Some(rate),
        }),
        ..Default::default()
    };
    let polled = service.poll_activity_task_queue(within(seconds, poll));
    Ok(polled.await?.into_inner())
}

/// The ids of the next activities of a queue.
pub(super) async fn order(service: &mut Service, queue: &str, count: usize) -> Result<Vec<String>> {
    let mut order = Vec::new();
    for _ in 0..count {
        order.push(polled(service, queue, None, 60).await?.activity_id);
    }
    Ok(order)
}

/// How many tasks wait in a queue.
pub(super) async fn backlog(
    service: &mut Service,
    queue: &str,
    kind: TaskQueueType,
) -> Result<usize> {
    let request = DescribeTaskQueueRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: task_queue(queue),
        task_queue_type: kind.into(),
        report_stats: true,
        ..Default::default()
    };
    let described = service.describe_task_queue(request).await?.into_inner();
    let count = described
        .stats
        .unwrap_or_default()
        .approximate_backlog_count;
    Ok(usize::try_from(count).expect("a count is not negative"))
}

/// Waits until an activity queue has a configuration: the real server takes a while.
pub(super) async fn until_configured(
    service: &Service,
    queue: &str,
    config: Option<TaskQueueConfig>,
) {
    eventually("the configuration holds", || {
        let mut service = service.clone();
        let request = DescribeTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: task_queue(queue),
            task_queue_type: TaskQueueType::Activity.into(),
            report_config: true,
            ..Default::default()
        };
        let config = config.clone();
        async move {
            let found = service.describe_task_queue(request).await.ok()?;
            (found.into_inner().config == config).then_some(())
        }
    })
    .await;
}

/// A real server whose queues have one partition, so that they have one order.
pub(super) const ONE_PARTITION: [&str; 2] = [
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
];
