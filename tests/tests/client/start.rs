//! Starts: generated ids, conflict and reuse policies, timeouts.

use durably::{client::IdConflictPolicy, client::IdReusePolicy, prelude::*};
use durably_tests::{World, on_both_servers, unique};

/// Ends at once, or waits until it is told to.
#[derive(Default)]
struct Waiter {
    done: bool,
}

#[workflow]
impl Waiter {
    #[run]
    async fn run(&mut self, ctx: &Ctx, wait: bool) -> Result<u32> {
        ctx.wait_until(|| self.done || !wait).await?;
        Ok(ctx.attempt())
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }
}

on_both_servers! {
    a_start_without_an_id_gets_a_random_one
    a_running_id_is_not_started_again_unless_told_so
    a_closed_id_is_reused_as_the_policy_says
    timeouts_close_the_run
}

async fn a_start_without_an_id_gets_a_random_one(world: &World) -> Result<()> {
    let a = Waiter::start(&world.client, true)
        .task_queue(&world.queue)
        .await?;
    let b = Waiter::start(&world.client, true)
        .task_queue(&world.queue)
        .await?;
    assert_ne!(a.id(), b.id());
    a.terminate("seen").await?;
    Ok(b.terminate("seen").await?)
}

async fn a_running_id_is_not_started_again_unless_told_so(world: &World) -> Result<()> {
    let id = unique("waiter");
    let start = || {
        Waiter::start(&world.client, true)
            .id(&id)
            .task_queue(&world.queue)
    };
    let first = start().await?;
    let error = start().await.unwrap_err();
    assert!(error.to_string().contains(&id), "{error}");
    let same = start()
        .id_conflict_policy(IdConflictPolicy::UseExisting)
        .await?;
    assert_eq!(same.run_id(), first.run_id());
    let other = start()
        .id_conflict_policy(IdConflictPolicy::TerminateExisting)
        .await?;
    assert_ne!(other.run_id(), first.run_id());
    let error = first.result().await.unwrap_err().to_string();
    assert!(error.contains("terminated"), "{error}");
    Ok(other.terminate("seen").await?)
}

async fn a_closed_id_is_reused_as_the_policy_says(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Waiter>().spawn().await?;
    let id = unique("waiter");
    let start = || {
        Waiter::start(&world.client, false)
            .id(&id)
            .task_queue(&world.queue)
    };
    start().result().await?;
    start().result().await?;
    assert!(
        start()
            .id_reuse_policy(IdReusePolicy::RejectDuplicate)
            .await
            .is_err()
    );
    assert!(
        start()
            .id_reuse_policy(IdReusePolicy::AllowDuplicateFailedOnly)
            .await
            .is_err()
    );
    worker.shutdown().await
}

async fn timeouts_close_the_run(world: &World) -> Result<()> {
    for run_only in [true, false] {
        let start = Waiter::start(&world.client, true).task_queue(&world.queue);
        let start = if run_only {
            start.run_timeout(secs(1))
        } else {
            start.execution_timeout(secs(1))
        };
        let error = start.result().await.unwrap_err().to_string();
        assert!(error.contains("timed out"), "{error}");
    }
    Ok(())
}
