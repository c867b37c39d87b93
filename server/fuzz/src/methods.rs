//! Every method of the two services, by number: decodes a request, calls the method, and encodes
//! the response.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use durably_proto::Message;
use durably_proto::api::operatorservice::v1::*;
use durably_proto::api::workflowservice::v1::*;
use durably_proto::service::operator::operator_service_server::OperatorService;
use durably_proto::service::workflow::workflow_service_server::WorkflowService;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Status};

/// The services of one server.
#[derive(Clone)]
pub struct Services {
    pub workflow: Arc<dyn WorkflowService>,
    pub operator: Arc<dyn OperatorService>,
}

/// A method of a service.
pub struct Method {
    /// In snake case, as the trait names it.
    pub name: &'static str,
    /// Calls the method; none if the bytes are not a request.
    pub call: fn(&Services, &[u8], MetadataMap, Extensions) -> Option<Answer>,
}

pub type Answer = Pin<Box<dyn Future<Output = Result<Vec<u8>, Status>> + Send>>;

/// The place of a method in [`METHODS`].
pub fn number(name: &str) -> usize {
    let place = METHODS.iter().position(|method| method.name == name);
    place.expect("the services have the method")
}

macro_rules! methods {
    ($($service:ident { $($method:ident($request:ident),)* })*) => {
        /// Every method, those of `WorkflowService` first.
        pub const METHODS: &[Method] = &[$($(Method {
            name: stringify!($method),
            call: |services, bytes, metadata, extensions| {
                let message = $request::decode(bytes).ok()?;
                let service = Arc::clone(&services.$service);
                let request = Request::from_parts(metadata, extensions, message);
                Some(Box::pin(async move {
                    let response = service.$method(request).await?;
                    Ok(response.into_inner().encode_to_vec())
                }))
            },
        },)*)*];
    };
}

