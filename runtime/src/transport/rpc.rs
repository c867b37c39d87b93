//! One method an RPC, over gRPC or in process.

#[cfg(any(feature = "server", test))]
use std::any::Any;
use std::{sync::Arc, time::Duration};

use durably_proto::api::workflowservice::v1 as pb;
#[cfg(any(feature = "server", test))]
use durably_proto::service::workflow::workflow_service_server::WorkflowService;
use http::{HeaderMap, uri::PathAndQuery};
use tokio::runtime::Handle;
use tonic::Status;
#[cfg(any(feature = "server", test))]
use tonic::{Request, Response};

use super::{
    channel::Channel,
    grpc::Grpc,
    retry::{Attempts, Patience},
};

/// The way to a server.
#[derive(Clone)]
pub(crate) struct Rpc(Transport);

#[derive(Clone)]
enum Transport {
    /// Over the network.
    Remote(Arc<Grpc>),
    /// In this process, without a socket.
    #[cfg(any(feature = "server", test))]
    Local(Local),
}

/// A service in this process.
#[cfg(any(feature = "server", test))]
#[derive(Clone)]
struct Local {
    service: Arc<dyn WorkflowService>,
    /// The server behind it, for everything that calls it: clients, handles, calls and workers. None if
    /// the server has an owner of its own.
    _server: Option<Arc<dyn Any + Send + Sync>>,
}

/// A year: gRPC's header for timeouts has room for eight digits, and refuses what needs more.
#[cfg(any(feature = "server", test))]
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

impl Rpc {
    /// `headers` go with every request: who we are, and the API key.
    pub(crate) fn remote(channel: Channel, headers: HeaderMap) -> Self {
        Self(Transport::Remote(Arc::new(Grpc::new(channel, headers))))
    }

    #[cfg(any(feature = "server", test))]
    pub(crate) fn local(
        service: Arc<dyn WorkflowService>,
        server: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Self {
        Self(Transport::Local(Local {
            service,
            _server: server,
        }))
    }

    /// The runtime on which calls take the fewest hand-overs: the connection's own, or else the
    /// caller's.
    pub(crate) fn runtime(&self) -> Handle {
        match &self.0 {
            Transport::Remote(grpc) => grpc.channel().net().clone(),
            #[cfg(any(feature = "server", test))]
            Transport::Local(_) => Handle::current(),
        }
    }
}

/// The path of the method that takes `request`.
fn path(request: &'static str) -> PathAndQuery {
    let method = request.trim_end_matches("Request");
    let path = format!("/temporal.api.workflowservice.v1.WorkflowService/{method}");
    PathAndQuery::try_from(path).expect("the name of a message makes a path")
}

#[cfg(any(feature = "server", test))]
fn timed<M>(message: M, timeout: Duration) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(timeout.min(LONGEST_TIMEOUT));
    // What we await, a test awaits: meanwhile the clock of a skipping server may move.
    #[cfg(feature = "server")]
    request.extensions_mut().insert(durably_server::SkipsTime);
    request
}

/// What the network layer does for a remote call: no answer in time is an error.
#[cfg(any(feature = "server", test))]
async fn within<T>(
    timeout: Duration,
    answer: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(Status::deadline_exceeded(format!(
            "no answer within {timeout:?}"
        ))),
    }
}

macro_rules! rpcs {
    ($($name:ident($request:ident) -> $response:ident;)*) => {
        impl Rpc {
            $(pub(crate) async fn $name(
                &self,
                message: pb::$request,
                patience: impl Into<Patience>,
            ) -> Result<pb::$response, Status> {
                let mut attempts = Attempts::new(message, patience.into());
                loop {
                    let timeout = attempts.timeout();
                    let message = attempts.message();
                    let answer = match &self.0 {
                        Transport::Remote(grpc) => {
                            grpc.call(path(stringify!($request)), &message, timeout).await
                        }
                        #[cfg(any(feature = "server", test))]
                        Transport::Local(local) => {
                            let answer = local.service.$name(timed(message, timeout));
                            within(timeout, answer).await.map(Response::into_inner)
                        }
                    };
                    match answer {
                        Ok(answer) => return Ok(answer),
                        Err(status) => attempts.pause_after(status).await?,
                    }
                }
            })*
        }

        impl RawClient {
            $(
                #[doc = concat!("`", stringify!($request), "` to `", stringify!($response), "`.")]
                ///
                /// # Errors
                /// What the server, or the way to it, says.
                pub async fn $name(
                    &self,
                    message: pb::$request,
                    timeout: Duration,
                ) -> Result<pb::$response, Status> {
                    self.0.$name(message, Patience::one_attempt(timeout)).await
                }
            )*
        }
    };
}

/// The RPCs of `temporal.api.workflowservice.v1.WorkflowService`, one attempt a call.
///
/// For what the client has no method for. The messages are those of
/// [`raw::api`](crate::raw::api) and follow Temporal's own versions, not this crate's.
#[derive(Clone)]
pub struct RawClient(pub(crate) Rpc);

rpcs! {
    get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse;
    get_cluster_info(GetClusterInfoRequest) -> GetClusterInfoResponse;
    register_namespace(RegisterNamespaceRequest) -> RegisterNamespaceResponse;
    describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse;
    list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse;
    update_namespace(UpdateNamespaceRequest) -> UpdateNamespaceResponse;
    start_workflow_execution(StartWorkflowExecutionRequest) -> StartWorkflowExecutionResponse;
    execute_multi_operation(ExecuteMultiOperationRequest) -> ExecuteMultiOperationResponse;
    signal_workflow_execution(SignalWorkflowExecutionRequest) -> SignalWorkflowExecutionResponse;
    signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest) -> SignalWithStartWorkflowExecutionResponse;
    query_workflow(QueryWorkflowRequest) -> QueryWorkflowResponse;
    update_workflow_execution(UpdateWorkflowExecutionRequest) -> UpdateWorkflowExecutionResponse;
    poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse;
    request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse;
    terminate_workflow_execution(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse;
    reset_workflow_execution(ResetWorkflowExecutionRequest) -> ResetWorkflowExecutionResponse;
    delete_workflow_execution(DeleteWorkflowExecutionRequest) -> DeleteWorkflowExecutionResponse;
    describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse;
    get_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse;
    list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse;
    count_workflow_executions(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse;
    poll_workflow_task_queue(PollWorkflowTaskQueueRequest) -> PollWorkflowTaskQueueResponse;
    respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest) -> RespondWorkflowTaskCompletedResponse;
    respond_workflow_task_failed(RespondWorkflowTaskFailedRequest) -> RespondWorkflowTaskFailedResponse;
    respond_query_task_completed(RespondQueryTaskCompletedRequest) -> RespondQueryTaskCompletedResponse;
    poll_activity_task_queue(PollActivityTaskQueueRequest) -> PollActivityTaskQueueResponse;
    record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest) -> RecordActivityTaskHeartbeatResponse;
    record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest) -> RecordActivityTaskHeartbeatByIdResponse;
    respond_activity_task_completed(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse;
    respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest) -> RespondActivityTaskCompletedByIdResponse;
    respond_activity_task_failed(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse;
    respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest) -> RespondActivityTaskFailedByIdResponse;
    respond_activity_task_canceled(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse;
    respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest) -> RespondActivityTaskCanceledByIdResponse;
    reset_sticky_task_queue(ResetStickyTaskQueueRequest) -> ResetStickyTaskQueueResponse;
    shutdown_worker(ShutdownWorkerRequest) -> ShutdownWorkerResponse;
    describe_task_queue(DescribeTaskQueueRequest) -> DescribeTaskQueueResponse;
}
