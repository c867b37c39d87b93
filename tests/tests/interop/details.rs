//! Details of errors and of cancellations, and heartbeats, are in the format of the client or worker
//! that writes them, and are read by the one of who receives them.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use durably::{
    client::PendingActivity,
    error::{DataError, ResultError},
    prelude::*,
};
use durably_proto::api::{
    command::v1::{CancelWorkflowExecutionCommandAttributes, command::Attributes},
    common::v1::{Payload, Payloads},
};
use durably_tests::{
    World, eventually,
    message_pack::MessagePack,
    on_both_servers,
    raw::{cancel_workflow, complete, workflow_task},
};

/// What MessagePack can hold, and JSON cannot.
const PRICES: [f64; 2] = [1.5, f64::INFINITY];

fn odd(kind: &str) -> AppError {
    AppError::new(kind, "see the details").details(PRICES)
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn fail() -> Result<()> {
    Err(odd("Failed").into())
}

#[activity(start_to_close = "30s", heartbeat = "5s", max_attempts = 1)]
async fn stall(ctx: &ActivityCtx) {
    ctx.heartbeat(PRICES);
    ctx.cancelled().await;
}

/// The workflows of whose first attempt a test has seen the error.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

#[activity(start_to_close = "10s")]
async fn retry(ctx: &ActivityCtx) -> Result<Vec<f64>> {
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !seen.contains(ctx.workflow_id()) {
        ctx.heartbeat(PRICES);
        return Err(odd("Again").next_retry_delay(millis(100)).into());
    }
    Ok(ctx.heartbeat_details()?.unwrap_or_default())
}

/// Reads what its activities leave, and leaves details itself.
#[derive(Default)]
struct Prices {
    closed: bool,
}

#[workflow(name = "prices")]
impl Prices {
    #[run]
    async fn run(&mut self, ctx: &Ctx, how: String) -> Result<Vec<f64>> {
        if how == "retry" {
            return Ok(retry::call(ctx).await?);
        }
        ctx.wait_until(|| self.closed).await?;
        let stalled = stall::call(ctx).await.unwrap_err();
        assert_eq!(stalled.last_heartbeat::<Vec<f64>>()?, Some(PRICES.into()));
        let failed = fail::call(ctx).await.unwrap_err();
        let app = failed.app().expect("the activity says why");
        assert_eq!(app.detail::<Vec<f64>>(0)?, PRICES);
        Err(odd("Outer").caused_by(failed).into())
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn ask(&self) -> Result<u32> {
        Err(odd("Query").into())
    }

    #[update]
    fn change(&mut self) -> Result<u32> {
        Err(odd("Update").into())
    }
}

on_both_servers! {
    details_of_errors_are_in_the_format_of_who_writes_them
    a_retry_reads_the_last_heartbeat_in_the_format_and_so_does_the_client_the_last_failure
    details_of_a_cancellation_are_read_in_the_format
}

fn prices(error: Option<&AppError>) -> Result<Vec<f64>, DataError> {
    error
        .expect("an application error is in the chain")
        .detail(0)
}

async fn details_of_errors_are_in_the_format_of_who_writes_them(world: &World) -> Result<()> {
    let client = world.client.with_format(MessagePack);
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Prices>()
        .activity::<fail>()
        .activity::<stall>();
    let worker = worker.spawn().await?;
    let run = Prices::start(&client, "fail")
        .task_queue(&world.queue)
        .await?;
    let query = run.ask().await.unwrap_err();
    assert_eq!(prices(query.app())?, PRICES);
    let update = run.change().await.unwrap_err();
    assert_eq!(prices(update.app())?, PRICES);
    run.close().await?;

    let error = run.result().await.unwrap_err();
    let read: Vec<_> = error
        .apps()
        .map(|app| Ok((app.kind.as_str(), prices(Some(app))?)))
        .collect::<Result<_, DataError>>()?;
    assert_eq!(read, [("Outer", PRICES.into()), ("Failed", PRICES.into())]);

    let without = Prices::handle(&world.client, run.id());
    let error = without.result().await.unwrap_err();
    assert_eq!(
        prices(error.app()).unwrap_err().to_string(),
        "cannot read detail 0 of error `Outer` as `Vec<f64>`: encoding `binary/msgpack` is not known \
         here; is a codec missing?"
    );
    worker.shutdown().await
}

async fn a_retry_reads_the_last_heartbeat_in_the_format_and_so_does_the_client_the_last_failure(
    world: &World,
) -> Result<()> {
    let client = world.client.with_format(MessagePack);
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Prices>()
        .activity::<retry>();
    let worker = worker.spawn().await?;
    let run = Prices::start(&client, "retry")
        .task_queue(&world.queue)
        .await?;
    let failed = eventually("an attempt that failed", || async {
        let pending = run.describe().await.ok()?.pending_activities;
        let PendingActivity { last_failure, .. } = pending.into_iter().next()?;
        last_failure
    });
    assert_eq!(prices(failed.await.app())?, PRICES);
    SEEN.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(run.id().to_owned());
    assert_eq!(run.result().await?, PRICES);
    worker.shutdown().await
}

async fn details_of_a_cancellation_are_read_in_the_format(world: &World) -> Result<()> {
    let client = world.client.with_format(MessagePack);
    let run = client.start("Raw", ()).task_queue(&world.queue).await?;
    let mut service = world.service().await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    let details = Payload {
        metadata: [("encoding".to_owned(), b"binary/msgpack".to_vec())].into(),
        data: rmp_serde::to_vec(&PRICES).expect("it can be written"),
        ..Default::default()
    };
    let mut command = cancel_workflow();
    command.attributes = Some(Attributes::CancelWorkflowExecutionCommandAttributes(
        CancelWorkflowExecutionCommandAttributes {
            details: Some(Payloads {
                payloads: vec![details],
            }),
        },
    ));
    complete(&mut service, &task, vec![command], Vec::new()).await?;
    let ResultError::Cancelled(cancelled) = run.result::<u32>().await.unwrap_err() else {
        panic!("the run was cancelled");
    };
    assert_eq!(cancelled.details.len(), 1);
    assert_eq!(cancelled.detail::<Vec<f64>>(0)?, PRICES);
    let missing = cancelled.detail::<u32>(1).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "detail 1 of the cancellation is missing: expected `u32`"
    );
    Ok(())
}
