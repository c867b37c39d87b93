//! Cancelled activities: with each type of cancellation, before they begin, between attempts, while they run.

use durably::{prelude::*, workflow::CancellationType};
use durably_tests::{recording::Recording, same_on_both_servers};

#[activity]
async fn until_cancelled(ctx: &ActivityCtx) -> Result<()> {
    loop {
        ctx.heartbeat("at work");
        if ctx.is_cancelled() {
            return Err(Cancelled.into());
        }
        tokio::time::sleep(millis(10)).await;
    }
}

/// Ends with a result although it was requested to stop.
#[activity]
async fn stubborn(ctx: &ActivityCtx) -> String {
    while !ctx.is_cancelled() {
        ctx.heartbeat(());
        tokio::time::sleep(millis(10)).await;
    }
    "done".to_owned()
}

#[activity]
async fn always_fails() -> Result<()> {
    bail!("once more")
}

#[derive(Default)]
struct Clerk {
    go: bool,
}

fn kind(case: &str) -> CancellationType {
    match case.split(' ').next() {
        Some("try") => CancellationType::TryCancel,
        Some("abandon") => CancellationType::Abandon,
        _ => CancellationType::WaitCompleted,
    }
}

#[workflow]
impl Clerk {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        let (scope, inner) = ctx.scope();
        let running = until_cancelled::call(&inner)
            .start_to_close(mins(1))
            .heartbeat(secs(2));
        let nowhere = format!("{}-empty", ctx.task_queue());
        let what = case
            .split_once(' ')
            .map(|(_, what)| what)
            .unwrap_or_default();
        let ended = match what {
            "running" => {
                let held = running.cancellation(kind(&case)).start();
                ctx.wait_until(|| self.go).await?;
                scope.cancel();
                held.await.map(|()| "done".to_owned())
            }
            "not begun" => {
                let call = running.task_queue(nowhere).cancellation(kind(&case));
                let held = call.start();
                ctx.wait_until(|| self.go).await?;
                scope.cancel();
                held.await.map(|()| "done".to_owned())
            }
            "between attempts" => {
                let retry = Retry::attempts(5).initial_interval(hours(1));
                let call = always_fails::call(&inner)
                    .start_to_close(secs(10))
                    .retry(retry);
                let held = call.cancellation(kind(&case)).start();
                ctx.wait_until(|| self.go).await?;
                scope.cancel();
                held.await.map(|()| "done".to_owned())
            }
            "stubborn" => {
                let call = stubborn::call(&inner)
                    .start_to_close(mins(1))
                    .heartbeat(secs(2));
                let held = call.cancellation(kind(&case)).start();
                ctx.wait_until(|| self.go).await?;
                scope.cancel();
                held.await
            }
            // It never leaves the workflow task.
            "unsent" => {
                let held = running.cancellation(kind(&case)).start();
                scope.cancel();
                held.await.map(|()| "done".to_owned())
            }
            // The run is cancelled, and the activity with it.
            "run" => {
                until_cancelled::call(ctx)
                    .start_to_close(mins(1))
                    .heartbeat(secs(2))
                    .await?;
                return Ok(String::new());
            }
            other => bail!("no case {other}"),
        };
        Ok(match ended {
            Ok(text) => text,
            Err(error) => format!("{:?}", error.cause),
        })
    }

    #[signal]
    fn go(&mut self) {
        self.go = true;
    }
}

async fn run_all(cx: &mut Recording, cases: &[&str]) -> Result<()> {
    let worker = cx
        .world
        .worker()
        .workflow::<Clerk>()
        .activity::<until_cancelled>()
        .activity::<stubborn>()
        .activity::<always_fails>();
    let worker = worker.spawn().await?;
    for case in cases {
        let id = cx.name("clerk");
        let clerk = Clerk::start(cx.client(), *case)
            .id(&id)
            .task_queue(cx.queue())
            .await?;
        cx.follow(case, &clerk.untyped());
        let what = case
            .split_once(' ')
            .map(|(_, what)| what)
            .unwrap_or_default();
        if what != "unsent" {
            cx.until(&id, "the activity", |it| {
                it.pending_workflow_task.is_none()
                    && it.pending_activities.iter().any(|it| match what {
                        "not begun" => true,
                        "between attempts" => it.attempt == 2,
                        _ => it.heartbeat_details.is_some(),
                    })
            })
            .await;
        }
        match what {
            "unsent" => {}
            "run" => clerk.cancel().await?,
            _ => clerk.go().await?,
        }
        let ended = clerk.result().await;
        let text = ended.unwrap_or_else(|error| Error::from(error).to_string());
        cx.note(&format!("{case}: its end"), text);
    }
    worker.shutdown().await
}

same_on_both_servers! {
    a_running_activity_is_cancelled_in_each_way
    an_activity_that_does_not_run_is_cancelled_in_each_way
    an_activity_that_ignores_the_request_has_its_result
}

async fn a_running_activity_is_cancelled_in_each_way(cx: &mut Recording) -> Result<()> {
    run_all(
        cx,
        &["try running", "wait running", "abandon running", "wait run"],
    )
    .await
}

async fn an_activity_that_does_not_run_is_cancelled_in_each_way(cx: &mut Recording) -> Result<()> {
    let cases = [
        "try not begun",
        "wait not begun",
        "abandon not begun",
        "try between attempts",
        "wait between attempts",
        "try unsent",
        "wait unsent",
    ];
    run_all(cx, &cases).await
}

async fn an_activity_that_ignores_the_request_has_its_result(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["wait stubborn", "try stubborn"]).await
}
