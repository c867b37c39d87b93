//! Activities: attempts, timeouts, heartbeats, what others complete, what an operator does.

use durably::{Bytes, prelude::*};
use durably_tests::{recording::Recording, same_on_both_servers};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Activities that send the tokens of their attempts to the test.
struct Desk(UnboundedSender<Bytes>);

#[activities]
impl Desk {
    #[activity(start_to_close = "60s")]
    async fn approve(&self, ctx: &ActivityCtx, heartbeats: u32) -> Result<bool> {
        for beat in 1..=heartbeats {
            ctx.heartbeat(("page", beat));
        }
        self.0.send(ctx.task_token()).ok();
        ctx.complete_later().into()
    }
}

#[activity]
async fn third_time(ctx: &ActivityCtx) -> Result<u32> {
    if ctx.attempt() < 3 {
        return Err(AppError::new("TooEarly", "not yet")
            .details(ctx.attempt())
            .into());
    }
    Ok(ctx.attempt())
}

#[activity]
async fn fails(ctx: &ActivityCtx, how: String) -> Result<()> {
    match how.as_str() {
        "for good" => Err(AppError::new("Hopeless", "no reason")
            .non_retryable()
            .details(("why", 1))
            .into()),
        "later" if ctx.attempt() == 1 => Err(AppError::new("Busy", "come back")
            .next_retry_delay(millis(20))
            .into()),
        "later" => Ok(()),
        "with causes" => Err(AppError::new("Outer", "the house")
            .caused_by(AppError::new("Inner", "a leak"))
            .into()),
        "panics" => panic!("a bug"),
        _ => Err(AppError::new("Listed", "as the policy says").into()),
    }
}

/// Outlives its attempt.
#[activity]
async fn slow(ctx: &ActivityCtx) -> Result<()> {
    ctx.heartbeat(("last", ctx.attempt()));
    tokio::time::sleep(secs(20)).await;
    Ok(())
}

/// Reads in its second attempt what the first one reported.
#[activity]
async fn resumes(ctx: &ActivityCtx) -> Result<Option<u32>> {
    let last = ctx.heartbeat_details::<u32>()?;
    if ctx.attempt() == 1 {
        ctx.heartbeat(7_u32);
        bail!("the machine is gone");
    }
    Ok(last)
}

#[activity(remote, start_to_close = "10s")]
async fn nobody_has_it() -> u32;

#[derive(Default)]
struct Office;

fn quick(attempts: u32) -> Retry {
    Retry::attempts(attempts).initial_interval(millis(10))
}

