//! Limits of task queues that a client sets: shown, honoured, removed and refused.

use std::collections::HashMap;

use durably::prelude::*;
use durably_proto::api::{
    enums::v1::{RateLimitSource, TaskQueueType},
    taskqueue::v1::{RateLimit, RateLimitConfig, TaskQueueConfig},
    workflowservice::v1::{update_task_queue_config_request::RateLimitUpdate, *},
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{NAMESPACE, Service, ended, task_queue, terminate},
};

use super::backlog::{activity, fair, issue, polled, until_configured, until_waiting};

on_both_servers! {
    limits_are_set_shown_and_removed
    a_queue_without_a_rate_stops_until_it_has_one
    a_fairness_key_at_its_limit_waits_and_keys_of_more_weight_do_not
    what_a_configuration_refuses
}

fn request(world: &World) -> UpdateTaskQueueConfigRequest {
    UpdateTaskQueueConfigRequest {
        namespace: NAMESPACE.to_owned(),
        identity: "operator".to_owned(),
        task_queue: world.queue.clone(),
        task_queue_type: TaskQueueType::Activity.into(),
        ..Default::default()
    }
}

fn limit(requests_per_second: f32, reason: &str) -> Option<RateLimitUpdate> {
    Some(RateLimitUpdate {
        rate_limit: Some(RateLimit {
            requests_per_second,
        }),
        reason: reason.to_owned(),
    })
}

/// The rate, the reason and the identity of a limit.
fn shown(limit: Option<&RateLimitConfig>) -> Option<(Option<f32>, &str, &str)> {
    let limit = limit?;
    let rate = limit.rate_limit.map(|limit| limit.requests_per_second);
    let metadata = limit.metadata.as_ref()?;
    assert!(metadata.update_time.is_some());
    Some((rate, &metadata.reason, &metadata.update_identity))
}

async fn describe(
    service: &mut Service,
    queue: &str,
    task_queue_type: TaskQueueType,
) -> Result<DescribeTaskQueueResponse> {
    let request = DescribeTaskQueueRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: task_queue(queue),
        task_queue_type: task_queue_type.into(),
        report_config: true,
        ..Default::default()
    };
    Ok(service.describe_task_queue(request).await?.into_inner())
}

/// Waits until a queue has the rate of a client, or none: the real server takes a while.
async fn until_rate(service: &Service, queue: &str, rate: Option<f32>) {
    eventually("the rate holds", || {
        let mut service = service.clone();
        async move {
            let found = describe(&mut service, queue, TaskQueueType::Activity);
            let limit = found.await.ok()?.effective_rate_limit?;
            let found = match limit.rate_limit_source() {
                RateLimitSource::Api => Some(limit.requests_per_second),
                RateLimitSource::System
                | RateLimitSource::Worker
                | RateLimitSource::Unspecified => None,
            };
            (found == rate).then_some(())
        }
    })
    .await;
}

async fn limits_are_set_shown_and_removed(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let before = describe(&mut service, &world.queue, TaskQueueType::Activity).await?;
    assert_eq!(before.config, None);
    let system = before.effective_rate_limit.expect("there is one");
    assert_eq!(system.rate_limit_source(), RateLimitSource::System);
    assert_eq!(system.requests_per_second, 4000.0);
    let set = UpdateTaskQueueConfigRequest {
        update_queue_rate_limit: limit(10.0, "slow down"),
        update_fairness_key_rate_limit_default: limit(2.5, "fair"),
        set_fairness_weight_overrides: [("gold".to_owned(), 2.0), ("iron".to_owned(), 0.5)].into(),
        ..request(world)
    };
    let updated = service.update_task_queue_config(set).await?.into_inner();
    let config = updated.config.expect("it has one");
    let slow = Some((Some(10.0), "slow down", "operator"));
    assert_eq!(shown(config.queue_rate_limit.as_ref()), slow);
    let fair = Some((Some(2.5), "fair", "operator"));
    assert_eq!(
        shown(config.fairness_keys_rate_limit_default.as_ref()),
        fair
    );
    until_rate(&service, &world.queue, Some(10.0)).await;
    let found = describe(&mut service, &world.queue, TaskQueueType::Activity).await?;
    assert_eq!(found.config, Some(config));
    // The workflow tasks of the queue have their own.
    let found = describe(&mut service, &world.queue, TaskQueueType::Workflow).await?;
    assert_eq!(found.config, None);
    let removed = UpdateTaskQueueConfigRequest {
        identity: "another".to_owned(),
        update_queue_rate_limit: Some(RateLimitUpdate {
            rate_limit: None,
            reason: "it is over".to_owned(),
        }),
        unset_fairness_weight_overrides: vec!["iron".to_owned(), "lead".to_owned()],
        ..request(world)
    };
    let updated = service.update_task_queue_config(removed).await?;
    let config = updated.into_inner().config.expect("it has one");
    let none = Some((None, "it is over", "another"));
    assert_eq!(shown(config.queue_rate_limit.as_ref()), none);
    assert_eq!(
        shown(config.fairness_keys_rate_limit_default.as_ref()),
        fair
    );
    let gold = HashMap::from([("gold".to_owned(), 2.0)]);
    assert_eq!(config.fairness_weight_overrides, gold);
    until_rate(&service, &world.queue, None).await;
    Ok(())
}

