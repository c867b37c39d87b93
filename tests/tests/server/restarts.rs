//! What a server with a database keeps over a restart.

use std::path::PathBuf;

use durably::prelude::*;
use durably_proto::api::{
    enums::v1::{RateLimitSource, TaskQueueType},
    taskqueue::v1::RateLimit,
    workflowservice::v1::{
        DescribeTaskQueueRequest, UpdateTaskQueueConfigRequest,
        update_task_queue_config_request::RateLimitUpdate,
    },
};
use durably_tests::{
    World, eventually,
    raw::{NAMESPACE, task_queue},
    unique,
};

#[activity(start_to_close = "60s")]
async fn charge() -> String {
    "charged".to_owned()
}

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        let call = charge::call(ctx).id("charge");
        Ok(call
            .task_queue(format!("{}-charges", ctx.task_queue()))
            .await?)
    }
}

/// A database that is removed at the end of its test.
struct Database(PathBuf);

impl Database {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(unique("restarts"));
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    async fn world(&self) -> Result<World> {
        World::on_database(&self.0.join("server.db")).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_activity_stays_paused_over_a_restart() -> Result<()> {
    let database = Database::new()?;
    let world = database.world().await?;
    let queue = world.queue.clone();
    let worker = world.worker().workflow::<Order>().spawn().await?;
    let order = Order::start(&world.client).task_queue(&queue).await?;
    eventually("the activity is pending", || async {
        let found = order.describe().await.ok()?.pending_activities;
        (!found.is_empty()).then_some(())
    })
    .await;
    order
        .untyped()
        .activity("charge")
        .pause("the gateway is down")
        .await?;
    let before = order.describe().await?.pending_activities;
    worker.shutdown().await?;
    world.stop().await;

    let world = database.world().await?;
    let worker = Worker::new(&world.client, &queue).workflow::<Order>();
    let worker = worker.spawn().await?;
    let charges = Worker::new(&world.client, format!("{queue}-charges"));
    let charges = charges.activity::<charge>().spawn().await?;
    let order = Order::handle(&world.client, order.id());
    let found = order.describe().await?.pending_activities;
    assert_eq!(found.len(), 1);
    assert!(found[0].is_paused);
    assert_eq!(found[0].pause, before[0].pause);
    order.untyped().activity("charge").unpause().await?;
    assert_eq!(order.result().await?, "charged");
    charges.shutdown().await?;
    worker.shutdown().await?;
    world.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_a_task_queue_are_kept_over_a_restart() -> Result<()> {
    let database = Database::new()?;
    let world = database.world().await?;
    let queue = world.queue.clone();
    let rate = RateLimit {
        requests_per_second: 0.5,
    };
    let update = UpdateTaskQueueConfigRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: queue.clone(),
        task_queue_type: TaskQueueType::Activity.into(),
        update_queue_rate_limit: Some(RateLimitUpdate {
            rate_limit: Some(rate),
            reason: "slow down".to_owned(),
        }),
        ..Default::default()
    };
    let mut service = world.service().await?;
    let updated = service.update_task_queue_config(update).await?.into_inner();
    world.stop().await;

    let world = database.world().await?;
    let describe = DescribeTaskQueueRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: task_queue(&queue),
        task_queue_type: TaskQueueType::Activity.into(),
        report_config: true,
        ..Default::default()
    };
    let mut service = world.service().await?;
    let described = service.describe_task_queue(describe).await?.into_inner();
    assert_eq!(described.config, updated.config);
    let limit = described.effective_rate_limit.expect("there is one");
    assert_eq!(limit.requests_per_second, 0.5);
    assert_eq!(limit.rate_limit_source(), RateLimitSource::Api);
    world.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_goes_on_after_a_restart_and_sends_each_signal_once() -> Result<()> {
    const WORKFLOWS: u64 = 12;
    let database = Database::new()?;
    let world = database.world().await?;
    let mut ids = Vec::new();
    for _ in 0..WORKFLOWS {
        // No worker runs them.
        let order = Order::start(&world.client).task_queue(&world.queue).await?;
        ids.push(order.id().to_owned());
    }
    let filter = format!("TaskQueue = '{}'", world.queue);
    let batch = world
        .client
        .batch(filter)
        .signal("hurry", (), "the shop closes");
    let batch = batch.id("hurry").max_per_second(20.0).await?;
    eventually("some of them are signalled", || async {
        (batch.describe().await.ok()?.completed >= 3).then_some(())
    })
    .await;
    drop(batch);
    world.stop().await;

    let world = database.world().await?;
    let done = world.client.batch_operation("hurry").finished().await?;
    assert_eq!((done.completed, done.failed), (WORKFLOWS, 0));
    for id in ids {
        let history = world.client.handle(&id).history().await?;
        let events = history.events().iter();
        let signals = events.filter(|event| event.name() == "WorkflowExecutionSignaled");
        assert_eq!(signals.count(), 1, "{id}");
    }
    world.stop().await;
    Ok(())
}
