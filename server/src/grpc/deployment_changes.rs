//! Worker deployments: their creation, removal, routing and notes.

use durably_history::DeploymentVersion;
use durably_proto::api::workflowservice::v1::set_worker_deployment_manager_request::NewManagerIdentity;
use durably_proto::api::workflowservice::v1::{
    CreateWorkerDeploymentRequest, CreateWorkerDeploymentResponse,
    CreateWorkerDeploymentVersionRequest, CreateWorkerDeploymentVersionResponse,
    DeleteWorkerDeploymentRequest, DeleteWorkerDeploymentResponse,
    DeleteWorkerDeploymentVersionRequest, DeleteWorkerDeploymentVersionResponse,
    SetWorkerDeploymentCurrentVersionRequest, SetWorkerDeploymentCurrentVersionResponse,
    SetWorkerDeploymentManagerRequest, SetWorkerDeploymentManagerResponse,
    SetWorkerDeploymentRampingVersionRequest, SetWorkerDeploymentRampingVersionResponse,
    UpdateWorkerDeploymentVersionMetadataRequest, UpdateWorkerDeploymentVersionMetadataResponse,
};

use super::check;
use super::deployment::{UNVERSIONED, build, named_version, notes, older_text, version_of};
use crate::backend::Backend;
use crate::deployment::{Creation, Deletion, Deployments, MetadataChange, Ramp, RoutingRequest};
use crate::error::Error;
use crate::namespace::VersionUsage;

/// `SetWorkerDeploymentCurrentVersion`.
pub(super) async fn set_current(
    backend: &Backend,
    request: SetWorkerDeploymentCurrentVersionRequest,
) -> Result<SetWorkerDeploymentCurrentVersionResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let name = request.deployment_name.as_str();
    check::deployment(name)?;
    #[expect(deprecated, reason = "older clients name the version so")]
    let build_id = named_build(name, &request.version, &request.build_id)?;
    let allows_no_pollers = allows_no_pollers(request.allow_no_pollers, name, &build_id)?;
    let change = move |deployments: &mut Deployments, usage: &VersionUsage<'_>| {
        let name = request.deployment_name.as_str();
        let present = deployments.find(name).ok();
        let before = present.and_then(|present| build(present, &present.current));
        let change = RoutingRequest {
            deployment: name,
            conflict_token: &request.conflict_token,
            identity: &request.identity,
            allows_no_pollers,
            ignores_missing_queues: request.ignore_missing_task_queues,
            now: usage.now,
        };
        let change = deployments.set_current(&build_id, change, usage)?;
        Ok((change, (before, conflict_token(deployments, name)?)))
    };
    let (before, conflict_token) = backend.change_deployments(&namespace, change).await?;
    #[expect(deprecated, reason = "the command line still shows them")]
    Ok(SetWorkerDeploymentCurrentVersionResponse {
        conflict_token,
        previous_version: older_text(before.as_ref()),
        previous_deployment_version: before.as_ref().map(DeploymentVersion::to_proto),
    })
}

/// `SetWorkerDeploymentRampingVersion`.
pub(super) async fn set_ramping(
    backend: &Backend,
    request: SetWorkerDeploymentRampingVersionRequest,
) -> Result<SetWorkerDeploymentRampingVersionResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let name = request.deployment_name.as_str();
    check::deployment(name)?;
    let percentage = request.percentage;
    if !(0.0..=100.0).contains(&percentage) {
        return Err(check::invalid(
            "Percentage must be between 0 and 100 (inclusive)",
        ));
    }
    #[expect(deprecated, reason = "older clients name the version so")]
    let version = request.version.as_str();
    let build_id = named_build(name, version, &request.build_id)?;
    // Without a build and a share the ramp ends; a share of the work may go to workers outside of
    // deployments.
    let ends = build_id.is_empty() && percentage == 0.0;
    let allows_no_pollers = allows_no_pollers(request.allow_no_pollers, name, &build_id)?;
    let change = move |deployments: &mut Deployments, usage: &VersionUsage<'_>| {
        let name = request.deployment_name.as_str();
        let before = match deployments.find(name) {
            Ok(present) => {
                let ramping = present.ramping.as_deref();
                let version = ramping.and_then(|ramping| build(present, ramping));
                (version, present.percentage)
            }
            Err(_) => (None, 0.0),
        };
        let change = RoutingRequest {
            deployment: name,
            conflict_token: &request.conflict_token,
            identity: &request.identity,
            allows_no_pollers,
            ignores_missing_queues: request.ignore_missing_task_queues,
            now: usage.now,
        };
        let ramp = (!ends).then_some(Ramp {
            build_id,
            percentage,
        });
        let change = deployments.set_ramping(ramp, change, usage)?;
        Ok((change, (before, conflict_token(deployments, name)?)))
    };
    let (before, conflict_token) = backend.change_deployments(&namespace, change).await?;
    let (version, percentage) = before;
    #[expect(deprecated, reason = "the command line still shows them")]
    Ok(SetWorkerDeploymentRampingVersionResponse {
        conflict_token,
        previous_version: version
            .as_ref()
            .map(DeploymentVersion::older_text)
            .unwrap_or_default(),
        previous_deployment_version: version.as_ref().map(DeploymentVersion::to_proto),
        previous_percentage: percentage,
    })
}

