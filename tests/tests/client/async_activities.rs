//! Activities that a client completes: by the task token of an attempt, or by the ids of the activity.

use durably::{
    Bytes,
    activity::CancelReason,
    client::AsyncActivityHandle,
    error::{AsyncActivityError, RpcError, TimeoutKind},
    prelude::*,
    worker::WorkerGuard,
    workflow::CancellationType,
};
use durably_proto::api::workflowservice::v1::RegisterNamespaceRequest;
use durably_tests::{World, eventually, on_both_servers, raw::describe, unique};
use tokio::sync::{
    Mutex,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// An attempt, as its function saw it.
struct Attempt {
    token: Bytes,
    previous: Option<u32>,
}

/// Activities that hand their attempts out.
struct Desk(UnboundedSender<Attempt>);

#[activities]
impl Desk {
    /// Waits for an approval.
    #[activity(start_to_close = "60s")]
    async fn approve(&self, ctx: &ActivityCtx, heartbeats: u32) -> Result<bool> {
        let attempt = Attempt {
            token: ctx.task_token(),
            previous: ctx.heartbeat_details()?,
        };
        for beat in 1..=heartbeats {
            ctx.heartbeat(beat);
        }
        self.0.send(attempt).ok();
        ctx.complete_later().into()
    }
}

/// The same activity, for what is typed.
#[activity(name = "approve", start_to_close = "60s", remote)]
async fn approval(heartbeats: u32) -> bool;

#[derive(Debug, thiserror::Error, durably::Failure)]
#[error("declined: {reason}")]
#[failure(name = "Refusal", non_retryable)]
struct Declined {
    reason: String,
}

#[derive(Default)]
struct Order {
    given_up: bool,
}

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        let desk = Desk::stub(ctx).retry(Retry::attempts(2).initial_interval(millis(20)));
        let approved = match case.as_str() {
            "heartbeats" => desk.approve(3).id("approve").await,
            "times out" => desk.start_to_close(secs(5)).approve(0).id("approve").await,
            "given up" => {
                let call = desk.approve(0).id("approve");
                let mut started = call.cancellation(CancellationType::WaitCompleted).start();
                ctx.wait_until(|| self.given_up).await?;
                started.cancel();
                started.await
            }
            _ => desk.approve(0).id("approve").await,
        };
        Ok(match approved {
            Ok(approved) => format!("approved: {approved}"),
            Err(error) if error.is_cancelled() => error.detail(0)?,
            Err(error) if error.timeout() == Some(TimeoutKind::StartToClose) => "late".to_owned(),
            Err(error) => error.to_string(),
        })
    }

    #[signal]
    fn give_up(&mut self) {
        self.given_up = true;
    }
}

/// An order whose activity waits for a client.
struct Waiting {
    order: Handle<Order>,
    attempts: Mutex<UnboundedReceiver<Attempt>>,
    worker: WorkerGuard,
    /// A client that is no worker's.
    client: Client,
}

impl Waiting {
    async fn of(world: &World, case: &str) -> Result<Self> {
        let (sender, attempts) = unbounded_channel();
        let worker = world
            .worker()
            .workflow::<Order>()
            .activities(Desk(sender))
            .spawn()
            .await?;
        let order = Order::start(&world.client, case)
            .id(unique("order"))
            .task_queue(&world.queue)
            .await?;
        Ok(Self {
            order,
            attempts: Mutex::new(attempts),
            worker,
            client: Client::connect(world.address()).await?,
        })
    }

    async fn attempt(&self) -> Attempt {
        let mut attempts = self.attempts.lock().await;
        let next = tokio::time::timeout(secs(30), attempts.recv()).await;
        next.expect("an attempt is handed out")
            .expect("the worker runs")
    }

    fn by_token(&self, token: &Bytes) -> AsyncActivityHandle {
        self.client.activity_by_token(token.clone())
    }

    fn by_id(&self) -> AsyncActivityHandle {
        self.client.activity(self.order.id(), "approve")
    }

    async fn result(self) -> Result<String> {
        let result = self.order.result().await?;
        self.worker.shutdown().await?;
        Ok(result)
    }
}

fn is_over<T>(reported: Result<T, AsyncActivityError>) -> bool {
    match reported {
        Err(AsyncActivityError::NotFound(it)) => !it.workflow_closed,
        _ => false,
    }
}

/// The attempt is over, and perhaps its workflow, too.
fn assert_not_found<T: std::fmt::Debug>(reported: Result<T, AsyncActivityError>) {
    assert!(
        matches!(reported, Err(AsyncActivityError::NotFound(_))),
        "{reported:?}"
    );
}

