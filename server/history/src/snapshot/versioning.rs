//! The versions of worker deployments of a run, in its core.

use durably_proto::api::deployment::v1::WorkerDeploymentVersion;
use durably_proto::api::enums::v1::VersioningBehavior;
use durably_proto::api::workflow::v1::VersioningOverride;

use crate::snapshot::message::counter;
use crate::versioning::{DeploymentVersion, RoutingTarget, Transition, Versioning};

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct VersioningMessage {
    #[prost(int32, tag = "1")]
    behavior: i32,
    #[prost(message, optional, tag = "2")]
    version: Option<WorkerDeploymentVersion>,
    #[prost(message, optional, tag = "3")]
    replaced_by: Option<VersioningOverride>,
    #[prost(message, optional, tag = "4")]
    transition: Option<TransitionMessage>,
    #[prost(int64, tag = "5")]
    revision: i64,
    #[prost(string, tag = "6")]
    deployment: String,
    #[prost(message, optional, tag = "7")]
    notified: Option<TargetMessage>,
    #[prost(message, optional, tag = "8")]
    declined: Option<TargetMessage>,
    #[prost(message, repeated, tag = "9")]
    used: Vec<WorkerDeploymentVersion>,
    #[prost(bool, tag = "10")]
    begins_on_ramping: bool,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct TransitionMessage {
    #[prost(message, optional, tag = "1")]
    to: Option<WorkerDeploymentVersion>,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct TargetMessage {
    #[prost(message, optional, tag = "1")]
    version: Option<WorkerDeploymentVersion>,
    #[prost(int64, tag = "2")]
    revision: i64,
}

impl VersioningMessage {
    /// None for a run without versions.
    pub(super) fn new(versioning: &Versioning) -> Option<Self> {
        if *versioning == Versioning::default() {
            return None;
        }
        let message =
            |version: &Option<DeploymentVersion>| version.as_ref().map(DeploymentVersion::to_proto);
        let target = |target: &Option<RoutingTarget>| {
            target.as_ref().map(|target| TargetMessage {
                version: message(&target.version),
                revision: target.revision,
            })
        };
        Some(Self {
            behavior: versioning.behavior.into(),
            version: message(&versioning.version),
            replaced_by: versioning.replaced_by.clone(),
            transition: versioning
                .transition
                .as_ref()
                .map(|transition| TransitionMessage {
                    to: message(&transition.to),
                }),
            revision: versioning.revision,
            deployment: versioning.deployment.clone(),
            notified: target(&versioning.notified),
            declined: target(&versioning.declined),
            used: versioning
                .used
                .iter()
                .map(DeploymentVersion::to_proto)
                .collect(),
            begins_on_ramping: versioning.begins_on_ramping,
        })
    }

    pub(super) fn restore(message: Option<Self>) -> Result<Versioning, String> {
        let Some(message) = message else {
            return Ok(Versioning::default());
        };
        let version =
            |version: Option<&WorkerDeploymentVersion>| DeploymentVersion::from_proto(version);
        let target = |target: Option<TargetMessage>| {
            target.map(|target| RoutingTarget {
                version: version(target.version.as_ref()),
                revision: target.revision,
            })
        };
        Ok(Versioning {
            behavior: VersioningBehavior::try_from(message.behavior)
                .map_err(|_| format!("its versioning {} is unknown", message.behavior))?,
            version: version(message.version.as_ref()),
            replaced_by: message.replaced_by,
            transition: message.transition.map(|transition| Transition {
                to: version(transition.to.as_ref()),
            }),
            revision: counter("the revision of its routing", message.revision, i64::MAX)?,
            deployment: message.deployment,
            notified: target(message.notified),
            declined: target(message.declined),
            used: message
                .used
                .iter()
                .filter_map(|used| version(Some(used)))
                .collect(),
            begins_on_ramping: message.begins_on_ramping,
        })
    }
}
