//! Worker deployments: which version of a worker runs a workflow, as histories show it.

use durably::client::{History, QueueSet, StartCall, VersioningOverride};
use durably::error::{RpcError, StartError};
use durably::prelude::*;
use durably::raw::api::{
    deployment::v1::WorkerDeploymentVersion,
    enums::v1::RoutingConfigUpdateState,
    history::v1::history_event::Attributes,
    workflowservice::v1::{
        DescribeWorkerDeploymentRequest, DescribeWorkerDeploymentVersionRequest,
    },
};
use durably::worker::{DeploymentVersion, Versioning, WorkerGuard};
use durably_tests::{World, eventually, on_both_servers, unique};

on_both_servers! {
    a_pinned_run_stays_on_its_version_while_new_starts_go_to_the_current_one
    a_run_that_upgrades_moves_with_its_next_task
    activities_of_a_run_that_upgrades_move_its_workflow_first
    a_pinned_version_is_inherited_by_children_and_the_next_run
    an_override_starts_a_run_on_a_version_that_is_not_current
    a_ramp_takes_its_share_of_the_starts
    runs_outside_of_deployments_stay_there_until_a_version_is_current
    versions_that_do_not_exist_are_refused
}

/// Two versions of the same workflows. `Pin` stays on its version, `Up` upgrades.
macro_rules! version {
    ($version:ident, $text:literal) => {
        pub(super) mod $version {
            use durably::{prelude::*, workflow::InitialVersioning};

            #[activity(name = "version", start_to_close = "10s")]
            async fn version() -> String {
                $text.to_owned()
            }

            #[derive(Default)]
            pub(crate) struct Pin {
                steps: u32,
            }

            #[workflow(name = "Pin", versioning = "pinned")]
            impl Pin {
                /// Waits for the signal, then continues as new with the rest of `plan`, starts a child with it,
                /// fails its first attempt, or calls an activity.
                #[run]
                pub(crate) async fn run(&mut self, ctx: &Ctx, plan: Vec<String>) -> Result<String> {
                    let Some((step, rest)) = plan.split_first() else {
                        return Ok($text.to_owned());
                    };
                    let rest = rest.to_vec();
                    if let Some(queue) = step.strip_prefix("child on ") {
                        return Ok(Pin::child(ctx, rest).task_queue(queue).await?);
                    }
                    match step.as_str() {
                        "child" => return Ok(Pin::child(ctx, rest).await?),
                        "upgrading child" => {
                            return Ok(super::$version::Up::child(ctx, rest).await?);
                        }
                        _ => ctx.wait_until(|| self.steps > 0).await?,
                    }
                    let next = Pin::continue_as_new(rest);
                    if let Some(queue) = step.strip_prefix("next run on ") {
                        return Err(next.task_queue(queue).into());
                    }
                    let on = |initial| next.clone().initial_versioning(initial);
                    match step.as_str() {
                        "next run" => Err(next.into()),
                        "next run upgrades" => Err(on(InitialVersioning::AutoUpgrade).into()),
                        "next run ramps" => Err(on(InitialVersioning::RampingVersion).into()),
                        "second attempt" if ctx.attempt() == 1 => bail!("the first attempt fails"),
                        "second attempt" => Ok($text.to_owned()),
                        _ => Ok(format!("{} {}", $text, version::call(ctx).await?)),
                    }
                }

                #[signal]
                pub(crate) fn step(&mut self) {
                    self.steps += 1;
                }

                #[query]
                pub(crate) fn version(&self) -> String {
                    $text.to_owned()
                }
            }

            /// Decides by the build that completes each of its tasks.
            #[derive(Default)]
            pub(crate) struct Reads {
                steps: u32,
                builds: Vec<String>,
            }

            #[workflow(name = "Reads", versioning = "auto_upgrade")]
            impl Reads {
                #[run]
                pub(crate) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
                    for steps in 1..=2 {
                        if ctx.build_id().as_deref() == Some("1") {
                            ctx.sleep(millis(1)).await?;
                        }
                        let build = ctx.build_id().unwrap_or_default();
                        let version = ctx.deployment_version();
                        let version = version.map_or_else(|| "none".to_owned(), |it| it.build_id);
                        self.builds.push(format!("{build} {version}"));
                        ctx.wait_until(|| self.steps >= steps).await?;
                    }
                    Ok(self.builds.clone())
                }

                #[signal]
                pub(crate) fn step(&mut self) {
                    self.steps += 1;
                }

                #[query]
                pub(crate) fn builds(&self, view: &View) -> Vec<String> {
                    let mut builds = self.builds.clone();
                    builds.push(view.build_id().unwrap_or_default());
                    builds
                }
            }

            #[derive(Default)]
            pub(crate) struct Up {
                steps: u32,
            }

            #[workflow(name = "Up", versioning = "auto_upgrade")]
            impl Up {
                #[run]
                pub(crate) async fn run(&mut self, ctx: &Ctx, plan: Vec<String>) -> Result<String> {
                    let Some((step, rest)) = plan.split_first() else {
                        return Ok($text.to_owned());
                    };
                    let rest = rest.to_vec();
                    if step == "sleep" {
                        // The activity is called by a version that is not current any more.
                        ctx.sleep(secs(2)).await?;
                    } else {
                        ctx.wait_until(|| self.steps > 0).await?;
                    }
                    match step.as_str() {
                        "next run" => Err(Up::continue_as_new(rest).into()),
                        _ => Ok(format!("{} {}", $text, version::call(ctx).await?)),
                    }
                }

                #[signal]
                pub(crate) fn step(&mut self) {
                    self.steps += 1;
                }

                #[query]
                pub(crate) fn version(&self) -> String {
                    $text.to_owned()
                }
            }

            pub(crate) fn register(worker: Worker) -> Worker {
                worker
                    .workflow::<Pin>()
                    .workflow::<Up>()
                    .workflow::<Reads>()
                    .activity::<version>()
            }
        }
    };
}

