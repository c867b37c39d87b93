//! Options of workflows that a client changes: the priority, and the override of the versioning.

use durably::{
    Priority,
    client::{
        BatchCall, BatchDescription, BatchKind, BatchState, PendingActivity, VersioningOverride,
    },
    error::{BatchError, HandleError, RpcError},
    prelude::*,
    worker::DeploymentVersion,
};
use durably_tests::{World, eventually, on_both_servers};

#[activity(start_to_close = "60s", remote)]
async fn nobody_runs_this() -> ();

/// Waits for an activity and for a signal.
#[derive(Default)]
struct Waiting {
    done: bool,
    failed: bool,
}

#[workflow]
impl Waiting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let call = nobody_runs_this::call(ctx).id("waiting");
        let call = call.task_queue("durably-nobody");
        let call = call.retry(Retry::attempts(5).initial_interval(hours(1)));
        let done = ctx.wait_until(|| self.done || self.failed);
        match race(call, done).await {
            Either::First(end) => end?,
            Either::Second(end) => end?,
        }
        if self.failed {
            bail!("as it was told");
        }
        Ok(())
    }

    #[signal]
    fn fail(&mut self) {
        self.failed = true;
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }
}

on_both_servers! {
    a_priority_is_set_and_recorded
    a_retry_has_the_priority_of_the_start
    an_override_is_set_and_cleared
    batches_change_workflows_and_their_activities
    a_batch_sets_options_of_activities
}

/// A workflow whose activity is pending, and its worker.
async fn waiting(world: &World) -> Result<Handle<Waiting>> {
    let start = Waiting::start(&world.client).task_queue(&world.queue);
    let waiting = start.priority(Priority::key(4)).await?;
    eventually("the activity is pending", || async {
        let found = waiting.describe().await.ok()?;
        (!found.pending_activities.is_empty()).then_some(())
    })
    .await;
    Ok(waiting)
}

async fn a_priority_is_set_and_recorded(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Waiting>().spawn().await?;
    let waiting = waiting(world).await?;
    let by_name = waiting.untyped();
    let priority = Priority::key(2).fairness_key("acme");
    by_name.update_options().priority(priority.clone()).await?;
    // Nothing changes.
    by_name.update_options().priority(priority.clone()).await?;
    by_name.update_options().await?;
    assert_eq!(waiting.describe().await?.priority, priority);
    let history = waiting.history().await?;
    let updates = history.events().iter();
    let updates = updates.filter(|event| event.name() == "WorkflowExecutionOptionsUpdated");
    assert_eq!(updates.count(), 1);
    waiting.finish().await?;
    waiting.result().await?;
    match by_name.update_options().priority(Priority::key(1)).await {
        Err(HandleError::NotFound(it)) => assert!(it.closed),
        other => panic!("{other:?}"),
    }
    worker.shutdown().await?;
    Ok(())
}

async fn a_retry_has_the_priority_of_the_start(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Waiting>().spawn().await?;
    let start = Waiting::start(&world.client).task_queue(&world.queue);
    let retry = Retry::attempts(2).initial_interval(millis(10));
    let waiting = start.priority(Priority::key(4)).retry(retry).await?;
    let by_name = waiting.untyped();
    let update = by_name.update_options().priority(Priority::key(1));
    update.await?;
    let wrong = by_name.update_options().priority(Priority::key(0)).await;
    assert!(
        matches!(&wrong, Err(HandleError::Rpc(RpcError::InvalidArgument { message }))
            if message.contains("`priority.key` is 0")),
        "{wrong:?}"
    );
    waiting.fail().await?;
    let latest = world.client.handle(waiting.id());
    let second = eventually("the second run", || async {
        let found = latest.describe().await.ok()?;
        (Some(&*found.run_id) != waiting.run_id()).then_some(found)
    })
    .await;
    assert_eq!(second.priority, Priority::key(4));
    latest.terminate("seen enough").await?;
    worker.shutdown().await?;
    Ok(())
}