on_both_servers! {
    a_client_completes_an_activity_by_its_token
    a_client_completes_an_activity_by_its_ids
    a_failure_of_a_client_is_retried_and_the_last_heartbeat_is_kept
    a_failure_of_a_client_with_a_typed_error_is_retried_as_its_type_declares
    a_heartbeat_answers_that_cancellation_was_requested
    an_attempt_that_timed_out_is_over_and_the_next_has_another_token
    an_activity_can_be_completed_while_its_function_runs
    an_activity_can_be_completed_by_ids_before_a_worker_takes_it
    what_names_no_activity_is_refused
    a_result_that_cannot_be_written_is_not_sent
}

async fn a_client_completes_an_activity_by_its_token(world: &World) -> Result<()> {
    let waiting = Waiting::of(world, "waits").await?;
    let token = waiting.attempt().await.token;
    let activity = waiting.by_token(&token).typed::<approval>();
    assert_eq!(activity.heartbeat("read").await?, None);
    activity.complete(true).await?;
    assert_not_found(activity.complete(true).await);
    assert_not_found(activity.heartbeat(()).await);
    assert_eq!(waiting.result().await?, "approved: true");
    Ok(())
}

async fn a_client_completes_an_activity_by_its_ids(world: &World) -> Result<()> {
    let waiting = Waiting::of(world, "waits").await?;
    waiting.attempt().await;
    let run_id = waiting
        .order
        .run_id()
        .expect("it was started here")
        .to_owned();
    let other_run = waiting.by_id().run("0199b6f4-6e5b-7c0e-8f0a-2d1b3c4d5e6f");
    assert!(is_over(other_run.complete(true).await), "no such run");
    let activity = waiting.by_id().run(run_id);
    assert_eq!(activity.heartbeat(1).await?, None);
    waiting.by_id().complete(false).await?;
    assert_not_found(activity.complete(true).await);
    assert_eq!(waiting.result().await?, "approved: false");
    Ok(())
}

async fn a_failure_of_a_client_is_retried_and_the_last_heartbeat_is_kept(
    world: &World,
) -> Result<()> {
    let waiting = Waiting::of(world, "heartbeats").await?;
    let first = waiting.attempt().await;
    assert_eq!(first.previous, None);
    // The function's last heartbeat is sent although the first one was sent just before.
    let service = world.service().await?;
    eventually("the third heartbeat arrives", || async {
        let described = describe(&mut service.clone(), waiting.order.id()).await;
        let pending = described.ok()?.pending_activities.pop()?;
        let details = pending.heartbeat_details?.payloads.pop()?;
        (details.data == b"3").then_some(())
    })
    .await;
    let failed = waiting.by_token(&first.token).fail(Error::message("busy"));
    failed.await?;
    let second = waiting.attempt().await;
    assert_eq!(second.previous, Some(3));
    assert!(
        is_over(waiting.by_token(&first.token).complete(true).await),
        "the first attempt is over"
    );
    let refused = AppError::new("Refused", "never").non_retryable();
    waiting.by_id().fail(refused).await?;
    let text = waiting.result().await?;
    assert!(text.contains("never"), "{text}");
    Ok(())
}

async fn a_failure_of_a_client_with_a_typed_error_is_retried_as_its_type_declares(
    world: &World,
) -> Result<()> {
    let waiting = Waiting::of(world, "waits").await?;
    waiting.attempt().await;
    let declined = || Declined {
        reason: "over budget".to_owned(),
    };
    waiting.by_id().fail_typed(declined()).await?;
    // The activity has another attempt left, which its type forbids.
    let text = waiting.result().await?;
    assert!(
        text.contains("Refusal: declined: over budget"),
        "it was not retried: {text}"
    );
    Ok(())
}

async fn a_heartbeat_answers_that_cancellation_was_requested(world: &World) -> Result<()> {
    for by_id in [false, true] {
        let waiting = Waiting::of(world, "given up").await?;
        let token = waiting.attempt().await.token;
        let activity = match by_id {
            true => waiting.by_id(),
            false => waiting.by_token(&token),
        };
        match activity.report_cancelled(()).await {
            Err(AsyncActivityError::Rpc(RpcError::InvalidArgument { .. })) => {}
            other => panic!("nobody requested it: {other:?}"),
        }
        waiting.order.give_up().await?;
        let reason = eventually("the request arrives", || async {
            activity.heartbeat(7).await.expect("it goes on")
        })
        .await;
        assert_eq!(reason, CancelReason::Requested);
        activity.report_cancelled("cleaned up").await?;
        assert_eq!(waiting.result().await?, "cleaned up");
    }
    Ok(())
}