version!(one, "1");
version!(two, "2");

pub(super) fn plan(steps: &[&str]) -> Vec<String> {
    steps.iter().map(ToString::to_string).collect()
}

/// A deployment of its own, with the workers of its versions.
pub(super) struct Orders<'a> {
    pub(super) world: &'a World,
    pub(super) name: String,
}

impl<'a> Orders<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        Self {
            world,
            name: unique("orders"),
        }
    }

    pub(super) fn worker(&self, build: &str) -> Worker {
        self.world.worker().deployment(&self.name).build_id(build)
    }

    pub(super) async fn one(&self) -> Result<WorkerGuard> {
        one::register(self.worker("1")).spawn().await
    }

    pub(super) async fn two(&self) -> Result<WorkerGuard> {
        two::register(self.worker("2")).spawn().await
    }

    /// A start of `Pin` with these steps.
    pub(super) fn pin(&self, steps: &[&str]) -> StartCall<one::Pin, QueueSet> {
        one::Pin::start(&self.world.client, plan(steps)).task_queue(&self.world.queue)
    }

    /// A start of `Up` with these steps.
    pub(super) fn up(&self, steps: &[&str]) -> StartCall<one::Up, QueueSet> {
        one::Up::start(&self.world.client, plan(steps)).task_queue(&self.world.queue)
    }

    /// Starts `Pin` with these steps; returns when this build has completed its first task.
    pub(super) async fn pinned(&self, build: &str, steps: &[&str]) -> Result<Handle<one::Pin>> {
        let run = self.pin(steps).await?;
        assert_eq!(run.version().await?, build);
        Ok(run)
    }

    /// Starts `Up` with these steps; returns when this build has completed its first task.
    pub(super) async fn upgrading(&self, build: &str, steps: &[&str]) -> Result<Handle<one::Up>> {
        let run = self.up(steps).await?;
        assert_eq!(run.version().await?, build);
        Ok(run)
    }

    /// Makes a build current, once its workers have polled both queues.
    pub(super) async fn set_current(&self, build: &str) -> Result<()> {
        self.polled(build).await;
        let deployment = self.world.client.deployment(&self.name);
        deployment.set_current(build).await?;
        self.settled().await;
        let described = deployment.describe().await?;
        assert_eq!(described.current, Some(self.version(build)));
        Ok(())
    }

    /// Waits until the task queues have the routing: the real server propagates it in the background.
    pub(super) async fn settled(&self) {
        eventually("the routing to be propagated", || async {
            let request = DescribeWorkerDeploymentRequest {
                namespace: "default".to_owned(),
                deployment_name: self.name.clone(),
            };
            let raw = self.world.client.raw();
            let described = raw.describe_worker_deployment(request, secs(5)).await;
            let info = described.ok()?.worker_deployment_info?;
            let state = info.routing_config_update_state();
            (state == RoutingConfigUpdateState::Completed).then_some(())
        })
        .await;
    }

    /// Waits until the workers of a build have polled both queues.
    pub(super) async fn polled(&self, build: &str) {
        eventually("the version to be polled", || async {
            let request = DescribeWorkerDeploymentVersionRequest {
                namespace: "default".to_owned(),
                deployment_version: Some(WorkerDeploymentVersion {
                    deployment_name: self.name.clone(),
                    build_id: build.to_owned(),
                }),
                ..Default::default()
            };
            let raw = self.world.client.raw();
            let described = raw
                .describe_worker_deployment_version(request, secs(5))
                .await;
            (described.ok()?.version_task_queues.len() == 2).then_some(())
        })
        .await;
    }

    pub(super) fn version(&self, build: &str) -> DeploymentVersion {
        DeploymentVersion::of(&self.name).build(build)
    }

    /// One line an event, with its fields about versions; builds without the name of the deployment.
    pub(super) fn lines(&self, history: &History) -> Vec<String> {
        let lines = history.events().iter().map(|event| {
            let said = match event.raw().attributes.as_ref() {
                Some(Attributes::WorkflowExecutionStartedEventAttributes(it)) => vec![
                    it.inherited_pinned_version
                        .as_ref()
                        .map(|it| format!("inherits {it:?}")),
                    it.inherited_auto_upgrade_info
                        .as_ref()
                        .map(|it| format!("upgrades from {it:?}")),
                    it.declined_target_version_upgrade
                        .as_ref()
                        .map(|it| format!("declines {it:?}")),
                    it.versioning_override
                        .as_ref()
                        .map(|it| format!("overrides {it:?}")),
                ],
                Some(Attributes::WorkflowTaskStartedEventAttributes(it)) => vec![
                    it.target_worker_deployment_version_changed
                        .then(|| "another target".to_owned()),
                ],
                Some(Attributes::WorkflowTaskCompletedEventAttributes(it)) => vec![
                    Some(format!("{:?}", it.versioning_behavior())),
                    Some(it.worker_deployment_name.clone()),
                    it.deployment_version.as_ref().map(|it| format!("{it:?}")),
                ],
                _ => Vec::new(),
            };
            let said: Vec<_> = said.into_iter().flatten().collect();
            let line = format!("{} {}", event.name(), said.join(", "));
            line.trim_end().to_owned()
        });
        let lines = lines.map(|line| line.replace(&self.name, "orders"));
        // The texts of messages.
        lines
            .map(|line| {
                line.replace("WorkerDeploymentVersion { build_id: \"", "<")
                    .replace("\", deployment_name: \"orders\" }", ">")
            })
            .collect()
    }
}

