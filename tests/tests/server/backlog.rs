//! Tasks that wait in a queue, by raw calls: who takes them, and in which order.

use durably::Result;
use durably_proto::api::{
    command::v1::{Command, ScheduleActivityTaskCommandAttributes, command::Attributes},
    common::v1::{ActivityType, Priority},
    enums::v1::{CommandType, TaskQueueType},
    taskqueue::v1::TaskQueueMetadata,
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
        let request = DescribeTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: task_queue(queue),
            task_queue_type: kind.into(),
            report_stats: true,
            ..Default::default()
        };
        async move {
            let described = service.describe_task_queue(request).await.ok()?;
            let waiting = described.into_inner().stats?.approximate_backlog_count;
            (usize::try_from(waiting) == Ok(count)).then_some(())
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
