//! Batch operations over a restart, and while the store fails.

use durably_proto::api::batch::v1::BatchOperationSignal;
use durably_proto::api::enums::v1::BatchOperationState;
use durably_proto::api::workflowservice::v1::start_batch_operation_request::Operation;

use super::*;

impl Case {
    /// Starts a batch that sends a signal to every workflow.
    async fn signal_all(&self, per_second: f32) -> Result<StartBatchOperationResponse, Status> {
        let request = StartBatchOperationRequest {
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
        };
        let started = self.service.start_batch_operation(Request::new(request));
        inner(started.await)
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
async fn a_second_batch_waits_for_the_end_of_the_first() {
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