async fn a_pinned_run_stays_on_its_version_while_new_starts_go_to_the_current_one(
    world: &World,
) -> Result<()> {
    let orders = Orders::new(world);
    let one = orders.one().await?;
    orders.set_current("1").await?;
    let first = orders.pinned("1", &["activity"]).await?;

    let two = orders.two().await?;
    orders.set_current("2").await?;
    assert_eq!(orders.pin(&[]).result().await?, "2");
    assert_eq!(first.version().await?, "1", "the query goes to its version");
    first.step().await?;
    assert_eq!(first.result().await?, "1 1");
    assert_eq!(
        orders.lines(&first.history().await?),
        [
            "WorkflowExecutionStarted",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted Pinned, orders, <1>",
            "WorkflowExecutionSignaled",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted another target",
            "WorkflowTaskCompleted Pinned, orders, <1>",
            "ActivityTaskScheduled",
            "ActivityTaskStarted",
            "ActivityTaskCompleted",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted another target",
            "WorkflowTaskCompleted Pinned, orders, <1>",
            "WorkflowExecutionCompleted",
        ]
    );
    let described = first.describe().await?.versioning;
    assert_eq!(described.version, Some(orders.version("1")));
    assert_eq!(described.versioning, Some(Versioning::Pinned));
    assert_eq!(described.replaced_by, None);
    one.shutdown().await?;
    two.shutdown().await
}

async fn a_run_that_upgrades_moves_with_its_next_task(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let one = orders.one().await?;
    orders.set_current("1").await?;
    let first = orders.upgrading("1", &["activity"]).await?;
    let chain = orders.upgrading("1", &["next run"]).await?;

    let two = orders.two().await?;
    orders.set_current("2").await?;
    first.step().await?;
    assert_eq!(first.result().await?, "2 2");
    assert_eq!(
        orders.lines(&first.history().await?),
        [
            "WorkflowExecutionStarted",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted AutoUpgrade, orders, <1>",
            "WorkflowExecutionSignaled",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted AutoUpgrade, orders, <2>",
            "ActivityTaskScheduled",
            "ActivityTaskStarted",
            "ActivityTaskCompleted",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted AutoUpgrade, orders, <2>",
            "WorkflowExecutionCompleted",
        ]
    );
    chain.step().await?;
    assert_eq!(chain.result().await?, "2");
    let next = world.client.handle(chain.id()).history().await?;
    assert_eq!(
        orders.lines(&next)[0],
        "WorkflowExecutionStarted upgrades from InheritedAutoUpgradeInfo { source_deployment_version: Some(<2>), source_deployment_revision_number: 2, continue_as_new_initial_versioning_behavior: Unspecified }"
    );
    one.shutdown().await?;
    two.shutdown().await
}

