//! Workers that send heartbeats.

use durably::{Result, secs, worker::WorkerGuard};
use durably_tests::{
    World,
    cli::{Row, compare, row},
};

use super::Cart;

const LOAD: &[&str] = &["currentHostCpuUsage", "currentHostMemUsage"];

/// The tables of this file.
pub(super) fn tables() -> Vec<Vec<Row>> {
    vec![workers()]
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_listed_and_described() -> Result<()> {
    compare("workers_are_listed_and_described", &workers(), heartbeating).await
}

fn workers() -> Vec<Row> {
    vec![
        row("worker list -q 'TaskQueue = \"$queue\"'")
            .ignore(LOAD, "it is measured")
            .until("$queue")
            .keep("key", "workerInstanceKey"),
        row("worker count -q 'TaskQueue = \"$queue\"'"),
        row("worker list -q 'TaskQueue = \"$queue\" AND Status = \"Running\"' --limit 1")
            .ignore(LOAD, "it is measured"),
        row("worker describe --worker-instance-key $key").ignore(LOAD, "it is measured"),
        row("worker describe --worker-instance-key nothing"),
        row("worker list -q 'Nothing = 1'").differs(
            "the real server finds nothing by an unknown field",
            "invalid search attribute",
            "",
        ),
    ]
}

async fn heartbeating(world: &World) -> Result<WorkerGuard> {
    let worker = world.worker().workflow::<Cart>().identity("the-worker");
    worker.heartbeat_interval(secs(1)).spawn().await
}
