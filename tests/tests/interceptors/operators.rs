//! Interceptors of a client around what operators do, on both servers.

use std::sync::{Arc, Mutex};

use durably::{
    client::{BatchKind, ResetPoint},
    error::{ActivityOperationError, BatchError, HandleError, NamespaceError, RpcError},
    interceptor::{
        ActivityOperationRequest, BatchRequest, ClientInterceptor, DeleteRequest,
        DeploymentRequest, ListRequest, NamespaceRequest, Next, RawRequest, ResetRequest,
        StartBatchRequest, TaskQueueRequest, UpdateOptionsRequest, WorkerRequest,
    },
    prelude::*,
    raw::{Code, api::workflowservice::v1::GetSystemInfoRequest},
};
use durably_tests::{World, eventually, on_both_servers};

/// Writes down what an operator does, and signs it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: String) {
        self.0.lock().expect("nobody panics with it").push(what);
    }

    /// What was done since the last time.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics with it"))
    }
}

impl ClientInterceptor for Log {
    async fn reset(&self, mut request: ResetRequest, next: Next<ResetRequest>) -> Result<()> {
        self.note(format!("reset to {:?}: {}", request.point, request.reason));
        request.reason += " (by somebody)";
        next.run(request).await
    }

    async fn delete(&self, request: DeleteRequest, next: Next<DeleteRequest>) -> Result<()> {
        let of_run = request.run_id.is_some();
        self.note(format!("delete, of a run: {of_run}"));
        next.run(request).await
    }

    async fn update_options(
        &self,
        mut request: UpdateOptionsRequest,
        next: Next<UpdateOptionsRequest>,
    ) -> Result<()> {
        let versioning = request.changes_versioning();
        self.note(format!("update options, of versioning: {versioning}"));
        request.priority = Some(Priority::key(2));
        next.run(request).await
    }

    async fn operate_activities(
        &self,
        request: ActivityOperationRequest,
        next: Next<ActivityOperationRequest>,
    ) -> Result<()> {
        self.note(format!(
            "{:?} of {:?}",
            request.operation, request.activities
        ));
        next.run(request).await
    }

    async fn start_batch(
        &self,
        mut request: StartBatchRequest,
        next: Next<StartBatchRequest>,
    ) -> Result<()> {
        self.note(format!("batch {:?}", request.kind()));
        request.reason += " (by somebody)";
        next.run(request).await
    }

    async fn batch(&self, request: BatchRequest, next: Next<BatchRequest>) -> Result<()> {
        self.note(format!("batch: {:?}", request.request));
        next.run(request).await
    }

    async fn namespace(
        &self,
        request: NamespaceRequest,
        next: Next<NamespaceRequest>,
    ) -> Result<()> {
        self.note(format!(
            "namespace {}: {:?}",
            request.namespace, request.operation
        ));
        next.run(request).await
    }

    async fn deployment(
        &self,
        request: DeploymentRequest,
        next: Next<DeploymentRequest>,
    ) -> Result<()> {
        self.note(format!(
            "deployment {}: {:?}",
            request.deployment, request.operation
        ));
        next.run(request).await
    }

    async fn list(&self, request: ListRequest, next: Next<ListRequest>) -> Result<()> {
        self.note(format!("list {:?}", request.listed));
        next.run(request).await
    }

    async fn describe_task_queue(
        &self,
        request: TaskQueueRequest,
        next: Next<TaskQueueRequest>,
    ) -> Result<()> {
        self.note(format!("task queue {}", request.task_queue));
        next.run(request).await
    }

    async fn describe_worker(
        &self,
        request: WorkerRequest,
        next: Next<WorkerRequest>,
    ) -> Result<()> {
        self.note(format!("worker {}", request.instance_key));
        next.run(request).await
    }

    async fn raw(&self, request: RawRequest, next: Next<RawRequest>) -> Result<()> {
        self.note(request.method.to_owned());
        next.run(request).await
    }
}

#[activity(start_to_close = "10m", heartbeat = "10m")]
async fn wait(ctx: &ActivityCtx) -> Result<()> {
    ctx.cancelled().await;
    Err(Cancelled.into())
}

