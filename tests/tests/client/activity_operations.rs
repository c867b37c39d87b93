//! Activities that a client pauses, unpauses, resets and gives other options, and what their workers learn.

use durably::{
    Priority,
    activity::CancelReason,
    error::{ActivityOperationError, RpcError},
    prelude::*,
};
use durably_tests::{World, eventually, on_both_servers};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Activities that report what they see.
struct Machine(UnboundedSender<Seen>);

/// What an attempt has seen.
#[derive(Debug, PartialEq)]
enum Seen {
    Begun(u32),
    Stopped(CancelReason),
}

#[activities]
impl Machine {
    /// Runs until it should stop; the third attempt succeeds at once.
    #[activity(start_to_close = "60s", heartbeat = "5s")]
    async fn press(&self, ctx: &ActivityCtx) -> Result<u32> {
        self.0.send(Seen::Begun(ctx.attempt())).ok();
        if ctx.attempt() == 3 {
            return Ok(3);
        }
        loop {
            ctx.heartbeat(ctx.attempt());
            tokio::select! {
                reason = ctx.cancelled() => {
                    self.0.send(Seen::Stopped(reason)).ok();
                    return Err(Cancelled.into());
                }
                () = tokio::time::sleep(millis(100)) => {}
            }
        }
    }
}

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        Ok(Machine::stub(ctx).press().id("press").await?)
    }
}

/// A workflow with one activity and without a worker: `waiting`.
#[derive(Default)]
struct Waiting;

#[activity(start_to_close = "60s", remote)]
async fn nobody_runs_this() -> ();

#[workflow]
impl Waiting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let call = nobody_runs_this::call(ctx).id("waiting");
        Ok(call.task_queue("durably-nobody").await?)
    }
}

on_both_servers! {
    a_paused_activity_stops_and_goes_on
    an_activity_that_is_reset_begins_again
    options_are_changed_by_name_type_and_for_all
    operations_on_nothing_are_refused
}

async fn next(seen: &mut UnboundedReceiver<Seen>) -> Seen {
    let seen = tokio::time::timeout(secs(60), seen.recv()).await;
    seen.expect("the activity goes on")
        .expect("the worker runs")
}

async fn a_paused_activity_stops_and_goes_on(world: &World) -> Result<()> {
    let (sender, mut seen) = unbounded_channel();
    let worker = world.worker().workflow::<Order>();
    let worker = worker.activities(Machine(sender)).spawn().await?;
    let order = Order::start(&world.client).task_queue(&world.queue).await?;
    assert_eq!(next(&mut seen).await, Seen::Begun(1));
    let by_name = order.untyped();
    let press = by_name.activity("press");
    press.pause("the machine is hot").await?;
    assert_eq!(next(&mut seen).await, Seen::Stopped(CancelReason::Paused));
    let found = eventually("the attempt has ended", || async {
        let mut found = order.describe().await.ok()?.pending_activities;
        (!found[0].is_started).then(|| found.remove(0))
    })
    .await;
    assert!(found.is_paused);
    let pause = found.pause.as_ref().expect("it says who paused it");
    assert_eq!(pause.reason, "the machine is hot");
    assert!(!pause.identity.is_empty() && pause.time.is_some());
    assert_eq!(found.attempt, 2);
    assert_eq!(found.heartbeat::<u32>()?, Some(1));
    match press.pause("again").await {
        Err(ActivityOperationError::AlreadyPaused(it)) => assert_eq!(
            it.to_string(),
            format!(
                "activity `press` of workflow `{}` is paused already",
                order.id()
            )
        ),
        other => panic!("{other:?}"),
    }
    press.unpause().reset_heartbeat().await?;
    assert_eq!(next(&mut seen).await, Seen::Begun(2));
    let types = by_name.activities_of_type("press");
    types.pause("still hot").await?;
    assert_eq!(next(&mut seen).await, Seen::Stopped(CancelReason::Paused));
    eventually("the attempt has ended", || async {
        let found = order.describe().await.ok()?.pending_activities;
        (!found[0].is_started).then_some(())
    })
    .await;
    by_name.all_activities().unpause().await?;
    assert_eq!(next(&mut seen).await, Seen::Begun(3));
    assert_eq!(order.result().await?, 3);
    worker.shutdown().await?;
    Ok(())
}

