//! The skipping clock: it moves while a result or an update is awaited, and on explicit request.

use std::time::Duration;

use durably::{Server, error::ResultError, prelude::*};
use durably_tests::{World, eventually};

#[activity(start_to_close = "10s")]
async fn remind(_week: u32) {}

/// Reminds once a week, for four weeks.
#[derive(Default)]
struct Dunning {
    reminders: u32,
    paid: bool,
}

#[workflow]
impl Dunning {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        for week in 1..=4 {
            if ctx.wait_until(|| self.paid).timeout(days(7)).await? {
                return Ok(format!("paid in week {week}"));
            }
            remind::call(ctx, week).await?;
            self.reminders = week;
        }
        Ok("never paid".to_owned())
    }

    #[signal]
    fn pay(&mut self) {
        self.paid = true;
    }

    #[query]
    fn reminders(&self) -> u32 {
        self.reminders
    }

    /// Waits for a day before it answers.
    #[update]
    async fn promise(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.sleep(days(1)).await?;
        Ok(self.reminders)
    }
}

/// Sleeps for a month, again and again.
#[derive(Default)]
struct Forever;

#[workflow]
impl Forever {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(days(30)).await?;
        Err(Self::continue_as_new().into())
    }
}

async fn dunning(world: &World) -> Result<durably::worker::WorkerGuard> {
    world
        .worker()
        .workflow::<Dunning>()
        .workflow::<Forever>()
        .activity::<remind>()
        .spawn()
        .await
}

