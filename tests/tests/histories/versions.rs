//! Versions of workers: pinned runs, runs that upgrade, what they start, overrides.

use durably::{
    client::VersioningOverride,
    prelude::*,
    worker::{DeploymentVersion, WorkerGuard},
};
use durably_proto::api::{
    deployment::v1::WorkerDeploymentVersion,
    enums::v1::RoutingConfigUpdateState,
    workflowservice::v1::{
        DescribeWorkerDeploymentRequest, DescribeWorkerDeploymentVersionRequest,
    },
};
use durably_tests::{eventually, raw::NAMESPACE, recording::Recording, same_on_both_servers};

#[activity(start_to_close = "10s")]
async fn echo(text: String) -> String {
    text
}

#[derive(Default)]
struct Pin {
    steps: u32,
}

#[workflow(versioning = "pinned")]
impl Pin {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        match case.as_str() {
            // The task of its parent that follows its start is completed by then.
            "ends" => ctx.sleep(millis(300)).await?,
            _ => ctx.wait_until(|| self.steps > 0).await?,
        }
        match case.as_str() {
            "activity" => Ok(echo::call(ctx, "pinned").await?),
            "child" => {
                let id = format!("{}-child", ctx.workflow_id());
                Ok(Self::child(ctx, "ends").id(id).await?)
            }
            "next run" => Self::continue_as_new("ends").into(),
            "second attempt" if ctx.attempt() == 1 => bail!("once more"),
            _ => Ok(ctx.build_id().unwrap_or_default()),
        }
    }

    #[signal]
    fn step(&mut self) {
        self.steps += 1;
    }
}

#[derive(Default)]
struct Up {
    steps: u32,
}

#[workflow(versioning = "auto_upgrade")]
impl Up {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        match case.as_str() {
            // The task of its parent that follows its start is completed by then.
            "ends" => ctx.sleep(millis(300)).await?,
            _ => ctx.wait_until(|| self.steps > 0).await?,
        }
        match case.as_str() {
            "activity" => Ok(echo::call(ctx, "upgraded").await?),
            "child" => {
                let id = format!("{}-child", ctx.workflow_id());
                Ok(Self::child(ctx, "ends").id(id).await?)
            }
            "next run" => Self::continue_as_new("ends").into(),
            _ => Ok(ctx.build_id().unwrap_or_default()),
        }
    }

    #[signal]
    fn step(&mut self) {
        self.steps += 1;
    }
}

fn register(worker: Worker) -> Worker {
    let worker = worker.workflow::<Pin>().workflow::<Up>();
    worker.activity::<echo>()
}

/// A worker of a build, when the server knows it.
async fn worker(cx: &Recording, deployment: &str, build: &str) -> Result<WorkerGuard> {
    let worker = cx.world.worker().deployment(deployment).build_id(build);
    let worker = register(worker).spawn().await?;
    eventually("the version to be polled", || async {
        let request = DescribeWorkerDeploymentVersionRequest {
            namespace: NAMESPACE.to_owned(),
            deployment_version: Some(WorkerDeploymentVersion {
                deployment_name: deployment.to_owned(),
                build_id: build.to_owned(),
            }),
            ..Default::default()
        };
        let raw = cx.client().raw();
        let described = raw
            .describe_worker_deployment_version(request, secs(5))
            .await;
        (described.ok()?.version_task_queues.len() == 2).then_some(())
    })
    .await;
    Ok(worker)
}

/// Makes a build current, and waits until its task queues know.
async fn set_current(cx: &Recording, deployment: &str, build: &str) -> Result<()> {
    cx.client()
        .deployment(deployment)
        .set_current(build)
        .await?;
    eventually("the routing to be propagated", || async {
        let request = DescribeWorkerDeploymentRequest {
            namespace: NAMESPACE.to_owned(),
            deployment_name: deployment.to_owned(),
        };
        let raw = cx.client().raw();
        let described = raw.describe_worker_deployment(request, secs(5)).await;
        let info = described.ok()?.worker_deployment_info?;
        let state = info.routing_config_update_state();
        (state == RoutingConfigUpdateState::Completed).then_some(())
    })
    .await;
    Ok(())
}

same_on_both_servers! {
    pinned_runs_stay_on_their_version
    runs_that_upgrade_move_on
    a_pinned_run_that_is_retried
    overrides_of_starts_and_of_runs
    a_worker_outside_of_deployments
}

