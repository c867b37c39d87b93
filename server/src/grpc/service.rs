//! `WorkflowService`: routes every method to its implementation. No method is left to the generated
//! default, so that an unimplemented one returns its full name.

use durably_history::HeartbeatReply;
use durably_proto::api::workflowservice::v1::*;
use durably_proto::service::workflow::workflow_service_server::WorkflowService;
use tonic::{Request, Response, Status};

use super::deadline::{
    FAST_FORWARD_POLL, HISTORY_POLL, LONG_POLL, UPDATE_POLL, WaitLimit, poll_deadline,
    query_deadline,
};
use super::unimplemented::{unimplemented_methods, unimplemented_workflow_methods};
use super::{
    Frontend, activity_execution, activity_operations, activity_task, batch, deployment,
    deployment_changes, history_reader, into_response, multi_operation, namespace, query, reset,
    respond, schedule, start, task_queue, task_queue_config, time_skipping, update, visibility,
    worker, workflow, workflow_options, workflow_task,
};

#[tonic::async_trait]
impl WorkflowService for Frontend {
    async fn register_namespace(
        &self,
        request: Request<RegisterNamespaceRequest>,
    ) -> Result<Response<RegisterNamespaceResponse>, Status> {
        let request = request.into_inner();
        let register = |backend: &_| namespace::register(backend, request);
        let answer = self.on_disk(register).await;
        answer.map(|_| Response::new(RegisterNamespaceResponse {}))
    }