/// Waits for its activity.
#[derive(Default)]
struct Waits;

#[workflow]
impl Waits {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(wait::call(ctx).id("wait").await?)
    }
}

on_both_servers! {
    what_operators_do_passes_the_interceptors
    an_interceptor_refuses_what_operators_do
}

async fn what_operators_do_passes_the_interceptors(world: &World) -> Result<()> {
    let log = Log::default();
    let client = world.client.with_interceptor(log.clone());
    let worker = world.worker().workflow::<Waits>().activity::<wait>();
    let worker = worker.spawn().await?;
    let id = format!("{}-waits", world.queue);
    let start = Waits::start(&world.client).id(&id);
    start.task_queue(&world.queue).await?;
    let waits = client.handle(&id);
    let begun = async || {
        let described = world.client.handle(&id).describe().await.ok()?;
        (!described.pending_activities.is_empty()).then_some(())
    };
    eventually("the activity is pending", begun).await;

    waits.update_options().priority(Priority::key(4)).await?;
    let priority = waits.describe().await?.priority;
    assert_eq!(priority, Priority::key(2), "the interceptor has changed it");
    let pending = waits.activity("wait");
    pending.pause("a while").await?;
    pending.unpause().await?;
    waits.all_activities().restore_options().await?;
    waits
        .activities_of_type("wait")
        .update_options()
        .start_to_close(mins(5))
        .await?;
    waits.activity("wait").reset().await?;
    assert_eq!(
        log.take(),
        [
            "update options, of versioning: false",
            "Pause of Id(\"wait\")",
            "Unpause of Id(\"wait\")",
            "RestoreOptions of All",
            "UpdateOptions of Type(\"wait\")",
            "Reset of Id(\"wait\")",
        ]
    );

    let again = waits.reset(ResetPoint::FirstTask, "once more").await?;
    assert_ne!(again.run_id(), None);
    let history = world.client.handle(&id).history().await?.to_string();
    assert!(history.contains("once more (by somebody)"), "{history}");

    let batch = client.batch(format!("WorkflowId = '{id}'"));
    let batch = batch.terminate("enough").timeout(mins(2)).await?;
    let finished = batch.finished().await?;
    assert_eq!(finished.reason, "enough (by somebody)");
    assert_eq!(finished.kind, BatchKind::Terminate);
    again.delete().await?;
    let mut done = log.take();
    done.dedup();
    assert_eq!(
        done,
        [
            "reset to FirstTask: once more",
            "batch Terminate",
            "batch: Describe",
            "delete, of a run: true",
        ]
    );

    assert_eq!(client.describe_namespace("default").await?.name, "default");
    let none = client.describe_namespace("nobody-has-registered-it").await;
    assert!(matches!(none, Err(NamespaceError::NotFound(_))), "{none:?}");
    client.deployments().await?;
    let unknown = client.deployment(&world.queue).describe().await;
    assert!(unknown.is_err(), "no worker of it has polled");
    let unknown = client.deployment(&world.queue).describe_version("1").await;
    assert!(unknown.is_err(), "no worker of it has polled");
    client.task_queue("nobodys").describe().await?;
    assert_eq!(client.describe_worker("nobody").await?, None);
    let raw = client.raw();
    let info = raw.get_system_info(GetSystemInfoRequest {}, secs(10));
    assert!(info.await.is_ok(), "every server has it");
    assert_eq!(
        log.take(),
        [
            "namespace default: Describe",
            "namespace nobody-has-registered-it: Describe",
            "list Deployments",
            format!("deployment {}: Describe", world.queue).as_str(),
            format!(
                "deployment {}: DescribeVersion {{ build_id: \"1\" }}",
                world.queue
            )
            .as_str(),
            "task queue nobodys",
            "worker nobody",
            "GetSystemInfo",
        ]
    );
    worker.shutdown().await
}

/// Lets an operator do nothing.
struct Refuse;

fn refused(what: &str) -> Error {
    let message = format!("{what} is not for you");
    RpcError::PermissionDenied { message }.into()
}

