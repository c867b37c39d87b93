//! Worker deployments and the versions to which workflows go.

use durably::{
    Result,
    worker::{Versioning, WorkerGuard},
};
use durably_tests::{
    World,
    cli::{Row, compare, row},
};

use super::{Cart, NONE, ZERO};

const LOOKS_AT_ONCE: &str = "the real server looks for pinned runs every few minutes";

/// The tables of this file.
pub(super) fn tables() -> Vec<Vec<Row>> {
    vec![versions()]
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_become_current_and_ramp() -> Result<()> {
    compare("versions_become_current_and_ramp", &versions(), versioned).await
}

fn versions() -> Vec<Row> {
    vec![
        row("worker deployment list").only("$queue").until("$queue"),
        row("worker deployment describe -d $queue"),
        row("worker deployment describe-version --deployment-name $queue --build-id 1"),
        row("worker deployment describe-version --deployment-name $queue --build-id 1 --report-task-queue-stats").ignore(&["statsByPriorityKey"], "ours has none by priority"),
        row("worker deployment set-current-version --deployment-name $queue --build-id 1 -y"),
        row("worker deployment describe -d $queue").until("\"buildId\": \"1\""),
        row("workflow start --type Cart -t $queue -w $name -i '\"tea\"'"),
        row("workflow describe -w $name").ignore(ZERO, NONE).until("versioningInfo"),
        row("workflow update-options -w $name --versioning-override-behavior pinned --versioning-override-deployment-name $queue --versioning-override-build-id 1"),
        row("workflow describe -w $name").ignore(ZERO, NONE),
        row("workflow update-options -w $name --versioning-override-behavior unspecified"),
        row("workflow update-options -w $name --versioning-override-behavior auto_upgrade"),
        row("workflow reset with-workflow-update-options -w $name --event-id 4 --reason 'again' --versioning-override-behavior auto_upgrade"),
        row("workflow terminate -w $name"),
        row("worker deployment set-ramping-version --deployment-name $queue --unversioned --percentage 20 -y"),
        row("worker deployment describe -d $queue"),
        row("worker deployment set-ramping-version --deployment-name $queue --unversioned --delete -y"),
        row("worker deployment set-current-version --deployment-name $queue --unversioned -y"),
        row("worker deployment set-current-version --deployment-name $queue --build-id 2 -y"),
        row("worker deployment set-current-version --deployment-name $queue-nowhere --build-id 1 -y"),
        row("worker deployment describe -d $queue-nowhere"),
        row("worker deployment describe-version --deployment-name $queue --build-id 2"),
        row("worker deployment update-version-metadata --deployment-name $queue --build-id 1 --metadata 'team=\"checkout\"' --metadata 'commit=\"5e1f\"'"),
        row("worker deployment describe-version --deployment-name $queue --build-id 1").ignore(&["drainageStatus", "status", "lastChangedTime", "lastCheckedTime"], LOOKS_AT_ONCE),
        row("worker deployment update-version-metadata --deployment-name $queue --build-id 1 --remove-entries team"),
        row("worker deployment update-version-metadata --deployment-name $queue --build-id 2 --remove-entries team").differs("the real server names a workflow of its own", "build ID '2' not found in Worker Deployment", "workflow not found"),
        row("worker deployment manager-identity set --deployment-name $queue --manager-identity other -y"),
        row("worker deployment set-current-version --deployment-name $queue --build-id 1 -y"),
        row("worker deployment delete-version --deployment-name $queue --build-id 1"),
        row("worker deployment manager-identity unset --deployment-name $queue -y"),
        row("worker deployment delete-version --deployment-name $queue --build-id 1").differs(LOOKS_AT_ONCE, "has active pollers", "is draining"),
        row("worker deployment delete-version --deployment-name $queue --build-id 1 --skip-drainage"),
        row("worker deployment delete-version --deployment-name $queue --build-id 2"),
        row("worker deployment delete -d $queue"),
        row("worker deployment create -d $queue-2"),
        row("worker deployment create -d $queue-2"),
        row("worker deployment describe -d $queue-2"),
        row("worker deployment create-version --deployment-name $queue-2 --build-id 1"),
        row("worker deployment describe-version --deployment-name $queue-2 --build-id 1"),
        row("worker deployment update-version-compute-config --deployment-name $queue-2 --build-id 1 --remove").missing("it starts no workers"),
        row("worker deployment delete-version --deployment-name $queue-2 --build-id 1"),
        row("worker deployment delete -d $queue-2"),
        row("worker deployment describe -d $queue-2"),
        row("worker deployment delete -d $queue-2"),
    ]
}

async fn versioned(world: &World) -> Result<WorkerGuard> {
    let worker = world.worker().workflow::<Cart>().identity("the-worker");
    let worker = worker.deployment(&world.queue).build_id("1");
    let worker = worker.default_versioning(Versioning::AutoUpgrade);
    worker.spawn().await
}
