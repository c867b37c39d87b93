//! Dispatch order and rate limit of task queues.

use durably::prelude::*;
use durably_proto::api::{
    common::v1::Priority, enums::v1::TaskQueueType, workflowservice::v1::DescribeTaskQueueRequest,
};
use durably_tests::{
    World, on_both_servers,
    raw::{NAMESPACE, Service, task_queue},
};

use super::backlog::{activity, issue, order, polled, priority, until_waiting};

on_both_servers! {
    an_activity_has_the_priority_of_its_workflow_unless_it_sets_one
    the_rate_that_a_poll_asks_for_is_the_queues
}

/// Schedules one activity for each priority key on this world's queue, and waits until all wait there.
async fn scheduled(
    world: &World,
    service: &mut Service,
    workflow: Option<Priority>,
    keys: &[Option<i32>],
) -> Result<()> {
    let commands = keys.iter().enumerate().map(|(place, key)| {
        let priority = key.and_then(priority);
        activity(place.to_string(), &world.queue, priority)
    });
    issue(world, service, workflow, commands.collect()).await?;
    until_waiting(service, &world.queue, TaskQueueType::Activity, keys.len()).await;
    Ok(())
}

/// A queue of the real server has four partitions, each with an order of its own.
#[tokio::test(flavor = "multi_thread")]
async fn urgent_activities_are_taken_first_on_the_embedded_server() -> Result<()> {
    let world = &World::embedded().await?;
    let mut service = world.service().await?;
    let keys = [None, Some(5), Some(1), Some(3), Some(9), Some(1)];
    scheduled(world, &mut service, None, &keys).await?;
    let order = order(&mut service, &world.queue, keys.len()).await?;
    assert_eq!(order, ["2", "5", "0", "3", "1", "4"]);
    Ok(())
}

async fn an_activity_has_the_priority_of_its_workflow_unless_it_sets_one(
    world: &World,
) -> Result<()> {
    let mut service = world.service().await?;
    scheduled(world, &mut service, priority(4), &[None, Some(2)]).await?;
    for _ in 0..2 {
        let task = polled(&mut service, &world.queue, None, 60).await?;
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
    polled(&mut service, &world.queue, Some(2.0), 60).await?;
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
