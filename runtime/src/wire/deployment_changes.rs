//! Worker deployments: their removal, their manager, and notes of their versions.

use std::time::SystemTime;

use durably_engine::Header;
use durably_proto::api::{
    deployment::v1::{self as deployment, WorkerDeploymentVersionInfo},
    enums::v1::TaskQueueType,
    workflowservice::v1::{self as pb, set_worker_deployment_manager_request::NewManagerIdentity},
};

use super::{
    WireError,
    deployment::DeploymentVersion,
    payload,
    request::{Request, Sender},
    routing::VersionStatus,
    time::instant,
};

/// Deletes a deployment without versions.
#[derive(Debug)]
pub(crate) struct DeleteDeployment {
    pub(crate) deployment: String,
}

impl Request for DeleteDeployment {
    type Message = pb::DeleteWorkerDeploymentRequest;
    type Reply = pb::DeleteWorkerDeploymentResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DeleteWorkerDeploymentRequest {
            namespace: sender.namespace(),
            deployment_name: self.deployment,
            identity: sender.identity(),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

/// Deletes a version.
#[derive(Debug)]
pub(crate) struct DeleteVersion {
    pub(crate) version: DeploymentVersion,
    pub(crate) drainage: Drainage,
}

/// Whether a version must be drained before it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drainage {
    /// No open run may be pinned to it.
    Required,
    /// Open runs may be pinned to it.
    Skipped,
}

impl Request for DeleteVersion {
    type Message = pb::DeleteWorkerDeploymentVersionRequest;
    type Reply = pb::DeleteWorkerDeploymentVersionResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DeleteWorkerDeploymentVersionRequest {
            namespace: sender.namespace(),
            deployment_version: Some(self.version.into_proto()),
            skip_drainage: self.drainage == Drainage::Skipped,
            identity: sender.identity(),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

/// Sets the only client that may change a deployment.
#[derive(Debug)]
pub(crate) struct SetManager {
    pub(crate) deployment: String,
    /// Empty for none.
    pub(crate) manager: String,
}

impl Request for SetManager {
    type Message = pb::SetWorkerDeploymentManagerRequest;
    type Reply = pb::SetWorkerDeploymentManagerResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::SetWorkerDeploymentManagerRequest {
            namespace: sender.namespace(),
            deployment_name: self.deployment,
            new_manager_identity: Some(NewManagerIdentity::ManagerIdentity(self.manager)),
            identity: sender.identity(),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

/// Changes the notes of a version.
#[derive(Debug)]
pub(crate) struct ChangeMetadata {
    pub(crate) version: DeploymentVersion,
    pub(crate) upserts: Header,
    pub(crate) removals: Vec<String>,
}

impl Request for ChangeMetadata {
    type Message = pb::UpdateWorkerDeploymentVersionMetadataRequest;
    type Reply = pb::UpdateWorkerDeploymentVersionMetadataResponse;
    type Response = ();

    /// The reply repeats all notes, those of other keys too.
    const SHOWS_MANY: bool = true;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let upserts = self.upserts.into_iter();
        pb::UpdateWorkerDeploymentVersionMetadataRequest {
            namespace: sender.namespace(),
            deployment_version: Some(self.version.into_proto()),
            upsert_entries: upserts
                .map(|(name, note)| (name, payload::to_proto(note)))
                .collect(),
            remove_entries: self.removals,
            identity: sender.identity(),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

/// Describes a version.
#[derive(Debug)]
pub(crate) struct DescribeVersion {
    pub(crate) version: DeploymentVersion,
}

/// What the server knows of a version.
#[derive(Debug)]
pub(crate) struct VersionInfo {
    pub(crate) version: DeploymentVersion,
    pub(crate) status: VersionStatus,
    pub(crate) create_time: Option<SystemTime>,
    /// The names of the task queues of its workflows and of its activities.
    pub(crate) workflow_queues: Vec<String>,
    pub(crate) activity_queues: Vec<String>,
    pub(crate) metadata: Header,
}

impl Request for DescribeVersion {
    type Message = pb::DescribeWorkerDeploymentVersionRequest;
    type Reply = pb::DescribeWorkerDeploymentVersionResponse;
    type Response = VersionInfo;

    const SHOWS_MANY: bool = true;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DescribeWorkerDeploymentVersionRequest {
            namespace: sender.namespace(),
            deployment_version: Some(self.version.into_proto()),
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<VersionInfo, WireError> {
        const PLACE: &str = "description of a version";
        let info = reply
            .worker_deployment_version_info
            .ok_or_else(|| WireError::missing(PLACE, "worker_deployment_version_info"))?;
        let mut queues = (Vec::new(), Vec::new());
        for queue in reply.version_task_queues {
            match queue.r#type() {
                TaskQueueType::Workflow => queues.0.push(queue.name),
                TaskQueueType::Activity => queues.1.push(queue.name),
                TaskQueueType::Nexus | TaskQueueType::Unspecified => {}
            }
        }
        let status = VersionStatus::from_proto(info.status);
        let WorkerDeploymentVersionInfo {
            deployment_version,
            create_time,
            metadata,
            ..
        } = info;
        let deployment::VersionMetadata { entries } = metadata.unwrap_or_default();
        Ok(VersionInfo {
            version: DeploymentVersion::from_proto(deployment_version)
                .ok_or_else(|| WireError::missing(PLACE, "deployment_version"))?,
            status,
            create_time: create_time.and_then(instant),
            workflow_queues: queues.0,
            activity_queues: queues.1,
            metadata: entries
                .into_iter()
                .map(|(name, note)| (name, payload::from_proto(note)))
                .collect(),
        })
    }
}
