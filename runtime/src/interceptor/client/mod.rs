//! Interceptors of the calls of a client.

mod activity;
mod batch;
mod execution;
mod list;
mod message;
mod operator;
mod schedule;
mod start;

use std::{future::Future, sync::Arc};

use futures::{FutureExt as _, channel::oneshot, future::BoxFuture};

use self::operator::RawFault;
pub use self::{
    activity::{
        ActivityOperation, ActivityOperationRequest, ActivityReport, ActivityReportRequest,
        PendingActivities,
    },
    batch::{BatchRequest, BatchRequestKind, StartBatchRequest},
    execution::{
        CancelRequest, DeleteRequest, DescribeRequest, FastForwardRequest, HistoryRequest,
        ResetRequest, ResultRequest, TerminateRequest, UpdateOptionsRequest,
    },
    list::{CountRequest, ListRequest, Listed},
    message::{QueryRequest, SignalRequest, UpdateRequest, UpdateResponse},
    operator::{
        DeploymentOperation, DeploymentRequest, NamespaceOperation, NamespaceRequest, RawRequest,
        TaskQueueRequest, WorkerRequest,
    },
    schedule::{CreateScheduleRequest, ScheduleOperation, ScheduleRequest},
    start::{
        SignalWithStartRequest, StartRequest, Started, UpdateWithStartRequest,
        UpdateWithStartResponse,
    },
};
use super::next::{Chain, Next, Operation};
use crate::{
    client::WorkflowDescription,
    data::Output,
    error::{AppError, Error, Result, RpcError},
    transport::rpc::RawCalls,
    wire::{request::Execution, status::RawStatus},
};