#[workflow]
impl Office {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        let fails = |how: &str| fails::call(ctx, how).start_to_close(secs(10));
        let slow = || slow::call(ctx).start_to_close(secs(30));
        match case.as_str() {
            "retries" => {
                let retry = quick(5)
                    .backoff(1.5)
                    .maximum_interval(millis(15))
                    .not_for("Never");
                let call = third_time::call(ctx).start_to_close(secs(10));
                let attempts = call
                    .retry(retry)
                    .id("third")
                    .summary("a patient one")
                    .await?;
                Ok(attempts.to_string())
            }
            "default policy" => {
                let call = third_time::call(ctx).schedule_to_close(mins(5));
                Ok(call
                    .schedule_to_start(mins(2))
                    .start_to_close(mins(1))
                    .await?
                    .to_string())
            }
            "fails for good" => Ok(fails("for good").await.map(|()| String::new())?),
            "attempts are used up" => Ok(fails("listed")
                .retry(quick(2))
                .await
                .map(|()| String::new())?),
            "a listed type" => {
                let retry = quick(5).not_for("Listed");
                Ok(fails("listed").retry(retry).await.map(|()| String::new())?)
            }
            "causes" => Ok(fails("with causes")
                .retry(quick(1))
                .await
                .map(|()| String::new())?),
            "panics" => Ok(fails("panics")
                .retry(quick(1))
                .await
                .map(|()| String::new())?),
            "its own pause" => {
                let retry = Retry::attempts(2).initial_interval(hours(1));
                fails("later").retry(retry).await?;
                Ok("done".to_owned())
            }
            "start to close" => {
                slow().start_to_close(secs(1)).retry(quick(2)).await?;
                Ok(String::new())
            }
            "schedule to close" => {
                slow()
                    .start_to_close(secs(1))
                    .schedule_to_close(secs(1))
                    .retry(quick(9))
                    .await?;
                Ok(String::new())
            }
            "no time for the next attempt" => {
                let retry = Retry::attempts(9).initial_interval(mins(1));
                let call = fails("listed").start_to_close(secs(5));
                call.schedule_to_close(secs(5)).retry(retry).await?;
                Ok(String::new())
            }
            "schedule to start" => {
                let call =
                    nobody_has_it::call(ctx).task_queue(format!("{}-empty", ctx.task_queue()));
                let call = call.schedule_to_start(secs(1)).retry(quick(9));
                Ok(call.await?.to_string())
            }
            "heartbeat" => {
                slow().heartbeat(secs(1)).retry(quick(2)).await?;
                Ok(String::new())
            }
            "resumes" => {
                let call = resumes::call(ctx)
                    .start_to_close(secs(10))
                    .heartbeat(secs(5));
                Ok(format!("{:?}", call.retry(quick(2)).await?))
            }
            "waits for a worker" => {
                let call =
                    nobody_has_it::call(ctx).task_queue(format!("{}-empty", ctx.task_queue()));
                Ok(call.id("nobody").await?.to_string())
            }
            "waits for its next attempt" => {
                let retry = Retry::attempts(9).initial_interval(hours(1));
                fails("listed").id("listed").retry(retry).await?;
                Ok(String::new())
            }
            "unregistered" => {
                let call = ctx.activity::<u32>("nobody registered this", (1,));
                let call = call.start_to_close(secs(10)).retry(quick(1));
                Ok(call.await?.to_string())
            }
            "arguments" => {
                let call = ctx.activity::<u32>("fails", (1, 2));
                let call = call.start_to_close(secs(10)).retry(quick(1));
                Ok(call.await?.to_string())
            }
            "completed by another" => {
                let desk = Desk::stub(ctx).retry(quick(2));
                Ok(desk
                    .approve(2)
                    .id("approve")
                    .heartbeat(mins(1))
                    .await?
                    .to_string())
            }
            other => bail!("no case {other}"),
        }
    }
}

fn worker(cx: &Recording, desk: Desk) -> Worker {
    cx.world
        .worker()
        .workflow::<Office>()
        .activities(desk)
        .activity::<third_time>()
        .activity::<fails>()
        .activity::<slow>()
        .activity::<resumes>()
}

async fn office(cx: &mut Recording, case: &str) -> Result<Handle<Office>> {
    let id = cx.name("office");
    let office = Office::start(cx.client(), case)
        .id(id)
        .task_queue(cx.queue())
        .await?;
    cx.follow(case, &office.untyped());
    Ok(office)
}

/// Runs the cases one after the other.
async fn run_all(cx: &mut Recording, cases: &[&str]) -> Result<()> {
    let (sender, _tokens) = unbounded_channel();
    let worker = worker(cx, Desk(sender)).spawn().await?;
    let mut offices = Vec::new();
    for case in cases {
        offices.push((case, office(cx, case).await?));
    }
    for (case, office) in offices {
        let ended = office.result().await;
        let text = ended.unwrap_or_else(|error| Error::from(error).to_string());
        cx.note(&format!("{case}: its end"), text);
    }
    worker.shutdown().await
}

same_on_both_servers! {
    attempts_are_retried_under_their_policy
    failures_end_the_attempts
    each_timeout_has_its_kind
    attempts_that_never_begin
    a_client_completes_by_token
    a_client_completes_by_ids
    a_client_fails_an_attempt
    an_operator_pauses_and_resets
}

async fn attempts_are_retried_under_their_policy(cx: &mut Recording) -> Result<()> {
    run_all(
        cx,
        &["retries", "default policy", "its own pause", "resumes"],
    )
    .await
}

async fn failures_end_the_attempts(cx: &mut Recording) -> Result<()> {
    let cases = [
        "fails for good",
        "attempts are used up",
        "a listed type",
        "causes",
        "panics",
        "unregistered",
        "arguments",
    ];
    run_all(cx, &cases).await
}

