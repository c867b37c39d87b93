//! Metrics of a worker, of a workflow and of an activity, as Prometheus scrapes them.
//!
//! `cargo run --example telemetry`
//!
//! The folder `telemetry` has a dashboard for Grafana (`dashboard.json`), the configuration of Prometheus
//! (`prometheus.yaml`) with alerts (`alerts.yaml`), and that of an OpenTelemetry collector (`collector.yaml`).

use durably::{
    prelude::*,
    telemetry::{Prometheus, PrometheusEndpoint},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[activity(start_to_close = "10s")]
async fn pack(ctx: &ActivityCtx, parcels: u64) -> u64 {
    ctx.metrics().counter("parcels_packed").add(parcels);
    parcels
}

#[derive(Default)]
struct Order;

#[workflow(task_queue = "orders")]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, country: String, parcels: u64) -> Result<u64> {
        // Recorded once, however often the workflow is replayed.
        let metrics = ctx.metrics().with("country", country);
        metrics
            .histogram("order_size")
            .unit("parcels")
            .record(parcels);
        let packed = pack::call(ctx, parcels).await?;
        metrics
            .counter("orders")
            .description("Orders that were packed")
            .add(1);
        Ok(packed)
    }
}

#[durably::main]
async fn main() -> Result<()> {
    // A program that stays has a fixed port, such as 9464.
    let prometheus = Prometheus::new().label("service_name", "orders");
    let endpoint = prometheus.serve("127.0.0.1:0").await?;

    // A client of a real server has it from `Client::builder(..).meter(prometheus)`.
    let client = Client::development().await?.with_meter(prometheus);
    let worker = Worker::new(&client, "orders")
        .workflow::<Order>()
        .activity::<pack>()
        .spawn()
        .await?;
    for (country, parcels) in [("de", 3), ("fr", 1), ("de", 2)] {
        Order::start(&client, country, parcels).result().await?;
    }
    client.metrics().gauge("shops").set(1);

    let scraped = scrape(&endpoint).await?;
    for metric in [
        "temporal_workflow_completed{",
        "orders{",
        "parcels_packed{",
        "shops{",
    ] {
        for line in scraped.lines().filter(|line| line.starts_with(metric)) {
            println!("{line}");
        }
    }
    assert!(scraped.contains("orders{country=\"de\""), "{scraped}");
    worker.shutdown().await
}

/// What Prometheus reads.
async fn scrape(endpoint: &PrometheusEndpoint) -> Result<String> {
    let mut connection = TcpStream::connect(endpoint.address()).await?;
    connection
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    Ok(response)
}
