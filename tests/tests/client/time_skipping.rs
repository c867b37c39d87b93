//! Time skipping of one workflow by the methods of the client.

use std::time::SystemTime;

use durably::{
    client::{DynHandle, TimeSkipping, WorkflowDescription},
    error::{FastForwardError, HandleError, RpcError, StartError, UpdateWithStartError},
    prelude::*,
};
use durably_tests::{World, on_both_servers, unique};

on_both_servers! {
    a_start_skips_to_the_end_of_its_workflow
    a_fast_forward_is_awaited
    a_fast_forward_that_cannot_complete_is_an_error
    starts_with_messages_skip_time
    children_skip_time_unless_they_are_left_out
    options_that_servers_misread_are_refused
}

/// Counts the days until it is told to stop, or for a month.
#[derive(Default)]
struct Days {
    passed: u32,
    stopped: bool,
}

#[workflow]
impl Days {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        while self.passed < 30 {
            if ctx.wait_until(|| self.stopped).timeout(days(1)).await? {
                break;
            }
            self.passed += 1;
        }
        Ok(self.passed)
    }

    #[signal]
    fn stop(&mut self) {
        self.stopped = true;
    }

    #[update]
    fn passed(&mut self) -> u32 {
        self.passed
    }
}

/// Waits for a day, and for a child that is stopped by somebody.
#[derive(Default)]
struct Parent;

#[workflow]
impl Parent {
    #[run]
    async fn run(&mut self, ctx: &Ctx, child: String) -> Result<u32> {
        ctx.sleep(days(1)).await?;
        Ok(Days::child(ctx).id(child).await?)
    }
}

/// How many whole days the workflow's time is ahead of the machine's.
fn days_ahead(found: &WorkflowDescription) -> u64 {
    let state = found.time_skipping.as_ref();
    let now = state.and_then(|it| it.now).expect("the server reports it");
    let ahead = now.duration_since(SystemTime::now()).unwrap_or_default();
    (ahead.as_secs() + 3600) / (24 * 3600)
}

async fn a_start_skips_to_the_end_of_its_workflow(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Days>().spawn().await?;
    let start = Days::start(&world.client).task_queue(&world.queue);
    let counted = start.time_skipping(TimeSkipping::on()).await?;
    assert_eq!(counted.result().await?, 30);
    let found = counted.describe().await?;
    let took = found.close_time.zip(found.start_time);
    let took = took.map(|(close, start)| close.duration_since(start).unwrap_or_default());
    assert!(took.is_some_and(|took| took >= days(30)), "{took:?}");
    worker.shutdown().await
}

async fn a_fast_forward_is_awaited(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Days>().spawn().await?;
    let start = Days::start(&world.client).task_queue(&world.queue);
    let week = TimeSkipping::fast_forward("week 1", days(7)).max_skips(20);
    let counted = start.time_skipping(week.clone()).await?;
    let by_name = counted.untyped();
    by_name.fast_forwarded("week 1").timeout(mins(1)).await?;
    let found = counted.describe().await?;
    assert_eq!(days_ahead(&found), 7);
    let state = found.time_skipping.expect("it has skipped time");
    // The real server does not report it yet.
    if world.is_ours() {
        let ahead = state.fast_forward.expect("it has fast-forwarded");
        assert_eq!((&*ahead.id, ahead.duration), ("week 1", days(7)));
        assert!(ahead.is_completed && ahead.target.is_some());
    }
    assert!(!state.options.is_on);
    assert_eq!(state.options.max_skips, Some(20));
    assert!((6..=7).contains(&counted.passed().await?));

    // Another one, and then to the end.
    let week = TimeSkipping::fast_forward("week 2", days(7));
    by_name.update_options().time_skipping(week).await?;
    by_name.fast_forwarded("week 2").timeout(mins(1)).await?;
    assert_eq!(days_ahead(&counted.describe().await?), 14);
    let on = by_name.update_options().time_skipping(TimeSkipping::on());
    on.await?;
    assert_eq!(counted.result().await?, 30);
    worker.shutdown().await
}

