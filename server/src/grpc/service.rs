//! `WorkflowService`: every method there is, and where it is answered. No method is left to
//! the generated default, so one that is not there yet says its name.

use durably_proto::api::workflowservice::v1::*;
use durably_proto::service::workflow::workflow_service_server::WorkflowService;
use tonic::{Request, Response, Status};

use super::deadline::{
    HISTORY_POLL, LONG_POLL, UPDATE_POLL, WaitLimit, poll_deadline, query_deadline,
};
use super::unimplemented::{unimplemented_methods, unimplemented_workflow_methods};
use super::{
    Frontend, activity, answered, history, multi_operation, namespace, query, start, task_queue,
    update, visibility, worker, workflow,
};

#[tonic::async_trait]
impl WorkflowService for Frontend {
    async fn register_namespace(
        &self,
        request: Request<RegisterNamespaceRequest>,
    ) -> Result<Response<RegisterNamespaceResponse>, Status> {
        let request = request.into_inner();
        answered(namespace::register(&self.engine, request).map(|()| RegisterNamespaceResponse {}))
    }

    async fn describe_namespace(
        &self,
        request: Request<DescribeNamespaceRequest>,
    ) -> Result<Response<DescribeNamespaceResponse>, Status> {
        let request = request.into_inner();
        answered(namespace::describe(&self.engine, request))
    }

    async fn list_namespaces(
        &self,
        request: Request<ListNamespacesRequest>,
    ) -> Result<Response<ListNamespacesResponse>, Status> {
        let request = request.into_inner();
        answered(Ok(namespace::list(&self.engine, request)))
    }

    async fn start_workflow_execution(
        &self,
        request: Request<StartWorkflowExecutionRequest>,
    ) -> Result<Response<StartWorkflowExecutionResponse>, Status> {
        let request = request.into_inner();
        answered(start::start(&self.engine, request))
    }

    async fn get_workflow_execution_history_reverse(
        &self,
        request: Request<GetWorkflowExecutionHistoryReverseRequest>,
    ) -> Result<Response<GetWorkflowExecutionHistoryReverseResponse>, Status> {
        let request = request.into_inner();
        answered(history::get_reverse(&self.engine, request))
    }

    async fn respond_workflow_task_completed(
        &self,
        request: Request<RespondWorkflowTaskCompletedRequest>,
    ) -> Result<Response<RespondWorkflowTaskCompletedResponse>, Status> {
        let request = request.into_inner();
        answered(worker::complete(&self.engine, request))
    }

    async fn respond_workflow_task_failed(
        &self,
        request: Request<RespondWorkflowTaskFailedRequest>,
    ) -> Result<Response<RespondWorkflowTaskFailedResponse>, Status> {
        let request = request.into_inner();
        answered(worker::fail(&self.engine, request).map(|()| RespondWorkflowTaskFailedResponse {}))
    }

    async fn record_activity_task_heartbeat(
        &self,
        request: Request<RecordActivityTaskHeartbeatRequest>,
    ) -> Result<Response<RecordActivityTaskHeartbeatResponse>, Status> {
        let request = request.into_inner();
        answered(activity::heartbeat(&self.engine, request).map(heartbeat))
    }

    async fn record_activity_task_heartbeat_by_id(
        &self,
        request: Request<RecordActivityTaskHeartbeatByIdRequest>,
    ) -> Result<Response<RecordActivityTaskHeartbeatByIdResponse>, Status> {
        let request = request.into_inner();
        answered(activity::heartbeat_by_id(&self.engine, request).map(heartbeat_by_id))
    }

    async fn respond_activity_task_completed(
        &self,
        request: Request<RespondActivityTaskCompletedRequest>,
    ) -> Result<Response<RespondActivityTaskCompletedResponse>, Status> {
        let request = request.into_inner();
        answered(
            activity::complete(&self.engine, request)
                .map(|()| RespondActivityTaskCompletedResponse {}),
        )
    }

    async fn respond_activity_task_completed_by_id(
        &self,
        request: Request<RespondActivityTaskCompletedByIdRequest>,
    ) -> Result<Response<RespondActivityTaskCompletedByIdResponse>, Status> {
        let request = request.into_inner();
        answered(
            activity::complete_by_id(&self.engine, request)
                .map(|()| RespondActivityTaskCompletedByIdResponse {}),
        )
    }

    async fn respond_activity_task_failed(
        &self,
        request: Request<RespondActivityTaskFailedRequest>,
    ) -> Result<Response<RespondActivityTaskFailedResponse>, Status> {
        let request = request.into_inner();
        answered(
            activity::fail(&self.engine, request)
                .map(|()| RespondActivityTaskFailedResponse::default()),
        )
    }

    async fn respond_activity_task_failed_by_id(
        &self,
        request: Request<RespondActivityTaskFailedByIdRequest>,
    ) -> Result<Response<RespondActivityTaskFailedByIdResponse>, Status> {
        let request = request.into_inner();
        answered(
            activity::fail_by_id(&self.engine, request)
                .map(|()| RespondActivityTaskFailedByIdResponse::default()),
        )
    }