/// `SetWorkerDeploymentManager`.
pub(super) async fn set_manager(
    backend: &Backend,
    request: SetWorkerDeploymentManagerRequest,
) -> Result<SetWorkerDeploymentManagerResponse, Error> {
    if request.identity.is_empty() {
        return Err(check::invalid("Identity is required"));
    }
    let namespace = backend.namespaces.find(&request.namespace)?;
    check::deployment(&request.deployment_name)?;
    let manager = match request.new_manager_identity {
        Some(NewManagerIdentity::ManagerIdentity(manager)) => manager,
        Some(NewManagerIdentity::Self_(true)) => request.identity.clone(),
        Some(NewManagerIdentity::Self_(false)) | None => String::new(),
    };
    let change = move |deployments: &mut Deployments, usage: &VersionUsage<'_>| {
        let name = request.deployment_name.as_str();
        let change = RoutingRequest {
            deployment: name,
            conflict_token: &request.conflict_token,
            identity: &request.identity,
            allows_no_pollers: false,
            ignores_missing_queues: false,
            now: usage.now,
        };
        let (change, before) = deployments.set_manager(&manager, change)?;
        Ok((change, (before, conflict_token(deployments, name)?)))
    };
    let (before, conflict_token) = backend.change_deployments(&namespace, change).await?;
    #[expect(deprecated, reason = "the command line still shows it")]
    Ok(SetWorkerDeploymentManagerResponse {
        conflict_token,
        previous_manager_identity: before,
    })
}

/// `CreateWorkerDeployment`.
pub(super) async fn create(
    backend: &Backend,
    request: CreateWorkerDeploymentRequest,
) -> Result<CreateWorkerDeploymentResponse, Error> {
    if request.deployment_name.is_empty() {
        return Err(check::invalid("deployment name cannot be empty"));
    }
    let namespace = backend.namespaces.find(&request.namespace)?;
    check::deployment(&request.deployment_name)?;
    let change = move |deployments: &mut Deployments, usage: &VersionUsage<'_>| {
        let name = request.deployment_name.as_str();
        let creation = Creation {
            identity: &request.identity,
            request_id: &request.request_id,
            now: usage.now,
        };
        let change = deployments.create_deployment(name, creation)?;
        Ok((change, conflict_token(deployments, name)?))
    };
    let conflict_token = backend.change_deployments(&namespace, change).await?;
    Ok(CreateWorkerDeploymentResponse { conflict_token })
}

/// `CreateWorkerDeploymentVersion`.
pub(super) async fn create_version(
    backend: &Backend,
    request: CreateWorkerDeploymentVersionRequest,
) -> Result<CreateWorkerDeploymentVersionResponse, Error> {
    let version = named_version(request.deployment_version.as_ref());
    if version.deployment.is_empty() {
        return Err(check::invalid("deployment name cannot be empty"));
    }
    if version.build_id.is_empty() {
        return Err(check::invalid("build ID cannot be empty"));
    }
    if request.compute_config.is_some() {
        return Err(check::invalid(
            "the embedded server starts no workers; a version has no compute config",
        ));
    }
    let namespace = backend.namespaces.find(&request.namespace)?;
    check::deployment_version(&version)?;
    let change = move |deployments: &mut Deployments, usage: &VersionUsage<'_>| {
        let creation = Creation {
            identity: &request.identity,
            request_id: &request.request_id,
            now: usage.now,
        };
        Ok((deployments.create_version(&version, creation, usage)?, ()))
    };
    backend.change_deployments(&namespace, change).await?;
    Ok(CreateWorkerDeploymentVersionResponse {})
}