impl ClientInterceptor for Refuse {
    async fn reset(&self, _: ResetRequest, _: Next<ResetRequest>) -> Result<()> {
        Err(refused("a reset"))
    }

    async fn delete(&self, _: DeleteRequest, _: Next<DeleteRequest>) -> Result<()> {
        Err(refused("a deletion"))
    }

    async fn update_options(
        &self,
        _: UpdateOptionsRequest,
        _: Next<UpdateOptionsRequest>,
    ) -> Result<()> {
        Err(refused("an option"))
    }

    async fn operate_activities(
        &self,
        _: ActivityOperationRequest,
        _: Next<ActivityOperationRequest>,
    ) -> Result<()> {
        Err(refused("an activity"))
    }

    async fn start_batch(&self, _: StartBatchRequest, _: Next<StartBatchRequest>) -> Result<()> {
        Err(refused("a batch"))
    }

    async fn batch(&self, _: BatchRequest, _: Next<BatchRequest>) -> Result<()> {
        Err(refused("a batch"))
    }

    async fn namespace(&self, _: NamespaceRequest, _: Next<NamespaceRequest>) -> Result<()> {
        Err(refused("a namespace"))
    }

    async fn deployment(&self, _: DeploymentRequest, _: Next<DeploymentRequest>) -> Result<()> {
        Err(refused("a deployment"))
    }

    async fn describe_task_queue(
        &self,
        _: TaskQueueRequest,
        _: Next<TaskQueueRequest>,
    ) -> Result<()> {
        Err(refused("a task queue"))
    }

    async fn describe_worker(&self, _: WorkerRequest, _: Next<WorkerRequest>) -> Result<()> {
        Err(refused("a worker"))
    }

    async fn raw(&self, _: RawRequest, _: Next<RawRequest>) -> Result<()> {
        Err(refused("a raw call"))
    }
}

async fn an_interceptor_refuses_what_operators_do(world: &World) -> Result<()> {
    let client = world.client.with_interceptor(Refuse);
    let nobody = client.handle(&world.queue);
    let is_denied = |error: &RpcError| matches!(error, RpcError::PermissionDenied { message } if message.ends_with(" is not for you"));

    for error in [
        nobody.reset(ResetPoint::LastTask, "").await.err(),
        nobody.delete().await.err(),
        nobody
            .update_options()
            .priority(Priority::key(1))
            .await
            .err(),
    ] {
        assert!(
            matches!(&error, Some(HandleError::Rpc(error)) if is_denied(error)),
            "{error:?}"
        );
    }
    let activity = nobody.activity("1");
    for error in [activity.pause("").await.err(), activity.reset().await.err()] {
        let denied = matches!(&error, Some(ActivityOperationError::Rpc(error)) if is_denied(error));
        assert!(denied, "{error:?}");
    }
    let batch = client.batch("WorkflowId = 'nobody'").delete("").await.err();
    let stopped = client.batch_operation("nothing").stop("").await.err();
    for error in [batch, stopped] {
        assert!(
            matches!(&error, Some(BatchError::Rpc(error)) if is_denied(error)),
            "{error:?}"
        );
    }
    for error in [
        client.register_namespace("nobodys").await.err(),
        client.delete_namespace("nobodys").await.err(),
    ] {
        assert!(
            matches!(&error, Some(NamespaceError::Rpc(error)) if is_denied(error)),
            "{error:?}"
        );
    }
    for error in [
        client.deployment("nobodys").unset_current().await.err(),
        client.task_queue("nobodys").describe().await.err(),
        client.describe_worker("nobody").await.err(),
    ] {
        assert!(error.as_ref().is_some_and(is_denied), "{error:?}");
    }
    let raw = client
        .raw()
        .get_system_info(GetSystemInfoRequest {}, secs(10))
        .await;
    let status = raw.expect_err("the interceptor refuses it");
    assert_eq!(
        (status.code(), status.message()),
        (Code::PermissionDenied, "a raw call is not for you")
    );
    Ok(())
}