    async fn respond_activity_task_canceled(
        &self,
        request: Request<RespondActivityTaskCanceledRequest>,
    ) -> Result<Response<RespondActivityTaskCanceledResponse>, Status> {
        let request = request.into_inner();
        answered(
            activity::cancel(&self.engine, request)
                .map(|()| RespondActivityTaskCanceledResponse {}),
        )
    }

    async fn respond_activity_task_canceled_by_id(
        &self,
        request: Request<RespondActivityTaskCanceledByIdRequest>,
    ) -> Result<Response<RespondActivityTaskCanceledByIdResponse>, Status> {
        let request = request.into_inner();
        answered(
            activity::cancel_by_id(&self.engine, request)
                .map(|()| RespondActivityTaskCanceledByIdResponse {}),
        )
    }

    async fn request_cancel_workflow_execution(
        &self,
        request: Request<RequestCancelWorkflowExecutionRequest>,
    ) -> Result<Response<RequestCancelWorkflowExecutionResponse>, Status> {
        let request = request.into_inner();
        answered(
            workflow::request_cancel(&self.engine, request)
                .map(|()| RequestCancelWorkflowExecutionResponse {}),
        )
    }

    async fn signal_workflow_execution(
        &self,
        request: Request<SignalWorkflowExecutionRequest>,
    ) -> Result<Response<SignalWorkflowExecutionResponse>, Status> {
        let request = request.into_inner();
        answered(workflow::signal(&self.engine, request))
    }

    async fn signal_with_start_workflow_execution(
        &self,
        request: Request<SignalWithStartWorkflowExecutionRequest>,
    ) -> Result<Response<SignalWithStartWorkflowExecutionResponse>, Status> {
        let request = request.into_inner();
        answered(start::signal_with_start(&self.engine, request))
    }

    async fn terminate_workflow_execution(
        &self,
        request: Request<TerminateWorkflowExecutionRequest>,
    ) -> Result<Response<TerminateWorkflowExecutionResponse>, Status> {
        let request = request.into_inner();
        answered(
            workflow::terminate(&self.engine, request)
                .map(|()| TerminateWorkflowExecutionResponse {}),
        )
    }

    async fn list_open_workflow_executions(
        &self,
        request: Request<ListOpenWorkflowExecutionsRequest>,
    ) -> Result<Response<ListOpenWorkflowExecutionsResponse>, Status> {
        let request = request.into_inner();
        answered(visibility::list_open(&self.engine, request))
    }

    async fn list_closed_workflow_executions(
        &self,
        request: Request<ListClosedWorkflowExecutionsRequest>,
    ) -> Result<Response<ListClosedWorkflowExecutionsResponse>, Status> {
        let request = request.into_inner();
        answered(visibility::list_closed(&self.engine, request))
    }

    async fn list_workflow_executions(
        &self,
        request: Request<ListWorkflowExecutionsRequest>,
    ) -> Result<Response<ListWorkflowExecutionsResponse>, Status> {
        let request = request.into_inner();
        answered(visibility::list(&self.engine, request))
    }

    async fn scan_workflow_executions(
        &self,
        request: Request<ScanWorkflowExecutionsRequest>,
    ) -> Result<Response<ScanWorkflowExecutionsResponse>, Status> {
        let request = request.into_inner();
        answered(visibility::scan(&self.engine, request))
    }

    async fn count_workflow_executions(
        &self,
        request: Request<CountWorkflowExecutionsRequest>,
    ) -> Result<Response<CountWorkflowExecutionsResponse>, Status> {
        let request = request.into_inner();
        answered(visibility::count(&self.engine, request))
    }

    async fn get_search_attributes(
        &self,
        _: Request<GetSearchAttributesRequest>,
    ) -> Result<Response<GetSearchAttributesResponse>, Status> {
        answered(Ok(visibility::attributes(&self.engine)))
    }

    async fn respond_query_task_completed(
        &self,
        request: Request<RespondQueryTaskCompletedRequest>,
    ) -> Result<Response<RespondQueryTaskCompletedResponse>, Status> {
        let request = request.into_inner();
        answered(
            worker::complete_query(&self.engine, request)
                .map(|()| RespondQueryTaskCompletedResponse {}),
        )
    }

    async fn reset_sticky_task_queue(
        &self,
        request: Request<ResetStickyTaskQueueRequest>,
    ) -> Result<Response<ResetStickyTaskQueueResponse>, Status> {
        let request = request.into_inner();
        answered(
            workflow::reset_sticky(&self.engine, request).map(|()| ResetStickyTaskQueueResponse {}),
        )
    }

    async fn shutdown_worker(
        &self,
        request: Request<ShutdownWorkerRequest>,
    ) -> Result<Response<ShutdownWorkerResponse>, Status> {
        let request = request.into_inner();
        answered(
            task_queue::shutdown_worker(&self.engine, request).map(|()| ShutdownWorkerResponse {}),
        )
    }

    async fn describe_workflow_execution(
        &self,
        request: Request<DescribeWorkflowExecutionRequest>,
    ) -> Result<Response<DescribeWorkflowExecutionResponse>, Status> {
        let request = request.into_inner();
        answered(workflow::describe(&self.engine, request))
    }

