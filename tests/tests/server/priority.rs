//! Dispatch order and rate limit of task queues.

use durably::prelude::*;
use durably_proto::api::{
    common::v1::Priority, enums::v1::TaskQueueType, workflowservice::v1::DescribeTaskQueueRequest,
};
use durably_tests::{
    World, on_both_servers,
    raw::{NAMESPACE, Service, task_queue, workflow_task},
};

use super::backlog::{ONE_PARTITION, activity, issue, order, polled, priority, until_waiting};

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

#[tokio::test(flavor = "multi_thread")]
async fn urgent_tasks_are_taken_first_on_the_embedded_server() -> Result<()> {
    let world = &World::embedded().await?;
    urgent_activities_are_taken_first(world).await?;
    urgent_workflow_tasks_are_taken_first(world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn urgent_tasks_are_taken_first_on_a_real_server() -> Result<()> {
    let test = "urgent_tasks_are_taken_first_on_a_real_server";
    let Some(world) = &World::own_real(test, &ONE_PARTITION).await? else {
        return Ok(());
    };
    urgent_activities_are_taken_first(world).await?;
    urgent_workflow_tasks_are_taken_first(world).await
}

/// The priority keys of the tasks below; the last level is 5.
const KEYS: [Option<i32>; 6] = [None, Some(5), Some(1), Some(3), Some(9), Some(1)];
/// The levels of the keys, the most urgent first. Within one, the real server may take the first tasks in any order.
const LEVELS: [i32; 6] = [1, 1, 3, 3, 5, 5];

/// The level of the task at a place of the keys.
fn level(place: usize) -> i32 {
    KEYS[place].unwrap_or(3).min(5)
}

async fn urgent_activities_are_taken_first(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    scheduled(world, &mut service, None, &KEYS).await?;
    let order = order(&mut service, &world.queue, KEYS.len()).await?;
    let levels = order
        .iter()
        .map(|id| level(id.parse().expect("ids are places")));
    assert_eq!(levels.collect::<Vec<_>>(), LEVELS, "{order:?}");
    if world.is_ours() {
        assert_eq!(order, ["2", "5", "0", "3", "1", "4"]);
    }
    Ok(())
}

async fn urgent_workflow_tasks_are_taken_first(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let mut ids = Vec::new();
    for key in KEYS {
        let mut start = world.start_request();
        start.priority = key.and_then(priority);
        ids.push(start.workflow_id.clone());
        service.start_workflow_execution(start).await?;
        // The real server queues a task some time after its start.
        until_waiting(&service, &world.queue, TaskQueueType::Workflow, ids.len()).await;
    }
    let mut order = Vec::new();
    for _ in KEYS {
        let task = workflow_task(&mut service, &world.queue).await?;
        let taken = task.workflow_execution.expect("it is of a workflow");
        let place = ids.iter().position(|id| *id == taken.workflow_id);
        order.push(place.expect("it is one of the workflows"));
    }
    let levels = order.iter().map(|place| level(*place));
    assert_eq!(levels.collect::<Vec<_>>(), LEVELS, "{order:?}");
    if world.is_ours() {
        assert_eq!(order, [2, 5, 0, 3, 1, 4]);
    }
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