async fn activities_of_a_run_that_upgrades_move_its_workflow_first(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    // Only workflows of the first version run: its activities wait until the second one is current.
    let one = orders.worker("1").workflow::<one::Up>().spawn().await?;
    let deployment = world.client.deployment(&orders.name);
    eventually("the version to be current", || async {
        deployment.set_current("1").await.ok()
    })
    .await;
    let run = orders.up(&["activity"]).await?;
    run.step().await?;
    eventually("the activity", || async {
        let pending = run.describe().await.ok()?.pending_activities;
        (pending.len() == 1).then_some(())
    })
    .await;
    let two = orders.two().await?;
    orders.set_current("2").await?;
    assert_eq!(run.result().await?, "2 2");
    // The signal came with the first workflow task or with one of its own.
    let lines = orders.lines(&run.history().await?);
    let scheduled = lines
        .iter()
        .position(|line| line == "ActivityTaskScheduled");
    assert_eq!(
        lines[scheduled.expect("the activity is scheduled")..],
        [
            "ActivityTaskScheduled",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted AutoUpgrade, orders, <2>",
            "ActivityTaskStarted",
            "ActivityTaskCompleted",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted AutoUpgrade, orders, <2>",
            "WorkflowExecutionCompleted",
        ]
    );
    one.shutdown().await?;
    two.shutdown().await
}

async fn a_pinned_version_is_inherited_by_children_and_the_next_run(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let one = orders.one().await?;
    orders.set_current("1").await?;
    let next = orders.pinned("1", &["next run", "child"]).await?;
    let upgrading = orders.pinned("1", &["next run", "upgrading child"]).await?;
    let two = orders.two().await?;
    orders.set_current("2").await?;
    next.step().await?;
    upgrading.step().await?;
    assert_eq!(next.result().await?, "1");
    assert_eq!(upgrading.result().await?, "1");
    let history = world.client.handle(next.id()).history().await?;
    let lines = orders.lines(&history);
    assert_eq!(
        lines[..4],
        [
            "WorkflowExecutionStarted inherits <1>, declines DeclinedTargetVersionUpgrade { deployment_version: Some(<2>), revision_number: 2 }",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted Pinned, orders, <1>",
        ]
    );
    for (parent, behavior) in [(&next, "Pinned"), (&upgrading, "AutoUpgrade")] {
        let history = world.client.handle(parent.id()).history().await?;
        let child =
            history
                .events()
                .iter()
                .find_map(|event| match event.raw().attributes.as_ref()? {
                    Attributes::ChildWorkflowExecutionStartedEventAttributes(it) => {
                        it.workflow_execution.clone()
                    }
                    _ => None,
                });
        let child = child.expect("the child has started").workflow_id;
        let child = world.client.handle(child).history().await?;
        assert_eq!(
            orders.lines(&child),
            [
                "WorkflowExecutionStarted inherits <1>".to_owned(),
                "WorkflowTaskScheduled".to_owned(),
                "WorkflowTaskStarted another target".to_owned(),
                format!("WorkflowTaskCompleted {behavior}, orders, <1>"),
                "WorkflowExecutionCompleted".to_owned(),
            ]
        );
    }
    one.shutdown().await?;
    two.shutdown().await
}

async fn an_override_starts_a_run_on_a_version_that_is_not_current(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let (one, two) = (orders.one().await?, orders.two().await?);
    orders.set_current("1").await?;
    orders.polled("2").await;
    let start = |versioning| orders.up(&[]).versioning_override(versioning);
    let trial = start(VersioningOverride::Pinned(orders.version("2"))).await?;
    assert_eq!(trial.result().await?, "2");
    assert_eq!(
        orders.lines(&trial.history().await?),
        [
            "WorkflowExecutionStarted overrides VersioningOverride { behavior: Unspecified, deployment: None, pinned_version: \"\", r#override: Some(Pinned(PinnedOverride { behavior: Pinned, version: Some(<2>) })) }",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted AutoUpgrade, orders, <2>",
            "WorkflowExecutionCompleted",
        ]
    );
    let described = trial.describe().await?.versioning;
    assert_eq!(described.version, Some(orders.version("2")));
    assert_eq!(described.versioning, Some(Versioning::AutoUpgrade));
    let replaced_by = Some(VersioningOverride::Pinned(orders.version("2")));
    assert_eq!(described.replaced_by, replaced_by);
    let upgrading = start(VersioningOverride::AutoUpgrade).await?;
    assert_eq!(upgrading.result().await?, "1");
    one.shutdown().await?;
    two.shutdown().await
}

