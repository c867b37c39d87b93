//! A server that answers each request as it was told to, in order, and remembers what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use durably_proto::{
    api::workflowservice::v1 as pb, service::workflow::workflow_service_server::WorkflowService,
};
use tonic::{Request, Response, Status, async_trait};

use crate::client::Client;

/// The answers to one kind of request.
pub(crate) struct Script<Q, A> {
    asked: Mutex<Vec<Q>>,
    answers: Mutex<VecDeque<Result<A, Status>>>,
}

impl<Q, A> Default for Script<Q, A> {
    fn default() -> Self {
        Self {
            asked: Mutex::default(),
            answers: Mutex::default(),
        }
    }
}

impl<Q: Clone, A> Script<Q, A> {
    /// The next answer.
    pub(crate) fn then(&self, answer: Result<A, Status>) {
        let mut answers = self.answers.lock().expect("nobody panics with the lock");
        answers.push_back(answer);
    }

    /// All that was asked.
    pub(crate) fn asked(&self) -> Vec<Q> {
        self.asked
            .lock()
            .expect("nobody panics with the lock")
            .clone()
    }

    fn answer(&self, request: Request<Q>) -> Result<Response<A>, Status> {
        let mut asked = self.asked.lock().expect("nobody panics with the lock");
        asked.push(request.into_inner());
        let mut answers = self.answers.lock().expect("nobody panics with the lock");
        let unexpected = || Err(Status::failed_precondition("the test has no more answers"));
        answers
            .pop_front()
            .unwrap_or_else(unexpected)
            .map(Response::new)
    }
}

macro_rules! fake {
    ($($name:ident($request:ident) -> $response:ident;)*) => {
        #[derive(Default)]
        pub(crate) struct Fake {
            $(pub(crate) $name: Script<pb::$request, pb::$response>,)*
        }

        #[async_trait]
        impl WorkflowService for Fake {
            $(async fn $name(
                &self,
                request: Request<pb::$request>,
            ) -> Result<Response<pb::$response>, Status> {
                self.$name.answer(request)
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
    poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse;
    get_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse;
    describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse;
    list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse;
}

/// A server without answers yet, and its client.
pub(crate) async fn server() -> (Arc<Fake>, Client) {
    let fake = Arc::new(Fake::default());
    fake.get_system_info.then(Ok(Default::default()));
    let client = Client::in_process(fake.clone(), "default".to_owned(), None).await;
    (fake, client.expect("the fake says what it is"))
}
