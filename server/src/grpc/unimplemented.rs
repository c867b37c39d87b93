//! Methods that the embedded server does not implement. Each is written out, so that its error
//! names it.

/// Implements methods that return `UNIMPLEMENTED` with their full name.
///
/// `async_trait` rewrites the methods of the trait before a macro inside it expands, so the
/// signature here is the rewritten one.
macro_rules! unimplemented_methods {
    ($service:literal;
     $($name:ident $method:ident($request:ident) $response:ident,)*) => {$(
        fn $name<'life, 'async_trait>(
            &'life self,
            _: tonic::Request<$request>,
        ) -> std::pin::Pin<Box<
            dyn Future<
                Output = Result<tonic::Response<$response>, tonic::Status>,
            > + Send + 'async_trait,
        >>
        where
            'life: 'async_trait,
            Self: 'async_trait,
        {
            let name = concat!($service, "/", stringify!($method));
            Box::pin(async move {
                Err(tonic::Status::unimplemented(format!(
                    "{name} is not implemented by the embedded server"
                )))
            })
        }
    )*};
}
pub(super) use unimplemented_methods;

/// The methods of `WorkflowService` that are not implemented.
macro_rules! unimplemented_workflow_methods {
    () => {
        unimplemented_methods! { "temporal.api.workflowservice.v1.WorkflowService";
            list_archived_workflow_executions ListArchivedWorkflowExecutions(ListArchivedWorkflowExecutionsRequest) ListArchivedWorkflowExecutionsResponse,
            update_worker_build_id_compatibility UpdateWorkerBuildIdCompatibility(UpdateWorkerBuildIdCompatibilityRequest) UpdateWorkerBuildIdCompatibilityResponse,
            get_worker_build_id_compatibility GetWorkerBuildIdCompatibility(GetWorkerBuildIdCompatibilityRequest) GetWorkerBuildIdCompatibilityResponse,
            update_worker_versioning_rules UpdateWorkerVersioningRules(UpdateWorkerVersioningRulesRequest) UpdateWorkerVersioningRulesResponse,
            get_worker_versioning_rules GetWorkerVersioningRules(GetWorkerVersioningRulesRequest) GetWorkerVersioningRulesResponse,
            get_worker_task_reachability GetWorkerTaskReachability(GetWorkerTaskReachabilityRequest) GetWorkerTaskReachabilityResponse,
            describe_deployment DescribeDeployment(DescribeDeploymentRequest) DescribeDeploymentResponse,
            list_deployments ListDeployments(ListDeploymentsRequest) ListDeploymentsResponse,
            get_deployment_reachability GetDeploymentReachability(GetDeploymentReachabilityRequest) GetDeploymentReachabilityResponse,
            get_current_deployment GetCurrentDeployment(GetCurrentDeploymentRequest) GetCurrentDeploymentResponse,
            set_current_deployment SetCurrentDeployment(SetCurrentDeploymentRequest) SetCurrentDeploymentResponse,
            update_worker_deployment_version_compute_config UpdateWorkerDeploymentVersionComputeConfig(UpdateWorkerDeploymentVersionComputeConfigRequest) UpdateWorkerDeploymentVersionComputeConfigResponse,
            validate_worker_deployment_version_compute_config ValidateWorkerDeploymentVersionComputeConfig(ValidateWorkerDeploymentVersionComputeConfigRequest) ValidateWorkerDeploymentVersionComputeConfigResponse,
            respond_nexus_task_completed RespondNexusTaskCompleted(RespondNexusTaskCompletedRequest) RespondNexusTaskCompletedResponse,
            respond_nexus_task_failed RespondNexusTaskFailed(RespondNexusTaskFailedRequest) RespondNexusTaskFailedResponse,
            create_workflow_rule CreateWorkflowRule(CreateWorkflowRuleRequest) CreateWorkflowRuleResponse,
            describe_workflow_rule DescribeWorkflowRule(DescribeWorkflowRuleRequest) DescribeWorkflowRuleResponse,
            delete_workflow_rule DeleteWorkflowRule(DeleteWorkflowRuleRequest) DeleteWorkflowRuleResponse,
            list_workflow_rules ListWorkflowRules(ListWorkflowRulesRequest) ListWorkflowRulesResponse,
            trigger_workflow_rule TriggerWorkflowRule(TriggerWorkflowRuleRequest) TriggerWorkflowRuleResponse,
            fetch_worker_config FetchWorkerConfig(FetchWorkerConfigRequest) FetchWorkerConfigResponse,
            update_worker_config UpdateWorkerConfig(UpdateWorkerConfigRequest) UpdateWorkerConfigResponse,
            pause_workflow_execution PauseWorkflowExecution(PauseWorkflowExecutionRequest) PauseWorkflowExecutionResponse,
            unpause_workflow_execution UnpauseWorkflowExecution(UnpauseWorkflowExecutionRequest) UnpauseWorkflowExecutionResponse,
            start_activity_execution StartActivityExecution(StartActivityExecutionRequest) StartActivityExecutionResponse,
            start_nexus_operation_execution StartNexusOperationExecution(StartNexusOperationExecutionRequest) StartNexusOperationExecutionResponse,
            describe_activity_execution DescribeActivityExecution(DescribeActivityExecutionRequest) DescribeActivityExecutionResponse,
            describe_nexus_operation_execution DescribeNexusOperationExecution(DescribeNexusOperationExecutionRequest) DescribeNexusOperationExecutionResponse,
            poll_activity_execution PollActivityExecution(PollActivityExecutionRequest) PollActivityExecutionResponse,
            poll_nexus_operation_execution PollNexusOperationExecution(PollNexusOperationExecutionRequest) PollNexusOperationExecutionResponse,
            list_activity_executions ListActivityExecutions(ListActivityExecutionsRequest) ListActivityExecutionsResponse,
            list_nexus_operation_executions ListNexusOperationExecutions(ListNexusOperationExecutionsRequest) ListNexusOperationExecutionsResponse,
            count_activity_executions CountActivityExecutions(CountActivityExecutionsRequest) CountActivityExecutionsResponse,
            count_nexus_operation_executions CountNexusOperationExecutions(CountNexusOperationExecutionsRequest) CountNexusOperationExecutionsResponse,
            request_cancel_activity_execution RequestCancelActivityExecution(RequestCancelActivityExecutionRequest) RequestCancelActivityExecutionResponse,
            request_cancel_nexus_operation_execution RequestCancelNexusOperationExecution(RequestCancelNexusOperationExecutionRequest) RequestCancelNexusOperationExecutionResponse,
            terminate_activity_execution TerminateActivityExecution(TerminateActivityExecutionRequest) TerminateActivityExecutionResponse,
            delete_activity_execution DeleteActivityExecution(DeleteActivityExecutionRequest) DeleteActivityExecutionResponse,
            terminate_nexus_operation_execution TerminateNexusOperationExecution(TerminateNexusOperationExecutionRequest) TerminateNexusOperationExecutionResponse,
            delete_nexus_operation_execution DeleteNexusOperationExecution(DeleteNexusOperationExecutionRequest) DeleteNexusOperationExecutionResponse,
        }
    };
}
pub(super) use unimplemented_workflow_methods;