async fn an_override_is_set_and_cleared(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Waiting>().spawn().await?;
    let waiting = waiting(world).await?;
    let by_name = waiting.untyped();
    let upgrades = VersioningOverride::AutoUpgrade;
    by_name
        .update_options()
        .versioning_override(upgrades.clone())
        .await?;
    let found = waiting.describe().await?.versioning;
    assert_eq!(found.replaced_by, Some(upgrades));
    let nowhere = DeploymentVersion::of("durably-nobody").build("1");
    let nowhere = VersioningOverride::Pinned(nowhere);
    match by_name.update_options().versioning_override(nowhere).await {
        Err(HandleError::Rpc(RpcError::Other { message, .. })) => {
            assert!(
                message.contains("is not present in task queue"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
    by_name.update_options().clear_versioning_override().await?;
    let found = waiting.describe().await?.versioning;
    assert_eq!(found.replaced_by, None);
    waiting.terminate("seen enough").await?;
    worker.shutdown().await?;
    Ok(())
}

async fn batches_change_workflows_and_their_activities(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Waiting>().spawn().await?;
    let handles = [waiting(world).await?, waiting(world).await?];
    let filter = format!("TaskQueue = '{}'", world.queue);
    for handle in &handles {
        handle
            .untyped()
            .activity("waiting")
            .pause("to unpause")
            .await?;
        let options = handle.untyped().activity("waiting").update_options();
        options.heartbeat(secs(7)).await?;
    }
    eventually("both are found", || async {
        let found =
            format!("{filter} AND TemporalPauseInfo = 'property:activityType=nobody_runs_this'");
        (world.client.count(found).await.ok()? == 2).then_some(())
    })
    .await;
    let batch = || world.client.batch(filter.as_str());
    for (call, kind) in [
        (
            batch().set_priority(Priority::key(1), "urgent"),
            BatchKind::UpdateOptions,
        ),
        (
            batch().all_activities().jitter(hours(1)).unpause("go on"),
            BatchKind::UnpauseActivities,
        ),
        (
            batch()
                .activities_of_type("nobody_runs_this")
                .reset("again"),
            BatchKind::ResetActivities,
        ),
        (
            batch().all_activities().restore_options("as before"),
            BatchKind::UpdateActivityOptions,
        ),
    ] {
        // A real server runs one batch at a time, of all tests.
        let started = call.max_per_second(1000.0).timeout(mins(2)).await?;
        let done = started.finished().timeout(mins(2)).await?;
        assert_eq!(done.state, BatchState::Completed);
        assert_eq!((done.kind, done.completed, done.failed), (kind, 2, 0));
    }
    for handle in &handles {
        let found = handle.describe().await?;
        assert_eq!(found.priority, Priority::key(1));
        let activity = &found.pending_activities[0];
        assert!(!activity.is_paused);
        assert_eq!(activity.options.heartbeat, None);
        handle.terminate("seen enough").await?;
    }
    worker.shutdown().await?;
    Ok(())
}

async fn a_batch_sets_options_of_activities(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Waiting>().spawn().await?;
    let handles = [waiting(world).await?, waiting(world).await?];
    for handle in &handles {
        handle
            .untyped()
            .activity("waiting")
            .pause("to reset")
            .await?;
    }
    let filter = format!("TaskQueue = '{}'", world.queue);
    eventually("both are found", || async {
        (world.client.count(filter.as_str()).await.ok()? == 2).then_some(())
    })
    .await;
    let activities = || world.client.batch(filter.as_str()).all_activities();
    let finish = async |call: BatchCall| -> Result<BatchDescription> {
        // A real server runs one batch at a time, of all tests.
        let started = call.max_per_second(1000.0).timeout(mins(1));
        let done = started.await?.finished();
        let done = done.timeout(mins(2)).await?;
        assert_eq!(
            (done.state, done.completed, done.failed),
            (BatchState::Completed, 2, 0)
        );
        Ok(done)
    };
    let pending = async |handle: &Handle<Waiting>| -> Result<PendingActivity> {
        let mut found = handle.describe().await?.pending_activities;
        Ok(found.remove(0))
    };
    finish(activities().keep_paused().reset("from the start")).await?;
    for handle in &handles {
        assert!(pending(handle).await?.is_paused);
    }
    finish(activities().reset_attempts().unpause("go on")).await?;
    let options = || activities().update_options().heartbeat(secs(9));
    let retry = Retry::attempts(4).initial_interval(secs(2));
    let update = options().retry(retry.clone()).priority(Priority::key(2));
    let update = update
        .task_queue("durably-somebody")
        .schedule_to_close(hours(2));
    let done = finish(update.start("the network is slow")).await?;
    assert_eq!(done.kind, BatchKind::UpdateActivityOptions);
    for handle in &handles {
        let found = pending(handle).await?;
        assert_eq!((found.is_paused, found.attempt), (false, 1));
        let options = found.options;
        assert_eq!(options.heartbeat, Some(secs(9)));
        assert_eq!(options.schedule_to_close, Some(hours(2)));
        assert_eq!(options.start_to_close, Some(secs(60)));
        assert_eq!(options.task_queue, "durably-somebody");
        assert_eq!(options.priority, Priority::key(2));
        let retry = retry.clone().backoff(2.0).maximum_interval(secs(200));
        assert_eq!(options.retry, Some(retry));
    }
    let wrong = options().retry(Retry::attempts(3).backoff(0.5));
    match wrong.start("never").await {
        Err(BatchError::Rpc(RpcError::InvalidArgument { message })) => {
            assert!(message.contains("`retry.backoff`"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    for handle in &handles {
        handle.terminate("seen enough").await?;
    }
    worker.shutdown().await?;
    Ok(())
}
