//! The table of RPCs: the method of each request message, and its response.

#[cfg(any(feature = "server", test))]
use std::pin::Pin;
use std::{sync::Arc, time::Duration};

use durably_proto::{
    Message,
    api::{operatorservice::v1 as operator, workflowservice::v1 as pb},
};
use futures::{FutureExt as _, channel::oneshot, future::BoxFuture};
use http::uri::PathAndQuery;
use tonic::Status;
#[cfg(any(feature = "server", test))]
use tonic::{Request, Response};

use super::caller::Caller;
#[cfg(any(feature = "server", test))]
use super::in_process::Services;
#[cfg(all(test, feature = "replay"))]
use super::payload_fields::Check;

/// The request message of an RPC.
pub(crate) trait Rpc: Message + Clone + Sized + 'static {
    type Reply: Message + Default;
    /// The method's name in the service: `PollWorkflowTaskQueue`.
    const NAME: &'static str;
    /// The service, by its full name.
    const SERVICE: &'static str = "temporal.api.workflowservice.v1.WorkflowService";
    /// Whether requests are about one namespace.
    const IS_NAMESPACED: bool = is_namespaced(Self::NAME);

    /// The task queue that the request is about: of a worker's own queue the one that its workers share.
    fn task_queue(&self) -> Option<&str> {
        None
    }

    /// Whether the server answers when something has happened, and not at once; as SDKs that are built on Temporal's
    /// shared core count it, which take `PollWorkflowExecutionUpdate` for a short one.
    fn is_long(&self) -> bool {
        false
    }

    /// Calls the server in this process.
    #[cfg(any(feature = "server", test))]
    fn serve(services: &Services, request: Request<Self>) -> Served<'_, Self::Reply>;
}

#[cfg(any(feature = "server", test))]
pub(crate) type Served<'a, R> =
    Pin<Box<dyn Future<Output = Result<Response<R>, Status>> + Send + 'a>>;

/// The path of the method that takes `M`.
pub(crate) fn path<M: Rpc>() -> PathAndQuery {
    let path = format!("/{}/{}", M::SERVICE, M::NAME);
    PathAndQuery::try_from(path).expect("the name of a method makes a path")
}

/// `PollWorkflowTaskQueueRequest` without its last word.
const fn method_of(request: &str) -> &str {
    let (name, _) = request.split_at(request.len() - "Request".len());
    name
}

/// Whether requests of the method are about one namespace.
const fn is_namespaced(method: &str) -> bool {
    !matches!(
        method.as_bytes(),
        b"GetSystemInfo" | b"GetClusterInfo" | b"ListNamespaces"
    )
}

macro_rules! rpcs {
    ($($name:ident($request:ident) -> $response:ident
        $(, of $queue:ident)? $(, long if $is_long:expr)?;)*) => {
        $(impl Rpc for pb::$request {
            type Reply = pb::$response;
            const NAME: &'static str = method_of(stringify!($request));

            $(fn task_queue(&self) -> Option<&str> {
                let queue = self.$queue.as_ref()?;
                Some(match queue.normal_name.as_str() {
                    "" => &queue.name,
                    normal => normal,
                })
            })?

            $(fn is_long(&self) -> bool {
                let is_long: fn(&Self) -> bool = $is_long;
                is_long(self)
            })?

            #[cfg(any(feature = "server", test))]
            fn serve(
                services: &Services,
                request: Request<Self>,
            ) -> Served<'_, Self::Reply> {
                services.workflow.$name(request)
            }
        })*

        /// All requests and responses: those that may hold payloads as far as codecs see them are checked.
        #[cfg(all(test, feature = "replay"))]
        pub(crate) fn check_payload_fields(check: &mut Check) {
            use super::payload_fields::{ByFields as _, Checked, Unsent as _};
            $(
                (&Checked::<pb::$request>::HERE).check(check, stringify!($request));
                (&Checked::<pb::$response>::HERE).check(check, stringify!($response));
            )*
        }

        impl RawClient {
            $(
                #[doc = concat!("`", stringify!($request), "` to `", stringify!($response), "`.")]
                ///
                /// # Errors
                /// The status of the server's response, or of the connection's failure. After `timeout`
                /// it is `DeadlineExceeded`.
                pub async fn $name(
                    &self,
                    message: pb::$request,
                    timeout: Duration,
                ) -> Result<pb::$response, Status> {
                    self.send(message, timeout).await
                }
            )*
        }
    };
}

