//! Worker deployments: changes of their routing, and descriptions.

use durably_history::{DeploymentVersion, RoutingTarget};
use durably_proto::api::deployment::v1::worker_deployment_info::WorkerDeploymentVersionSummary;
use durably_proto::api::deployment::v1::worker_deployment_version_info::VersionTaskQueueInfo;
use durably_proto::api::deployment::v1::{
    RoutingConfig, VersionDrainageInfo, WorkerDeploymentInfo, WorkerDeploymentVersion,
    WorkerDeploymentVersionInfo,
};
use durably_proto::api::enums::v1::{
    RoutingConfigUpdateState, TaskQueueType, VersionDrainageStatus, WorkerDeploymentVersionStatus,
};
use durably_proto::api::taskqueue::v1::TaskQueueVersioningInfo;
use durably_proto::api::workflowservice::v1::describe_worker_deployment_version_response::VersionTaskQueue;
use durably_proto::api::workflowservice::v1::list_worker_deployments_response::WorkerDeploymentSummary;
use durably_proto::api::workflowservice::v1::{
    DescribeWorkerDeploymentRequest, DescribeWorkerDeploymentResponse,
    DescribeWorkerDeploymentVersionRequest, DescribeWorkerDeploymentVersionResponse,
    ListWorkerDeploymentsRequest, ListWorkerDeploymentsResponse,
    SetWorkerDeploymentCurrentVersionRequest, SetWorkerDeploymentCurrentVersionResponse,
    SetWorkerDeploymentRampingVersionRequest, SetWorkerDeploymentRampingVersionResponse,
};

use super::check;
use crate::backend::Backend;
use crate::deployment::{Deployment, QueueType, Ramp, Routing, RoutingRequest, Version};
use crate::error::Error;
use crate::namespace::Namespace;

/// `SetWorkerDeploymentCurrentVersion`.
pub(super) fn set_current(
    backend: &Backend,
    request: SetWorkerDeploymentCurrentVersionRequest,
) -> Result<SetWorkerDeploymentCurrentVersionResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let name = request.deployment_name.as_str();
    check::deployment(name)?;
    #[expect(deprecated, reason = "older clients name the version so")]
    let build_id = named_build(name, &request.version, &request.build_id)?;
    let change = RoutingRequest {
        deployment: name,
        conflict_token: &request.conflict_token,
        identity: &request.identity,
        allows_no_pollers: allows_no_pollers(request.allow_no_pollers, name, &build_id)?,
        ignores_missing_queues: request.ignore_missing_task_queues,
        now: backend.clock.now(),
    };
    let mut before = None;
    namespace.change_deployments(&*backend.store, change.now, |deployments, usage| {
        if let Ok(deployment) = deployments.find(name) {
            before = build(deployment, &deployment.current);
        }
        deployments.set_current(&build_id, change, usage)
    })?;
    let conflict_token = namespace.deployments().find(name)?.conflict_token();
    #[expect(deprecated, reason = "the command line still shows them")]
    Ok(SetWorkerDeploymentCurrentVersionResponse {
        conflict_token,
        previous_version: older_text(before.as_ref()),
        previous_deployment_version: before.as_ref().map(DeploymentVersion::to_proto),
    })
}

/// `SetWorkerDeploymentRampingVersion`.
pub(super) fn set_ramping(
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
    let change = RoutingRequest {
        deployment: name,
        conflict_token: &request.conflict_token,
        identity: &request.identity,
        allows_no_pollers: allows_no_pollers(request.allow_no_pollers, name, &build_id)?,
        ignores_missing_queues: request.ignore_missing_task_queues,
        now: backend.clock.now(),
    };
    let ramp = (!ends).then_some(Ramp {
        build_id,
        percentage,
    });
    let mut before = (None, 0.0);
    namespace.change_deployments(&*backend.store, change.now, |deployments, usage| {
        if let Ok(deployment) = deployments.find(name) {
            let ramping = deployment.ramping.as_deref();
            before = (
                ramping.and_then(|ramping| build(deployment, ramping)),
                deployment.percentage,
            );
        }
        deployments.set_ramping(ramp, change, usage)
    })?;
    let conflict_token = namespace.deployments().find(name)?.conflict_token();
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

/// `DescribeWorkerDeployment`.
pub(super) fn describe(
    backend: &Backend,
    request: DescribeWorkerDeploymentRequest,
) -> Result<DescribeWorkerDeploymentResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    check::deployment(&request.deployment_name)?;
    let deployment = namespace
        .deployments()
        .find(&request.deployment_name)?
        .clone();
    let versions = deployment.versions.iter().rev();
    let versions = versions.map(|version| summary(backend, &namespace, &deployment, version));
    Ok(DescribeWorkerDeploymentResponse {
        conflict_token: deployment.conflict_token(),
        worker_deployment_info: Some(WorkerDeploymentInfo {
            name: deployment.name.clone(),
            version_summaries: versions.collect::<Result<_, _>>()?,
            create_time: deployment.created_at,
            routing_config: Some(routing_config(&deployment)),
            last_modifier_identity: deployment.last_modifier.clone(),
            routing_config_update_state: RoutingConfigUpdateState::Completed.into(),
            ..Default::default()
        }),
    })
}

