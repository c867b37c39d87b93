//! Task queues: described, with their limits, and the versions of the older API.

use durably::Result;
use durably_tests::cli::{Row, compare, row};

use super::carts;

const DEPRECATED: &str = "it has deployments only; that of the real server is turned off";

/// The tables of this file.
pub(super) fn tables() -> Vec<Vec<Row>> {
    vec![descriptions(), limits(), older_versions()]
}

#[tokio::test(flavor = "multi_thread")]
async fn task_queues_are_described() -> Result<()> {
    compare("task_queues_are_described", &descriptions(), carts).await
}

fn descriptions() -> Vec<Row> {
    vec![
        row("task-queue describe -t $queue")
            .until("identity")
            .unordered(),
        row("task-queue describe -t $queue --task-queue-type activity").unordered(),
        row("task-queue describe -t $queue --disable-stats").unordered(),
        row("task-queue describe -t $queue --legacy-mode")
            .ignore(
                &["nanos", "seconds", "task_id_block"],
                "they are of the moment and of the store",
            )
            .ignore(
                &["versioning_info"],
                "ours says by its absence that workers need no version",
            )
            .unordered(),
        row("task-queue describe -t $queue --report-config").unordered(),
        row("task-queue describe -t $queue-nobody").unordered(),
        row("task-queue list-partition -t $queue").differs(
            "ours does not divide its queues",
            "$queue",
            "/_sys/$queue/1",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_a_task_queue_are_set_and_unset() -> Result<()> {
    compare(
        "the_limits_of_a_task_queue_are_set_and_unset",
        &limits(),
        carts,
    )
    .await
}

fn limits() -> Vec<Row> {
    vec![
        row("task-queue config get -t $queue --task-queue-type activity"),
        row(
            "task-queue config set -t $queue --task-queue-type activity --queue-rps-limit 10 --queue-rps-limit-reason 'slow down'",
        ),
        row("task-queue config get -t $queue --task-queue-type activity"),
        row(
            "task-queue config set -t $queue --task-queue-type activity --fairness-key-rps-limit-default 5 --fairness-key-rps-limit-reason 'fair' --fairness-key-weight gold=2.5 --fairness-key-weight iron=0.5",
        ),
        row("task-queue config get -t $queue --task-queue-type activity"),
        row("task-queue describe -t $queue --report-config").unordered(),
        row("task-queue describe -t $queue --task-queue-type activity --report-config").unordered(),
        row(
            "task-queue config set -t $queue --task-queue-type activity --queue-rps-limit default --fairness-key-weight iron=default",
        ),
        row("task-queue config get -t $queue --task-queue-type activity"),
        row(
            "task-queue config set -t $queue --task-queue-type activity --fairness-key-rps-limit-default default --fairness-key-weight-clear-all",
        ),
        row("task-queue config get -t $queue --task-queue-type activity"),
        row("task-queue config set -t $queue --task-queue-type workflow --queue-rps-limit 10"),
        row(
            "task-queue config set -t $queue --task-queue-type workflow --fairness-key-rps-limit-default 10",
        ),
        row("task-queue config get -t $queue --task-queue-type workflow"),
        row("task-queue config set -t $queue --task-queue-type activity"),
        row("task-queue config set -t $queue --task-queue-type activity --queue-rps-limit -1"),
        row("task-queue config set -t $queue --task-queue-type activity --queue-rps-limit 0"),
        row("task-queue config get -t $queue --task-queue-type activity"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_api_of_versions_is_not_supported() -> Result<()> {
    compare(
        "the_older_api_of_versions_is_not_supported",
        &older_versions(),
        super::nothing,
    )
    .await
}

fn older_versions() -> Vec<Row> {
    vec![
        row("task-queue get-build-ids -t $queue").missing(DEPRECATED),
        row("task-queue get-build-id-reachability -t $queue --build-id 1").missing(DEPRECATED),
        row("task-queue update-build-ids add-new-default -t $queue --build-id 1").missing(DEPRECATED),
        row("task-queue update-build-ids add-new-compatible -t $queue --build-id 2 --existing-compatible-build-id 1").missing(DEPRECATED),
        row("task-queue update-build-ids promote-set -t $queue --build-id 1").missing(DEPRECATED),
        row("task-queue update-build-ids promote-id-in-set -t $queue --build-id 1").missing(DEPRECATED),
        row("task-queue versioning get-rules -t $queue").missing(DEPRECATED),
        row("task-queue versioning insert-assignment-rule -t $queue --build-id 1 -y").missing(DEPRECATED),
        row("task-queue versioning replace-assignment-rule -t $queue --build-id 2 --rule-index 0 -y").missing(DEPRECATED),
        row("task-queue versioning delete-assignment-rule -t $queue --rule-index 0 -y").missing(DEPRECATED),
        row("task-queue versioning add-redirect-rule -t $queue --source-build-id 1 --target-build-id 2 -y").missing(DEPRECATED),
        row("task-queue versioning replace-redirect-rule -t $queue --source-build-id 1 --target-build-id 3 -y").missing(DEPRECATED),
        row("task-queue versioning delete-redirect-rule -t $queue --source-build-id 1 -y").missing(DEPRECATED),
        row("task-queue versioning commit-build-id -t $queue --build-id 1 -y").missing(DEPRECATED),
    ]
}
