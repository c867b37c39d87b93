//! Registration: all mistakes are reported at once, and unknown types wait for another worker.

use durably::worker::Versioning;
use durably::{Args, prelude::*};
use durably_tests::{World, eventually, on_both_servers, unique};

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

/// Runs every type.
#[derive(Default)]
struct Any;

#[workflow(dynamic)]
impl Any {
    #[run]
    async fn run(&mut self) {}
}

/// Runs every type, too.
#[derive(Default)]
struct Other;

#[workflow(dynamic)]
impl Other {
    #[run]
    async fn run(&mut self) {}
}

#[activity(dynamic)]
async fn any_activity(args: Args) -> usize {
    args.len()
}

#[activity(dynamic)]
async fn other_activity(args: Args) -> usize {
    args.len()
}

on_both_servers! {
    two_dynamic_types_are_refused
    all_registration_mistakes_are_reported_at_once
    workflows_without_versioning_are_refused_by_a_worker_of_a_deployment
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

async fn two_dynamic_types_are_refused(world: &World) -> Result<()> {
    let error = world
        .worker()
        .workflow::<Any>()
        .workflow::<Other>()
        .activity::<any_activity>()
        .activity::<other_activity>()
        .run()
        .await
        .unwrap_err()
        .to_string();
    let module = "main::worker::registration";
    for (what, one, other) in [
        ("workflow", "Any", "Other"),
        ("activity", "any_activity", "other_activity"),
    ] {
        let expected = format!(
            "two dynamic {what} types are registered, `{module}::{one}` and `{module}::{other}`; a worker has one, which runs all types without one of their own"
        );
        assert!(error.contains(&expected), "{error}");
    }
    let worker = world.worker().workflow::<Any>();
    let worker = worker.activity::<any_activity>().spawn().await?;
    worker.shutdown().await
}

/// Declares its versioning.
#[derive(Default)]
struct Pinned;

#[workflow(versioning = "pinned")]
impl Pinned {
    #[run]
    async fn run(&mut self) {}
}

async fn workflows_without_versioning_are_refused_by_a_worker_of_a_deployment(
    world: &World,
) -> Result<()> {
    let worker = || world.worker().workflow::<Plain>().workflow::<Pinned>();
    let refused = |worker: Worker| async { worker.run().await.unwrap_err().to_string() };
    let error = refused(worker().deployment("orders").build_id("1")).await;
    let text = "a worker of a deployment runs workflows that declare their versioning, but these do not: `main::worker::registration::Plain`; write `#[workflow(versioning = \"pinned\")]` or `\"auto_upgrade\"` on each, or `.default_versioning(..)` on the worker";
    assert!(error.contains(text) && !error.contains("Pinned"), "{error}");
    let error = refused(worker().deployment("or:ders")).await;
    let texts = [
        "the worker is part of deployment `or:ders`, but its build has no id; add `.build_id(\"..\")`",
        "`deployment` is `or:ders`, but `:` and `.` separate a deployment from a build in texts; use another name",
    ];
    assert!(texts.iter().all(|text| error.contains(text)), "{error}");
    let error = refused(worker().default_versioning(Versioning::Pinned)).await;
    let text = "`default_versioning` has an effect in a deployment only; add `.deployment(\"..\")`, or leave it out";
    assert!(error.contains(text), "{error}");
    let worker = worker().deployment(unique("orders")).build_id("1");
    let worker = worker.default_versioning(Versioning::AutoUpgrade);
    worker.spawn().await?.shutdown().await
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
