//! One method an RPC, over gRPC or in process.

use std::{sync::Arc, time::Duration};

use durably_proto::{
    api::workflowservice::v1 as pb,
    service::workflow::{
        workflow_service_client::WorkflowServiceClient, workflow_service_server::WorkflowService,
    },
};
use tonic::{Request, Status, transport::Channel};

/// The way to a server.
#[derive(Clone)]
#[allow(dead_code)]
pub(crate) enum Rpc {
    /// Over the network.
    Remote(WorkflowServiceClient<Channel>),
    /// In this process, without a socket.
    Local(Arc<dyn WorkflowService>),
}

macro_rules! rpcs {
    ($($name:ident($request:ident) -> $response:ident;)*) => {
        #[allow(dead_code)]
        impl Rpc {
            $(pub(crate) async fn $name(&self, message: pb::$request, timeout: Duration) -> Result<pb::$response, Status> {
                let mut request = Request::new(message);
                request.set_timeout(timeout);
                let response = match self {
                    Self::Remote(client) => client.clone().$name(request).await,
                    Self::Local(service) => service.$name(request).await,
                };
                response.map(tonic::Response::into_inner)
            })*
        }
    };
}

rpcs! {
    get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse;
    describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse;
    start_workflow_execution(StartWorkflowExecutionRequest) -> StartWorkflowExecutionResponse;
    signal_workflow_execution(SignalWorkflowExecutionRequest) -> SignalWorkflowExecutionResponse;
    signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest) -> SignalWithStartWorkflowExecutionResponse;
    execute_multi_operation(ExecuteMultiOperationRequest) -> ExecuteMultiOperationResponse;
    query_workflow(QueryWorkflowRequest) -> QueryWorkflowResponse;
    update_workflow_execution(UpdateWorkflowExecutionRequest) -> UpdateWorkflowExecutionResponse;
    poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse;
    request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse;
    terminate_workflow_execution(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse;
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
    respond_activity_task_completed(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse;
    respond_activity_task_failed(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse;
    respond_activity_task_canceled(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse;
    reset_sticky_task_queue(ResetStickyTaskQueueRequest) -> ResetStickyTaskQueueResponse;
    shutdown_worker(ShutdownWorkerRequest) -> ShutdownWorkerResponse;
    register_namespace(RegisterNamespaceRequest) -> RegisterNamespaceResponse;
}
