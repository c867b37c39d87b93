//! `.timeout(..)` of each call, against a server that never answers.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use durably_proto::api::workflowservice::v1::{
    StartWorkflowExecutionResponse, UpdateWorkflowExecutionResponse,
};

use super::{
    Account,
    fake::{Fake, server},
};
use crate::{
    client::{Client, Handle, StartCall},
    data::EncodedArgs,
    definition::QueueSet,
    error::{ResultError, RpcError, RunError, SignalError, StartError},
    time::span::{millis, secs},
};

async fn silent() -> (Arc<Fake>, Client) {
    let (fake, client) = server().await;
    fake.start_workflow_execution.then_silence();
    fake.signal_with_start_workflow_execution.then_silence();
    fake.execute_multi_operation.then_silence();
    fake.signal_workflow_execution.then_silence();
    fake.query_workflow.then_silence();
    fake.update_workflow_execution.then_silence();
    fake.poll_workflow_execution_update.then_silence();
    fake.request_cancel_workflow_execution.then_silence();
    fake.terminate_workflow_execution.then_silence();
    fake.describe_workflow_execution.then_silence();
    fake.get_workflow_execution_history.then_silence();
    fake.list_workflow_executions.then_silence();
    fake.count_workflow_executions.then_silence();
    (fake, client)
}

fn start(client: &Client) -> StartCall<Account, QueueSet> {
    StartCall::<Account, QueueSet>::new(client, EncodedArgs::from_payloads(Vec::new()))
        .id("acc-1")
        .task_queue("accounts")
}

/// The text of the error with which `call` ends after 5 s.
async fn text<T, E: std::error::Error>(
    call: impl Future<Output = Result<T, E>>,
    is_timeout: impl FnOnce(&E) -> bool,
) -> String {
    let began = tokio::time::Instant::now();
    let Err(error) = call.await else {
        panic!("the server does not answer");
    };
    let took = began.elapsed();
    assert!(secs(5) <= took && took < secs(6), "{took:?}: {error}");
    assert!(is_timeout(&error), "{error}");
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn each_call_says_what_it_waited_for_and_how_long() {
    let (_fake, client) = silent().await;
    let handle = Handle::<Account>::attach(&client, "acc-1");
    let untyped = handle.untyped();
    let limit = || secs(5);
    let texts = [
        text(start(&client).timeout(limit()), |e| e.is_timeout()).await,
        text(start(&client).result().timeout(limit()), |e| e.is_timeout()).await,
        text(
            client
                .start("Account", ())
                .id("acc-1")
                .task_queue("accounts")
                .with_signal("open", ())
                .timeout(limit()),
            |e| e.is_timeout(),
        )
        .await,
        text(
            start(&client)
                .with_update(|account| account.deposit())
                .timeout(limit()),
            |e| e.is_timeout(),
        )
        .await,
        text(untyped.signal("open", ()).timeout(limit()), |e| {
            e.is_timeout()
        })
        .await,
        text(untyped.query::<u64>("balance", ()).timeout(limit()), |e| {
            e.is_timeout()
        })
        .await,
        text(handle.deposit().timeout(limit()), |e| e.is_timeout()).await,
        text(handle.deposit().accepted().timeout(limit()), |e| {
            e.is_timeout()
        })
        .await,
        text(handle.deposit().timeout(limit()).accepted(), |e| {
            e.is_timeout()
        })
        .await,
        text(
            untyped
                .update_handle::<u64>("u-1")
                .result()
                .timeout(limit()),
            |e| e.is_timeout(),
        )
        .await,
        text(handle.result().timeout(limit()), |e| e.is_timeout()).await,
        text(handle.cancel().timeout(limit()), |e| e.is_timeout()).await,
        text(handle.terminate("enough").timeout(limit()), |e| {
            e.is_timeout()
        })
        .await,
        text(handle.describe().timeout(limit()), |e| e.is_timeout()).await,
        text(handle.history().timeout(limit()), |e| e.is_timeout()).await,
        text(client.count("").timeout(limit()), RpcError::is_timeout).await,
        text(
            async { client.list("").timeout(limit()).next().await },
            RpcError::is_timeout,
        )
        .await,
    ];
    let mut expected = [
        "response to the start of workflow `acc-1`",
        "response to the start of workflow `acc-1`",
        "response to the start of workflow `acc-1`",
        "response to the start of workflow `acc-1` with an update",
        "response to signal `open` for workflow `acc-1`",
        "",
        "result of update `deposit` of workflow `acc-1`",
        "acceptance of update `deposit` by workflow `acc-1`",
        "acceptance of update `deposit` by workflow `acc-1`",
        "result of the update of workflow `acc-1`",
        "result of workflow `acc-1`",
        "response to the cancel request for `acc-1`",
        "response to the termination of `acc-1`",
        "description of workflow `acc-1`",
        "history of workflow `acc-1`",
        "count of workflows",
        "page of workflows",
    ]
    .map(|what| format!("no answer in time: no {what} within 5s"));
    "no answer in time: no worker answered query `balance` of workflow `acc-1` within 5s; does one poll its \
     task queue?"
        .clone_into(&mut expected[5]);
    assert_eq!(texts, expected);
}

#[tokio::test]
async fn retries_are_part_of_the_time() {
    let (fake, client) = server().await;
    for _ in 0..100 {
        let restarting = || tonic::Status::unavailable("restarting");
        fake.signal_workflow_execution.then(Err(restarting()));
    }
    let signal = client.handle("acc-1").signal("open", ());
    let error = signal.timeout(millis(500)).await.expect_err("it stays so");
    assert!(
        matches!(&error, SignalError::Rpc(RpcError::Unreachable { .. })),
        "{error:?}"
    );
    assert!(fake.signal_workflow_execution.asked().len() > 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_started_is_told_from_one_that_may_not_be() {
    let (fake, client) = silent().await;
    let error = start(&client).result().timeout(secs(5)).await;
    assert!(
        matches!(error, Err(RunError::Start(StartError::Rpc(_)))),
        "{error:?}"
    );
    let started = StartWorkflowExecutionResponse {
        run_id: "run-1".to_owned(),
        ..Default::default()
    };
    fake.start_workflow_execution.then(Ok(started));
    let error = start(&client).result().timeout(secs(5)).await;
    assert!(
        matches!(error, Err(RunError::Result(ResultError::Rpc(_)))),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_time_is_one_whatever_the_limit() {
    let (fake, client) = silent().await;
    let update = UpdateWorkflowExecutionResponse {
        stage: 2,
        ..Default::default()
    };
    fake.update_workflow_execution.then(Ok(update));
    let handle = Handle::<Account>::attach(&client, "acc-1");
    let accepted = handle.deposit().accepted().timeout(Duration::MAX).await;
    assert!(accepted.is_ok(), "{accepted:?}");
    let began = Instant::now();
    let none = handle.describe().timeout(Duration::ZERO).await;
    assert!(none.is_err_and(|error| error.is_timeout()));
    assert!(began.elapsed() < secs(5));
}
