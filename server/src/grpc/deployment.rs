//! Worker deployments: descriptions.

use std::collections::BTreeMap;

use durably_history::{DeploymentVersion, RoutingTarget};
use durably_proto::api::common::v1::Payload;
use durably_proto::api::deployment::v1::worker_deployment_info::WorkerDeploymentVersionSummary;
use durably_proto::api::deployment::v1::worker_deployment_version_info::VersionTaskQueueInfo;
use durably_proto::api::deployment::v1::{
    RoutingConfig, VersionDrainageInfo, VersionMetadata, WorkerDeploymentInfo,
    WorkerDeploymentVersion, WorkerDeploymentVersionInfo,
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
};

use super::{check, page};
use crate::backend::Backend;
use crate::deployment::{Deployment, QueueType, Routing, Version};
use crate::error::Error;
use crate::namespace::Namespace;

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
            manager_identity: deployment.manager.clone(),
            routing_config_update_state: RoutingConfigUpdateState::Completed.into(),
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
    let named = version_of(request.deployment_version.as_ref(), &request.version);
    let (name, build_id) = (&*named.deployment, &*named.build_id);
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
        metadata: (!version.metadata.is_empty()).then(|| notes(version.metadata.clone())),
        last_modifier_identity: version.last_modifier.clone(),
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

/// `ListWorkerDeployments`.
pub(super) fn list(
    backend: &Backend,
    request: ListWorkerDeploymentsRequest,
) -> Result<ListWorkerDeploymentsResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let deployments: Vec<_> = namespace.deployments().all().cloned().collect();
    let page = page::page(
        deployments,
        |it| &it.name,
        request.page_size,
        &request.next_page_token,
    )?;
    let listed = page.items.iter().map(|deployment| {
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
        next_page_token: page.next,
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

pub(super) fn build(deployment: &Deployment, build_id: &str) -> Option<DeploymentVersion> {
    (!build_id.is_empty()).then(|| deployment.named(build_id))
}

pub(super) fn older_text(version: Option<&DeploymentVersion>) -> String {
    version.map_or_else(|| UNVERSIONED.to_owned(), DeploymentVersion::older_text)
}

/// The version that a request names.
pub(super) fn version_of(
    version: Option<&WorkerDeploymentVersion>,
    older: &str,
) -> DeploymentVersion {
    match (version, older.split_once('.')) {
        (None, Some((deployment, build_id))) => DeploymentVersion {
            deployment: deployment.into(),
            build_id: build_id.into(),
        },
        (version, _) => named_version(version),
    }
}

pub(super) fn named_version(version: Option<&WorkerDeploymentVersion>) -> DeploymentVersion {
    let none = WorkerDeploymentVersion::default();
    DeploymentVersion::from(version.unwrap_or(&none))
}

/// Notes of a version as messages have them.
pub(super) fn notes(entries: BTreeMap<String, Payload>) -> VersionMetadata {
    VersionMetadata {
        entries: entries.into_iter().collect(),
    }
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
pub(super) const UNVERSIONED: &str = "__unversioned__";
