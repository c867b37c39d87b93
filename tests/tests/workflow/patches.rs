//! Changed workflow code: patches, and the mismatch without one.

use durably::{client::DynHandle, prelude::*, search::Filter, workflow::PatchSeries};
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

mod deprecated {
    use super::*;

    /// When no run is left that began before the change.
    #[derive(Default)]
    pub(super) struct Steps {
        go: bool,
    }

    #[workflow]
    impl Steps {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
            ctx.deprecate_patch(TWO_STEPS);
            let step = step::call(ctx, "new").await?;
            ctx.sleep(millis(1)).await?;
            ctx.wait_until(|| self.go).await?;
            Ok(vec![step])
        }

        #[signal]
        pub(super) fn go(&mut self) {
            self.go = true;
        }
    }
}

mod removed {
    use super::*;

    /// When no run is left that called `patched`.
    #[derive(Default)]
    pub(super) struct Steps {
        go: bool,
    }

    #[workflow]
    impl Steps {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
            let step = step::call(ctx, "new").await?;
            ctx.sleep(millis(1)).await?;
            ctx.wait_until(|| self.go).await?;
            Ok(vec![step])
        }

        #[signal]
        pub(super) fn go(&mut self) {
            self.go = true;
        }
    }
}

const NEW_ROUNDS: PatchSeries = PatchSeries::new("new rounds");

mod rounds_before {
    use super::*;

    #[derive(Default)]
    pub(super) struct Rounds {
        wanted: usize,
        done: Vec<String>,
    }

    #[workflow]
    impl Rounds {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
            for round in 0..4 {
                ctx.wait_until(|| self.wanted > round).await?;
                self.done.push(step::call(ctx, "old").await?);
            }
            Ok(self.done.clone())
        }

        #[signal]
        pub(super) fn more(&mut self, rounds: usize) {
            self.wanted += rounds;
        }

        #[query]
        pub(super) fn done(&self) -> Vec<String> {
            self.done.clone()
        }
    }
}

mod rounds_after {
    use super::*;

    #[derive(Default)]
    pub(super) struct Rounds {
        wanted: usize,
        done: Vec<String>,
    }

    #[workflow]
    impl Rounds {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
            for round in 0..4 {
                ctx.wait_until(|| self.wanted > round).await?;
                if ctx.patched(NEW_ROUNDS.part(round)) {
                    ctx.sleep(millis(1)).await?;
                    self.done.push(step::call(ctx, "new").await?);
                } else {
                    self.done.push(step::call(ctx, "old").await?);
                }
            }
            Ok(self.done.clone())
        }

        #[signal]
        pub(super) fn more(&mut self, rounds: usize) {
            self.wanted += rounds;
        }
    }
}

on_both_servers! {
    a_patch_is_deprecated_and_then_removed
    a_patch_that_is_removed_too_early_says_what_is_missing_and_loses_nothing
    rounds_before_a_change_keep_their_branch_and_later_ones_take_the_new_one
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

/// A run of the patched code that has done its step and its sleep; its worker is gone.
async fn patched(world: &World) -> Result<Handle<after::Steps>> {
    let worker = world.worker().workflow::<after::Steps>();
    let worker = worker.activity::<step>().spawn().await?;
    let run = after::Steps::start(&world.client)
        .id(unique("steps"))
        .task_queue(&world.queue)
        .await?;
    slept(&run.untyped()).await;
    worker.shutdown().await?;
    Ok(run)
}

/// Waits until the sleep of a run is over.
async fn slept(run: &DynHandle) {
    eventually("the sleep", || async {
        let history = run.history().await.ok()?;
        let mut names = history.events().iter().map(|event| event.name());
        names.find(|name| name == "TimerFired")?;
        names
            .any(|name| name == "WorkflowTaskCompleted")
            .then_some(())
    })
    .await;
}

async fn a_patch_is_deprecated_and_then_removed(world: &World) -> Result<()> {
    let old = patched(world).await?;
    let worker = world.worker().workflow::<deprecated::Steps>();
    let worker = worker.activity::<step>().spawn().await?;
    // The code goes on with runs of the patched code, and with its own.
    old.go().await?;
    assert_eq!(old.result().await?, ["new"]);
    let run = deprecated::Steps::start(&world.client)
        .id(unique("steps"))
        .task_queue(&world.queue)
        .await?;
    slept(&run.untyped()).await;
    worker.shutdown().await?;
    let history = run.history().await?;
    let markers = history.events().iter();
    let markers = markers.filter(|event| event.name() == "MarkerRecorded");
    assert_eq!(markers.count(), 1, "{history}");

    let worker = world.worker().workflow::<removed::Steps>();
    let worker = worker.activity::<step>().spawn().await?;
    run.go().await?;
    assert_eq!(run.result().await?, ["new"]);
    let history = run.history().await?.to_string();
    assert!(!history.contains("WorkflowTaskFailed"), "{history}");
    worker.shutdown().await
}

async fn a_patch_that_is_removed_too_early_says_what_is_missing_and_loses_nothing(
    world: &World,
) -> Result<()> {
    let run = patched(world).await?;
    let worker = world.worker().workflow::<removed::Steps>();
    let worker = worker.activity::<step>().spawn().await?;
    run.go().await?;
    let text = eventually("the mismatch", || async {
        let history = run.history().await.ok()?.to_string();
        history.contains("replay mismatch").then_some(history)
    })
    .await;
    let hint = "The code no longer asks for patch `two-steps`, which this run recorded";
    assert!(text.contains(hint), "{text}");
    assert!(text.contains("keep `ctx.deprecate_patch(..)`"), "{text}");
    worker.shutdown().await?;

    let worker = world.worker().workflow::<deprecated::Steps>();
    let worker = worker.activity::<step>().spawn().await?;
    assert_eq!(run.result().await?, ["new"]);
    worker.shutdown().await
}

async fn rounds_before_a_change_keep_their_branch_and_later_ones_take_the_new_one(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<rounds_before::Rounds>();
    let worker = worker.activity::<step>().spawn().await?;
    let rounds = rounds_before::Rounds::start(&world.client)
        .id(unique("rounds"))
        .task_queue(&world.queue)
        .await?;
    rounds.more(2).await?;
    eventually("two rounds", || async {
        (rounds.done().await.ok()?.len() == 2).then_some(())
    })
    .await;
    worker.shutdown().await?;
    // Without a cache, each task decides all rounds again.
    let worker = world.worker().workflow::<rounds_after::Rounds>();
    let worker = worker.activity::<step>().max_cached_workflows(0);
    let worker = worker.spawn().await?;
    rounds.more(1).await?;
    rounds.more(1).await?;
    assert_eq!(rounds.result().await?, ["old", "old", "new", "new"]);
    worker.shutdown().await
}