async fn a_queue_without_a_rate_stops_until_it_has_one(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let stop = UpdateTaskQueueConfigRequest {
        update_queue_rate_limit: limit(0.0, "stop"),
        ..request(world)
    };
    service.update_task_queue_config(stop).await?;
    until_rate(&service, &world.queue, Some(0.0)).await;
    let commands = vec![activity("a", &world.queue, None)];
    let workflow_id = issue(world, &mut service, None, commands).await?;
    let stopped = polled(&mut service, &world.queue, None, 3).await;
    assert!(
        !stopped.is_ok_and(|task| task.activity_id == "a"),
        "the queue has stopped"
    );
    let go_on = UpdateTaskQueueConfigRequest {
        update_queue_rate_limit: limit(100.0, "go on"),
        ..request(world)
    };
    service.update_task_queue_config(go_on).await?;
    // A real server gives the task to a later poll.
    eventually("the queue goes on", || {
        let mut service = service.clone();
        async move {
            let polled = polled(&mut service, &world.queue, None, 5).await.ok()?;
            (polled.activity_id == "a").then_some(())
        }
    })
    .await;
    terminate(&mut service, &workflow_id).await
}

/// The queue of a real server has four partitions, each of which lets the first task of a key through.
async fn a_fairness_key_at_its_limit_waits_and_keys_of_more_weight_do_not(
    world: &World,
) -> Result<()> {
    let mut service = world.service().await?;
    // A task in more than a quarter of an hour, and a hundred a second for the other key.
    let limited = UpdateTaskQueueConfigRequest {
        update_fairness_key_rate_limit_default: limit(0.001, "fair"),
        set_fairness_weight_overrides: [("gold".to_owned(), 100_000.0)].into(),
        ..request(world)
    };
    let updated = service.update_task_queue_config(limited).await?;
    until_configured(&service, &world.queue, updated.into_inner().config).await;
    // Those without a key, whose weight does not matter, share one.
    let keys = [("none", "", 12), ("iron", "iron", 12), ("gold", "gold", 8)];
    let commands = keys.iter().flat_map(|(name, key, count)| {
        let queue = &world.queue;
        (0..*count).map(move |task| activity(format!("{name} {task}"), queue, fair(key, 0.0)))
    });
    let workflow_id = issue(world, &mut service, None, commands.collect()).await?;
    until_waiting(&service, &world.queue, TaskQueueType::Activity, 32).await;
    let mut taken: HashMap<String, usize> = HashMap::new();
    take_until(&mut service, &world.queue, &mut taken, &[("gold", 8)]).await?;
    let partitions = if world.is_ours() { 1 } else { 4 };
    for held_back in ["none", "iron"] {
        let count = taken.get(held_back).copied().unwrap_or_default();
        assert!(count <= partitions, "{held_back} {count}");
    }
    let removed = UpdateTaskQueueConfigRequest {
        update_fairness_key_rate_limit_default: Some(RateLimitUpdate::default()),
        ..request(world)
    };
    service.update_task_queue_config(removed).await?;
    let all = [("none", 12), ("iron", 12)];
    take_until(&mut service, &world.queue, &mut taken, &all).await?;
    terminate(&mut service, &workflow_id).await
}

