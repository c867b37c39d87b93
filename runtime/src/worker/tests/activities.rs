//! Activity attempts: from a poll to the answer.

use durably_proto::{
    api::{
        failure::v1::failure::FailureInfo, workflowservice::v1::RespondActivityTaskFailedRequest,
    },
    wkt::{self, Timestamp},
};
use tonic::Status;

use super::{
    past::{attempt, json},
    server::{Call, Server, cancels},
};
use crate::{activity::CancelReason, error::Cancelled, prelude::*};

#[activity(start_to_close = "10s")]
async fn double(n: u32) -> u32 {
    n * 2
}

#[activity(start_to_close = "10s")]
fn double_blocking(n: u32) -> u32 {
    n * 2
}

#[activity(start_to_close = "10s")]
async fn judge(outcome: Result<u32, String>) -> Result<Result<u32, String>> {
    Ok(outcome)
}

#[activity(start_to_close = "10s")]
async fn panics() {
    panic!("no such luck");
}

#[activity(start_to_close = "10s")]
async fn refuses() -> Result<()> {
    Err(AppError::new("OutOfStock", "none left")
        .non_retryable()
        .next_retry_delay(secs(7))
        .into())
}

#[activity(start_to_close = "10s", heartbeat = "1s")]
async fn until_cancelled(ctx: &ActivityCtx) -> Result<()> {
    ctx.heartbeat(1);
    match ctx.cancelled().await {
        CancelReason::Requested => Err(Cancelled.into()),
        reason => bail!("stopped for {reason:?}"),
    }
}

#[activity(start_to_close = "100s", heartbeat = "10s")]
async fn waits(ctx: &ActivityCtx) {
    ctx.heartbeat(1);
    ctx.cancelled().await;
}

#[activity(start_to_close = "10s", heartbeat = "10s")]
async fn reports(ctx: &ActivityCtx) -> Result<()> {
    for step in 1..=3 {
        ctx.heartbeat(step);
        tokio::time::sleep(millis(20)).await;
    }
    bail!("gave up at {:?}", ctx.heartbeat_details::<u32>()?);
}

/// Only its first heartbeat is sent before it ends.
#[activity(start_to_close = "10s", heartbeat = "10s")]
async fn gives_up(ctx: &ActivityCtx) -> Result<()> {
    ctx.heartbeat("much");
    ctx.cancelled().await;
    Err(AppError::new("OutOfStock", "none left")
        .non_retryable()
        .into())
}

fn too_large() -> Status {
    Status::resource_exhausted("grpc: received message larger than max (9 vs. 4)")
}

fn is_non_retryable(failed: &RespondActivityTaskFailedRequest) -> bool {
    match &failed.failure.as_ref().unwrap().failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => info.non_retryable,
        other => panic!("expected an application failure, found {other:?}"),
    }
}

fn kind_of(failed: &RespondActivityTaskFailedRequest) -> &str {
    match &failed.failure.as_ref().unwrap().failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => &info.r#type,
        other => panic!("expected an application failure, found {other:?}"),
    }
}

fn text_of(failed: &RespondActivityTaskFailedRequest) -> &str {
    &failed.failure.as_ref().unwrap().message
}

#[tokio::test]
async fn async_and_blocking_functions_complete() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .activity::<double>()
        .activity::<double_blocking>()
        .spawn()
        .await?;
    for name in ["double", "double_blocking"] {
        server.activities.send(Ok(attempt(name, json("21"))))?;
        let done = server.activity_completed().await;
        assert_eq!(done.task_token, name.as_bytes());
        assert_eq!(done.result, json("42"));
    }
    worker.shutdown().await
}

#[tokio::test]
async fn a_panic_fails_the_attempt_and_not_the_worker() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .activity::<panics>()
        .activity::<double>()
        .spawn()
        .await?;
    server.activities.send(Ok(attempt("panics", None)))?;
    let failed = server.activity_failed().await;
    assert_eq!(kind_of(&failed), "Panic");
    assert!(text_of(&failed).contains("no such luck"));
    assert!(
        text_of(&failed).contains("activities.rs"),
        "{}",
        text_of(&failed)
    );

    server.activities.send(Ok(attempt("double", json("1"))))?;
    assert_eq!(server.activity_completed().await.result, json("2"));
    worker.shutdown().await
}

#[tokio::test]
async fn an_error_keeps_what_it_says_of_retries() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<refuses>().spawn().await?;
    server.activities.send(Ok(attempt("refuses", None)))?;
    let failed = server.activity_failed().await;
    let Some(FailureInfo::ApplicationFailureInfo(info)) = failed.failure.unwrap().failure_info
    else {
        panic!("expected an application failure");
    };
    assert_eq!(info.r#type, "OutOfStock");
    assert!(info.non_retryable);
    assert_eq!(info.next_retry_delay.unwrap().seconds, 7);
    worker.shutdown().await
}

#[tokio::test]
async fn an_activity_that_is_not_registered_fails_retryably_and_lists_the_known_ones() -> Result<()>
{
    let mut server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    server.activities.send(Ok(attempt("triple", None)))?;
    let failed = server.activity_failed().await;
    assert_eq!(kind_of(&failed), "NotFoundError");
    let text = text_of(&failed);
    assert!(
        text.contains("`triple`") && text.contains("`double`"),
        "{text}"
    );
    worker.shutdown().await
}

