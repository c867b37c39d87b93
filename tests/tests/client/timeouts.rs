//! `.timeout(..)` ends the wait and nothing else.

use durably::{
    error::{ResultError, RpcError, RunError, UpdateError},
    prelude::*,
};
use durably_tests::{World, on_both_servers, unique};

#[derive(Default)]
struct Meter {
    reading: Option<u32>,
}

#[workflow]
impl Meter {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.wait_until(|| self.reading.is_some()).await?;
        Ok(self.reading.unwrap_or_default())
    }

    #[signal]
    fn note(&mut self, reading: u32) {
        self.reading = Some(reading);
    }

    #[query]
    fn reading(&self) -> Option<u32> {
        self.reading
    }

    #[update]
    fn replace(&mut self, reading: u32) -> Option<u32> {
        self.reading.replace(reading)
    }
}

on_both_servers! {
    a_wait_without_a_worker_times_out_and_is_resumed_later
    a_run_that_times_out_goes_on
    calls_that_are_answered_in_time_are_answered
    a_timeout_of_zero_is_none
}

async fn a_wait_without_a_worker_times_out_and_is_resumed_later(world: &World) -> Result<()> {
    let start = Meter::start(&world.client).task_queue(&world.queue);
    let meter = start.timeout(secs(20)).await?;
    let none = meter.result().timeout(millis(300)).await;
    assert!(
        matches!(&none, Err(ResultError::Rpc(RpcError::Timeout { .. }))),
        "{none:?}"
    );
    let none = meter.reading().timeout(millis(300)).await;
    assert!(none.is_err_and(|error| error.is_timeout()));
    let replaced = meter.replace(7).id("replaced").timeout(millis(300)).await;
    assert!(
        matches!(&replaced, Err(UpdateError::Rpc(RpcError::Timeout { .. }))),
        "{replaced:?}"
    );
    assert!(
        meter
            .describe()
            .timeout(secs(20))
            .await?
            .status
            .is_running()
    );

    let worker = world.worker().workflow::<Meter>().spawn().await?;
    // Whether or not the server has kept the first one: there is one update of this id.
    assert_eq!(
        meter.replace(7).id("replaced").timeout(secs(20)).await?,
        None
    );
    assert_eq!(meter.result().timeout(secs(20)).await?, 7);
    worker.shutdown().await
}

async fn a_run_that_times_out_goes_on(world: &World) -> Result<()> {
    let id = unique("meter");
    let run = Meter::start(&world.client)
        .id(&id)
        .task_queue(&world.queue)
        .result();
    let error = run.timeout(secs(1)).await.expect_err("no worker runs");
    assert!(error.is_timeout());
    assert!(matches!(error, RunError::Result(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.starts_with(&format!(
            "no answer in time: no result of workflow `{id}` within"
        )),
        "{text}"
    );
    let meter = Meter::handle(&world.client, &id);
    assert!(meter.describe().await?.status.is_running());
    meter.terminate("seen").timeout(secs(20)).await?;
    Ok(())
}

async fn calls_that_are_answered_in_time_are_answered(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Meter>().spawn().await?;
    let meter = Meter::start(&world.client).task_queue(&world.queue).await?;
    meter.note(3).timeout(secs(20)).await?;
    assert_eq!(meter.result().timeout(secs(20)).await?, 3);
    assert!(meter.history().timeout(secs(20)).await?.len() > 3);
    meter.cancel().timeout(secs(20)).await?;
    let filter = format!("TaskQueue = '{}'", world.queue);
    world.client.count(&filter).timeout(secs(20)).await?;
    world.client.list(&filter).timeout(secs(20)).next().await?;
    worker.shutdown().await
}

async fn a_timeout_of_zero_is_none(world: &World) -> Result<()> {
    let start = Meter::start(&world.client).task_queue(&world.queue);
    let start = start.execution_timeout(secs(0)).run_timeout(secs(0));
    let meter = start.task_timeout(secs(0)).await?;
    let found = meter.describe().await?;
    assert_eq!((found.execution_timeout, found.run_timeout), (None, None));
    assert_eq!(found.task_timeout, Some(secs(10)));
    meter.terminate("seen enough").await?;
    Ok(())
}
