//! Changed workflow code: patches, and the mismatch without one.

use durably::{prelude::*, search::Filter};
use durably_tests::{World, eventually, on_both_servers, unique};

#[activity(start_to_close = "10s")]
async fn step(name: String) -> String {
    name
}

const TWO_STEPS: Patch = Patch::new("two-steps");

mod before {
    use super::*;

    /// As first deployed.
    #[derive(Default)]
    pub(super) struct Steps {
        go: bool,
        at: usize,
    }

    #[workflow]
    impl Steps {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
            let first = step::call(ctx, "old").await?;
            self.at = 1;
            ctx.wait_until(|| self.go).await?;
            Ok(vec![first])
        }

        #[signal]
        pub(super) fn go(&mut self) {
            self.go = true;
        }

        #[query]
        pub(super) fn at(&self) -> usize {
            self.at
        }
    }
}

mod after {
    use super::*;

    /// With a change guarded by a patch.
    #[derive(Default)]
    pub(super) struct Steps {
        go: bool,
    }

    #[workflow]
    impl Steps {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
            let mut steps = Vec::new();
            if ctx.patched(TWO_STEPS) {
                steps.push(step::call(ctx, "new").await?);
                ctx.sleep(millis(1)).await?;
            } else {
                steps.push(step::call(ctx, "old").await?);
            }
            ctx.wait_until(|| self.go).await?;
            Ok(steps)
        }

        #[signal]
        pub(super) fn go(&mut self) {
            self.go = true;
        }
    }
}

mod broken {
    use super::*;

    /// With a change that is not guarded.
    #[derive(Default)]
    pub(super) struct Steps;

    #[workflow]
    impl Steps {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
            ctx.sleep(secs(30)).await?;
            Ok(vec![])
        }
    }
}

on_both_servers! {
    old_runs_keep_their_path_and_new_runs_take_the_patched_one
    an_unguarded_change_shows_recorded_and_attempted_and_loses_nothing
}

async fn begin(world: &World) -> Result<Handle<before::Steps>> {
    let worker = world
        .worker()
        .workflow::<before::Steps>()
        .activity::<step>()
        .spawn()
        .await?;
    let old = before::Steps::start(&world.client)
        .id(unique("steps"))
        .task_queue(&world.queue)
        .await?;
    eventually("the first step", || async {
        old.at().await.ok().filter(|at| *at == 1)
    })
    .await;
    worker.shutdown().await?;
    Ok(old)
}

async fn old_runs_keep_their_path_and_new_runs_take_the_patched_one(world: &World) -> Result<()> {
    let old = begin(world).await?;
    let worker = world
        .worker()
        .workflow::<after::Steps>()
        .activity::<step>()
        .spawn()
        .await?;
    let new = after::Steps::start(&world.client)
        .id(unique("steps"))
        .task_queue(&world.queue)
        .await?;
    eventually("the new run's patch", || async {
        let with = runs(world, TWO_STEPS.open_runs_with::<after::Steps>(), &new);
        (with.await.ok()? == 1).then_some(())
    })
    .await;
    let without = |handle| runs(world, TWO_STEPS.open_runs_without::<after::Steps>(), handle);
    assert_eq!(without(&new).await?, 0);
    let old_filter = format!(
        "{} AND WorkflowId = '{}'",
        TWO_STEPS.open_runs_without::<before::Steps>(),
        old.id()
    );
    assert_eq!(world.client.count(&old_filter).await?, 1);
    old.go().await?;
    new.go().await?;
    assert_eq!(old.result().await?, ["old"]);
    assert_eq!(new.result().await?, ["new"]);
    worker.shutdown().await
}

/// How many runs of this workflow id the filter finds.
async fn runs(world: &World, filter: Filter, handle: &Handle<after::Steps>) -> Result<u64> {
    let filter = format!("{filter} AND WorkflowId = '{}'", handle.id());
    Ok(world.client.count(filter).await?)
}

async fn an_unguarded_change_shows_recorded_and_attempted_and_loses_nothing(
    world: &World,
) -> Result<()> {
    let old = begin(world).await?;
    let worker = world.worker().workflow::<broken::Steps>().spawn().await?;
    old.go().await?;
    let text = eventually("the mismatch", || async {
        let history = old.history().await.ok()?.to_string();
        history.contains("replay mismatch").then_some(history)
    })
    .await;
    assert!(text.contains("step") && text.contains("timer"), "{text}");
    worker.shutdown().await?;

    let worker = world
        .worker()
        .workflow::<before::Steps>()
        .activity::<step>()
        .spawn()
        .await?;
    assert_eq!(old.result().await?, ["old"]);
    worker.shutdown().await
}
