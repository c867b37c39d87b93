//! Descriptions of task queues by the client.

use durably::{
    client::{RateLimitSource, TaskQueueDescription},
    prelude::*,
    worker::DeploymentVersion,
};
use durably_proto::api::{
    enums::v1::TaskQueueType,
    taskqueue::v1::RateLimit,
    workflowservice::v1::{
        UpdateTaskQueueConfigRequest, update_task_queue_config_request::RateLimitUpdate,
    },
};
use durably_tests::{World, eventually, on_both_servers, raw::NAMESPACE, unique};

on_both_servers! {
    tasks_that_wait_are_counted_by_priority
    workers_are_listed_with_their_versions
    limits_are_shown_with_their_source
}

#[derive(Default)]
struct Greeting;

#[workflow(versioning = "pinned")]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

#[activity(start_to_close = "10s")]
async fn greet() {}

async fn describe(world: &World) -> Option<TaskQueueDescription> {
    world.client.task_queue(&world.queue).describe().await.ok()
}

async fn tasks_that_wait_are_counted_by_priority(world: &World) -> Result<()> {
    let unused = describe(world).await.expect("it needs no creation");
    assert_eq!(unused.name, world.queue);
    let tasks = unused.workflow_tasks.tasks;
    let waiting = tasks.map(|tasks| (tasks.backlog, tasks.backlog_age));
    assert_eq!(waiting, Some((0, secs(0))));
    for key in [1, 5, 5] {
        let start = Greeting::start(&world.client).task_queue(&world.queue);
        start.priority(Priority::key(key)).await?;
    }
    let (found, tasks) = eventually("the tasks have waited for a second", || async {
        let found = describe(world).await?;
        let tasks = found.workflow_tasks.tasks?;
        (tasks.backlog == 3 && tasks.backlog_age >= secs(1)).then_some((found, tasks))
    })
    .await;
    let workflows = found.workflow_tasks;
    assert!(workflows.pollers.is_empty());
    let backlogs = [1, 5].map(|key| workflows.priorities.get(&key).map(|tasks| tasks.backlog));
    assert_eq!(backlogs, [Some(1), Some(2)]);
    assert!(tasks.add_rate > 0.0 && tasks.dispatch_rate == 0.0);
    assert!(!tasks.is_rate_limited);
    assert_eq!(found.activities.tasks.map(|tasks| tasks.backlog), Some(0));

    let worker = world.worker().workflow::<Greeting>().spawn().await?;
    let found = eventually("all are taken", || async {
        let found = describe(world).await?;
        let tasks = found.workflow_tasks.tasks?;
        (tasks.backlog == 0 && tasks.dispatch_rate > 0.0).then_some(tasks)
    })
    .await;
    assert_eq!(found.backlog_age, secs(0));
    worker.shutdown().await
}

async fn workers_are_listed_with_their_versions(world: &World) -> Result<()> {
    let plain = world.worker().workflow::<Greeting>().activity::<greet>();
    let plain = plain.identity("plain").spawn().await?;
    let version = DeploymentVersion::of(unique("greetings")).build("1.0");
    let versioned = world.worker().workflow::<Greeting>().activity::<greet>();
    let versioned = versioned
        .identity("versioned")
        .deployment(&version.deployment);
    let versioned = versioned.build_id("1.0").spawn().await?;
    let found = eventually("both have polled", || async {
        let found = describe(world).await?;
        let both = |pollers: usize| pollers == 2;
        (both(found.workflow_tasks.pollers.len()) && both(found.activities.pollers.len()))
            .then_some(found)
    })
    .await;
    for state in [found.workflow_tasks, found.activities] {
        let mut pollers = state.pollers;
        pollers.sort_by(|one, other| one.identity.cmp(&other.identity));
        assert!(pollers.iter().all(|poller| poller.last_poll.is_some()));
        assert!(pollers.iter().all(|poller| poller.rate_limit.is_none()));
        let pollers = pollers.into_iter();
        let pollers: Vec<_> = pollers.map(|it| (it.identity, it.version)).collect();
        let expected = [
            ("plain".to_owned(), None),
            ("versioned".to_owned(), Some(version.clone())),
        ];
        assert_eq!(pollers, expected);
        assert_eq!((state.current, state.ramping), (None, None));
    }
    let deployment = world.client.deployment(&version.deployment);
    deployment.set_current("1.0").await?;
    eventually("the queue has the version", || async {
        let found = describe(world).await?;
        (found.workflow_tasks.current.as_ref() == Some(&version)).then_some(())
    })
    .await;
    plain.shutdown().await?;
    versioned.shutdown().await
}

async fn limits_are_shown_with_their_source(world: &World) -> Result<()> {
    let limited = world.worker().activity::<greet>();
    let limited = limited.max_task_queue_activities_per_second(7.0);
    let worker = limited.spawn().await?;
    let limit = |source, per_second| async move {
        eventually("the limit holds", || async {
            let found = describe(world).await?.activities;
            let limit = found.rate_limit?;
            (limit.source == source && limit.per_second == per_second).then_some(found)
        })
        .await
    };
    let found = limit(RateLimitSource::Worker, 7.0).await;
    assert_eq!(found.pollers[0].rate_limit, Some(7.0));
    assert_eq!(found.config.fairness_key_rate_limit, None);
    let other = describe(world).await.expect("it is there").workflow_tasks;
    let other = other.rate_limit.expect("each queue has a limit");
    assert_eq!(other.source, RateLimitSource::System);

    let update = UpdateTaskQueueConfigRequest {
        namespace: NAMESPACE.to_owned(),
        identity: "operator".to_owned(),
        task_queue: world.queue.clone(),
        task_queue_type: TaskQueueType::Activity.into(),
        update_queue_rate_limit: Some(RateLimitUpdate {
            rate_limit: Some(RateLimit {
                requests_per_second: 3.0,
            }),
            reason: "the gateway is slow".to_owned(),
        }),
        set_fairness_weight_overrides: [("acme".to_owned(), 2.0)].into(),
        ..Default::default()
    };
    let mut service = world.service().await?;
    service.update_task_queue_config(update).await?;
    let config = limit(RateLimitSource::Client, 3.0).await.config;
    let set = config.rate_limit.expect("it is set");
    assert_eq!(
        (set.per_second, &*set.reason, &*set.identity),
        (Some(3.0), "the gateway is slow", "operator")
    );
    assert!(set.time.is_some());
    assert_eq!(config.fairness_weights, [("acme".to_owned(), 2.0)].into());
    worker.shutdown().await
}
