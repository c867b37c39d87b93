//! Local activities that cannot run: the workflow task fails, or attempts do, until a worker has what is missing or
//! its code is corrected.

use std::{collections::BTreeSet, sync::Mutex};

use durably::{prelude::*, replay::Replayer};
use durably_tests::{World, eventually, on_both_servers};

/// The workflow ids of the runs whose scale has panicked.
static BROKEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The code with the faults.
mod before {
    use super::*;

    #[activity(start_to_close = "10s")]
    pub(super) async fn weigh(ctx: &ActivityCtx) -> u32 {
        let id = ctx.workflow_id().to_owned();
        BROKEN.lock().expect("it is held for this line").insert(id);
        panic!("the scale is broken")
    }

    #[activity(start_to_close = "10s")]
    pub(super) async fn label(bytes: usize) -> String {
        "x".repeat(bytes)
    }

    #[derive(Default)]
    pub(super) struct Parcel;

    #[workflow]
    impl Parcel {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
            Ok(match case.as_str() {
                "no worker has it" => {
                    let call = ctx.activity::<String>("stamp", ());
                    call.local().start_to_close(secs(1)).await?
                }
                "panics" => {
                    let retry = Retry::attempts(0).initial_interval(millis(20));
                    weigh::call(ctx).local().retry(retry).await?.to_string()
                }
                "an option of ordinary calls" => {
                    label::call(ctx, 3).task_queue("elsewhere").local().await?
                }
                _ => label::call(ctx, 3_000_000).local().await?,
            })
        }
    }
}

/// The same, corrected.
mod after {
    use super::*;

    #[activity(start_to_close = "10s")]
    pub(super) async fn stamp() -> String {
        "stamped".to_owned()
    }

    #[activity(start_to_close = "10s")]
    pub(super) async fn weigh() -> u32 {
        7
    }

    #[derive(Default)]
    pub(super) struct Parcel;

    #[workflow]
    impl Parcel {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
            Ok(match case.as_str() {
                "no worker has it" => {
                    let call = ctx.activity::<String>("stamp", ());
                    call.local().start_to_close(secs(1)).await?
                }
                "panics" => {
                    let retry = Retry::attempts(0).initial_interval(millis(20));
                    weigh::call(ctx).local().retry(retry).await?.to_string()
                }
                _ => before::label::call(ctx, 3).local().await?,
            })
        }
    }
}

/// Runs a case into its fault, which `found` finds; then a worker with the corrected code takes over. Returns the
/// result.
async fn corrected(
    world: &World,
    case: &str,
    found: impl AsyncFn(&Handle<before::Parcel>) -> bool,
) -> Result<String> {
    let first = world
        .worker()
        .workflow::<before::Parcel>()
        .activity::<before::weigh>()
        .activity::<before::label>()
        .spawn()
        .await?;
    let parcel = before::Parcel::start(&world.client, case)
        .task_queue(&world.queue)
        .task_timeout(secs(3))
        .await?;
    eventually("the fault", || async { found(&parcel).await.then_some(()) }).await;
    first.shutdown().await?;
    let second = world
        .worker()
        .workflow::<after::Parcel>()
        .activity::<after::stamp>()
        .activity::<after::weigh>()
        .activity::<before::label>()
        .spawn()
        .await?;
    let result = parcel.result().timeout(mins(3)).await?;
    let history = parcel.history().await?;
    Replayer::new()
        .workflow::<after::Parcel>()
        .replay(history)?;
    second.shutdown().await?;
    Ok(result)
}

/// A case whose workflow task fails with a text.
async fn corrected_after(world: &World, case: &str, text: &str) -> Result<String> {
    corrected(world, case, async |parcel| {
        let history = parcel.history().await.map(|it| it.to_string());
        let history = history.unwrap_or_default();
        let failed = history.contains("WorkflowTaskFailed");
        assert!(!failed || history.contains(text), "{history}");
        failed
    })
    .await
}

async fn a_run_whose_local_activity_no_worker_has_goes_on_with_one_that_has_it(
    world: &World,
) -> Result<()> {
    let text = "local activity `stamp` is not registered on this worker";
    let result = corrected_after(world, "no worker has it", text).await?;
    assert_eq!(result, "stamped");
    Ok(())
}

async fn a_local_activity_that_panics_is_retried_until_its_code_is_corrected(
    world: &World,
) -> Result<()> {
    let result = corrected(world, "panics", async |parcel| {
        let broken = BROKEN.lock().expect("it is held for this line");
        broken.contains(parcel.id())
    });
    assert_eq!(result.await?, "7");
    Ok(())
}

async fn options_of_ordinary_calls_are_refused_until_the_code_is_corrected(
    world: &World,
) -> Result<()> {
    let text = "options of local activity `label`: `task_queue` is not one";
    let result = corrected_after(world, "an option of ordinary calls", text).await?;
    assert_eq!(result, "xxx");
    Ok(())
}

async fn a_result_that_is_too_large_is_refused_until_the_code_is_corrected(
    world: &World,
) -> Result<()> {
    let text = "the result of local activity `label` of 2.9 MiB (";
    let result = corrected_after(world, "too large", text).await?;
    assert_eq!(result, "xxx");
    Ok(())
}

on_both_servers! {
    a_run_whose_local_activity_no_worker_has_goes_on_with_one_that_has_it
    a_local_activity_that_panics_is_retried_until_its_code_is_corrected
    options_of_ordinary_calls_are_refused_until_the_code_is_corrected
    a_result_that_is_too_large_is_refused_until_the_code_is_corrected
}
