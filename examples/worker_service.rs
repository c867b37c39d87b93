//! A process that serves two task queues: options from a file, limits, health for a probe, an orderly end.
//!
//! `cargo run --example worker_service`

use std::collections::BTreeMap;

use durably::{
    prelude::*,
    worker::{HealthEndpoint, WorkerOptions},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What an operator tunes, by task queue.
const FILE: &str = r#"
    [orders]
    max_concurrent_workflow_tasks = 50
    workflow_pollers = { min = 1, max = 20, initial = 2 }
    shutdown_grace = "5s"
    shutdown_deadline = "25s"

    [payments]
    max_concurrent_activities = 10
    max_activities_per_second = 20
    activity_limits = { charge = 2 }
    shutdown_grace = "20s"
    shutdown_deadline = "25s"
"#;

#[activity(start_to_close = "10s", task_queue = "payments")]
async fn charge(cents: u64) -> String {
    tokio::time::sleep(millis(20)).await;
    format!("{cents} cents are paid")
}

#[derive(Default)]
struct Order;

#[workflow(task_queue = "orders")]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, cents: u64) -> Result<String> {
        Ok(charge::call(ctx, cents).await?)
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let mut options: BTreeMap<String, WorkerOptions> = toml::from_str(FILE)?;
    let mut of = |queue: &str| options.remove(queue).unwrap_or_default();

    // Both share the connection of the client, and the threads for workflow code.
    let client = Client::development().await?;
    let orders = Worker::new(&client, "orders").workflow::<Order>();
    let orders = orders.options(of("orders"));
    let payments = Worker::new(&client, "payments").activity::<charge>();
    let payments = payments.options(of("payments"));

    // Kubernetes has `/live` and `/ready` as `httpGet` of the two probes.
    let health = HealthEndpoint::bind("127.0.0.1:0").await?;
    health.watch(&orders.handle());
    health.watch(&payments.handle());
    println!("before they run: {}", probe(&health, "/ready").await?);

    let states = [orders.handle(), payments.handle()];
    let payments = payments.spawn().await?;
    // A service would write `.run()`, which ends on ctrl-c and SIGTERM.
    let receipts = orders
        .run_until(async {
            let mut orders = Vec::new();
            for n in 1..=5 {
                orders.push(Order::start(&client, n * 100).await?);
            }
            let mut receipts = Vec::new();
            for order in orders {
                receipts.push(order.result().await?);
            }
            println!("while they run: {}", probe(&health, "/ready").await?);
            Ok::<_, Error>(receipts)
        })
        .await??;
    println!("{}", receipts.join(", "));
    payments.shutdown().await?;
    println!("after they ran: {}", probe(&health, "/live").await?);
    for worker in states {
        println!("{:?}", worker.health().state);
    }
    Ok(())
}

/// The first line of the response, which is what a probe looks at.
async fn probe(health: &HealthEndpoint, path: &str) -> Result<String> {
    let mut connection = TcpStream::connect(health.address()).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    Ok(response.lines().next().unwrap_or_default().to_owned())
}
