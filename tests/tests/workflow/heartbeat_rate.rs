//! Heartbeats that come often: the worker sends few of them, and keeps the newest details.

use durably::{prelude::*, telemetry::Prometheus};
use durably_tests::{World, on_both_servers};

/// A copier, with the metrics of its worker.
#[derive(Clone)]
struct Copier {
    metrics: Prometheus,
}

impl Copier {
    /// How many heartbeats the worker has sent.
    fn sent(&self) -> f64 {
        let text = self.metrics.render();
        let requests = text.lines().filter(|line| {
            line.starts_with("temporal_request{")
                && line.contains("operation=\"RecordActivityTaskHeartbeat\"")
        });
        let counts = requests.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        counts.sum()
    }
}

/// How many pages are copied after the first heartbeat was sent.
const PAGES: u32 = 1000;

#[activities]
impl Copier {
    /// Fails in its first attempt; the second one returns what the first one said last, and how many requests it
    /// took.
    #[activity]
    async fn copy(&self, ctx: &ActivityCtx) -> Result<(u32, f64)> {
        if let Some(pages) = ctx.heartbeat_details::<u32>()? {
            return Ok((pages, self.sent()));
        }
        while self.sent() == 0.0 {
            ctx.heartbeat(0);
            tokio::time::sleep(millis(1)).await;
        }
        for page in 1..=PAGES {
            ctx.heartbeat(page);
            tokio::task::yield_now().await;
        }
        bail!("no paper")
    }
}

#[derive(Default)]
struct Copy;

#[workflow]
impl Copy {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(u32, f64)> {
        let copier = Copier::stub(ctx).start_to_close(mins(5)).heartbeat(mins(1));
        let retry = Retry::attempts(2).initial_interval(millis(10));
        Ok(copier.copy().retry(retry).await?)
    }
}

on_both_servers! {
    of_many_heartbeats_one_is_sent_in_an_interval
}

async fn of_many_heartbeats_one_is_sent_in_an_interval(world: &World) -> Result<()> {
    let metrics = Prometheus::new();
    let client = world.client.with_meter(metrics.clone());
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Copy>()
        .activities(Copier { metrics })
        .spawn()
        .await?;
    let copied = Copy::start(&client).task_queue(&world.queue).await?;
    // The interval is 48 seconds, and the failure brings the newest details.
    assert_eq!(copied.result().await?, (PAGES, 1.0));
    worker.shutdown().await
}