async fn each_timeout_has_its_kind(cx: &mut Recording) -> Result<()> {
    let cases = [
        "start to close",
        "schedule to close",
        "no time for the next attempt",
        "schedule to start",
        "heartbeat",
    ];
    run_all(cx, &cases).await
}

async fn attempts_that_never_begin(cx: &mut Recording) -> Result<()> {
    let (sender, _tokens) = unbounded_channel();
    let worker = worker(cx, Desk(sender)).spawn().await?;
    let waits = office(cx, "waits for a worker").await?;
    cx.until(waits.id(), "the activity", |it| {
        !it.pending_activities.is_empty()
    })
    .await;
    cx.describe("without a worker", waits.id()).await?;
    let paused = office(cx, "waits for its next attempt").await?;
    cx.until(paused.id(), "the second attempt", |it| {
        it.pending_activities.iter().any(|it| it.attempt == 2)
    })
    .await;
    cx.describe("between attempts", paused.id()).await?;
    waits.terminate("seen").await?;
    paused.terminate("seen").await?;
    worker.shutdown().await
}

async fn a_client_completes_by_token(cx: &mut Recording) -> Result<()> {
    let (sender, mut tokens) = unbounded_channel();
    let worker = worker(cx, Desk(sender)).spawn().await?;
    let office = office(cx, "completed by another").await?;
    let token = tokens.recv().await.expect("an attempt begins");
    heartbeats_have_arrived(cx, office.id()).await;
    cx.describe("while it is open", office.id()).await?;
    let activity = cx.client().activity_by_token(token);
    activity.heartbeat("read").await?;
    activity.complete(true).await?;
    cx.note("the result", office.result().await?);
    worker.shutdown().await
}

async fn heartbeats_have_arrived(cx: &Recording, id: &str) {
    cx.until(id, "the heartbeats", |it| {
        it.pending_activities
            .iter()
            .any(|it| it.heartbeat_details.is_some())
    })
    .await;
}

async fn a_client_completes_by_ids(cx: &mut Recording) -> Result<()> {
    let (sender, mut tokens) = unbounded_channel();
    let worker = worker(cx, Desk(sender)).spawn().await?;
    let office = office(cx, "completed by another").await?;
    tokens.recv().await.expect("an attempt begins");
    heartbeats_have_arrived(cx, office.id()).await;
    let activity = cx.client().activity(office.id(), "approve");
    activity.complete(false).await?;
    cx.note("the result", office.result().await?);
    worker.shutdown().await
}

async fn a_client_fails_an_attempt(cx: &mut Recording) -> Result<()> {
    let (sender, mut tokens) = unbounded_channel();
    let worker = worker(cx, Desk(sender)).spawn().await?;
    let office = office(cx, "completed by another").await?;
    let token = tokens.recv().await.expect("an attempt begins");
    heartbeats_have_arrived(cx, office.id()).await;
    let activity = cx.client().activity_by_token(token);
    activity.fail(Error::message("busy")).await?;
    tokens.recv().await.expect("another attempt begins");
    let refused = AppError::new("Refused", "never").non_retryable();
    cx.client()
        .activity(office.id(), "approve")
        .fail(refused)
        .await?;
    let error = office.result().await.expect_err("the activity failed");
    cx.note("the error", error);
    worker.shutdown().await
}

async fn an_operator_pauses_and_resets(cx: &mut Recording) -> Result<()> {
    let (sender, _tokens) = unbounded_channel();
    let worker = worker(cx, Desk(sender)).spawn().await?;
    let office = office(cx, "waits for its next attempt").await?;
    cx.until(office.id(), "the second attempt", |it| {
        it.pending_activities.iter().any(|it| it.attempt == 2)
    })
    .await;
    let activity = office.untyped().activity("listed");
    activity.pause("the gateway is down").await?;
    cx.describe("paused", office.id()).await?;
    let changed = activity.update_options();
    changed
        .start_to_close(secs(20))
        .retry(Retry::attempts(2))
        .await?;
    cx.describe("changed", office.id()).await?;
    activity.unpause().await?;
    let error = office.result().await.expect_err("the activity failed");
    cx.note("the error", error);
    worker.shutdown().await
}