/// Begins runs of each case on the first version, makes the second one current, and goes on.
macro_rules! on_two_versions {
    ($cx:ident, $workflow:ident) => {{
        let deployment = $cx.name("orders");
        let one = worker($cx, &deployment, "1").await?;
        set_current($cx, &deployment, "1").await?;
        let mut runs = Vec::new();
        for case in ["activity", "child", "next run", "waits"] {
            let id = $cx.name("run");
            let start = $workflow::start($cx.client(), case).id(&id);
            let run = start.task_queue($cx.queue()).await?;
            $cx.follow(case, &run.untyped());
            $cx.idle(&id).await;
            runs.push(run);
        }
        $cx.describe("on the first version", runs[0].id()).await?;
        let two = worker($cx, &deployment, "2").await?;
        set_current($cx, &deployment, "2").await?;
        for run in runs {
            run.step().await?;
            $cx.note("a result", run.result().await?);
        }
        one.shutdown().await?;
        two.shutdown().await
    }};
}

async fn pinned_runs_stay_on_their_version(cx: &mut Recording) -> Result<()> {
    on_two_versions!(cx, Pin)
}

async fn runs_that_upgrade_move_on(cx: &mut Recording) -> Result<()> {
    on_two_versions!(cx, Up)
}

async fn a_pinned_run_that_is_retried(cx: &mut Recording) -> Result<()> {
    let deployment = cx.name("orders");
    let one = worker(cx, &deployment, "1").await?;
    set_current(cx, &deployment, "1").await?;
    let id = cx.name("run");
    let retry = Retry::attempts(2).initial_interval(millis(10));
    let start = Pin::start(cx.client(), "second attempt")
        .id(&id)
        .retry(retry);
    let start = start.task_queue(cx.queue());
    let run = start.with_signal(|run| run.step()).await?;
    cx.follow("run", &run.untyped());
    cx.recorded(&id, "WorkflowExecutionStarted", 1).await;
    cx.closed(&id, run.run_id().unwrap_or_default()).await?;
    cx.idle(&id).await;
    cx.describe("the second attempt", &id).await?;
    cx.client().handle(&id).signal("step", ()).await?;
    cx.note("the result", run.result().await?);
    one.shutdown().await
}

async fn overrides_of_starts_and_of_runs(cx: &mut Recording) -> Result<()> {
    let deployment = cx.name("orders");
    let one = worker(cx, &deployment, "1").await?;
    let two = worker(cx, &deployment, "2").await?;
    set_current(cx, &deployment, "1").await?;
    let pinned =
        |build: &str| VersioningOverride::Pinned(DeploymentVersion::of(&deployment).build(build));
    let id = cx.name("run");
    let start = Up::start(cx.client(), "activity").id(&id);
    let start = start.versioning_override(pinned("2"));
    let run = start.task_queue(cx.queue()).await?;
    cx.follow("overridden at the start", &run.untyped());
    cx.idle(&id).await;
    cx.describe("overridden at the start", &id).await?;
    run.step().await?;
    cx.note("the result", run.result().await?);

    let id = cx.name("run");
    let start = Pin::start(cx.client(), "waits").id(&id);
    let run = start.task_queue(cx.queue()).await?;
    cx.follow("overridden later", &run.untyped());
    cx.idle(&id).await;
    let options = || run.untyped().update_options();
    options().versioning_override(pinned("2")).await?;
    cx.describe("overridden", &id).await?;
    options().clear_versioning_override().await?;
    cx.describe("not overridden any more", &id).await?;
    options()
        .versioning_override(VersioningOverride::AutoUpgrade)
        .await?;
    run.step().await?;
    cx.note("the result", run.result().await?);
    one.shutdown().await?;
    two.shutdown().await
}

async fn a_worker_outside_of_deployments(cx: &mut Recording) -> Result<()> {
    let worker = register(cx.world.worker().build_id("7")).spawn().await?;
    let id = cx.name("run");
    let start = Up::start(cx.client(), "activity").id(&id);
    let run = start.task_queue(cx.queue()).await?;
    cx.follow("run", &run.untyped());
    cx.idle(&id).await;
    run.step().await?;
    cx.note("the result", run.result().await?);
    worker.shutdown().await
}
