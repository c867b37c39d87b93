//! Failures of workflows: error types, causes, retries, panics and undecodable arguments.

use durably::{error::Failure, prelude::*};
use durably_tests::{World, eventually, on_both_servers};

#[derive(Debug)]
struct OutOfStock {
    item: String,
}
impl std::fmt::Display for OutOfStock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no {} left", self.item)
    }
}
impl std::error::Error for OutOfStock {}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn fetch(item: String) -> Result<String, OutOfStock> {
    Err(OutOfStock { item })
}

/// Fails in the way it is told to.
#[derive(Default)]
struct Failing {
    attempts: u32,
}

#[workflow]
impl Failing {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<u32> {
        self.attempts += 1;
        match case.as_str() {
            "own error" => Err(OutOfStock { item: "tea".into() }.into()),
            "activity" => {
                fetch::call(ctx, "milk").await?;
                Ok(0)
            }
            "retried" if ctx.attempt() < 3 => bail!("attempt {}", ctx.attempt()),
            "retried" => Ok(ctx.attempt()),
            "panics" => panic!("a bug in the workflow"),
            "signal" => {
                ctx.sleep(hours(1)).await?;
                Ok(0)
            }
            other => bail!("no case {other}"),
        }
    }

    #[signal]
    fn fail(&mut self) -> Result<()> {
        bail!("raised by a signal")
    }
}

/// The same workflow without the bug.
mod better {
    use super::*;

    #[derive(Default)]
    pub(super) struct Failing;

    #[workflow]
    impl Failing {
        #[run]
        pub(super) async fn run(&mut self, _ctx: &Ctx, case: String) -> Result<u32> {
            Ok(u32::try_from(case.len())?)
        }
    }
}

async fn start(
    world: &World,
    case: &str,
) -> Result<(Handle<Failing>, durably::worker::WorkerGuard)> {
    let worker = world
        .worker()
        .workflow::<Failing>()
        .activity::<fetch>()
        .spawn()
        .await?;
    let handle = Failing::start(&world.client, case)
        .task_queue(&world.queue)
        .retry(
            Retry::attempts(5)
                .initial_interval(millis(20))
                .not_for("OutOfStock"),
        )
        .await?;
    Ok((handle, worker))
}

on_both_servers! {
    an_error_keeps_its_type_name_and_text
    an_activity_failure_is_the_cause_of_the_runs
    a_failing_run_is_retried_under_its_policy
    an_error_of_a_signal_handler_fails_the_run
    a_panic_fails_the_task_and_the_run_waits_for_better_code
    arguments_that_do_not_decode_are_named
}

async fn an_error_keeps_its_type_name_and_text(world: &World) -> Result<()> {
    let (handle, worker) = start(world, "own error").await?;
    let error = handle.result().await.unwrap_err();
    let app = error.app().expect("the run raised it");
    assert_eq!(
        (app.kind.as_str(), app.message.as_str()),
        ("OutOfStock", "no tea left")
    );
    worker.shutdown().await
}

async fn an_activity_failure_is_the_cause_of_the_runs(world: &World) -> Result<()> {
    let (handle, worker) = start(world, "activity").await?;
    let error = handle.result().await.unwrap_err();
    let activity = error.activity().expect("an activity failed the run");
    assert_eq!(activity.activity, "fetch");
    let Failure::App(app) = &activity.cause else {
        panic!("{activity:?}")
    };
    assert_eq!(
        (app.kind.as_str(), app.message.as_str()),
        ("OutOfStock", "no milk left")
    );
    worker.shutdown().await
}

async fn a_failing_run_is_retried_under_its_policy(world: &World) -> Result<()> {
    let (handle, worker) = start(world, "retried").await?;
    assert_eq!(handle.result().await?, 3);
    worker.shutdown().await
}

async fn an_error_of_a_signal_handler_fails_the_run(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Failing>().spawn().await?;
    let handle = Failing::start(&world.client, "signal")
        .task_queue(&world.queue)
        .await?;
    handle.fail().await?;
    let error = handle.result().await.unwrap_err().to_string();
    assert!(error.contains("raised by a signal"), "{error}");
    worker.shutdown().await
}

/// The text of the newest workflow task failure.
async fn task_failure(handle: &Handle<Failing>) -> String {
    eventually("a failed workflow task", || async {
        let history = handle.history().await.ok()?.to_string();
        history.contains("WorkflowTaskFailed").then_some(history)
    })
    .await
}

async fn a_panic_fails_the_task_and_the_run_waits_for_better_code(world: &World) -> Result<()> {
    let (handle, worker) = start(world, "panics").await?;
    let text = task_failure(&handle).await;
    assert!(text.contains("a bug in the workflow"), "{text}");
    assert!(text.contains("failures.rs"), "{text}");
    worker.shutdown().await?;
    let worker = world.worker().workflow::<better::Failing>();
    let worker = worker.spawn().await?;
    assert_eq!(handle.result().await?, 6);
    worker.shutdown().await
}

async fn arguments_that_do_not_decode_are_named(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Failing>().spawn().await?;
    let started = world
        .client
        .start("Failing", (vec![1, 2],))
        .task_queue(&world.queue)
        .await?;
    let handle = Failing::handle(&world.client, started.id());
    let text = task_failure(&handle).await;
    assert!(text.contains("`case`") && text.contains("String"), "{text}");
    handle.terminate("seen").await?;
    worker.shutdown().await
}
