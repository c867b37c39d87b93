//! Time skipping of one workflow, on servers that have it and on those that do not.

use durably_proto::api::{
    enums::v1::FastForwardPollingResult as Polled,
    workflowservice::v1::{
        PollWorkflowExecutionTimeSkippingResponse, StartWorkflowExecutionResponse,
    },
};
use tonic::Status;

use super::fake::{Fake, server};
use crate::{
    client::{Client, DynHandle, TimeSkipping},
    error::{FastForwardError, HandleError, Result, RpcError, StartError},
    interceptor::{ClientInterceptor, FastForwardRequest, Next, StartRequest, Started},
    time::span::days,
};

async fn start(client: &Client) -> Result<DynHandle, StartError> {
    let start = client.start("Account", ()).task_queue("accounts");
    start.time_skipping(TimeSkipping::on()).await
}

/// The answer of a server that has the feature to a request without an id.
fn has_it(fake: &Fake) {
    let refused = Status::invalid_argument("fast_forward_id must be set");
    fake.poll_workflow_execution_time_skipping
        .then(Err(refused));
}

fn polled(result: Polled, failed_reason: &str) -> PollWorkflowExecutionTimeSkippingResponse {
    PollWorkflowExecutionTimeSkippingResponse {
        fast_forward_polling_result: result.into(),
        failed_reason: failed_reason.to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_server_without_the_feature_is_sent_no_workflow_that_would_wait() {
    const EXPECTED: &str = "this server does not skip the time of single workflows (unknown method); a Temporal server \
         does with the dynamic configuration `frontend.WorkflowTimeSkippingEnabled`, and the embedded one always";
    let (fake, client) = server().await;
    for _ in 0..3 {
        let unknown = Status::unimplemented("unknown method");
        fake.poll_workflow_execution_time_skipping
            .then(Err(unknown));
    }
    let text = |error| match error {
        RpcError::Unimplemented { message } => message,
        other => panic!("{other:?}"),
    };
    match start(&client).await.err() {
        Some(StartError::Rpc(error)) => assert_eq!(text(error), EXPECTED),
        other => panic!("{other:?}"),
    }
    let running = client.handle("acc-1");
    let update = running.update_options().time_skipping(TimeSkipping::on());
    match update.await {
        Err(HandleError::Rpc(error)) => assert_eq!(text(error), EXPECTED),
        other => panic!("{other:?}"),
    }
    match running.fast_forwarded("a").await {
        Err(FastForwardError::Rpc(error)) => assert_eq!(text(error), EXPECTED),
        other => panic!("{other:?}"),
    }
    assert!(fake.start_workflow_execution.asked().is_empty());
}

#[tokio::test]
async fn a_start_without_the_option_asks_for_nothing_else() {
    let (fake, client) = server().await;
    fake.start_workflow_execution
        .then(Ok(StartWorkflowExecutionResponse {
            run_id: "run-1".to_owned(),
            ..Default::default()
        }));
    let start = client.start("Account", ()).task_queue("accounts");
    start.await.expect("it is started");
    assert!(
        fake.poll_workflow_execution_time_skipping
            .asked()
            .is_empty()
    );
}

#[tokio::test]
async fn a_fast_forward_is_polled_again_until_it_is_settled() {
    let (fake, client) = server().await;
    let script = &fake.poll_workflow_execution_time_skipping;
    script.then(Ok(polled(Polled::PollTimeout, "")));
    script.then(Ok(polled(Polled::FastForwardCompleted, "")));
    script.then(Ok(polled(Polled::FastForwardFailed, "it is closed")));
    script.then(Ok(polled(Polled::Unspecified, "")));
    let running = client.handle("acc-1");
    running.fast_forwarded("a").await.expect("it completes");
    assert_eq!(script.asked().len(), 2);
    let failed = running.fast_forwarded("a").await.expect_err("it is closed");
    assert_eq!(
        failed.to_string(),
        "fast-forward `a` of workflow `acc-1` has not completed: it is closed"
    );
    let unread = running.fast_forwarded("a").await.expect_err("no result");
    assert!(matches!(
        unread,
        FastForwardError::Rpc(RpcError::MalformedResponse { .. })
    ));
}

/// Sends all to another workflow, which skips a week.
struct Elsewhere;

impl ClientInterceptor for Elsewhere {
    async fn start(&self, mut request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
        assert_eq!(request.time_skipping, Some(TimeSkipping::on()));
        request.time_skipping = Some(TimeSkipping::fast_forward("week", days(7)));
        next.run(request).await
    }

    async fn fast_forwarded(
        &self,
        mut request: FastForwardRequest,
        next: Next<FastForwardRequest>,
    ) -> Result<()> {
        request.workflow_id = "elsewhere".to_owned();
        next.run(request).await
    }
}

#[tokio::test]
async fn interceptors_see_and_change_it() {
    let (fake, client) = server().await;
    let client = client.with_interceptor(Elsewhere);
    has_it(&fake);
    fake.start_workflow_execution
        .then(Ok(StartWorkflowExecutionResponse {
            run_id: "run-1".to_owned(),
            ..Default::default()
        }));
    let started = start(&client).await.expect("it is started");
    let sent = fake.start_workflow_execution.asked().swap_remove(0);
    let sent = sent.time_skipping_config.expect("it is set");
    let ahead = sent.fast_forward_config.expect("it is set");
    assert!(sent.enabled && ahead.id == "week");

    let script = &fake.poll_workflow_execution_time_skipping;
    script.then(Ok(polled(Polled::FastForwardCompleted, "")));
    started.fast_forwarded("week").await.expect("it completes");
    let asked = script.asked().pop().expect("it was polled");
    let execution = asked.workflow_execution.expect("it is named");
    assert_eq!(execution.workflow_id, "elsewhere");
}