/// Takes activities until each name, the first word of their ids, has come so often.
async fn take_until(
    service: &mut Service,
    queue: &str,
    taken: &mut HashMap<String, usize>,
    expected: &[(&str, usize)],
) -> Result<()> {
    for _ in 0..100 {
        if expected
            .iter()
            .all(|(name, count)| taken.get(*name) == Some(count))
        {
            return Ok(());
        }
        // A poll returns an error when its client's deadline passes.
        let Ok(task) = polled(service, queue, None, 20).await else {
            continue;
        };
        if let Some((name, _)) = task.activity_id.split_once(' ') {
            *taken.entry(name.to_owned()).or_default() += 1;
        }
    }
    panic!("only {taken:?} came of {expected:?}")
}

async fn what_a_configuration_refuses(world: &World) -> Result<()> {
    type Change = fn(&mut UpdateTaskQueueConfigRequest);
    let mut service = world.service().await?;
    let table: &[(Change, &str)] = &[
        (
            |r| r.namespace = "nowhere".to_owned(),
            "NotFound: Namespace nowhere is not found.",
        ),
        (
            |r| {
                r.update_queue_rate_limit = limit(1.0, "");
                r.task_queue_type = TaskQueueType::Workflow.into();
            },
            "InvalidArgument: Setting rate limit on workflow task queues is not allowed.",
        ),
        (
            |r| {
                r.update_fairness_key_rate_limit_default = limit(1.0, "");
                r.task_queue_type = TaskQueueType::Workflow.into();
            },
            "InvalidArgument: Setting fairness key rate limit on workflow task queues is not allowed.",
        ),
        (
            |r| r.update_queue_rate_limit = limit(-1.0, ""),
            "InvalidArgument: RequestsPerSecond for UpdateQueueRateLimit rate limit must be non-negative.",
        ),
        (
            |r| r.update_fairness_key_rate_limit_default = limit(1.0, &"x".repeat(1001)),
            "InvalidArgument: UpdateFairnessKeyRateLimitDefault.Reason field too long (max 1000 characters).",
        ),
        (
            |r| r.identity = "x".repeat(1001),
            "InvalidArgument: Identity field too long (max 1000 characters).",
        ),
        (
            |r| r.set_fairness_weight_overrides = [(String::new(), 1.0)].into(),
            "InvalidArgument: fairness weight override key must not be empty",
        ),
        (
            |r| r.unset_fairness_weight_overrides = vec!["x".repeat(65)],
            "InvalidArgument: fairness key length exceeds limit",
        ),
        (
            |r| r.set_fairness_weight_overrides = [("gold".to_owned(), 0.0)].into(),
            "InvalidArgument: invalid fairness weight weight for key \"gold\": must be greater than zero",
        ),
        (
            |r| {
                r.set_fairness_weight_overrides = [("gold".to_owned(), 1.0)].into();
                r.unset_fairness_weight_overrides = vec!["gold".to_owned()];
            },
            "InvalidArgument: fairness weight override key \"gold\" present in both set and unset lists",
        ),
        (
            |r| r.unset_fairness_weight_overrides = vec!["x".to_owned(); 1001],
            "InvalidArgument: too many fairness weight overrides in request: got 1001, maximum 1000",
        ),
        (
            |r| r.task_queue = "/_sys/queue/1".to_owned(),
            "InvalidArgument: task queue family name cannot have prefix /_sys/ /_sys/queue/1",
        ),
    ];
    for (change, answer) in table {
        let mut request = request(world);
        change(&mut request);
        let answered = ended(service.update_task_queue_config(request).await);
        assert_eq!(answered, *answer);
    }
    // A request that changes nothing is none that is refused.
    let nothing = service.update_task_queue_config(request(world)).await?;
    assert_eq!(
        nothing.into_inner().config,
        Some(TaskQueueConfig::default())
    );
    Ok(())
}
