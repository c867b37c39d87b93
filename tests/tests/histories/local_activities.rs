//! Local activities, side effects and patches: the markers that a worker records.

use durably::{prelude::*, workflow::CancellationType, workflow::PatchSeries};
use durably_tests::{recording::Recording, same_on_both_servers};

#[activity(start_to_close = "10s")]
async fn echo(text: String) -> String {
    text
}

#[activity(start_to_close = "10s")]
async fn third_time(ctx: &ActivityCtx) -> Result<u32> {
    if ctx.attempt() < 3 {
        return Err(AppError::new("TooEarly", "not yet").into());
    }
    Ok(ctx.attempt())
}

#[activity(start_to_close = "10s")]
async fn refuse() -> Result<()> {
    Err(AppError::new("Refused", "never")
        .non_retryable()
        .details(1)
        .into())
}

#[activity(start_to_close = "1m")]
async fn hold(ctx: &ActivityCtx) -> Result<()> {
    ctx.cancelled().await;
    Err(Cancelled.into())
}

const LONGER: Patch = Patch::new("longer");
const GONE: Patch = Patch::new("gone");
const ROUNDS: PatchSeries = PatchSeries::new("rounds");

#[derive(Default)]
struct Quote;

fn quick() -> Retry {
    Retry::attempts(5).initial_interval(millis(10))
}

#[workflow]
impl Quote {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        Ok(match case.as_str() {
            "results" => {
                let first = echo::call(ctx, "a").local().summary("the first").await?;
                let second = echo::call(ctx, "b").local().id("second").await?;
                format!("{first} {second}")
            }
            "retries" => third_time::call(ctx)
                .local()
                .retry(quick())
                .await?
                .to_string(),
            "a pause that is a timer" => third_time::call(ctx)
                .local()
                .retry(quick())
                .local_retry_threshold(millis(5))
                .await?
                .to_string(),
            "refused" => {
                refuse::call(ctx).local().await?;
                String::new()
            }
            "used up" => third_time::call(ctx)
                .local()
                .retry(Retry::attempts(2).initial_interval(millis(1)))
                .await?
                .to_string(),
            "start to close" => {
                let retry = Retry::attempts(1);
                hold::call(ctx)
                    .local()
                    .start_to_close(millis(50))
                    .retry(retry)
                    .await?;
                String::new()
            }
            "schedule to close" => {
                let call = hold::call(ctx).local().start_to_close(millis(80));
                call.schedule_to_close(millis(80)).await?;
                String::new()
            }
            "try cancel" | "wait" | "abandon" => {
                let kind = match case.as_str() {
                    "wait" => CancellationType::WaitCompleted,
                    "abandon" => CancellationType::Abandon,
                    _ => CancellationType::TryCancel,
                };
                let mut held = hold::call(ctx).local().cancellation(kind).start();
                ctx.sleep(millis(1)).await?;
                held.cancel();
                format!("{}", held.await.is_err())
            }
            "side effects" => {
                let number = ctx.side_effect(|| 7).summary("a number").await?;
                let text = ctx.side_effect(|| "text".to_owned()).await?;
                let first = ctx.mutable_side_effect("limit", || 1).await?;
                let second = ctx.mutable_side_effect("limit", || 1).await?;
                ctx.sleep(millis(1)).await?;
                let third = ctx.mutable_side_effect("limit", || 2).await?;
                format!("{number} {text} {first} {second} {third}")
            }
            "patches" => {
                if ctx.patched(LONGER) {
                    ctx.sleep(millis(1)).await?;
                }
                // The second question is answered by the same marker.
                let again = ctx.patched(LONGER);
                ctx.deprecate_patch(GONE);
                for round in 0..2 {
                    if ctx.patched(ROUNDS.part(round)) {
                        ctx.sleep(millis(1)).await?;
                    }
                }
                again.to_string()
            }
            other => bail!("no case {other}"),
        })
    }
}

async fn run_all(cx: &mut Recording, cases: &[&str]) -> Result<()> {
    let worker = cx
        .world
        .worker()
        .workflow::<Quote>()
        .activity::<echo>()
        .activity::<third_time>()
        .activity::<refuse>()
        .activity::<hold>();
    let worker = worker.spawn().await?;
    for case in cases {
        let id = cx.name("quote");
        let start = Quote::start(cx.client(), *case).id(&id);
        let quote = start.task_queue(cx.queue()).await?;
        cx.follow(case, &quote.untyped());
        let ended = quote.result().await;
        let text = ended.unwrap_or_else(|error| Error::from(error).to_string());
        cx.note(&format!("{case}: its end"), text);
    }
    worker.shutdown().await
}

same_on_both_servers! {
    local_activities_are_markers
    local_activities_fail_and_time_out
    local_activities_are_cancelled_in_each_way
    side_effects_are_recorded_once
    patches_are_markers_and_a_search_attribute
}

async fn local_activities_are_markers(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["results", "retries", "a pause that is a timer"]).await
}

async fn local_activities_fail_and_time_out(cx: &mut Recording) -> Result<()> {
    run_all(
        cx,
        &["refused", "used up", "start to close", "schedule to close"],
    )
    .await
}

async fn local_activities_are_cancelled_in_each_way(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["try cancel", "wait", "abandon"]).await
}

async fn side_effects_are_recorded_once(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["side effects"]).await
}

async fn patches_are_markers_and_a_search_attribute(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["patches"]).await
}