/// The RPCs of `temporal.api.workflowservice.v1.WorkflowService`, one attempt a call.
///
/// For what the client has no method for. The messages are those of
/// [`raw::api`](crate::raw::api) and follow Temporal's own versions, not this crate's.
///
/// ```no_run
/// use durably::{prelude::*, raw::api::workflowservice::v1::ResetStickyTaskQueueRequest};
///
/// # async fn example(client: Client) -> Result<()> {
/// let request = ResetStickyTaskQueueRequest {
///     namespace: client.namespace().to_owned(),
///     ..Default::default()
/// };
/// client.raw().reset_sticky_task_queue(request, secs(10)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RawClient {
    caller: Caller,
    /// None if calls pass nothing.
    interceptors: Option<Arc<dyn RawCalls>>,
}

/// What the calls of a raw client pass.
pub(crate) trait RawCalls: Send + Sync {
    /// Decides whether a message to this method is sent.
    fn pass(
        &self,
        method: &'static str,
        send: BoxFuture<'static, Result<(), Status>>,
    ) -> BoxFuture<'static, Result<(), Status>>;
}

impl RawClient {
    pub(crate) const fn new(caller: Caller, interceptors: Option<Arc<dyn RawCalls>>) -> Self {
        Self {
            caller,
            interceptors,
        }
    }

    async fn send<M: Rpc>(&self, message: M, timeout: Duration) -> Result<M::Reply, Status> {
        let Some(interceptors) = &self.interceptors else {
            return self.caller.send_raw(message, timeout).await;
        };
        let (arrived, reply) = oneshot::channel();
        let caller = self.caller.clone();
        let send = async move {
            // The receiver is dropped with the call.
            let _ = arrived.send(caller.send_raw(message, timeout).await?);
            Ok(())
        };
        interceptors.pass(M::NAME, Box::pin(send)).await?;
        reply.now_or_never().and_then(Result::ok).ok_or_else(|| {
            let text = "an interceptor neither made the call nor failed it; call `next.run(request)`, or return an error";
            Status::unknown(text)
        })
    }
}