async fn an_activity_that_is_reset_begins_again(world: &World) -> Result<()> {
    let (sender, mut seen) = unbounded_channel();
    let worker = world.worker().workflow::<Order>();
    let worker = worker.activities(Machine(sender)).spawn().await?;
    let order = Order::start(&world.client).task_queue(&world.queue).await?;
    assert_eq!(next(&mut seen).await, Seen::Begun(1));
    let press = order.untyped().activity("press");
    press.reset().reset_heartbeat().await?;
    assert_eq!(next(&mut seen).await, Seen::Stopped(CancelReason::Reset));
    assert_eq!(next(&mut seen).await, Seen::Begun(2));
    // The server has lost that attempt.
    press.reset().await?;
    assert_eq!(next(&mut seen).await, Seen::Stopped(CancelReason::Gone));
    order.terminate("seen enough").await?;
    worker.shutdown().await?;
    Ok(())
}

async fn options_are_changed_by_name_type_and_for_all(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Waiting>().spawn().await?;
    let waiting = Waiting::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let before = eventually("the activity is pending", || async {
        let mut found = waiting.describe().await.ok()?.pending_activities;
        found.pop()
    })
    .await;
    assert_eq!(before.options.task_queue, "durably-nobody");
    assert_eq!(before.options.start_to_close, Some(secs(60)));
    let by_name = waiting.untyped();
    let changed = by_name
        .activity("waiting")
        .update_options()
        .task_queue("durably-somebody")
        .schedule_to_close(mins(10))
        .heartbeat(secs(20))
        .retry(Retry::attempts(4).initial_interval(secs(2)))
        .priority(Priority::key(2))
        .await?;
    assert_eq!(changed.task_queue, "durably-somebody");
    assert_eq!(changed.schedule_to_close, Some(mins(10)));
    assert_eq!(changed.heartbeat, Some(secs(20)));
    let retry = Retry::attempts(4).initial_interval(secs(2)).backoff(2.0);
    assert_eq!(changed.retry, Some(retry.maximum_interval(secs(200))));
    assert_eq!(changed.priority, Priority::key(2));
    let found = waiting.describe().await?.pending_activities;
    assert_eq!(found[0].options, changed);
    let types = by_name.activities_of_type("nobody_runs_this");
    let changed = types.update_options().heartbeat(secs(0)).await?;
    assert_eq!(changed.heartbeat, None);
    let all = by_name.all_activities();
    let changed = all.update_options().start_to_close(secs(30)).await?;
    assert_eq!(changed.start_to_close, Some(secs(30)));
    // Servers would take a pause of zero for no retries, and a key of zero for none.
    let wrong = Retry::attempts(3).backoff(0.5).initial_interval(secs(0));
    let update = all.update_options().retry(wrong).priority(Priority::key(0));
    match update.await {
        Err(ActivityOperationError::Rpc(RpcError::InvalidArgument { message })) => {
            for option in [
                "`retry.backoff`",
                "`retry.initial_interval`",
                "`priority.key`",
            ] {
                assert!(message.contains(option), "{message}");
            }
        }
        other => panic!("{other:?}"),
    }
    by_name.activity("waiting").restore_options().await?;
    let found = waiting.describe().await?.pending_activities;
    assert_eq!(found[0].options, before.options);
    waiting.terminate("seen enough").await?;
    worker.shutdown().await?;
    Ok(())
}

async fn operations_on_nothing_are_refused(world: &World) -> Result<()> {
    let missing = world.client.handle("durably-no-such-workflow");
    match missing.activity("press").reset().await {
        Err(ActivityOperationError::NotFound(it)) => assert!(!it.workflow_closed),
        other => panic!("{other:?}"),
    }
    let worker = world.worker().workflow::<Waiting>().spawn().await?;
    let waiting = Waiting::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let by_name = waiting.untyped();
    match by_name.activities_of_type("nothing").unpause().await {
        Err(ActivityOperationError::NotFound(it)) => assert!(!it.workflow_closed),
        other => panic!("{other:?}"),
    }
    waiting.terminate("seen enough").await?;
    match by_name
        .all_activities()
        .update_options()
        .heartbeat(secs(1))
        .await
    {
        Err(ActivityOperationError::NotFound(it)) => assert!(it.workflow_closed),
        other => panic!("{other:?}"),
    }
    worker.shutdown().await?;
    Ok(())
}