async fn a_ramp_takes_its_share_of_the_starts(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let (one, two) = (orders.one().await?, orders.two().await?);
    orders.set_current("1").await?;
    orders.polled("2").await;
    let deployment = world.client.deployment(&orders.name);
    deployment.set_ramping("2", 100.0).await?;
    orders.settled().await;
    let result = || orders.pin(&[]).result();
    assert_eq!(result().await?, "2");
    deployment.set_ramping("2", 50.0).await?;
    orders.settled().await;
    let described = deployment.describe().await?;
    assert_eq!(described.current, Some(orders.version("1")));
    let ramp = described.ramping.expect("it ramps");
    assert_eq!(ramp.version, Some(orders.version("2")));
    assert_eq!(ramp.percent, 50.0);
    let mut seen = [false, false];
    for _ in 0..64 {
        let at = result().await? == "2";
        seen[usize::from(at)] = true;
    }
    assert_eq!(seen, [true, true], "each version has a share of 64 runs");
    deployment.unset_ramping().await?;
    orders.settled().await;
    for _ in 0..4 {
        assert_eq!(result().await?, "1");
    }
    assert_eq!(deployment.describe().await?.ramping, None);
    one.shutdown().await?;
    two.shutdown().await
}

async fn runs_outside_of_deployments_stay_there_until_a_version_is_current(
    world: &World,
) -> Result<()> {
    let orders = Orders::new(world);
    let outside = one::register(world.worker()).spawn().await?;
    let two = orders.two().await?;
    orders.polled("2").await;
    assert_eq!(orders.pin(&[]).result().await?, "1");
    let running = orders.pinned("1", &["activity"]).await?;
    assert_eq!(running.describe().await?.versioning, Default::default());
    orders.set_current("2").await?;
    running.step().await?;
    assert_eq!(running.result().await?, "2 2");
    world
        .client
        .deployment(&orders.name)
        .unset_current()
        .await?;
    orders.settled().await;
    assert_eq!(orders.pin(&[]).result().await?, "1");
    let described = world.client.deployment(&orders.name).describe().await?;
    assert_eq!(described.current, None);
    outside.shutdown().await?;
    two.shutdown().await
}

async fn versions_that_do_not_exist_are_refused(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let deployment = world.client.deployment(&orders.name);
    let missing = deployment.set_current("1").await.unwrap_err();
    assert_eq!(
        missing.to_string().replace(&orders.name, "orders"),
        "NotFound: no Worker Deployment found with name 'orders'; does your Worker Deployment have pollers?"
    );
    let worker = orders.one().await?;
    orders.set_current("1").await?;
    let missing = deployment.set_ramping("9", 10.0).await.unwrap_err();
    assert!(
        matches!(&missing, RpcError::Other { code, .. } if code == "NotFound"),
        "{missing:?}"
    );
    assert_eq!(
        missing.to_string().replace(&orders.name, "orders"),
        "NotFound: build ID '9' not found in Worker Deployment 'orders'"
    );
    let share = deployment.set_ramping("1", 101.0).await.unwrap_err();
    assert!(
        matches!(share, RpcError::InvalidArgument { .. }),
        "{share:?}"
    );
    let start = orders
        .pin(&[])
        .versioning_override(VersioningOverride::Pinned(orders.version("9")));
    let refused = start.await.map(|_| ()).unwrap_err();
    let StartError::Rpc(refused) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        matches!(&refused, RpcError::Other { code, .. } if code == "FailedPrecondition"),
        "{refused:?}"
    );
    assert_eq!(
        refused
            .to_string()
            .replace(&orders.name, "orders")
            .replace(&world.queue, "queue"),
        "FailedPrecondition: Pinned version 'orders:9' is not present in task queue 'queue' of type 'Workflow'"
    );
    let listed = world.client.deployments().await?;
    let found = listed
        .iter()
        .find(|it| it.name == orders.name)
        .expect("it is listed");
    assert_eq!(found.current, Some(orders.version("1")));
    worker.shutdown().await
}