/// `UpdateWorkerDeploymentVersionMetadata`.
pub(super) async fn update_metadata(
    backend: &Backend,
    request: UpdateWorkerDeploymentVersionMetadataRequest,
) -> Result<UpdateWorkerDeploymentVersionMetadataResponse, Error> {
    if request.upsert_entries.is_empty() && request.remove_entries.is_empty() {
        return Err(check::invalid(
            "At least one of remove_entries or upsert_entries must be provided",
        ));
    }
    let namespace = backend.namespaces.find(&request.namespace)?;
    #[expect(deprecated, reason = "older clients name the version so")]
    let version = version_of(request.deployment_version.as_ref(), &request.version);
    let change = MetadataChange {
        version,
        identity: request.identity,
        upserts: request.upsert_entries,
        removals: request.remove_entries,
    };
    let change = move |deployments: &mut Deployments, _: &VersionUsage<'_>| {
        Ok(deployments.change_metadata(change)?)
    };
    let metadata = backend.change_deployments(&namespace, change).await?;
    Ok(UpdateWorkerDeploymentVersionMetadataResponse {
        metadata: Some(notes(metadata)),
    })
}

/// `DeleteWorkerDeploymentVersion`.
pub(super) async fn delete_version(
    backend: &Backend,
    request: DeleteWorkerDeploymentVersionRequest,
) -> Result<DeleteWorkerDeploymentVersionResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    #[expect(deprecated, reason = "older clients name the version so")]
    let version = version_of(request.deployment_version.as_ref(), &request.version);
    check::deployment(&version.deployment)?;
    let change = move |deployments: &mut Deployments, usage: &VersionUsage<'_>| {
        let deletion = Deletion {
            version: &version,
            identity: &request.identity,
            skips_drainage: request.skip_drainage,
        };
        Ok((deployments.delete_version(deletion, usage)?, ()))
    };
    backend.change_deployments(&namespace, change).await?;
    Ok(DeleteWorkerDeploymentVersionResponse {})
}

/// `DeleteWorkerDeployment`.
pub(super) async fn delete(
    backend: &Backend,
    request: DeleteWorkerDeploymentRequest,
) -> Result<DeleteWorkerDeploymentResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    check::deployment(&request.deployment_name)?;
    let change = move |deployments: &mut Deployments, _: &VersionUsage<'_>| {
        let change = deployments.delete_deployment(&request.deployment_name)?;
        Ok((change, ()))
    };
    backend.change_deployments(&namespace, change).await?;
    Ok(DeleteWorkerDeploymentResponse {})
}

fn conflict_token(deployments: &Deployments, name: &str) -> Result<Vec<u8>, Error> {
    Ok(deployments.find(name)?.conflict_token())
}

/// The build that a request names; empty for workers outside of deployments.
fn named_build(deployment: &str, version: &str, build_id: &str) -> Result<String, Error> {
    if version.is_empty() || version == UNVERSIONED {
        return Ok(build_id.to_owned());
    }
    match version.split_once('.') {
        Some((name, build_id)) if name == deployment => Ok(build_id.to_owned()),
        Some(_) => Err(Error::Invalid(format!(
            "invalid version string '{version}' does not match deployment name '{deployment}'"
        ))),
        None => Err(Error::Invalid(format!(
            "invalid version string \"{version}\", expected format is \"<deployment_name>.<build_id>\""
        ))),
    }
}

/// Whether the request may name a version that no worker has polled; its names are checked then as those
/// of a poll.
fn allows_no_pollers(allows: bool, deployment: &str, build_id: &str) -> Result<bool, Error> {
    if allows && !build_id.is_empty() {
        check::deployment_version(&DeploymentVersion {
            deployment: deployment.into(),
            build_id: build_id.into(),
        })?;
    }
    Ok(allows)
}