async fn a_fast_forward_that_cannot_complete_is_an_error(world: &World) -> Result<()> {
    // No worker: its first task holds the time.
    let start = Days::start(&world.client).task_queue(&world.queue);
    let week = TimeSkipping::fast_forward("week", days(7));
    let held = start.time_skipping(week).await?.untyped();
    let early = held.fast_forwarded("week").timeout(millis(300)).await;
    assert!(early.is_err_and(|error| error.is_timeout()));
    assert_eq!(
        failure(&held, "month").await,
        "the requested fast_forward_id does not match the execution's current fast-forward"
    );
    let off = held.update_options().time_skipping(TimeSkipping::off());
    off.await?;
    let state = held.describe().await?.time_skipping;
    assert_eq!(state.map(|it| it.options.is_on), Some(false));
    held.terminate("seen enough").await?;
    let ended = held.update_options().time_skipping(TimeSkipping::on());
    let ended = ended.await;
    assert!(
        matches!(&ended, Err(HandleError::NotFound(it)) if it.closed),
        "{ended:?}"
    );
    let nobody = world.client.handle(unique("nobody"));
    let missing = nobody.fast_forwarded("week").await;
    assert!(
        matches!(&missing, Err(FastForwardError::NotFound(it)) if !it.closed),
        "{missing:?}"
    );
    Ok(())
}

/// Why the fast-forward cannot complete.
async fn failure(workflow: &DynHandle, id: &str) -> String {
    match workflow.fast_forwarded(id.to_owned()).await {
        Err(FastForwardError::Failed(failed)) => {
            assert_eq!((&*failed.id, &*failed.workflow_id), (id, workflow.id()));
            failed.reason
        }
        other => panic!("{other:?}"),
    }
}

async fn starts_with_messages_skip_time(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Days>().spawn().await?;
    let start = || {
        let start = Days::start(&world.client).task_queue(&world.queue);
        start.time_skipping(TimeSkipping::on())
    };
    let start_with_signal = world.client.start("Days", ()).task_queue(&world.queue);
    let start_with_signal = start_with_signal.time_skipping(TimeSkipping::on());
    let signalled = start_with_signal.with_signal("unknown", ()).await?;
    assert_eq!(signalled.result::<u32>().await?, 30);
    let (updated, _) = start()
        .id(unique("updated"))
        .with_update(|it| it.passed())
        .await?;
    assert_eq!(updated.result().await?, 30);
    worker.shutdown().await
}

async fn children_skip_time_unless_they_are_left_out(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Days>().workflow::<Parent>();
    let worker = worker.spawn().await?;
    let start = |child: &str| {
        let start = Parent::start(&world.client, child.to_owned());
        start.task_queue(&world.queue)
    };
    let id = unique("child");
    let parent = start(&id).time_skipping(TimeSkipping::on()).await?;
    assert_eq!(parent.result().await?, 30);

    let id = unique("child");
    let alone = TimeSkipping::on().without_children();
    let parent = start(&id).time_skipping(alone).await?;
    let child: Handle<Days> = world.client.handle(&id).typed();
    durably_tests::eventually("the child has started", || async {
        child.stop().await.ok()
    })
    .await;
    assert_eq!(parent.result().await?, 0);
    // It began in the time of its parent.
    assert_eq!(days_ahead(&child.describe().await?), 1);
    worker.shutdown().await
}

async fn options_that_servers_misread_are_refused(world: &World) -> Result<()> {
    let wrong = || TimeSkipping::fast_forward("", secs(0));
    let start = || Days::start(&world.client).task_queue(&world.queue);
    let text = |error: RpcError| match error {
        RpcError::InvalidArgument { message } => message,
        other => panic!("{other:?}"),
    };
    let expected = "`time_skipping.fast_forward` has no id; `time_skipping.fast_forward` is zero; \
                    only a time ahead is reached";
    match start().time_skipping(wrong()).await.err() {
        Some(StartError::Rpc(error)) => assert!(text(error).contains(expected)),
        other => panic!("{other:?}"),
    }
    let with_update = start().time_skipping(wrong()).with_update(|it| it.passed());
    match with_update.await.err() {
        Some(UpdateWithStartError::Start(StartError::Rpc(error))) => {
            assert!(text(error).contains(expected));
        }
        other => panic!("{other:?}"),
    }
    let nobody = world.client.handle("nobody");
    match nobody.update_options().time_skipping(wrong()).await {
        Err(HandleError::Rpc(error)) => assert!(text(error).contains(expected)),
        other => panic!("{other:?}"),
    }
    Ok(())
}