#[tokio::test]
async fn arguments_that_cannot_be_decoded_fail_the_attempt() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    server
        .activities
        .send(Ok(attempt("double", json("\"x\""))))?;
    let failed = server.activity_failed().await;
    let text = text_of(&failed);
    assert!(text.contains("`n`") && text.contains("double"), "{text}");
    worker.shutdown().await
}

#[tokio::test]
async fn a_cancel_request_comes_with_a_heartbeat() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .activity::<until_cancelled>()
        .spawn()
        .await?;
    server.script().heartbeats.push_back(Ok(cancels()));
    server
        .activities
        .send(Ok(attempt("until_cancelled", None)))?;
    let Call::Heartbeat(beat) = server.next_call().await else {
        panic!("expected a heartbeat");
    };
    assert_eq!(beat.details, json("1"));
    let Call::ActivityCanceled(cancelled) = server.next_call().await else {
        panic!("expected a cancelled activity");
    };
    assert_eq!(cancelled.task_token, b"until_cancelled");
    worker.shutdown().await
}

#[tokio::test]
async fn a_heartbeat_that_a_busy_server_misses_is_sent_again_before_the_next_is_due() -> Result<()>
{
    let mut server = Server::new();
    let worker = server.worker().activity::<waits>().spawn().await?;
    let away = Err(Status::unavailable("restarting"));
    server.script().heartbeats.push_back(away);
    server.activities.send(Ok(attempt("waits", None)))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    let again = tokio::time::timeout(secs(4), server.next_call()).await?;
    assert!(matches!(again, Call::Heartbeat(_)));
    worker.shutdown().await
}

#[tokio::test]
async fn an_attempt_without_end_has_no_deadline() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    let mut task = attempt("double", json("21"));
    task.started_time = Some(Timestamp {
        seconds: 1_700_000_000,
        nanos: 0,
    });
    task.start_to_close_timeout = Some(wkt::Duration {
        seconds: i64::MAX,
        nanos: 0,
    });
    server.activities.send(Ok(task))?;
    assert_eq!(server.activity_completed().await.result, json("42"));
    worker.shutdown().await
}

#[tokio::test]
async fn an_attempt_the_server_no_longer_knows_is_told_to_stop() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .activity::<until_cancelled>()
        .spawn()
        .await?;
    let gone = Err(Status::not_found("no such activity"));
    server.script().heartbeats.push_back(gone);
    server
        .activities
        .send(Ok(attempt("until_cancelled", None)))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    assert!(text_of(&server.activity_failed().await).contains("Gone"));
    worker.shutdown().await
}

#[tokio::test]
async fn details_held_back_by_the_throttle_go_out_with_the_failure() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<reports>().spawn().await?;
    let mut task = attempt("reports", None);
    task.heartbeat_details = json("9");
    server.activities.send(Ok(task))?;
    let Call::Heartbeat(beat) = server.next_call().await else {
        panic!("expected a heartbeat");
    };
    assert_eq!(beat.details, json("1"));
    let failed = server.activity_failed().await;
    assert_eq!(failed.last_heartbeat_details, json("3"));
    assert_eq!(text_of(&failed), "gave up at Some(9)");
    worker.shutdown().await
}

#[tokio::test]
async fn a_heartbeat_too_large_for_the_server_does_not_hide_the_failure() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<gives_up>().spawn().await?;
    server.script().heartbeats.push_back(Err(too_large()));
    server.script().heartbeats.push_back(Ok(cancels()));
    let mut task = attempt("gives_up", None);
    task.heartbeat_details = json("9");
    server.activities.send(Ok(task))?;
    for details in [json("\"much\""), json("9")] {
        let Call::Heartbeat(beat) = server.next_call().await else {
            panic!("expected a heartbeat");
        };
        assert_eq!(beat.details, details);
    }
    let failed = server.activity_failed().await;
    assert_eq!(failed.last_heartbeat_details, None);
    assert_eq!(text_of(&failed), "none left");
    worker.shutdown().await
}

#[tokio::test]
async fn a_failure_refused_with_the_last_heartbeat_is_sent_without_it() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<reports>().spawn().await?;
    server
        .script()
        .activity_failures
        .push_back(Err(too_large()));
    server.activities.send(Ok(attempt("reports", None)))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    let refused = server.activity_failed().await;
    assert_eq!(refused.last_heartbeat_details, json("3"));
    let failed = server.activity_failed().await;
    assert_eq!(failed.last_heartbeat_details, None);
    assert_eq!(text_of(&failed), "gave up at None");
    worker.shutdown().await
}

#[tokio::test]
async fn a_failure_too_large_for_the_server_is_reported_as_such_and_stays_non_retryable()
-> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<refuses>().spawn().await?;
    server
        .script()
        .activity_failures
        .push_back(Err(too_large()));
    server.activities.send(Ok(attempt("refuses", None)))?;
    assert_eq!(kind_of(&server.activity_failed().await), "OutOfStock");
    let failed = server.activity_failed().await;
    assert_eq!(kind_of(&failed), "MessageTooLarge");
    assert!(text_of(&failed).contains("larger than max"));
    assert!(is_non_retryable(&failed));
    worker.shutdown().await
}

#[tokio::test]
async fn a_result_stands_as_a_value_in_an_argument_and_inside_a_result() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<judge>().spawn().await?;
    for outcome in ["{\"Ok\":7}", "{\"Err\":\"no\"}"] {
        server
            .activities
            .send(Ok(attempt("judge", json(outcome))))?;
        assert_eq!(server.activity_completed().await.result, json(outcome));
    }
    worker.shutdown().await
}