fn server(world: &World) -> &Server {
    world
        .server()
        .expect("a skipping world has a server of its own")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_advances_from_timer_to_timer_and_no_further() -> Result<()> {
    let world = World::skipping().await?;
    let worker = dunning(&world).await?;
    let begun = server(&world).now();
    let bob = Dunning::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    server(&world).advance(days(15)).await?;
    assert_eq!(bob.reminders().await?, 2);
    assert_eq!(server(&world).now() - begun, days(15));
    bob.pay().await?;
    assert_eq!(bob.result().await?, "paid in week 3");
    assert_eq!(server(&world).now() - begun, days(15));
    worker.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stands_while_queries_are_polled() -> Result<()> {
    let world = World::skipping().await?;
    let worker = dunning(&world).await?;
    let begun = server(&world).now();
    let bob = Dunning::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    for _ in 0..50 {
        assert_eq!(bob.reminders().await?, 0);
    }
    assert!(server(&world).now() - begun < days(1));
    worker.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_awaited_up_to_its_own_end() -> Result<()> {
    let world = World::skipping().await?;
    let worker = dunning(&world).await?;
    let begun = server(&world).now();
    let bob = Dunning::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(bob.promise().await?, 0);
    assert_eq!(server(&world).now() - begun, days(1));
    // A handle waits for the rest of the update, an accepted one for nothing.
    let promise = bob.promise().accepted().await?;
    assert_eq!(server(&world).now() - begun, days(1));
    assert_eq!(promise.result().await?, 0);
    assert_eq!(server(&world).now() - begun, days(2));
    worker.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_result_is_awaited_without_passing_the_next_timer() -> Result<()> {
    let world = World::skipping().await?;
    let worker = dunning(&world).await?;
    let begun = server(&world).now();
    let bob = Dunning::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    server(&world).advance(days(3)).await?;
    let eve = Dunning::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(bob.result().await?, "never paid");
    assert_eq!(server(&world).now() - begun, days(28));
    assert_eq!(eve.reminders().await?, 3, "her fourth week ends on day 31");
    worker.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn results_side_by_side_are_all_reached() -> Result<()> {
    let world = World::skipping().await?;
    let worker = dunning(&world).await?;
    let bob = Dunning::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    server(&world).advance(days(3)).await?;
    let eve = Dunning::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let (first, second) = tokio::join!(bob.result(), eve.result());
    assert_eq!(
        (first?, second?),
        ("never paid".into(), "never paid".into())
    );
    worker.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_clock_is_let_go() -> Result<()> {
    let world = World::skipping().await?;
    let worker = dunning(&world).await?;
    let begun = server(&world).now();
    let bob = Dunning::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let clock = server(&world).hold_clock();
    let result = tokio::spawn({
        let bob = bob.clone();
        async move { bob.result().await }
    });
    for _ in 0..20 {
        assert_eq!(bob.reminders().await?, 0);
    }
    assert_eq!(server(&world).now(), begun);
    server(&world).advance(days(7)).await?;
    assert_eq!(bob.reminders().await?, 1);
    drop(clock);
    assert_eq!(result.await.expect("it does not panic")?, "never paid");
    worker.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_over_a_timer_ends_before_the_end_of_time_and_fails_no_task() -> Result<()> {
    let world = World::skipping().await?;
    let worker = dunning(&world).await?;
    let handle = Forever::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let result = tokio::spawn({
        let handle = handle.clone();
        async move { handle.result().await }
    });
    eventually("the last timer before the end of 2261", || async {
        let next = server(&world).now() + days(30);
        let latest = Forever::handle(&world.client, handle.id());
        let history = latest.history().await.ok()?.to_string();
        // The task that starts the timer is over.
        let waits = history.lines().last()?.contains("TimerStarted");
        (waits && next.to_string().starts_with("2262")).then_some(())
    })
    .await;
    let stands = server(&world).now();
    handle.terminate("enough").await?;
    let ended = result.await.expect("it does not panic");
    assert!(
        matches!(ended, Err(ResultError::Terminated(_))),
        "{ended:?}"
    );
    assert_eq!(server(&world).now(), stands);
    let history = Forever::handle(&world.client, handle.id())
        .history()
        .await?;
    assert!(
        !history.to_string().contains("WorkflowTaskFailed"),
        "{history}"
    );
    worker.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_dropped_stops_the_clock() -> Result<()> {
    let world = World::skipping().await?;
    let worker = dunning(&world).await?;
    let idle = server(&world).hold_clock();
    let bob = Dunning::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let given_up = tokio::time::timeout(Duration::from_millis(20), bob.result()).await;
    assert!(given_up.is_err());
    drop(idle);
    let begun = server(&world).now();
    assert_eq!(bob.reminders().await?, 0);
    assert_eq!(server(&world).now(), begun);
    worker.shutdown().await
}

/// Code that panics, and the same without the mistake.
mod broken {
    use durably::prelude::*;

    #[derive(Default)]
    pub(super) struct Fragile;

    #[workflow]
    impl Fragile {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
            ctx.sleep(days(1)).await?;
            panic!("there is no seat {}", 7)
        }
    }
}

mod mended {
    use durably::prelude::*;

    #[derive(Default)]
    pub(super) struct Fragile;

    #[workflow]
    impl Fragile {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
            ctx.sleep(days(1)).await?;
            Ok(7)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_ends_with_the_failure_of_a_workflow_task() -> Result<()> {
    let world = World::skipping().await?;
    let worker = world.worker().workflow::<broken::Fragile>().spawn().await?;
    let fragile = broken::Fragile::start(&world.client);
    let fragile = fragile.task_queue(&world.queue).await?;
    let error = fragile.result().await.expect_err("its code panics");
    let ResultError::Stuck(stuck) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(stuck.workflow_id, fragile.id());
    assert!(stuck.attempt > 2, "{stuck:?}");
    let text = error.to_string();
    assert!(
        text.contains("makes no progress, its workflow task has failed"),
        "{text}"
    );
    assert!(text.contains("there is no seat 7"), "{text}");
    worker.shutdown().await?;

    // One that keeps waiting has the result of the next worker.
    let patient = world.client.keep_waiting();
    let kept = mended::Fragile::handle(&patient, fragile.id());
    let kept = tokio::spawn(async move { kept.result().await });
    let worker = world.worker().workflow::<mended::Fragile>().spawn().await?;
    assert_eq!(kept.await.expect("no panic")?, 7);
    worker.shutdown().await
}
