//! Batch operations over a restart, and while the store fails.

use durably_proto::api::batch::v1::{BatchOperationDeletion, BatchOperationSignal};
use durably_proto::api::common::v1::Execution;
use durably_proto::api::enums::v1::{BatchOperationState, ExecutionType};
use durably_proto::api::workflowservice::v1::start_batch_operation_request::Operation;

use super::*;

impl Case {
    /// Starts a batch that sends a signal to every workflow.
    async fn signal_all(&self, per_second: f32) -> Result<StartBatchOperationResponse, Status> {
        let request = Request::new(signal_request(per_second));
        inner(self.service.start_batch_operation(request).await)
    }

    async fn stop_batch(&self) -> Result<StopBatchOperationResponse, Status> {
        let request = StopBatchOperationRequest {
            namespace: NAMESPACE.to_owned(),
            job_id: "job".to_owned(),
            reason: "test".to_owned(),
            ..StopBatchOperationRequest::default()
        };
        let stopped = self.service.stop_batch_operation(Request::new(request));
        inner(stopped.await)
    }

    async fn batch(&self) -> DescribeBatchOperationResponse {
        let request = DescribeBatchOperationRequest {
            namespace: NAMESPACE.to_owned(),
            job_id: "job".to_owned(),
        };
        let described = self.service.describe_batch_operation(Request::new(request));
        inner(described.await).unwrap()
    }