/// Wraps the calls of a client: writes headers, logs, checks who may do what.
///
/// Each method is given a request, whose fields it may change, and [`Next`], which makes the call. By default a
/// method only calls `next`. An interceptor is given to [`ClientBuilder::interceptor`] or
/// [`Client::with_interceptor`]; several form a chain, of which the first is the outermost. Calls made by
/// workflow code are those of a [`WorkflowInterceptor`](super::WorkflowInterceptor).
///
/// # What passes
/// All calls of the client, and those of its [raw client](crate::Client::raw), of which an interceptor sees the name of
/// the method. The requests of workers do not pass. An interceptor keeps nobody from using another client: what nobody
/// may do belongs to the authorization of the server. What [`terminate`](Self::terminate) refuses,
/// [`start_batch`](Self::start_batch) and [`raw`](Self::raw) have to refuse, too.
///
/// An interceptor is called once for each call, not for its retries. The timeout of the call counts while
/// interceptors run.
///
/// # Errors
/// The error that an interceptor returns is that of the call. An error of the call's own type, and an [`RpcError`],
/// stay what they are; any other is [`RpcError::Interceptor`], which holds it. So is a panic.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, SignalRequest, StartRequest, Started}, prelude::*};
///
/// # fn current() -> String { "acme".to_owned() }
/// /// Sends the tenant along.
/// struct Tenant;
///
/// impl ClientInterceptor for Tenant {
///     async fn start(&self, mut request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
///         request.headers.set("tenant", current())?;
///         next.run(request).await
///     }
///
///     async fn signal(&self, mut request: SignalRequest, next: Next<SignalRequest>) -> Result<()> {
///         request.headers.set("tenant", current())?;
///         next.run(request).await
///     }
/// }
///
/// # async fn example() -> Result<()> {
/// let client = Client::builder("localhost:7233").interceptor(Tenant).await?;
/// # Ok(())
/// # }
/// ```
///
/// All methods, each with its request:
/// ```
/// use std::time::Instant;
///
/// use durably::{client::WorkflowDescription, interceptor::*, prelude::*};
///
/// /// Measures calls.
/// struct Timed;
///
/// async fn timed<R: Operation>(what: &str, request: R, next: Next<R>) -> Result<R::Response> {
///     let began = Instant::now();
///     let response = next.run(request).await;
///     tracing::info!("{what} took {:?}", began.elapsed());
///     response
/// }
///
/// impl ClientInterceptor for Timed {
///     async fn start(&self, it: StartRequest, next: Next<StartRequest>) -> Result<Started> {
///         timed("start", it, next).await
///     }
///     async fn signal_with_start(
///         &self,
///         it: SignalWithStartRequest,
///         next: Next<SignalWithStartRequest>,
///     ) -> Result<Started> {
///         timed("signal-with-start", it, next).await
///     }
///     async fn update_with_start(
///         &self,
///         it: UpdateWithStartRequest,
///         next: Next<UpdateWithStartRequest>,
///     ) -> Result<UpdateWithStartResponse> {
///         timed("update-with-start", it, next).await
///     }
///     async fn signal(&self, it: SignalRequest, next: Next<SignalRequest>) -> Result<()> {
///         timed("signal", it, next).await
///     }
///     async fn query(&self, it: QueryRequest, next: Next<QueryRequest>) -> Result<Output> {
///         timed("query", it, next).await
///     }
///     async fn update(&self, it: UpdateRequest, next: Next<UpdateRequest>) -> Result<UpdateResponse> {
///         timed("update", it, next).await
///     }
///     async fn cancel(&self, it: CancelRequest, next: Next<CancelRequest>) -> Result<()> {
///         timed("cancel", it, next).await
///     }
///     async fn terminate(&self, it: TerminateRequest, next: Next<TerminateRequest>) -> Result<()> {
///         timed("terminate", it, next).await
///     }
///     async fn describe(
///         &self,
///         it: DescribeRequest,
///         next: Next<DescribeRequest>,
///     ) -> Result<WorkflowDescription> {
///         timed("describe", it, next).await
///     }
///     async fn result(&self, it: ResultRequest, next: Next<ResultRequest>) -> Result<Output> {
///         timed("result", it, next).await
///     }
///     async fn history(&self, it: HistoryRequest, next: Next<HistoryRequest>) -> Result<()> {
///         timed("history", it, next).await
///     }
///     async fn list(&self, it: ListRequest, next: Next<ListRequest>) -> Result<()> {
///         timed("list", it, next).await
///     }
///     async fn count(&self, it: CountRequest, next: Next<CountRequest>) -> Result<()> {
///         timed("count", it, next).await
///     }
///     async fn create_schedule(
///         &self,
///         it: CreateScheduleRequest,
///         next: Next<CreateScheduleRequest>,
///     ) -> Result<()> {
///         timed("create schedule", it, next).await
///     }
///     async fn schedule(&self, it: ScheduleRequest, next: Next<ScheduleRequest>) -> Result<()> {
///         timed("schedule", it, next).await
///     }
///     async fn report_activity(
///         &self,
///         it: ActivityReportRequest,
///         next: Next<ActivityReportRequest>,
///     ) -> Result<()> {
///         timed("report", it, next).await
///     }
///     async fn reset(&self, it: ResetRequest, next: Next<ResetRequest>) -> Result<()> {
///         timed("reset", it, next).await
///     }
///     async fn delete(&self, it: DeleteRequest, next: Next<DeleteRequest>) -> Result<()> {
///         timed("delete", it, next).await
///     }
///     async fn update_options(
///         &self,
///         it: UpdateOptionsRequest,
///         next: Next<UpdateOptionsRequest>,
///     ) -> Result<()> {
///         timed("update options", it, next).await
///     }
///     async fn fast_forwarded(
///         &self,
///         it: FastForwardRequest,
///         next: Next<FastForwardRequest>,
///     ) -> Result<()> {
///         timed("fast-forward", it, next).await
///     }
///     async fn operate_activities(
///         &self,
///         it: ActivityOperationRequest,
///         next: Next<ActivityOperationRequest>,
///     ) -> Result<()> {
///         timed("operate activities", it, next).await
///     }
///     async fn start_batch(
///         &self,
///         it: StartBatchRequest,
///         next: Next<StartBatchRequest>,
///     ) -> Result<()> {
///         timed("start batch", it, next).await
///     }
///     async fn batch(&self, it: BatchRequest, next: Next<BatchRequest>) -> Result<()> {
///         timed("batch", it, next).await
///     }
///     async fn namespace(&self, it: NamespaceRequest, next: Next<NamespaceRequest>) -> Result<()> {
///         timed("namespace", it, next).await
///     }
///     async fn deployment(&self, it: DeploymentRequest, next: Next<DeploymentRequest>) -> Result<()> {
///         timed("deployment", it, next).await
///     }
///     async fn describe_task_queue(
///         &self,
///         it: TaskQueueRequest,
///         next: Next<TaskQueueRequest>,
///     ) -> Result<()> {
///         timed("describe task queue", it, next).await
///     }
///     async fn describe_worker(&self, it: WorkerRequest, next: Next<WorkerRequest>) -> Result<()> {
///         timed("describe worker", it, next).await
///     }
///     async fn raw(&self, it: RawRequest, next: Next<RawRequest>) -> Result<()> {
///         timed(it.method, it, next).await
///     }
/// }
/// ```
///
/// [`ClientBuilder::interceptor`]: crate::client::ClientBuilder::interceptor
/// [`Client::with_interceptor`]: crate::Client::with_interceptor
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interceptor of a client",
    label = "implement `ClientInterceptor` for it",
    note = "a `WorkflowInterceptor` and an `ActivityInterceptor` are given to a worker: `.workflow_interceptor(..)`, `.activity_interceptor(..)`"
)]
pub trait ClientInterceptor: Send + Sync + 'static {
    /// Starts a workflow.
    fn start(
        &self,
        request: StartRequest,
        next: Next<StartRequest>,
    ) -> impl Future<Output = Result<Started>> + Send {
        next.run(request)
    }

    /// Signals a workflow, and starts it if it does not run.
    fn signal_with_start(
        &self,
        request: SignalWithStartRequest,
        next: Next<SignalWithStartRequest>,
    ) -> impl Future<Output = Result<Started>> + Send {
        next.run(request)
    }

    /// Updates a workflow, and starts it if it does not run.
    fn update_with_start(
        &self,
        request: UpdateWithStartRequest,
        next: Next<UpdateWithStartRequest>,
    ) -> impl Future<Output = Result<UpdateWithStartResponse>> + Send {
        next.run(request)
    }

    /// Signals a workflow.
    fn signal(
        &self,
        request: SignalRequest,
        next: Next<SignalRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Queries a workflow.
    fn query(
        &self,
        request: QueryRequest,
        next: Next<QueryRequest>,
    ) -> impl Future<Output = Result<Output>> + Send {
        next.run(request)
    }

    /// Updates a workflow, and waits until it has accepted or completed the update.
    fn update(
        &self,
        request: UpdateRequest,
        next: Next<UpdateRequest>,
    ) -> impl Future<Output = Result<UpdateResponse>> + Send {
        next.run(request)
    }

    /// Requests the cancellation of a workflow.
    fn cancel(
        &self,
        request: CancelRequest,
        next: Next<CancelRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Terminates a workflow.
    fn terminate(
        &self,
        request: TerminateRequest,
        next: Next<TerminateRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Describes a workflow.
    fn describe(
        &self,
        request: DescribeRequest,
        next: Next<DescribeRequest>,
    ) -> impl Future<Output = Result<WorkflowDescription>> + Send {
        next.run(request)
    }

    /// Waits for the result of a workflow.
    fn result(
        &self,
        request: ResultRequest,
        next: Next<ResultRequest>,
    ) -> impl Future<Output = Result<Output>> + Send {
        next.run(request)
    }

    /// Fetches the history of a run, or a page of it.
    fn history(
        &self,
        request: HistoryRequest,
        next: Next<HistoryRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Fetches a page of a list.
    fn list(
        &self,
        request: ListRequest,
        next: Next<ListRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Counts workflows.
    fn count(
        &self,
        request: CountRequest,
        next: Next<CountRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Creates a schedule.
    fn create_schedule(
        &self,
        request: CreateScheduleRequest,
        next: Next<CreateScheduleRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Reads or changes a schedule that exists.
    fn schedule(
        &self,
        request: ScheduleRequest,
        next: Next<ScheduleRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Reports on an activity whose function has left its completion to the client.
    fn report_activity(
        &self,
        request: ActivityReportRequest,
        next: Next<ActivityReportRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Resets a workflow: a new run repeats a run up to a point.
    fn reset(
        &self,
        request: ResetRequest,
        next: Next<ResetRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Deletes a run, with its history.
    fn delete(
        &self,
        request: DeleteRequest,
        next: Next<DeleteRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Changes the options of a workflow.
    fn update_options(
        &self,
        request: UpdateOptionsRequest,
        next: Next<UpdateOptionsRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Waits for the end of a fast-forward of a workflow's time.
    fn fast_forwarded(
        &self,
        request: FastForwardRequest,
        next: Next<FastForwardRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Pauses, unpauses, resets or reconfigures pending activities.
    fn operate_activities(
        &self,
        request: ActivityOperationRequest,
        next: Next<ActivityOperationRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Starts a batch: one operation on all workflows that match a filter.
    fn start_batch(
        &self,
        request: StartBatchRequest,
        next: Next<StartBatchRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Describes or stops a batch that exists.
    fn batch(
        &self,
        request: BatchRequest,
        next: Next<BatchRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Registers, reads, changes or deletes a namespace.
    fn namespace(
        &self,
        request: NamespaceRequest,
        next: Next<NamespaceRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Reads or changes a worker deployment.
    fn deployment(
        &self,
        request: DeploymentRequest,
        next: Next<DeploymentRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Describes a task queue.
    fn describe_task_queue(
        &self,
        request: TaskQueueRequest,
        next: Next<TaskQueueRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Describes a worker.
    fn describe_worker(
        &self,
        request: WorkerRequest,
        next: Next<WorkerRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }

    /// Sends a message of the raw client.
    fn raw(
        &self,
        request: RawRequest,
        next: Next<RawRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        next.run(request)
    }
}

/// The interceptors of a client; none of them, for most clients.
#[derive(Clone, Default)]
pub(crate) struct ClientChain(Option<Chain<dyn ErasedClientInterceptor>>);

impl ClientChain {
    /// These, and another one within them.
    pub(crate) fn with(&self, interceptor: impl ClientInterceptor) -> Self {
        let all = self.0.iter().flat_map(|chain| chain.iter().cloned());
        let interceptor: Arc<dyn ErasedClientInterceptor> = Arc::new(interceptor);
        Self(Some(all.chain([interceptor]).collect()))
    }

    /// Whether calls are made at once.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Passes a request through the interceptors to `send`.
    pub(crate) async fn call<R, E, F>(
        &self,
        request: R,
        send: impl FnOnce(R) -> F + Send + 'static,
    ) -> Result<R::Response, E>
    where
        R: Operation<Interceptor = dyn ErasedClientInterceptor>,
        E: std::error::Error + From<RpcError> + Send + Sync + 'static,
        F: Future<Output = Result<R::Response, E>> + Send + 'static,
    {
        let Some(chain) = &self.0 else {
            return send(request).await;
        };
        let last = move |request| {
            let sent = send(request);
            Box::pin(async move { sent.await.map_err(Error::from) }) as BoxFuture<'static, _>
        };
        let response = Next::new(chain, last).run_caught(request, "client").await;
        response.map_err(error_of_call)
    }

    /// Passes a request through the interceptors to `send`, whose response they do not see.
    pub(crate) async fn around<R, T, E, F>(
        &self,
        request: R,
        send: impl FnOnce(R) -> F + Send + 'static,
    ) -> Result<T, E>
    where
        R: Operation<Response = (), Interceptor = dyn ErasedClientInterceptor>,
        T: Send + 'static,
        E: std::error::Error + From<RpcError> + Send + Sync + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        if self.is_empty() {
            return send(request).await;
        }
        let (arrived, response) = oneshot::channel();
        let send = move |request| {
            let sent = send(request);
            async move {
                // Whoever waits for the response may have been dropped.
                let _ = arrived.send(sent.await?);
                Ok::<_, E>(())
            }
        };
        self.call(request, send).await?;
        response.now_or_never().and_then(Result::ok).ok_or_else(|| {
            let text = "an interceptor neither made the call nor failed it; call `next.run(request)`, or return an error";
            let error = AppError::new("NotSent", text).into();
            RpcError::Interceptor { error }.into()
        })
    }
}

impl RawCalls for ClientChain {
    fn pass(
        &self,
        method: &'static str,
        send: BoxFuture<'static, Result<(), RawStatus>>,
    ) -> BoxFuture<'static, Result<(), RawStatus>> {
        let chain = self.clone();
        Box::pin(async move {
            let send = |_| async move { send.await.map_err(RawFault) };
            let sent = chain.call(RawRequest { method }, send).await;
            sent.map_err(|RawFault(status)| status)
        })
    }
}

/// The error of a call that interceptors have passed on or made.
fn error_of_call<E>(error: Error) -> E
where
    E: std::error::Error + From<RpcError> + Send + Sync + 'static,
{
    match error.downcast::<E>() {
        Ok(error) => error,
        Err(error) => match error.downcast::<RpcError>() {
            Ok(error) => error.into(),
            Err(error) => RpcError::Interceptor { error }.into(),
        },
    }
}

/// The same methods with boxed futures, and each request with the one that it passes.
macro_rules! erased {
    ($($method:ident($request:ty) -> $response:ty;)*) => {
        /// A [`ClientInterceptor`] of any type.
        pub trait ErasedClientInterceptor: Send + Sync + 'static {
            $(
                #[doc(hidden)]
                fn $method(
                    self: Arc<Self>,
                    request: $request,
                    next: Next<$request>,
                ) -> BoxFuture<'static, Result<$response>>;
            )*
        }

        impl<I: ClientInterceptor> ErasedClientInterceptor for I {
            $(
                fn $method(
                    self: Arc<Self>,
                    request: $request,
                    next: Next<$request>,
                ) -> BoxFuture<'static, Result<$response>> {
                    Box::pin(async move { I::$method(&self, request, next).await })
                }
            )*
        }

        $(
            impl Operation for $request {
                type Response = $response;
                type Interceptor = dyn ErasedClientInterceptor;

                fn pass(
                    self,
                    interceptor: Arc<Self::Interceptor>,
                    next: Next<Self>,
                ) -> BoxFuture<'static, Result<$response>> {
                    interceptor.$method(self, next)
                }
            }
        )*
    };
}
erased! {
    start(StartRequest) -> Started;
    signal_with_start(SignalWithStartRequest) -> Started;
    update_with_start(UpdateWithStartRequest) -> UpdateWithStartResponse;
    signal(SignalRequest) -> ();
    query(QueryRequest) -> Output;
    update(UpdateRequest) -> UpdateResponse;
    cancel(CancelRequest) -> ();
    terminate(TerminateRequest) -> ();
    describe(DescribeRequest) -> WorkflowDescription;
    result(ResultRequest) -> Output;
    history(HistoryRequest) -> ();
    list(ListRequest) -> ();
    count(CountRequest) -> ();
    create_schedule(CreateScheduleRequest) -> ();
    schedule(ScheduleRequest) -> ();
    report_activity(ActivityReportRequest) -> ();
    reset(ResetRequest) -> ();
    delete(DeleteRequest) -> ();
    update_options(UpdateOptionsRequest) -> ();
    fast_forwarded(FastForwardRequest) -> ();
    operate_activities(ActivityOperationRequest) -> ();
    start_batch(StartBatchRequest) -> ();
    batch(BatchRequest) -> ();
    namespace(NamespaceRequest) -> ();
    deployment(DeploymentRequest) -> ();
    describe_task_queue(TaskQueueRequest) -> ();
    describe_worker(WorkerRequest) -> ();
    raw(RawRequest) -> ();
}

fn execution(workflow_id: String, run_id: Option<String>) -> Execution {
    Execution {
        workflow_id,
        run_id: run_id.unwrap_or_default(),
    }
}

fn some(id: String) -> Option<String> {
    Some(id).filter(|id| !id.is_empty())
}
