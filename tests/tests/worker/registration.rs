//! Registration: all mistakes are reported at once, and unknown types wait for another worker.

use durably::prelude::*;
use durably_tests::{World, eventually, on_both_servers};

#[activity(start_to_close = "1s", name = "twice")]
async fn one() {}

#[activity(start_to_close = "1s", name = "twice")]
async fn two() {}

/// Nothing special.
#[derive(Default)]
struct Plain;

#[workflow]
impl Plain {
    #[run]
    async fn run(&mut self) {}
}

on_both_servers! {
    all_registration_mistakes_are_reported_at_once
    an_unknown_workflow_type_waits_for_a_worker_that_knows_it
}

async fn all_registration_mistakes_are_reported_at_once(world: &World) -> Result<()> {
    let error = world
        .worker()
        .workflow::<Plain>()
        .workflow::<Plain>()
        .activity::<one>()
        .activity::<two>()
        .run()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("Plain") && error.contains("twice"),
        "{error}"
    );
    let error = world.worker().run().await.unwrap_err().to_string();
    assert!(error.contains("nothing"), "{error}");
    Ok(())
}

async fn an_unknown_workflow_type_waits_for_a_worker_that_knows_it(world: &World) -> Result<()> {
    #[derive(Default)]
    struct Other;

    #[workflow]
    impl Other {
        #[run]
        async fn run(&mut self) -> u32 {
            7
        }
    }

    let worker = world.worker().workflow::<Plain>().spawn().await?;
    let handle = Other::start(&world.client).task_queue(&world.queue).await?;
    let text = eventually("the failed task", || async {
        let history = handle.history().await.ok()?.to_string();
        history.contains("WorkflowTaskFailed").then_some(history)
    })
    .await;
    assert!(text.contains("Other") && text.contains("Plain"), "{text}");
    worker.shutdown().await?;
    let worker = world.worker().workflow::<Other>().spawn().await?;
    assert_eq!(handle.result().await?, 7);
    worker.shutdown().await
}