    async fn until_batch(
        &self,
        is_wanted: impl Fn(&DescribeBatchOperationResponse) -> bool,
    ) -> DescribeBatchOperationResponse {
        loop {
            let batch = self.batch().await;
            if is_wanted(&batch) {
                return batch;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

const WORKFLOWS: usize = 12;

/// A request that names its workflows.
fn request_for(ids: &[&str], per_second: f32) -> StartBatchOperationRequest {
    let targets = ids.iter().map(|id| Execution {
        r#type: ExecutionType::Workflow.into(),
        business_id: (*id).to_owned(),
        run_id: String::new(),
    });
    StartBatchOperationRequest {
        visibility_query: String::new(),
        target_executions: targets.collect(),
        ..signal_request(per_second)
    }
}

fn signal_request(per_second: f32) -> StartBatchOperationRequest {
    StartBatchOperationRequest {
        namespace: NAMESPACE.to_owned(),
        job_id: "job".to_owned(),
        reason: "test".to_owned(),
        visibility_query: "WorkflowId != 'none'".to_owned(),
        max_operations_per_second: per_second,
        operation: Some(Operation::SignalOperation(BatchOperationSignal {
            signal: "go".to_owned(),
            ..BatchOperationSignal::default()
        })),
        ..StartBatchOperationRequest::default()
    }
}

async fn started() -> Case {
    let case = Case::new().await;
    for number in 0..WORKFLOWS {
        case.start(&format!("w{number}")).await.unwrap();
    }
    case
}

#[tokio::test]
async fn a_batch_goes_on_after_a_restart_and_sends_each_signal_once() {
    let case = started().await;
    case.signal_all(20.0).await.unwrap();
    case.until_batch(|batch| batch.complete_operation_count >= 3)
        .await;
    let case = case.restart().await;
    let batch = case
        .until_batch(|batch| batch.state() == BatchOperationState::Completed)
        .await;
    let all = i64::try_from(WORKFLOWS).unwrap();
    assert_eq!(
        (batch.total_operation_count, batch.complete_operation_count),
        (all, all)
    );
    for number in 0..WORKFLOWS {
        let events = case.events(&format!("w{number}")).await;
        let signals = events
            .iter()
            .filter(|it| **it == EventType::WorkflowExecutionSignaled);
        assert_eq!(signals.count(), 1, "w{number}");
    }
    // Its end is known after another restart.
    let case = case.restart().await;
    let again = case.batch().await;
    assert_eq!(again, batch);
}

#[tokio::test]
async fn a_second_batch_is_refused_while_the_first_runs() {
    let case = started().await;
    case.signal_all(1.0).await.unwrap();
    let second = case.signal_all(1.0).await.unwrap_err();
    assert_eq!(second.code(), Code::ResourceExhausted);
    assert_eq!(
        second.message(),
        "Max concurrent batch operations is reached"
    );
}

#[tokio::test]
async fn a_batch_whose_start_cannot_be_stored_does_not_exist() {
    let case = started().await;
    case.store.set(Mode::Refused);
    let failed = case.signal_all(1.0).await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
    case.store.set(Mode::Done);
    case.signal_all(1000.0).await.unwrap();
    case.until_batch(|batch| batch.state() == BatchOperationState::Completed)
        .await;
}

#[tokio::test]
async fn a_batch_repeats_what_the_store_refused() {
    let case = started().await;
    case.signal_all(50.0).await.unwrap();
    case.until_batch(|batch| batch.complete_operation_count >= 2)
        .await;
    case.store.set(Mode::Refused);
    while case.store.refused() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    case.store.set(Mode::Done);
    let batch = case
        .until_batch(|batch| batch.state() == BatchOperationState::Completed)
        .await;
    assert_eq!(batch.failure_operation_count, 0);
    for number in 0..WORKFLOWS {
        let events = case.events(&format!("w{number}")).await;
        assert!(events.contains(&EventType::WorkflowExecutionSignaled));
    }
}

#[tokio::test]
async fn a_stop_that_the_store_refuses_can_be_repeated() {
    let case = started().await;
    case.signal_all(1.0).await.unwrap();
    case.store.set(Mode::Refused);
    let failed = case.stop_batch().await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
    assert_eq!(case.batch().await.state(), BatchOperationState::Running);
    case.store.set(Mode::Done);
    case.stop_batch().await.unwrap();
    let stopped = case.batch().await;
    assert_eq!(stopped.state(), BatchOperationState::Failed);
    let again = case.stop_batch().await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
    let case = case.restart().await;
    assert_eq!(case.batch().await, stopped);
}

#[tokio::test]
async fn a_start_and_a_stop_whose_client_leaves_take_effect() {
    let case = started().await;
    case.store.set(Mode::Held);
    {
        // Without a query there is nothing to wait for before the start.
        let request = request_for(&["w0", "w1"], 0.1);
        let request = Request::new(request);
        let mut started = pin!(case.service.start_batch_operation(request));
        assert!(is_pending(&mut started).await);
    }
    while case.store.held() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    case.store.release();
    while case
        .server
        .backend
        .batches
        .of_namespace(NAMESPACE)
        .is_empty()
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    case.store.set(Mode::Held);
    {
        let mut stopped = pin!(case.stop_batch());
        assert!(is_pending(&mut stopped).await);
    }
    while case.store.held() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    case.store.release();
    let stopped = case
        .until_batch(|batch| batch.state() == BatchOperationState::Failed)
        .await;
    let case = case.restart().await;
    assert_eq!(case.batch().await, stopped);
}

#[tokio::test]
async fn a_batch_whose_query_cannot_list_fails() {
    let case = started().await;
    let request = StartBatchOperationRequest {
        visibility_query: "GROUP BY ExecutionStatus".to_owned(),
        operation: Some(Operation::DeletionOperation(
            BatchOperationDeletion::default(),
        )),
        ..signal_request(1.0)
    };
    let started = case.service.start_batch_operation(Request::new(request));
    inner(started.await).unwrap();
    case.until_batch(|batch| batch.state() == BatchOperationState::Failed)
        .await;
}

#[tokio::test]
async fn named_targets_are_workflows() {
    let case = started().await;
    let mut wrong = request_for(&["w0", "w1"], 1000.0);
    wrong.target_executions[1].set_type(ExecutionType::Activity);
    let refused = case.service.start_batch_operation(Request::new(wrong));
    let refused = inner(refused.await).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("target_executions[1]"));
    let right = request_for(&["w0", "w1"], 1000.0);
    let started = case.service.start_batch_operation(Request::new(right));
    inner(started.await).unwrap();
    let batch = case
        .until_batch(|batch| batch.state() == BatchOperationState::Completed)
        .await;
    assert_eq!(batch.complete_operation_count, 2);
    for id in ["w0", "w1"] {
        let events = case.events(id).await;
        assert!(events.contains(&EventType::WorkflowExecutionSignaled));
    }
}