    async fn update_namespace(
        &self,
        request: Request<UpdateNamespaceRequest>,
    ) -> Result<Response<UpdateNamespaceResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| namespace::update(backend, request))
            .await
    }

    async fn deprecate_namespace(
        &self,
        request: Request<DeprecateNamespaceRequest>,
    ) -> Result<Response<DeprecateNamespaceResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| namespace::deprecate(backend, request))
            .await
    }

    async fn describe_namespace(
        &self,
        request: Request<DescribeNamespaceRequest>,
    ) -> Result<Response<DescribeNamespaceResponse>, Status> {
        let request = request.into_inner();
        into_response(namespace::describe(&self.backend, request))
    }

    async fn list_namespaces(
        &self,
        request: Request<ListNamespacesRequest>,
    ) -> Result<Response<ListNamespacesResponse>, Status> {
        into_response(namespace::list(&self.backend, request.get_ref()))
    }

    async fn start_workflow_execution(
        &self,
        request: Request<StartWorkflowExecutionRequest>,
    ) -> Result<Response<StartWorkflowExecutionResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = start::start(&scope, request);
        respond(scope, answer).await
    }

    async fn get_workflow_execution_history_reverse(
        &self,
        request: Request<GetWorkflowExecutionHistoryReverseRequest>,
    ) -> Result<Response<GetWorkflowExecutionHistoryReverseResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = history_reader::get_reverse(&scope, request);
        respond(scope, answer).await
    }

    async fn respond_workflow_task_completed(
        &self,
        request: Request<RespondWorkflowTaskCompletedRequest>,
    ) -> Result<Response<RespondWorkflowTaskCompletedResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = workflow_task::complete(&scope, request);
        respond(scope, answer).await
    }

    async fn respond_workflow_task_failed(
        &self,
        request: Request<RespondWorkflowTaskFailedRequest>,
    ) -> Result<Response<RespondWorkflowTaskFailedResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer =
            workflow_task::fail(&scope, request).map(|()| RespondWorkflowTaskFailedResponse {});
        respond(scope, answer).await
    }

    async fn record_activity_task_heartbeat(
        &self,
        request: Request<RecordActivityTaskHeartbeatRequest>,
    ) -> Result<Response<RecordActivityTaskHeartbeatResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = activity_task::heartbeat(&scope, request).map(heartbeat);
        respond(scope, answer).await
    }

    async fn record_activity_task_heartbeat_by_id(
        &self,
        request: Request<RecordActivityTaskHeartbeatByIdRequest>,
    ) -> Result<Response<RecordActivityTaskHeartbeatByIdResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = activity_task::heartbeat_by_id(&scope, request).map(heartbeat_by_id);
        respond(scope, answer).await
    }

    async fn respond_activity_task_completed(
        &self,
        request: Request<RespondActivityTaskCompletedRequest>,
    ) -> Result<Response<RespondActivityTaskCompletedResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = activity_task::complete(&scope, request)
            .map(|()| RespondActivityTaskCompletedResponse {});
        respond(scope, answer).await
    }

    async fn respond_activity_task_completed_by_id(
        &self,
        request: Request<RespondActivityTaskCompletedByIdRequest>,
    ) -> Result<Response<RespondActivityTaskCompletedByIdResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = activity_task::complete_by_id(&scope, request)
            .map(|()| RespondActivityTaskCompletedByIdResponse {});
        respond(scope, answer).await
    }

    async fn respond_activity_task_failed(
        &self,
        request: Request<RespondActivityTaskFailedRequest>,
    ) -> Result<Response<RespondActivityTaskFailedResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = activity_task::fail(&scope, request)
            .map(|()| RespondActivityTaskFailedResponse::default());
        respond(scope, answer).await
    }

    async fn respond_activity_task_failed_by_id(
        &self,
        request: Request<RespondActivityTaskFailedByIdRequest>,
    ) -> Result<Response<RespondActivityTaskFailedByIdResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = activity_task::fail_by_id(&scope, request)
            .map(|()| RespondActivityTaskFailedByIdResponse::default());
        respond(scope, answer).await
    }

    async fn respond_activity_task_canceled(
        &self,
        request: Request<RespondActivityTaskCanceledRequest>,
    ) -> Result<Response<RespondActivityTaskCanceledResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer =
            activity_task::cancel(&scope, request).map(|()| RespondActivityTaskCanceledResponse {});
        respond(scope, answer).await
    }

    async fn respond_activity_task_canceled_by_id(
        &self,
        request: Request<RespondActivityTaskCanceledByIdRequest>,
    ) -> Result<Response<RespondActivityTaskCanceledByIdResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = activity_task::cancel_by_id(&scope, request)
            .map(|()| RespondActivityTaskCanceledByIdResponse {});
        respond(scope, answer).await
    }

    async fn request_cancel_workflow_execution(
        &self,
        request: Request<RequestCancelWorkflowExecutionRequest>,
    ) -> Result<Response<RequestCancelWorkflowExecutionResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = workflow::request_cancel(&scope, request)
            .map(|()| RequestCancelWorkflowExecutionResponse {});
        respond(scope, answer).await
    }

    async fn signal_workflow_execution(
        &self,
        request: Request<SignalWorkflowExecutionRequest>,
    ) -> Result<Response<SignalWorkflowExecutionResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = workflow::signal(&scope, request);
        respond(scope, answer).await
    }

    async fn signal_with_start_workflow_execution(
        &self,
        request: Request<SignalWithStartWorkflowExecutionRequest>,
    ) -> Result<Response<SignalWithStartWorkflowExecutionResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = start::signal_with_start(&scope, request);
        respond(scope, answer).await
    }

    async fn reset_workflow_execution(
        &self,
        request: Request<ResetWorkflowExecutionRequest>,
    ) -> Result<Response<ResetWorkflowExecutionResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = reset::reset(&scope, request);
        respond(scope, answer).await
    }

    async fn delete_workflow_execution(
        &self,
        request: Request<DeleteWorkflowExecutionRequest>,
    ) -> Result<Response<DeleteWorkflowExecutionResponse>, Status> {
        let scope = self.scope();
        let answer = workflow::delete(&scope, request.into_inner());
        respond(scope, answer).await
    }

    async fn pause_activity(
        &self,
        request: Request<PauseActivityRequest>,
    ) -> Result<Response<PauseActivityResponse>, Status> {
        let scope = self.scope();
        let answer = activity_operations::pause(&scope, request.into_inner());
        respond(scope, answer).await
    }

    async fn unpause_activity(
        &self,
        request: Request<UnpauseActivityRequest>,
    ) -> Result<Response<UnpauseActivityResponse>, Status> {
        let scope = self.scope();
        let answer = activity_operations::unpause(&scope, request.into_inner());
        respond(scope, answer).await
    }

    async fn reset_activity(
        &self,
        request: Request<ResetActivityRequest>,
    ) -> Result<Response<ResetActivityResponse>, Status> {
        let scope = self.scope();
        let answer = activity_operations::reset(&scope, request.into_inner());
        respond(scope, answer).await
    }

    async fn update_activity_options(
        &self,
        request: Request<UpdateActivityOptionsRequest>,
    ) -> Result<Response<UpdateActivityOptionsResponse>, Status> {
        let scope = self.scope();
        let answer = activity_operations::update_options(&scope, request.into_inner());
        respond(scope, answer).await
    }

    async fn pause_activity_execution(
        &self,
        request: Request<PauseActivityExecutionRequest>,
    ) -> Result<Response<PauseActivityExecutionResponse>, Status> {
        let scope = self.scope();
        let answer = activity_execution::pause(&scope, request.into_inner());
        respond(scope, answer).await
    }

    async fn unpause_activity_execution(
        &self,
        request: Request<UnpauseActivityExecutionRequest>,
    ) -> Result<Response<UnpauseActivityExecutionResponse>, Status> {
        let scope = self.scope();
        let answer = activity_execution::unpause(&scope, request.into_inner());
        respond(scope, answer).await
    }

    async fn reset_activity_execution(
        &self,
        request: Request<ResetActivityExecutionRequest>,
    ) -> Result<Response<ResetActivityExecutionResponse>, Status> {
        let scope = self.scope();
        let answer = activity_execution::reset(&scope, request.into_inner());
        respond(scope, answer).await
    }

    async fn update_activity_execution_options(
        &self,
        request: Request<UpdateActivityExecutionOptionsRequest>,
    ) -> Result<Response<UpdateActivityExecutionOptionsResponse>, Status> {
        let scope = self.scope();
        let answer = activity_execution::update_options(&scope, request.into_inner());
        respond(scope, answer).await
    }

    async fn update_workflow_execution_options(
        &self,
        request: Request<UpdateWorkflowExecutionOptionsRequest>,
    ) -> Result<Response<UpdateWorkflowExecutionOptionsResponse>, Status> {
        let scope = self.scope();
        let answer = workflow_options::update(&scope, request.into_inner());
        respond(scope, answer).await
    }

    async fn start_batch_operation(
        &self,
        request: Request<StartBatchOperationRequest>,
    ) -> Result<Response<StartBatchOperationResponse>, Status> {
        let started = batch::start(&self.backend, request.into_inner());
        into_response(self.unless_stopped(started).await)
    }

    async fn stop_batch_operation(
        &self,
        request: Request<StopBatchOperationRequest>,
    ) -> Result<Response<StopBatchOperationResponse>, Status> {
        let stopped = batch::stop(&self.backend, request.into_inner());
        into_response(self.unless_stopped(stopped).await)
    }

    async fn describe_batch_operation(
        &self,
        request: Request<DescribeBatchOperationRequest>,
    ) -> Result<Response<DescribeBatchOperationResponse>, Status> {
        into_response(batch::describe(&self.backend, request.get_ref()))
    }

    async fn list_batch_operations(
        &self,
        request: Request<ListBatchOperationsRequest>,
    ) -> Result<Response<ListBatchOperationsResponse>, Status> {
        into_response(batch::list(&self.backend, request.get_ref()))
    }

    async fn terminate_workflow_execution(
        &self,
        request: Request<TerminateWorkflowExecutionRequest>,
    ) -> Result<Response<TerminateWorkflowExecutionResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer =
            workflow::terminate(&scope, request).map(|()| TerminateWorkflowExecutionResponse {});
        respond(scope, answer).await
    }

    async fn list_open_workflow_executions(
        &self,
        request: Request<ListOpenWorkflowExecutionsRequest>,
    ) -> Result<Response<ListOpenWorkflowExecutionsResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| visibility::list_open(backend, request))
            .await
    }

    async fn list_closed_workflow_executions(
        &self,
        request: Request<ListClosedWorkflowExecutionsRequest>,
    ) -> Result<Response<ListClosedWorkflowExecutionsResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| visibility::list_closed(backend, request))
            .await
    }

    async fn list_workflow_executions(
        &self,
        request: Request<ListWorkflowExecutionsRequest>,
    ) -> Result<Response<ListWorkflowExecutionsResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| visibility::list(backend, request))
            .await
    }

    async fn scan_workflow_executions(
        &self,
        request: Request<ScanWorkflowExecutionsRequest>,
    ) -> Result<Response<ScanWorkflowExecutionsResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| visibility::scan(backend, request))
            .await
    }

    async fn count_workflow_executions(
        &self,
        request: Request<CountWorkflowExecutionsRequest>,
    ) -> Result<Response<CountWorkflowExecutionsResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| visibility::count(backend, request))
            .await
    }

    async fn create_schedule(
        &self,
        request: Request<CreateScheduleRequest>,
    ) -> Result<Response<CreateScheduleResponse>, Status> {
        let request = request.into_inner();
        into_response(schedule::create(&self.backend, request).await)
    }

    async fn describe_schedule(
        &self,
        request: Request<DescribeScheduleRequest>,
    ) -> Result<Response<DescribeScheduleResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| schedule::describe(backend, request))
            .await
    }

    async fn update_schedule(
        &self,
        request: Request<UpdateScheduleRequest>,
    ) -> Result<Response<UpdateScheduleResponse>, Status> {
        let request = request.into_inner();
        let updated = schedule::update(&self.backend, request).await;
        into_response(updated.map(|()| UpdateScheduleResponse {}))
    }

    async fn patch_schedule(
        &self,
        request: Request<PatchScheduleRequest>,
    ) -> Result<Response<PatchScheduleResponse>, Status> {
        let request = request.into_inner();
        let patched = schedule::patch(&self.backend, request).await;
        into_response(patched.map(|()| PatchScheduleResponse {}))
    }

    async fn list_schedule_matching_times(
        &self,
        request: Request<ListScheduleMatchingTimesRequest>,
    ) -> Result<Response<ListScheduleMatchingTimesResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| schedule::matching_times(backend, request))
            .await
    }

    async fn delete_schedule(
        &self,
        request: Request<DeleteScheduleRequest>,
    ) -> Result<Response<DeleteScheduleResponse>, Status> {
        let request = request.into_inner();
        let deleted = schedule::delete(&self.backend, request).await;
        into_response(deleted.map(|()| DeleteScheduleResponse {}))
    }

    async fn list_schedules(
        &self,
        request: Request<ListSchedulesRequest>,
    ) -> Result<Response<ListSchedulesResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| schedule::list(backend, request))
            .await
    }

    async fn count_schedules(
        &self,
        request: Request<CountSchedulesRequest>,
    ) -> Result<Response<CountSchedulesResponse>, Status> {
        let request = request.into_inner();
        into_response(schedule::count(&self.backend, request))
    }

    async fn get_search_attributes(
        &self,
        _: Request<GetSearchAttributesRequest>,
    ) -> Result<Response<GetSearchAttributesResponse>, Status> {
        into_response(Ok(visibility::attributes(&self.backend)))
    }

    async fn respond_query_task_completed(
        &self,
        request: Request<RespondQueryTaskCompletedRequest>,
    ) -> Result<Response<RespondQueryTaskCompletedResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = workflow_task::complete_query(&scope, request)
            .map(|()| RespondQueryTaskCompletedResponse {});
        respond(scope, answer).await
    }

    async fn reset_sticky_task_queue(
        &self,
        request: Request<ResetStickyTaskQueueRequest>,
    ) -> Result<Response<ResetStickyTaskQueueResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer =
            workflow::reset_sticky(&scope, request).map(|()| ResetStickyTaskQueueResponse {});
        respond(scope, answer).await
    }

    async fn shutdown_worker(
        &self,
        request: Request<ShutdownWorkerRequest>,
    ) -> Result<Response<ShutdownWorkerResponse>, Status> {
        let request = request.into_inner();
        into_response(
            task_queue::shutdown_worker(&self.backend, request).map(|()| ShutdownWorkerResponse {}),
        )
    }

    async fn describe_workflow_execution(
        &self,
        request: Request<DescribeWorkflowExecutionRequest>,
    ) -> Result<Response<DescribeWorkflowExecutionResponse>, Status> {
        let scope = self.scope();
        let request = request.into_inner();
        let answer = workflow::describe(&scope, request);
        respond(scope, answer).await
    }

    async fn describe_task_queue(
        &self,
        request: Request<DescribeTaskQueueRequest>,
    ) -> Result<Response<DescribeTaskQueueResponse>, Status> {
        let request = request.into_inner();
        into_response(task_queue::describe(&self.backend, request))
    }

    async fn set_worker_deployment_current_version(
        &self,
        request: Request<SetWorkerDeploymentCurrentVersionRequest>,
    ) -> Result<Response<SetWorkerDeploymentCurrentVersionResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment_changes::set_current(&self.backend, request).await)
    }

    async fn set_worker_deployment_ramping_version(
        &self,
        request: Request<SetWorkerDeploymentRampingVersionRequest>,
    ) -> Result<Response<SetWorkerDeploymentRampingVersionResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment_changes::set_ramping(&self.backend, request).await)
    }

    async fn set_worker_deployment_manager(
        &self,
        request: Request<SetWorkerDeploymentManagerRequest>,
    ) -> Result<Response<SetWorkerDeploymentManagerResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment_changes::set_manager(&self.backend, request).await)
    }

    async fn create_worker_deployment(
        &self,
        request: Request<CreateWorkerDeploymentRequest>,
    ) -> Result<Response<CreateWorkerDeploymentResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment_changes::create(&self.backend, request).await)
    }

    async fn create_worker_deployment_version(
        &self,
        request: Request<CreateWorkerDeploymentVersionRequest>,
    ) -> Result<Response<CreateWorkerDeploymentVersionResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment_changes::create_version(&self.backend, request).await)
    }

    async fn update_worker_deployment_version_metadata(
        &self,
        request: Request<UpdateWorkerDeploymentVersionMetadataRequest>,
    ) -> Result<Response<UpdateWorkerDeploymentVersionMetadataResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment_changes::update_metadata(&self.backend, request).await)
    }

    async fn delete_worker_deployment_version(
        &self,
        request: Request<DeleteWorkerDeploymentVersionRequest>,
    ) -> Result<Response<DeleteWorkerDeploymentVersionResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment_changes::delete_version(&self.backend, request).await)
    }

    async fn delete_worker_deployment(
        &self,
        request: Request<DeleteWorkerDeploymentRequest>,
    ) -> Result<Response<DeleteWorkerDeploymentResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment_changes::delete(&self.backend, request).await)
    }

    async fn describe_worker_deployment(
        &self,
        request: Request<DescribeWorkerDeploymentRequest>,
    ) -> Result<Response<DescribeWorkerDeploymentResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment::describe(&self.backend, request))
    }

    async fn describe_worker_deployment_version(
        &self,
        request: Request<DescribeWorkerDeploymentVersionRequest>,
    ) -> Result<Response<DescribeWorkerDeploymentVersionResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment::describe_version(&self.backend, request))
    }

    async fn list_worker_deployments(
        &self,
        request: Request<ListWorkerDeploymentsRequest>,
    ) -> Result<Response<ListWorkerDeploymentsResponse>, Status> {
        let request = request.into_inner();
        into_response(deployment::list(&self.backend, request))
    }

    async fn get_cluster_info(
        &self,
        _: Request<GetClusterInfoRequest>,
    ) -> Result<Response<GetClusterInfoResponse>, Status> {
        into_response(Ok(namespace::cluster_info(&self.backend)))
    }

    async fn get_system_info(
        &self,
        _: Request<GetSystemInfoRequest>,
    ) -> Result<Response<GetSystemInfoResponse>, Status> {
        into_response(Ok(namespace::system_info()))
    }

    async fn record_worker_heartbeat(
        &self,
        request: Request<RecordWorkerHeartbeatRequest>,
    ) -> Result<Response<RecordWorkerHeartbeatResponse>, Status> {
        into_response(worker::record(&self.backend, request.into_inner()))
    }

    async fn list_workers(
        &self,
        request: Request<ListWorkersRequest>,
    ) -> Result<Response<ListWorkersResponse>, Status> {
        into_response(worker::list(&self.backend, request.get_ref()))
    }

    async fn count_workers(
        &self,
        request: Request<CountWorkersRequest>,
    ) -> Result<Response<CountWorkersResponse>, Status> {
        into_response(worker::count(&self.backend, request.get_ref()))
    }

    async fn describe_worker(
        &self,
        request: Request<DescribeWorkerRequest>,
    ) -> Result<Response<DescribeWorkerResponse>, Status> {
        into_response(worker::describe(&self.backend, request.get_ref()))
    }

    async fn update_task_queue_config(
        &self,
        request: Request<UpdateTaskQueueConfigRequest>,
    ) -> Result<Response<UpdateTaskQueueConfigResponse>, Status> {
        let request = request.into_inner();
        into_response(task_queue_config::update(&self.backend, request).await)
    }

    async fn list_task_queue_partitions(
        &self,
        request: Request<ListTaskQueuePartitionsRequest>,
    ) -> Result<Response<ListTaskQueuePartitionsResponse>, Status> {
        into_response(task_queue::partitions(&self.backend, request.get_ref()))
    }

    async fn execute_multi_operation(
        &self,
        request: Request<ExecuteMultiOperationRequest>,
    ) -> Result<Response<ExecuteMultiOperationResponse>, Status> {
        let scope = self.scope();
        let skips = self.skips(&request);
        let limit = WaitLimit::of(request.metadata(), UPDATE_POLL);
        let answer = self
            .unless_stopped(multi_operation::execute(
                &scope,
                request.into_inner(),
                skips,
                limit,
            ))
            .await;
        respond(scope, answer).await
    }

    async fn get_workflow_execution_history(
        &self,
        request: Request<GetWorkflowExecutionHistoryRequest>,
    ) -> Result<Response<GetWorkflowExecutionHistoryResponse>, Status> {
        let scope = self.scope();
        let skips = self.skips(&request);
        let deadline = poll_deadline(request.metadata(), HISTORY_POLL);
        let reader = history_reader::Reader::of(request.metadata());
        let answer = self
            .unless_stopped(history_reader::get(
                &scope,
                request.into_inner(),
                reader,
                skips,
                deadline,
            ))
            .await;
        respond(scope, answer).await
    }

    async fn poll_workflow_task_queue(
        &self,
        request: Request<PollWorkflowTaskQueueRequest>,
    ) -> Result<Response<PollWorkflowTaskQueueResponse>, Status> {
        let scope = self.scope();
        let deadline = poll_deadline(request.metadata(), LONG_POLL);
        let answer = workflow_task::poll(&scope, request.into_inner(), deadline).await;
        respond(scope, answer).await
    }

    async fn poll_activity_task_queue(
        &self,
        request: Request<PollActivityTaskQueueRequest>,
    ) -> Result<Response<PollActivityTaskQueueResponse>, Status> {
        let scope = self.scope();
        let deadline = poll_deadline(request.metadata(), LONG_POLL);
        let answer = activity_task::poll(&scope, request.into_inner(), deadline).await;
        respond(scope, answer).await
    }

    async fn query_workflow(
        &self,
        request: Request<QueryWorkflowRequest>,
    ) -> Result<Response<QueryWorkflowResponse>, Status> {
        let scope = self.scope();
        let deadline = query_deadline(request.metadata());
        let answer = self
            .unless_stopped(query::query(&scope, request.into_inner(), deadline))
            .await;
        respond(scope, answer).await
    }

    async fn update_workflow_execution(
        &self,
        request: Request<UpdateWorkflowExecutionRequest>,
    ) -> Result<Response<UpdateWorkflowExecutionResponse>, Status> {
        let scope = self.scope();
        let skips = self.skips(&request);
        let limit = WaitLimit::of(request.metadata(), UPDATE_POLL);
        let answer = self
            .unless_stopped(update::update(&scope, request.into_inner(), skips, limit))
            .await;
        respond(scope, answer).await
    }

    async fn poll_workflow_execution_update(
        &self,
        request: Request<PollWorkflowExecutionUpdateRequest>,
    ) -> Result<Response<PollWorkflowExecutionUpdateResponse>, Status> {
        let scope = self.scope();
        let skips = self.skips(&request);
        let limit = WaitLimit::of(request.metadata(), UPDATE_POLL);
        let answer = self
            .unless_stopped(update::poll(&scope, request.into_inner(), skips, limit))
            .await;
        respond(scope, answer).await
    }

    async fn poll_workflow_execution_time_skipping(
        &self,
        request: Request<PollWorkflowExecutionTimeSkippingRequest>,
    ) -> Result<Response<PollWorkflowExecutionTimeSkippingResponse>, Status> {
        let scope = self.scope();
        let skips = self.skips(&request);
        let limit = WaitLimit::of(request.metadata(), FAST_FORWARD_POLL);
        let poll = time_skipping::poll(&scope, request.into_inner(), skips, limit);
        let answer = self.unless_stopped(poll).await;
        respond(scope, answer).await
    }

    async fn poll_nexus_task_queue(
        &self,
        request: Request<PollNexusTaskQueueRequest>,
    ) -> Result<Response<PollNexusTaskQueueResponse>, Status> {
        let deadline = poll_deadline(request.metadata(), LONG_POLL);
        into_response(task_queue::poll_nexus(&self.backend, request.into_inner(), deadline).await)
    }

    unimplemented_workflow_methods! {}
}

fn heartbeat(reply: HeartbeatReply) -> RecordActivityTaskHeartbeatResponse {
    RecordActivityTaskHeartbeatResponse {
        cancel_requested: reply.cancel_requested,
        activity_paused: reply.paused,
        activity_reset: reply.reset,
    }
}

fn heartbeat_by_id(reply: HeartbeatReply) -> RecordActivityTaskHeartbeatByIdResponse {
    RecordActivityTaskHeartbeatByIdResponse {
        cancel_requested: reply.cancel_requested,
        activity_paused: reply.paused,
        activity_reset: reply.reset,
    }
}
