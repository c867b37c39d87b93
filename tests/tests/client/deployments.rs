//! Worker deployments that a client manages: notes of versions, managers, deletions, and the command line.

use std::process::Command;

use durably::{
    client::{Deployment, VersionStatus},
    error::RpcError,
    prelude::*,
    raw::api::{
        deployment::v1::WorkerDeploymentVersion,
        workflowservice::v1::{
            CreateWorkerDeploymentRequest, CreateWorkerDeploymentVersionRequest,
        },
    },
};
use durably_tests::{World, eventually, on_both_servers, process::tool, unique};

on_both_servers! {
    notes_of_a_version_are_kept
    a_version_and_its_deployment_are_deleted
    what_is_in_use_is_not_deleted
    a_manager_alone_changes_the_routing
    the_command_line_manages_deployments
}

#[derive(Default)]
struct Order;

#[workflow(versioning = "pinned")]
impl Order {
    #[run]
    async fn run(&mut self) -> u32 {
        1
    }
}

/// A deployment with the versions 1 and 2, which no worker has polled.
async fn deployment(world: &World) -> Result<Deployment> {
    let name = unique("orders");
    let raw = world.client.raw();
    let request = CreateWorkerDeploymentRequest {
        namespace: world.client.namespace().to_owned(),
        deployment_name: name.clone(),
        identity: "test".to_owned(),
        request_id: unique("request"),
    };
    raw.create_worker_deployment(request, secs(10)).await?;
    for build_id in ["1", "2"] {
        create_version(world, &name, build_id).await?;
    }
    Ok(world.client.deployment(name))
}

async fn create_version(world: &World, deployment: &str, build_id: &str) -> Result<()> {
    let request = CreateWorkerDeploymentVersionRequest {
        namespace: world.client.namespace().to_owned(),
        deployment_version: Some(WorkerDeploymentVersion {
            deployment_name: deployment.to_owned(),
            build_id: build_id.to_owned(),
        }),
        identity: "test".to_owned(),
        request_id: unique("request"),
        ..Default::default()
    };
    let raw = world.client.raw();
    raw.create_worker_deployment_version(request, secs(10))
        .await?;
    Ok(())
}

/// The code and the text of an error, with another name of the deployment.
fn shown(error: &RpcError, deployment: &Deployment) -> String {
    error.to_string().replace(deployment.name(), "orders")
}

async fn notes_of_a_version_are_kept(world: &World) -> Result<()> {
    let orders = deployment(world).await?;
    orders.set_metadata("1", "commit", "8f3a1c").await?;
    orders.set_metadata("1", "size", 7).await?;
    orders.set_metadata("1", "size", 8).await?;
    let version = orders.describe_version("1").await?;
    assert_eq!(version.status, VersionStatus::Created);
    let names: Vec<_> = version.metadata_names().collect();
    assert_eq!(names, ["commit", "size"]);
    assert_eq!(
        version.metadata::<String>("commit")?,
        Some("8f3a1c".to_owned())
    );
    assert_eq!(version.metadata::<u32>("size")?, Some(8));
    assert_eq!(version.metadata::<u32>("author")?, None);
    let wrong = version.metadata::<u32>("commit").unwrap_err();
    assert!(wrong.to_string().contains("metadata `commit`"), "{wrong}");
    orders.remove_metadata("1", "size").await?;
    orders.remove_metadata("1", "author").await?;
    let version = orders.describe_version("1").await?;
    assert_eq!(version.metadata_names().collect::<Vec<_>>(), ["commit"]);
    let unknown = orders.set_metadata("9", "commit", "8f3a1c").await;
    let unknown = shown(&unknown.unwrap_err(), &orders);
    assert!(unknown.starts_with("NotFound: "), "{unknown}");
    Ok(())
}

async fn a_version_and_its_deployment_are_deleted(world: &World) -> Result<()> {
    let orders = deployment(world).await?;
    let refused = orders.delete().await.unwrap_err();
    // The real server calls it an error of its own.
    let refused = shown(&refused, &orders);
    let (_, text) = refused.split_once(": ").expect("a code and a text");
    assert_eq!(text, "deployment has versions, can't be deleted");
    orders.delete_version("1").await?;
    orders.delete_draining_version("2").await?;
    // It is deleted already.
    orders.delete_version("1").await?;
    assert!(orders.describe().await?.versions.is_empty());
    orders.delete().await?;
    orders.delete().await?;
    eventually("the deletion", || async {
        let gone = orders.describe().await.err()?;
        let text = "NotFound: no Worker Deployment found with name 'orders'; does your Worker Deployment have pollers?";
        (shown(&gone, &orders) == text).then_some(())
    })
    .await;
    Ok(())
}