async fn an_attempt_that_timed_out_is_over_and_the_next_has_another_token(
    world: &World,
) -> Result<()> {
    let waiting = Waiting::of(world, "times out").await?;
    let first = waiting.attempt().await;
    let second = waiting.attempt().await;
    assert_ne!(first.token, second.token);
    let late = waiting.by_token(&first.token);
    assert!(is_over(late.complete(true).await), "it timed out");
    assert!(is_over(late.fail(Cancelled).await), "it timed out");
    assert!(is_over(late.heartbeat(1).await), "it timed out");
    assert!(is_over(late.report_cancelled(()).await), "it timed out");
    waiting.by_token(&second.token).complete(true).await?;
    let (client, order) = (waiting.client.clone(), waiting.order.id().to_owned());
    assert_eq!(waiting.result().await?, "approved: true");
    match client.activity(order, "approve").complete(true).await {
        Err(AsyncActivityError::NotFound(it)) => assert!(it.workflow_closed),
        other => panic!("the workflow is closed: {other:?}"),
    }
    Ok(())
}

/// Hands its token out, and returns a value long after that.
#[activity(start_to_close = "60s")]
async fn slow(ctx: &ActivityCtx) -> u32 {
    ctx.cancelled().await;
    1
}

#[derive(Default)]
struct Slow;

#[workflow]
impl Slow {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        Ok(slow::call(ctx).id("slow").await?)
    }
}

async fn an_activity_can_be_completed_while_its_function_runs(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Slow>().activity::<slow>();
    let worker = worker.shutdown_grace(secs(1)).spawn().await?;
    let handle = Slow::start(&world.client).task_queue(&world.queue).await?;
    eventually("the activity runs", || async {
        let described = handle.describe().await.ok()?;
        let activity = described.pending_activities.first()?;
        activity.is_started.then_some(())
    })
    .await;
    let activity = world.client.activity(handle.id(), "slow").typed::<slow>();
    activity.complete(2).await?;
    assert_eq!(handle.result().await?, 2);
    // Its own result comes too late, and changes nothing.
    worker.shutdown().await?;
    assert_eq!(handle.result().await?, 2);
    Ok(())
}

async fn an_activity_can_be_completed_by_ids_before_a_worker_takes_it(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Slow>().spawn().await?;
    let handle = Slow::start(&world.client).task_queue(&world.queue).await?;
    let activity = world.client.activity(handle.id(), "slow");
    let completed = eventually("the activity is scheduled", || async {
        let pending = handle.describe().await.ok()?.pending_activities;
        pending.first()?;
        Some(activity.complete(3_u32).await)
    })
    .await;
    completed?;
    assert_eq!(handle.result().await?, 3);
    worker.shutdown().await
}

async fn client_of_another_namespace(world: &World) -> Result<Client> {
    let namespace = unique("namespace");
    let request = RegisterNamespaceRequest {
        namespace: namespace.clone(),
        workflow_execution_retention_period: Some(durably_proto::wkt::Duration {
            seconds: 86_400,
            nanos: 0,
        }),
        ..Default::default()
    };
    world.service().await?.register_namespace(request).await?;
    // The real server knows it a while after it has registered it.
    let client = eventually("the namespace is known", || async {
        let builder = Client::builder(world.address()).namespace(&namespace);
        builder.connect().await.ok()
    });
    Ok(client.await)
}

async fn what_names_no_activity_is_refused(world: &World) -> Result<()> {
    let waiting = Waiting::of(world, "waits").await?;
    let token = waiting.attempt().await.token;
    let client = &waiting.client;
    for garbage in [&b"garbage"[..], b""] {
        match client.activity_by_token(garbage).complete(true).await {
            Err(AsyncActivityError::Rpc(RpcError::InvalidArgument { .. })) => {}
            other => panic!("{garbage:?}: {other:?}"),
        }
    }
    let nobody = client.activity(unique("no such order"), "approve");
    assert!(is_over(nobody.complete(true).await), "no such workflow");
    let nothing = client.activity(waiting.order.id(), "no such activity");
    let error = nothing.complete(true).await.unwrap_err();
    assert!(error.to_string().contains("`no such activity`"), "{error}");
    assert!(is_over(Err::<(), _>(error)), "no such activity");
    // The token is of another namespace than the client.
    let elsewhere = client_of_another_namespace(world).await?;
    let foreign = elsewhere.activity_by_token(token.clone()).complete(true);
    let error = foreign.await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid argument: Operation requested with a token from a different namespace."
    );
    waiting.by_token(&token).complete(true).await?;
    assert_eq!(waiting.result().await?, "approved: true");
    Ok(())
}

async fn a_result_that_cannot_be_written_is_not_sent(world: &World) -> Result<()> {
    let waiting = Waiting::of(world, "waits").await?;
    let token = waiting.attempt().await.token;
    let activity = waiting.by_token(&token);
    let error = activity.complete(f64::NAN).await.unwrap_err();
    assert!(matches!(error, AsyncActivityError::Data(_)), "{error:?}");
    assert!(error.to_string().contains("NaN"), "{error}");
    let error = activity.heartbeat(f64::NAN).await.unwrap_err();
    assert!(matches!(error, AsyncActivityError::Data(_)), "{error:?}");
    activity.complete(true).await?;
    assert_eq!(waiting.result().await?, "approved: true");
    Ok(())
}