rpcs! {
    get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse;
    get_cluster_info(GetClusterInfoRequest) -> GetClusterInfoResponse;
    register_namespace(RegisterNamespaceRequest) -> RegisterNamespaceResponse;
    describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse;
    list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse;
    update_namespace(UpdateNamespaceRequest) -> UpdateNamespaceResponse;
    start_workflow_execution(StartWorkflowExecutionRequest) -> StartWorkflowExecutionResponse, of task_queue;
    execute_multi_operation(ExecuteMultiOperationRequest) -> ExecuteMultiOperationResponse;
    signal_workflow_execution(SignalWorkflowExecutionRequest) -> SignalWorkflowExecutionResponse;
    signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest) -> SignalWithStartWorkflowExecutionResponse, of task_queue;
    query_workflow(QueryWorkflowRequest) -> QueryWorkflowResponse;
    update_workflow_execution(UpdateWorkflowExecutionRequest) -> UpdateWorkflowExecutionResponse, long if |_| true;
    poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse;
    poll_workflow_execution_time_skipping(PollWorkflowExecutionTimeSkippingRequest) -> PollWorkflowExecutionTimeSkippingResponse, long if |_| true;
    request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse;
    terminate_workflow_execution(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse;
    reset_workflow_execution(ResetWorkflowExecutionRequest) -> ResetWorkflowExecutionResponse;
    delete_workflow_execution(DeleteWorkflowExecutionRequest) -> DeleteWorkflowExecutionResponse;
    pause_activity(PauseActivityRequest) -> PauseActivityResponse;
    unpause_activity(UnpauseActivityRequest) -> UnpauseActivityResponse;
    reset_activity(ResetActivityRequest) -> ResetActivityResponse;
    update_workflow_execution_options(UpdateWorkflowExecutionOptionsRequest) -> UpdateWorkflowExecutionOptionsResponse;
    update_activity_options(UpdateActivityOptionsRequest) -> UpdateActivityOptionsResponse;
    describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse;
    get_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse, long if |it| it.wait_new_event;
    get_workflow_execution_history_reverse(GetWorkflowExecutionHistoryReverseRequest) -> GetWorkflowExecutionHistoryReverseResponse;
    list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse;
    count_workflow_executions(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse;
    poll_workflow_task_queue(PollWorkflowTaskQueueRequest) -> PollWorkflowTaskQueueResponse, of task_queue, long if |_| true;
    respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest) -> RespondWorkflowTaskCompletedResponse;
    respond_workflow_task_failed(RespondWorkflowTaskFailedRequest) -> RespondWorkflowTaskFailedResponse;
    respond_query_task_completed(RespondQueryTaskCompletedRequest) -> RespondQueryTaskCompletedResponse;
    poll_activity_task_queue(PollActivityTaskQueueRequest) -> PollActivityTaskQueueResponse, of task_queue, long if |_| true;
    record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest) -> RecordActivityTaskHeartbeatResponse;
    record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest) -> RecordActivityTaskHeartbeatByIdResponse;
    respond_activity_task_completed(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse;
    respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest) -> RespondActivityTaskCompletedByIdResponse;
    respond_activity_task_failed(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse;
    respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest) -> RespondActivityTaskFailedByIdResponse;
    respond_activity_task_canceled(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse;
    respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest) -> RespondActivityTaskCanceledByIdResponse;
    reset_sticky_task_queue(ResetStickyTaskQueueRequest) -> ResetStickyTaskQueueResponse;
    set_worker_deployment_current_version(SetWorkerDeploymentCurrentVersionRequest) -> SetWorkerDeploymentCurrentVersionResponse;
    set_worker_deployment_ramping_version(SetWorkerDeploymentRampingVersionRequest) -> SetWorkerDeploymentRampingVersionResponse;
    describe_worker_deployment(DescribeWorkerDeploymentRequest) -> DescribeWorkerDeploymentResponse;
    describe_worker_deployment_version(DescribeWorkerDeploymentVersionRequest) -> DescribeWorkerDeploymentVersionResponse;
    set_worker_deployment_manager(SetWorkerDeploymentManagerRequest) -> SetWorkerDeploymentManagerResponse;
    create_worker_deployment(CreateWorkerDeploymentRequest) -> CreateWorkerDeploymentResponse;
    create_worker_deployment_version(CreateWorkerDeploymentVersionRequest) -> CreateWorkerDeploymentVersionResponse;
    update_worker_deployment_version_metadata(UpdateWorkerDeploymentVersionMetadataRequest) -> UpdateWorkerDeploymentVersionMetadataResponse;
    delete_worker_deployment_version(DeleteWorkerDeploymentVersionRequest) -> DeleteWorkerDeploymentVersionResponse;
    delete_worker_deployment(DeleteWorkerDeploymentRequest) -> DeleteWorkerDeploymentResponse;
    list_worker_deployments(ListWorkerDeploymentsRequest) -> ListWorkerDeploymentsResponse;
    shutdown_worker(ShutdownWorkerRequest) -> ShutdownWorkerResponse;
    record_worker_heartbeat(RecordWorkerHeartbeatRequest) -> RecordWorkerHeartbeatResponse;
    list_workers(ListWorkersRequest) -> ListWorkersResponse;
    describe_worker(DescribeWorkerRequest) -> DescribeWorkerResponse;
    create_schedule(CreateScheduleRequest) -> CreateScheduleResponse;
    describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse;
    update_schedule(UpdateScheduleRequest) -> UpdateScheduleResponse;
    patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse;
    list_schedule_matching_times(ListScheduleMatchingTimesRequest) -> ListScheduleMatchingTimesResponse;
    delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse;
    list_schedules(ListSchedulesRequest) -> ListSchedulesResponse;
    count_schedules(CountSchedulesRequest) -> CountSchedulesResponse;
    start_batch_operation(StartBatchOperationRequest) -> StartBatchOperationResponse;
    describe_batch_operation(DescribeBatchOperationRequest) -> DescribeBatchOperationResponse;
    stop_batch_operation(StopBatchOperationRequest) -> StopBatchOperationResponse;
    list_batch_operations(ListBatchOperationsRequest) -> ListBatchOperationsResponse;
    describe_task_queue(DescribeTaskQueueRequest) -> DescribeTaskQueueResponse, of task_queue;
}

/// Of the operators' service.
impl Rpc for operator::DeleteNamespaceRequest {
    type Reply = operator::DeleteNamespaceResponse;
    const NAME: &'static str = "DeleteNamespace";
    const SERVICE: &'static str = "temporal.api.operatorservice.v1.OperatorService";

    #[cfg(any(feature = "server", test))]
    fn serve(services: &Services, request: Request<Self>) -> Served<'_, Self::Reply> {
        match &services.operator {
            Some(operator) => operator.delete_namespace(request),
            None => {
                let message = "the server in this process has no service for operators";
                Box::pin(std::future::ready(Err(Status::unimplemented(message))))
            }
        }
    }
}
