//! A server that answers each request as it was told to, in order, and remembers what it was asked.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use durably_proto::{
    api::workflowservice::v1 as pb, service::workflow::workflow_service_server::WorkflowService,
};
use tonic::{Request, Response, Status, async_trait};

use crate::{client::Client, transport::in_process::Services};

/// The answers to one kind of request.
pub(crate) struct Script<Q, A> {
    asked: Mutex<Vec<Q>>,
    answers: Mutex<VecDeque<Result<A, Status>>>,
    silent: AtomicBool,
}

impl<Q, A> Default for Script<Q, A> {
    fn default() -> Self {
        Self {
            asked: Mutex::default(),
            answers: Mutex::default(),
            silent: AtomicBool::default(),
        }
    }
}

impl<Q: Clone, A> Script<Q, A> {
    /// The next answer.
    pub(crate) fn then(&self, answer: Result<A, Status>) {
        let mut answers = self.answers.lock().expect("nobody panics with the lock");
        answers.push_back(answer);
    }

    /// Requests that there is no answer for are never answered.
    pub(crate) fn then_silence(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    /// All that was asked.
    pub(crate) fn asked(&self) -> Vec<Q> {
        self.asked
            .lock()
            .expect("nobody panics with the lock")
            .clone()
    }

    async fn answer(&self, request: Request<Q>) -> Result<Response<A>, Status> {
        match self.next(request.into_inner()) {
            Some(answer) => answer.map(Response::new),
            None if self.silent.load(Ordering::Relaxed) => std::future::pending().await,
            None => Err(Status::failed_precondition("the test has no more answers")),
        }
    }

    fn next(&self, request: Q) -> Option<Result<A, Status>> {
        let mut asked = self.asked.lock().expect("nobody panics with the lock");
        asked.push(request);
        let mut answers = self.answers.lock().expect("nobody panics with the lock");
        answers.pop_front()
    }
}

macro_rules! fake {
    ($($name:ident($request:ident) -> $response:ident;)*) => {
        #[derive(Default)]
        pub(crate) struct Fake {
            $(pub(crate) $name: Script<pb::$request, pb::$response>,)*
        }

        impl Fake {
            /// The kinds of requests that came, without that of the connection.
            pub(crate) fn sent(&self) -> Vec<&'static str> {
                let mut sent = Vec::new();
                $(if !self.$name.asked().is_empty() {
                    sent.push(stringify!($name));
                })*
                sent.retain(|name| *name != "get_system_info");
                sent
            }
        }

        #[async_trait]
        impl WorkflowService for Fake {
            $(async fn $name(
                &self,
                request: Request<pb::$request>,
            ) -> Result<Response<pb::$response>, Status> {
                self.$name.answer(request).await
            })*
        }
    };
}

fake! {
    get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse;
    start_workflow_execution(StartWorkflowExecutionRequest) -> StartWorkflowExecutionResponse;
    execute_multi_operation(ExecuteMultiOperationRequest) -> ExecuteMultiOperationResponse;
    signal_workflow_execution(SignalWorkflowExecutionRequest) -> SignalWorkflowExecutionResponse;
    query_workflow(QueryWorkflowRequest) -> QueryWorkflowResponse;
    update_workflow_execution(UpdateWorkflowExecutionRequest) -> UpdateWorkflowExecutionResponse;
    poll_workflow_execution_time_skipping(PollWorkflowExecutionTimeSkippingRequest) -> PollWorkflowExecutionTimeSkippingResponse;
    poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse;
    get_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse;
    get_workflow_execution_history_reverse(GetWorkflowExecutionHistoryReverseRequest) -> GetWorkflowExecutionHistoryReverseResponse;
    describe_task_queue(DescribeTaskQueueRequest) -> DescribeTaskQueueResponse;
    describe_worker(DescribeWorkerRequest) -> DescribeWorkerResponse;
    describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse;
    request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse;
    terminate_workflow_execution(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse;
    signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest) -> SignalWithStartWorkflowExecutionResponse;
    count_workflow_executions(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse;
    list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse;
    delete_workflow_execution(DeleteWorkflowExecutionRequest) -> DeleteWorkflowExecutionResponse;
    start_batch_operation(StartBatchOperationRequest) -> StartBatchOperationResponse;
    stop_batch_operation(StopBatchOperationRequest) -> StopBatchOperationResponse;
    list_batch_operations(ListBatchOperationsRequest) -> ListBatchOperationsResponse;
    register_namespace(RegisterNamespaceRequest) -> RegisterNamespaceResponse;
    list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse;
    list_schedules(ListSchedulesRequest) -> ListSchedulesResponse;
    delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse;
    describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse;
    update_schedule(UpdateScheduleRequest) -> UpdateScheduleResponse;
    patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse;
    create_schedule(CreateScheduleRequest) -> CreateScheduleResponse;
    record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest) -> RecordActivityTaskHeartbeatResponse;
    record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest) -> RecordActivityTaskHeartbeatByIdResponse;
    respond_activity_task_completed(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse;
    respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest) -> RespondActivityTaskCompletedByIdResponse;
    respond_activity_task_failed(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse;
    respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest) -> RespondActivityTaskFailedByIdResponse;
    respond_activity_task_canceled(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse;
    respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest) -> RespondActivityTaskCanceledByIdResponse;
    list_schedule_matching_times(ListScheduleMatchingTimesRequest) -> ListScheduleMatchingTimesResponse;
}

/// A server without answers yet, and its client.
pub(crate) async fn server() -> (Arc<Fake>, Client) {
    let fake = Arc::new(Fake::default());
    fake.get_system_info.then(Ok(Default::default()));
    let client =
        Client::in_process(Services::of_tests(fake.clone()), "default".to_owned(), None).await;
    (fake, client.expect("the fake says what it is"))
}