    async fn describe_task_queue(
        &self,
        request: Request<DescribeTaskQueueRequest>,
    ) -> Result<Response<DescribeTaskQueueResponse>, Status> {
        let request = request.into_inner();
        answered(task_queue::describe(&self.engine, request))
    }

    async fn get_cluster_info(
        &self,
        _: Request<GetClusterInfoRequest>,
    ) -> Result<Response<GetClusterInfoResponse>, Status> {
        answered(Ok(namespace::cluster_info(&self.engine)))
    }

    async fn get_system_info(
        &self,
        _: Request<GetSystemInfoRequest>,
    ) -> Result<Response<GetSystemInfoResponse>, Status> {
        answered(Ok(namespace::system_info()))
    }

    async fn record_worker_heartbeat(
        &self,
        _: Request<RecordWorkerHeartbeatRequest>,
    ) -> Result<Response<RecordWorkerHeartbeatResponse>, Status> {
        answered(Ok(RecordWorkerHeartbeatResponse {}))
    }

    async fn execute_multi_operation(
        &self,
        request: Request<ExecuteMultiOperationRequest>,
    ) -> Result<Response<ExecuteMultiOperationResponse>, Status> {
        let skips = self.skips(&request);
        let limit = WaitLimit::of(request.metadata(), UPDATE_POLL);
        answered(
            self.unless_stopped(multi_operation::execute(
                &self.engine,
                request.into_inner(),
                skips,
                limit,
            ))
            .await,
        )
    }

    async fn get_workflow_execution_history(
        &self,
        request: Request<GetWorkflowExecutionHistoryRequest>,
    ) -> Result<Response<GetWorkflowExecutionHistoryResponse>, Status> {
        let skips = self.skips(&request);
        let deadline = poll_deadline(request.metadata(), HISTORY_POLL);
        let unrecorded = history::Unrecorded::of(request.metadata());
        answered(
            self.unless_stopped(history::get(
                &self.engine,
                request.into_inner(),
                unrecorded,
                skips,
                deadline,
            ))
            .await,
        )
    }

    async fn poll_workflow_task_queue(
        &self,
        request: Request<PollWorkflowTaskQueueRequest>,
    ) -> Result<Response<PollWorkflowTaskQueueResponse>, Status> {
        let deadline = poll_deadline(request.metadata(), LONG_POLL);
        answered(worker::poll(&self.engine, request.into_inner(), deadline).await)
    }

    async fn poll_activity_task_queue(
        &self,
        request: Request<PollActivityTaskQueueRequest>,
    ) -> Result<Response<PollActivityTaskQueueResponse>, Status> {
        let deadline = poll_deadline(request.metadata(), LONG_POLL);
        answered(activity::poll(&self.engine, request.into_inner(), deadline).await)
    }

    async fn query_workflow(
        &self,
        request: Request<QueryWorkflowRequest>,
    ) -> Result<Response<QueryWorkflowResponse>, Status> {
        let deadline = query_deadline(request.metadata());
        answered(
            self.unless_stopped(query::query(&self.engine, request.into_inner(), deadline))
                .await,
        )
    }

    async fn update_workflow_execution(
        &self,
        request: Request<UpdateWorkflowExecutionRequest>,
    ) -> Result<Response<UpdateWorkflowExecutionResponse>, Status> {
        let skips = self.skips(&request);
        let limit = WaitLimit::of(request.metadata(), UPDATE_POLL);
        answered(
            self.unless_stopped(update::update(
                &self.engine,
                request.into_inner(),
                skips,
                limit,
            ))
            .await,
        )
    }

    async fn poll_workflow_execution_update(
        &self,
        request: Request<PollWorkflowExecutionUpdateRequest>,
    ) -> Result<Response<PollWorkflowExecutionUpdateResponse>, Status> {
        let skips = self.skips(&request);
        let limit = WaitLimit::of(request.metadata(), UPDATE_POLL);
        answered(
            self.unless_stopped(update::poll(
                &self.engine,
                request.into_inner(),
                skips,
                limit,
            ))
            .await,
        )
    }

    async fn poll_nexus_task_queue(
        &self,
        request: Request<PollNexusTaskQueueRequest>,
    ) -> Result<Response<PollNexusTaskQueueResponse>, Status> {
        let deadline = poll_deadline(request.metadata(), LONG_POLL);
        answered(task_queue::poll_nexus(&self.engine, request.into_inner(), deadline).await)
    }

    unimplemented_workflow_methods! {}
}

fn heartbeat(cancel_requested: bool) -> RecordActivityTaskHeartbeatResponse {
    RecordActivityTaskHeartbeatResponse {
        cancel_requested,
        ..RecordActivityTaskHeartbeatResponse::default()
    }
}

fn heartbeat_by_id(cancel_requested: bool) -> RecordActivityTaskHeartbeatByIdResponse {
    RecordActivityTaskHeartbeatByIdResponse {
        cancel_requested,
        ..RecordActivityTaskHeartbeatByIdResponse::default()
    }
}