methods! {
    workflow {
        register_namespace(RegisterNamespaceRequest),
        describe_namespace(DescribeNamespaceRequest),
        list_namespaces(ListNamespacesRequest),
        update_namespace(UpdateNamespaceRequest),
        deprecate_namespace(DeprecateNamespaceRequest),
        start_workflow_execution(StartWorkflowExecutionRequest),
        execute_multi_operation(ExecuteMultiOperationRequest),
        get_workflow_execution_history(GetWorkflowExecutionHistoryRequest),
        get_workflow_execution_history_reverse(GetWorkflowExecutionHistoryReverseRequest),
        poll_workflow_task_queue(PollWorkflowTaskQueueRequest),
        respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest),
        respond_workflow_task_failed(RespondWorkflowTaskFailedRequest),
        poll_activity_task_queue(PollActivityTaskQueueRequest),
        record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest),
        record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest),
        respond_activity_task_completed(RespondActivityTaskCompletedRequest),
        respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest),
        respond_activity_task_failed(RespondActivityTaskFailedRequest),
        respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest),
        respond_activity_task_canceled(RespondActivityTaskCanceledRequest),
        respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest),
        request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest),
        signal_workflow_execution(SignalWorkflowExecutionRequest),
        signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest),
        reset_workflow_execution(ResetWorkflowExecutionRequest),
        terminate_workflow_execution(TerminateWorkflowExecutionRequest),
        delete_workflow_execution(DeleteWorkflowExecutionRequest),
        list_open_workflow_executions(ListOpenWorkflowExecutionsRequest),
        list_closed_workflow_executions(ListClosedWorkflowExecutionsRequest),
        list_workflow_executions(ListWorkflowExecutionsRequest),
        list_archived_workflow_executions(ListArchivedWorkflowExecutionsRequest),
        scan_workflow_executions(ScanWorkflowExecutionsRequest),
        count_workflow_executions(CountWorkflowExecutionsRequest),
        get_search_attributes(GetSearchAttributesRequest),
        respond_query_task_completed(RespondQueryTaskCompletedRequest),
        reset_sticky_task_queue(ResetStickyTaskQueueRequest),
        shutdown_worker(ShutdownWorkerRequest),
        query_workflow(QueryWorkflowRequest),
        describe_workflow_execution(DescribeWorkflowExecutionRequest),
        describe_task_queue(DescribeTaskQueueRequest),
        get_cluster_info(GetClusterInfoRequest),
        get_system_info(GetSystemInfoRequest),
        list_task_queue_partitions(ListTaskQueuePartitionsRequest),
        create_schedule(CreateScheduleRequest),
        describe_schedule(DescribeScheduleRequest),
        update_schedule(UpdateScheduleRequest),
        patch_schedule(PatchScheduleRequest),
        list_schedule_matching_times(ListScheduleMatchingTimesRequest),
        delete_schedule(DeleteScheduleRequest),
        list_schedules(ListSchedulesRequest),
        count_schedules(CountSchedulesRequest),
        update_worker_build_id_compatibility(UpdateWorkerBuildIdCompatibilityRequest),
        get_worker_build_id_compatibility(GetWorkerBuildIdCompatibilityRequest),
        update_worker_versioning_rules(UpdateWorkerVersioningRulesRequest),
        get_worker_versioning_rules(GetWorkerVersioningRulesRequest),
        get_worker_task_reachability(GetWorkerTaskReachabilityRequest),
        describe_deployment(DescribeDeploymentRequest),
        describe_worker_deployment_version(DescribeWorkerDeploymentVersionRequest),
        list_deployments(ListDeploymentsRequest),
        get_deployment_reachability(GetDeploymentReachabilityRequest),
        get_current_deployment(GetCurrentDeploymentRequest),
        set_current_deployment(SetCurrentDeploymentRequest),
        set_worker_deployment_current_version(SetWorkerDeploymentCurrentVersionRequest),
        describe_worker_deployment(DescribeWorkerDeploymentRequest),
        delete_worker_deployment(DeleteWorkerDeploymentRequest),
        delete_worker_deployment_version(DeleteWorkerDeploymentVersionRequest),
        set_worker_deployment_ramping_version(SetWorkerDeploymentRampingVersionRequest),
        list_worker_deployments(ListWorkerDeploymentsRequest),
        create_worker_deployment(CreateWorkerDeploymentRequest),
        create_worker_deployment_version(CreateWorkerDeploymentVersionRequest),
        update_worker_deployment_version_compute_config(UpdateWorkerDeploymentVersionComputeConfigRequest),
        validate_worker_deployment_version_compute_config(ValidateWorkerDeploymentVersionComputeConfigRequest),
        update_worker_deployment_version_metadata(UpdateWorkerDeploymentVersionMetadataRequest),
        set_worker_deployment_manager(SetWorkerDeploymentManagerRequest),
        update_workflow_execution(UpdateWorkflowExecutionRequest),
        poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest),
        start_batch_operation(StartBatchOperationRequest),
        stop_batch_operation(StopBatchOperationRequest),
        describe_batch_operation(DescribeBatchOperationRequest),
        list_batch_operations(ListBatchOperationsRequest),
        poll_nexus_task_queue(PollNexusTaskQueueRequest),
        respond_nexus_task_completed(RespondNexusTaskCompletedRequest),
        respond_nexus_task_failed(RespondNexusTaskFailedRequest),
        update_activity_options(UpdateActivityOptionsRequest),
        update_workflow_execution_options(UpdateWorkflowExecutionOptionsRequest),
        pause_activity(PauseActivityRequest),
        unpause_activity(UnpauseActivityRequest),
        reset_activity(ResetActivityRequest),
        create_workflow_rule(CreateWorkflowRuleRequest),
        describe_workflow_rule(DescribeWorkflowRuleRequest),
        delete_workflow_rule(DeleteWorkflowRuleRequest),
        list_workflow_rules(ListWorkflowRulesRequest),
        trigger_workflow_rule(TriggerWorkflowRuleRequest),
        record_worker_heartbeat(RecordWorkerHeartbeatRequest),
        list_workers(ListWorkersRequest),
        count_workers(CountWorkersRequest),
        update_task_queue_config(UpdateTaskQueueConfigRequest),
        fetch_worker_config(FetchWorkerConfigRequest),
        update_worker_config(UpdateWorkerConfigRequest),
        describe_worker(DescribeWorkerRequest),
        pause_workflow_execution(PauseWorkflowExecutionRequest),
        unpause_workflow_execution(UnpauseWorkflowExecutionRequest),
        start_activity_execution(StartActivityExecutionRequest),
        start_nexus_operation_execution(StartNexusOperationExecutionRequest),
        describe_activity_execution(DescribeActivityExecutionRequest),
        describe_nexus_operation_execution(DescribeNexusOperationExecutionRequest),
        poll_activity_execution(PollActivityExecutionRequest),
        poll_nexus_operation_execution(PollNexusOperationExecutionRequest),
        list_activity_executions(ListActivityExecutionsRequest),
        list_nexus_operation_executions(ListNexusOperationExecutionsRequest),
        count_activity_executions(CountActivityExecutionsRequest),
        count_nexus_operation_executions(CountNexusOperationExecutionsRequest),
        request_cancel_activity_execution(RequestCancelActivityExecutionRequest),
        request_cancel_nexus_operation_execution(RequestCancelNexusOperationExecutionRequest),
        terminate_activity_execution(TerminateActivityExecutionRequest),
        delete_activity_execution(DeleteActivityExecutionRequest),
        pause_activity_execution(PauseActivityExecutionRequest),
        reset_activity_execution(ResetActivityExecutionRequest),
        unpause_activity_execution(UnpauseActivityExecutionRequest),
        update_activity_execution_options(UpdateActivityExecutionOptionsRequest),
        terminate_nexus_operation_execution(TerminateNexusOperationExecutionRequest),
        delete_nexus_operation_execution(DeleteNexusOperationExecutionRequest),
        poll_workflow_execution_time_skipping(PollWorkflowExecutionTimeSkippingRequest),
    }
    operator {
        add_search_attributes(AddSearchAttributesRequest),
        remove_search_attributes(RemoveSearchAttributesRequest),
        list_search_attributes(ListSearchAttributesRequest),
        delete_namespace(DeleteNamespaceRequest),
        add_or_update_remote_cluster(AddOrUpdateRemoteClusterRequest),
        remove_remote_cluster(RemoveRemoteClusterRequest),
        list_clusters(ListClustersRequest),
        get_nexus_endpoint(GetNexusEndpointRequest),
        create_nexus_endpoint(CreateNexusEndpointRequest),
        update_nexus_endpoint(UpdateNexusEndpointRequest),
        delete_nexus_endpoint(DeleteNexusEndpointRequest),
        list_nexus_endpoints(ListNexusEndpointsRequest),
    }
}
