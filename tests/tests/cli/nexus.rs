//! Nexus endpoints and operations.

use durably::Result;
use durably_tests::cli::{Row, compare, row};

use super::nothing;

const NO_NEXUS: &str = "it has no Nexus";

/// The tables of this file.
pub(super) fn tables() -> Vec<Vec<Row>> {
    vec![endpoints(), operations()]
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_refused() -> Result<()> {
    compare("endpoints_are_refused", &endpoints(), nothing).await
}

fn endpoints() -> Vec<Row> {
    vec![
        row("operator nexus endpoint create --name $name --target-namespace default --target-task-queue $queue").missing(NO_NEXUS),
        row("operator nexus endpoint get --name $name").missing(NO_NEXUS),
        row("operator nexus endpoint list").missing(NO_NEXUS),
        row("operator nexus endpoint update --name $name --description 'none'").missing(NO_NEXUS),
        row("operator nexus endpoint delete --name $name").missing(NO_NEXUS),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_refused() -> Result<()> {
    compare("operations_are_refused", &operations(), nothing).await
}

fn operations() -> Vec<Row> {
    vec![
        row("nexus operation start --operation-id $name --endpoint $name --service shop --operation charge").missing(NO_NEXUS),
        row("nexus operation execute --operation-id $name --endpoint $name --service shop --operation charge").missing(NO_NEXUS),
        row("nexus operation describe --operation-id $name").missing(NO_NEXUS),
        row("nexus operation list -q 'OperationId = \"$name\"'").missing(NO_NEXUS),
        row("nexus operation count -q 'OperationId = \"$name\"'").missing(NO_NEXUS),
        row("nexus operation cancel --operation-id $name").missing(NO_NEXUS),
        row("nexus operation terminate --operation-id $name").missing(NO_NEXUS),
        row("nexus operation result --operation-id $name").missing(NO_NEXUS),
    ]
}
