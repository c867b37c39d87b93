//! Dispatch order and rate limit of task queues.

use durably::prelude::*;
use durably_proto::api::{
    command::v1::{Command, ScheduleActivityTaskCommandAttributes, command::Attributes},
    common::v1::{ActivityType, Priority},
    enums::v1::{CommandType, TaskQueueType},
    taskqueue::v1::TaskQueueMetadata,
    workflowservice::v1::*,
};
use durably_proto::wkt::Duration;
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{NAMESPACE, Service, task_queue, within, workflow_task},
};

on_both_servers! {
    an_activity_has_the_priority_of_its_workflow_unless_it_sets_one
    the_rate_that_a_poll_asks_for_is_the_queues
}

fn priority(key: i32) -> Option<Priority> {
    Some(Priority {
        priority_key: key,
        ..Default::default()
    })
}

fn activity(id: String, queue: &str, priority: Option<Priority>) -> Command {
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: id,
        activity_type: Some(ActivityType {
            name: "work".to_owned(),
        }),
        task_queue: task_queue(queue),
        start_to_close_timeout: Some(Duration {
            seconds: 60,
            nanos: 0,
        }),
        priority,
        ..Default::default()
    };
    Command {
        command_type: CommandType::ScheduleActivityTask.into(),
        attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(
            attributes,
        )),
        ..Default::default()
    }
}

/// Schedules one activity for each priority key on this world's queue, and waits until all wait
/// there. The real server spreads a queue over partitions and orders each of them, so only what
/// is told apart by one partition is asserted: one task at a time of each key.
async fn scheduled(
    world: &World,
    service: &mut Service,
    workflow: Option<Priority>,
    keys: &[Option<i32>],
) -> Result<()> {
    let mut request = world.start_request();
    request.priority = workflow;
    service.start_workflow_execution(request).await?;
    let task = workflow_task(service, &world.queue).await?;
    let commands = keys
        .iter()
        .enumerate()
        .map(|(place, key)| activity(format!("{place}"), &world.queue, key.and_then(priority)));
    service
        .respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: task.task_token,
            commands: commands.collect(),
            ..Default::default()
        })
        .await?;
    eventually("all activities wait", || {
        let mut service = service.clone();
        let queue = task_queue(&world.queue);
        async move {
            let described = service
                .describe_task_queue(DescribeTaskQueueRequest {
                    namespace: NAMESPACE.to_owned(),
                    task_queue: queue,
                    task_queue_type: TaskQueueType::Activity.into(),
                    report_stats: true,
                    ..Default::default()
                })
                .await
                .ok()?
                .into_inner();
            let waiting = described.stats?.approximate_backlog_count;
            (usize::try_from(waiting) == Ok(keys.len())).then_some(())
        }
    })
    .await;
    Ok(())
}

async fn taken(
    world: &World,
    service: &mut Service,
    rate: Option<f64>,
) -> Result<PollActivityTaskQueueResponse> {
    let polled = service
        .poll_activity_task_queue(within(
            60,
            PollActivityTaskQueueRequest {
                namespace: NAMESPACE.to_owned(),
                task_queue: task_queue(&world.queue),
                identity: "raw".to_owned(),
                task_queue_metadata: rate.map(|rate| TaskQueueMetadata {
                    max_tasks_per_second: Some(rate),
                }),
                ..Default::default()
            },
        ))
        .await?;
    Ok(polled.into_inner())
}

/// A queue of the real server has four partitions, each with an order of its own.
#[tokio::test(flavor = "multi_thread")]
async fn urgent_activities_are_taken_first_on_the_embedded_server() -> Result<()> {
    let world = &World::embedded().await?;
    let mut service = world.service().await?;
    let keys = [None, Some(5), Some(1), Some(3), Some(9), Some(1)];
    scheduled(world, &mut service, None, &keys).await?;
    let mut order = Vec::new();
    for _ in keys {
        order.push(taken(world, &mut service, None).await?.activity_id);
    }
    assert_eq!(order, ["2", "5", "0", "3", "1", "4"]);
    Ok(())
}

async fn an_activity_has_the_priority_of_its_workflow_unless_it_sets_one(
    world: &World,
) -> Result<()> {
    let mut service = world.service().await?;
    scheduled(world, &mut service, priority(4), &[None, Some(2)]).await?;
    for _ in 0..2 {
        let task = taken(world, &mut service, None).await?;
        let expected = match task.activity_id.as_str() {
            "0" => 4,
            _ => 2,
        };
        assert_eq!(task.priority, priority(expected), "{}", task.activity_id);
    }
    Ok(())
}

async fn the_rate_that_a_poll_asks_for_is_the_queues(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    scheduled(world, &mut service, None, &[None]).await?;
    taken(world, &mut service, Some(2.0)).await?;
    let described = service
        .describe_task_queue(DescribeTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: task_queue(&world.queue),
            task_queue_type: TaskQueueType::Activity.into(),
            ..Default::default()
        })
        .await?
        .into_inner();
    let rates: Vec<_> = described
        .pollers
        .iter()
        .map(|it| it.rate_per_second)
        .collect();
    assert_eq!(rates, [2.0]);
    Ok(())
}