/// `DescribeWorkerDeploymentVersion`.
pub(super) fn describe_version(
    backend: &Backend,
    request: DescribeWorkerDeploymentVersionRequest,
) -> Result<DescribeWorkerDeploymentVersionResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    #[expect(deprecated, reason = "older clients name the version so")]
    let older = request.version.split_once('.').unwrap_or_default();
    let (name, build_id) = match &request.deployment_version {
        Some(version) => (version.deployment_name.as_str(), version.build_id.as_str()),
        None => older,
    };
    check::deployment(name)?;
    let missing = || Error::NotFound("Worker Deployment Version not found".to_owned());
    let deployment = namespace.deployments().find(name).ok().cloned();
    let deployment = deployment.ok_or_else(missing)?;
    let version = deployment.version(build_id).ok_or_else(missing)?;
    let status = status(backend, &namespace, &deployment, version)?;
    let queues = || {
        let queues = version.queues.iter();
        queues.map(|queue| {
            let ty = match queue.queue_type() {
                QueueType::Workflow => TaskQueueType::Workflow,
                QueueType::Activity => TaskQueueType::Activity,
            };
            (queue.name.clone(), i32::from(ty))
        })
    };
    let is_ramping = deployment.ramping.as_deref() == Some(build_id);
    let info = WorkerDeploymentVersionInfo {
        status: status.into(),
        deployment_version: build(&deployment, build_id).map(|it| it.to_proto()),
        deployment_name: name.to_owned(),
        create_time: version.created_at,
        routing_changed_time: version.routing_changed_at,
        current_since_time: version.current_since,
        ramping_since_time: version.ramping_since,
        first_activation_time: version.first_activated_at,
        last_current_time: version.last_current_at,
        last_deactivation_time: version.deactivated_at,
        ramp_percentage: if is_ramping {
            deployment.percentage
        } else {
            0.0
        },
        task_queue_infos: queues()
            .map(|(name, r#type)| VersionTaskQueueInfo { name, r#type })
            .collect(),
        drainage_info: drainage(status, version),
        ..Default::default()
    };
    #[expect(deprecated, reason = "the command line still shows it")]
    let info = WorkerDeploymentVersionInfo {
        version: older_text(build(&deployment, build_id).as_ref()),
        ..info
    };
    Ok(DescribeWorkerDeploymentVersionResponse {
        worker_deployment_version_info: Some(info),
        version_task_queues: queues()
            .map(|(name, r#type)| VersionTaskQueue {
                name,
                r#type,
                ..Default::default()
            })
            .collect(),
    })
}

/// `ListWorkerDeployments`, on one page.
pub(super) fn list(
    backend: &Backend,
    request: ListWorkerDeploymentsRequest,
) -> Result<ListWorkerDeploymentsResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let deployments: Vec<_> = namespace.deployments().all().cloned().collect();
    let listed = deployments.iter().map(|deployment| {
        let summary = |version: Option<&Version>| {
            version
                .map(|version| summary(backend, &namespace, deployment, version))
                .transpose()
        };
        let ramping = deployment.ramping.as_deref();
        Ok(WorkerDeploymentSummary {
            name: deployment.name.clone(),
            create_time: deployment.created_at,
            routing_config: Some(routing_config(deployment)),
            latest_version_summary: summary(deployment.versions.last())?,
            current_version_summary: summary(deployment.version(&deployment.current))?,
            ramping_version_summary: summary(
                ramping.and_then(|ramping| deployment.version(ramping)),
            )?,
        })
    });
    Ok(ListWorkerDeploymentsResponse {
        next_page_token: Vec::new(),
        worker_deployments: listed.collect::<Result<_, Error>>()?,
    })
}