async fn what_is_in_use_is_not_deleted(world: &World) -> Result<()> {
    let orders = world.client.deployment(unique("orders"));
    let worker = world.worker().deployment(orders.name()).build_id("1");
    let worker = worker.workflow::<Order>().spawn().await?;
    eventually("the version", || async {
        let version = orders.describe_version("1").await.ok()?;
        (version.workflow_queues == [world.queue.as_str()]).then_some(())
    })
    .await;
    let polled = orders.delete_version("1").await.unwrap_err();
    assert_eq!(
        shown(&polled, &orders),
        "FailedPrecondition: version 'orders:1' cannot be deleted since it has active pollers"
    );
    orders.set_current("1").await?;
    let current = orders.delete_version("1").await.unwrap_err();
    assert_eq!(
        shown(&current, &orders),
        "FailedPrecondition: version 'orders:1' cannot be deleted since it is current or ramping"
    );
    worker.shutdown().await
}

async fn a_manager_alone_changes_the_routing(world: &World) -> Result<()> {
    let orders = deployment(world).await?;
    orders.set_manager("pipeline").await?;
    assert_eq!(
        orders.describe().await?.manager.as_deref(),
        Some("pipeline")
    );
    let refused = shown(&orders.delete_version("1").await.unwrap_err(), &orders);
    assert!(
        refused.starts_with(
            "FailedPrecondition: ManagerIdentity 'pipeline' is set and does not match"
        ),
        "{refused}"
    );
    orders.unset_manager().await?;
    assert_eq!(orders.describe().await?.manager, None);
    orders.delete_version("1").await?;
    let empty = orders.set_manager("").await.unwrap_err();
    assert!(
        matches!(empty, RpcError::InvalidArgument { .. }),
        "{empty:?}"
    );
    Ok(())
}

/// Runs `temporal worker deployment ..`; returns what it prints, with other names.
async fn cli(world: &World, name: &str, arguments: &[&str]) -> Result<Option<String>> {
    let Some(cli) = tool("DURABLY_TEMPORAL_CLI", "the management of deployments") else {
        return Ok(None);
    };
    let mut command = Command::new(cli);
    command
        .args(["worker", "deployment"])
        .args(arguments)
        .args(["--address", &world.address(), "--identity", "test"]);
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("the command does not panic")?;
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).replace(name, "orders");
    Ok(Some(printed.trim().to_owned()))
}

async fn the_command_line_manages_deployments(world: &World) -> Result<()> {
    let orders = world.client.deployment(unique("orders"));
    let name = orders.name();
    let of_deployment = |command: &'static str| vec![command, "--name", name];
    let of_version = |command: &'static str, more: &[&'static str]| {
        let mut arguments = vec![command, "--deployment-name", name, "--build-id", "1"];
        arguments.extend(more);
        arguments
    };
    let manager = |command: &'static str, more: &[&'static str]| {
        let mut arguments = vec!["manager-identity", command, "--deployment-name", name];
        arguments.extend(more);
        arguments.push("--yes");
        arguments
    };
    let note = &["--metadata", "commit=\"8f3a1c\""];
    for (arguments, expected) in [
        (
            of_deployment("create"),
            "Successfully created worker deployment",
        ),
        (
            of_deployment("create"),
            "Error: error creating worker deployment: Worker Deployment with name \"orders\" already exists",
        ),
        (vec![], ""),
        (
            of_deployment("delete"),
            "Error: error deleting worker deployment: deployment has versions, can't be deleted",
        ),
        (
            of_version("update-version-metadata", note),
            "Metadata:\n  Metadata  map[commit:metadata:{key:\"encoding\" value:\"json/plain\"} data:\"\\\"8f3a1c\\\"\"]\nSuccessfully updating metadata for worker deployment version",
        ),
        (
            of_version("update-version-metadata", &[]),
            "Error: At least one of remove_entries or upsert_entries must be provided",
        ),
        (
            manager("set", &["--manager-identity", "pipeline"]),
            "Successfully set manager identity to 'pipeline', was previously ''",
        ),
        (
            of_version("delete-version", &[]),
            "Error: error deleting worker deployment version: ManagerIdentity 'pipeline' is set and does not match user identity 'test'; to proceed, set your own identity as the ManagerIdentity, remove the ManagerIdentity, or wait for the other client to do so",
        ),
        (
            of_version("set-current-version", &["--yes"]),
            "Error: error setting the current worker deployment version: ManagerIdentity 'pipeline' is set and does not match user identity 'test'; to proceed, set your own identity as the ManagerIdentity, remove the ManagerIdentity, or wait for the other client to do so",
        ),
        (
            manager("unset", &[]),
            "Successfully unset manager identity, was previously 'pipeline'",
        ),
        (
            of_version("delete-version", &[]),
            "Successfully deleted worker deployment version",
        ),
        (
            of_version("delete-version", &["--skip-drainage"]),
            "Successfully deleted worker deployment version",
        ),
        (
            of_deployment("delete"),
            "Successfully deleted worker deployment",
        ),
        (
            of_deployment("delete"),
            "Successfully deleted worker deployment",
        ),
    ] {
        if arguments.is_empty() {
            // The command line creates no versions without a configuration of how Temporal starts their workers.
            create_version(world, name, "1").await?;
            continue;
        }
        let Some(printed) = cli(world, name, &arguments).await? else {
            return Ok(());
        };
        // A message of protobuf as text has one or two spaces, which differs from program to program.
        let printed = printed.replace("\"  ", "\" ").replace("}  ", "} ");
        assert_eq!(printed, expected, "{arguments:?}");
    }
    Ok(())
}