/// Where new work of a task queue goes, as its description shows it.
pub(super) fn versioning_info(routing: &Routing) -> TaskQueueVersioningInfo {
    let message = |target: &RoutingTarget| target.version.as_ref().map(DeploymentVersion::to_proto);
    let current = routing.current.version.as_ref();
    let ramping = routing.ramping.as_ref();
    #[expect(deprecated, reason = "the command line still shows them")]
    TaskQueueVersioningInfo {
        current_deployment_version: message(&routing.current),
        current_version: older_text(current),
        ramping_deployment_version: ramping.and_then(message),
        ramping_version: match ramping {
            Some(ramping) => older_text(ramping.version.as_ref()),
            None => String::new(),
        },
        ramping_version_percentage: routing.percentage,
        update_time: routing.changed_at().map(Into::into),
    }
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

fn build(deployment: &Deployment, build_id: &str) -> Option<DeploymentVersion> {
    (!build_id.is_empty()).then(|| deployment.named(build_id))
}

fn older_text(version: Option<&DeploymentVersion>) -> String {
    version.map_or_else(|| UNVERSIONED.to_owned(), DeploymentVersion::older_text)
}

fn routing_config(deployment: &Deployment) -> RoutingConfig {
    let current = build(deployment, &deployment.current);
    let ramping = deployment.ramping.as_deref();
    let ramping_version = ramping.and_then(|ramping| build(deployment, ramping));
    let message = |version: &Option<DeploymentVersion>| -> Option<WorkerDeploymentVersion> {
        version.as_ref().map(DeploymentVersion::to_proto)
    };
    #[expect(deprecated, reason = "the command line still shows them")]
    RoutingConfig {
        current_deployment_version: message(&current),
        current_version: older_text(current.as_ref()),
        ramping_deployment_version: message(&ramping_version),
        ramping_version: match ramping {
            Some(_) => older_text(ramping_version.as_ref()),
            None => String::new(),
        },
        ramping_version_percentage: deployment.percentage,
        current_version_changed_time: deployment.current_changed_at,
        ramping_version_changed_time: deployment.ramping_changed_at,
        ramping_version_percentage_changed_time: deployment.percentage_changed_at,
        revision_number: deployment.revision,
    }
}

fn summary(
    backend: &Backend,
    namespace: &Namespace,
    deployment: &Deployment,
    version: &Version,
) -> Result<WorkerDeploymentVersionSummary, Error> {
    let status = status(backend, namespace, deployment, version)?;
    let named = build(deployment, &version.build_id);
    let drainage_info = drainage(status, version);
    #[expect(deprecated, reason = "the command line still shows them")]
    Ok(WorkerDeploymentVersionSummary {
        version: older_text(named.as_ref()),
        status: status.into(),
        deployment_version: named.as_ref().map(DeploymentVersion::to_proto),
        create_time: version.created_at,
        drainage_status: drainage_info.as_ref().map_or(0, |info| info.status),
        drainage_info,
        current_since_time: version.current_since,
        ramping_since_time: version.ramping_since,
        routing_update_time: version.routing_changed_at,
        first_activation_time: version.first_activated_at,
        last_current_time: version.last_current_at,
        last_deactivation_time: version.deactivated_at,
        ..Default::default()
    })
}

/// The use of a version. The real server looks for pinned runs every few minutes; here it is done
/// for each description.
fn status(
    backend: &Backend,
    namespace: &Namespace,
    deployment: &Deployment,
    version: &Version,
) -> Result<WorkerDeploymentVersionStatus, Error> {
    use WorkerDeploymentVersionStatus as Status;
    if deployment.current == version.build_id {
        return Ok(Status::Current);
    }
    if deployment.ramping.as_deref() == Some(&version.build_id) {
        return Ok(Status::Ramping);
    }
    if version.deactivated_at.is_none() {
        return Ok(match version.queues.is_empty() {
            true => Status::Created,
            false => Status::Inactive,
        });
    }
    let version = deployment.named(&version.build_id);
    Ok(match namespace.pinned_runs(&*backend.store, &version)? {
        0 => Status::Drained,
        _ => Status::Draining,
    })
}

fn drainage(
    status: WorkerDeploymentVersionStatus,
    version: &Version,
) -> Option<VersionDrainageInfo> {
    let status = match status {
        WorkerDeploymentVersionStatus::Draining => VersionDrainageStatus::Draining,
        WorkerDeploymentVersionStatus::Drained => VersionDrainageStatus::Drained,
        WorkerDeploymentVersionStatus::Unspecified
        | WorkerDeploymentVersionStatus::Inactive
        | WorkerDeploymentVersionStatus::Current
        | WorkerDeploymentVersionStatus::Ramping
        | WorkerDeploymentVersionStatus::Created => return None,
    };
    let at = version.deactivated_at;
    Some(VersionDrainageInfo {
        status: status.into(),
        last_changed_time: at,
        last_checked_time: at,
    })
}

/// Workers outside of deployments, in the texts of older messages.
const UNVERSIONED: &str = "__unversioned__";
