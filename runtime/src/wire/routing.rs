//! Routing of new work to the versions of a worker deployment, and its description.

use std::time::SystemTime;

use durably_proto::api::{
    deployment::v1::{
        RoutingConfig, WorkerDeploymentInfo, worker_deployment_info::WorkerDeploymentVersionSummary,
    },
    enums::v1::WorkerDeploymentVersionStatus,
    workflowservice::v1::{self as pb, list_worker_deployments_response::WorkerDeploymentSummary},
};

use super::{
    WireError,
    deployment::DeploymentVersion,
    request::{Request, Sender},
    time::instant,
};

/// The use of one version of a worker deployment.
///
/// ```no_run
/// # use durably::prelude::*;
/// use durably::client::VersionStatus;
///
/// # async fn example(client: Client) -> Result<()> {
/// let orders = client.deployment("orders").describe().await?;
/// let is_done = |status| status == VersionStatus::Drained;
/// for version in orders.versions.iter().filter(|it| is_done(it.status)) {
///     println!("no workflow runs on {} any more", version.version);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionStatus {
    /// Its workers poll; it has never been current or ramping.
    Inactive,
    /// New workflows start on it.
    Current,
    /// A share of the new workflows start on it.
    Ramping,
    /// No new workflows start on it, and some that are pinned to it run.
    Draining,
    /// No new workflows start on it, and none that is pinned to it runs.
    Drained,
    /// No worker of it has polled.
    Created,
    /// A state this version of the client does not know.
    Unknown,
}

impl VersionStatus {
    pub(super) fn from_proto(status: i32) -> Self {
        match WorkerDeploymentVersionStatus::try_from(status) {
            Ok(WorkerDeploymentVersionStatus::Inactive) => Self::Inactive,
            Ok(WorkerDeploymentVersionStatus::Current) => Self::Current,
            Ok(WorkerDeploymentVersionStatus::Ramping) => Self::Ramping,
            Ok(WorkerDeploymentVersionStatus::Draining) => Self::Draining,
            Ok(WorkerDeploymentVersionStatus::Drained) => Self::Drained,
            Ok(WorkerDeploymentVersionStatus::Created) => Self::Created,
            Ok(WorkerDeploymentVersionStatus::Unspecified) | Err(_) => Self::Unknown,
        }
    }
}

/// One version of a worker deployment.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// for version in client.deployment("orders").describe().await?.versions {
///     println!("{} is {:?}", version.version, version.status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VersionSummary {
    /// Its names.
    pub version: DeploymentVersion,
    /// Its use.
    pub status: VersionStatus,
    /// When its first worker polled.
    pub create_time: Option<SystemTime>,
}

/// A worker deployment: which version new work goes to.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let orders = client.deployment("orders").describe().await?;
/// match orders.current {
///     Some(version) => println!("new orders start on {version}"),
///     None => println!("new orders start on workers outside of deployments"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeploymentDescription {
    /// The name of the deployment.
    pub name: String,
    /// The version on which new workflows start; none for workers outside of deployments.
    pub current: Option<DeploymentVersion>,
    /// The ramp: a share of the new workflows starts on another version, or on unversioned workers.
    pub ramping: Option<Ramp>,
    /// When its first worker polled.
    pub create_time: Option<SystemTime>,
    /// The identity of the only client that may change the routing and delete versions; none if all may. A list has
    /// none.
    pub manager: Option<String>,
    /// Its versions, the latest first. A list shows the current, the ramping and the latest one.
    pub versions: Vec<VersionSummary>,
}

/// A share of the new workflows, and where it starts.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// if let Some(ramp) = client.deployment("orders").describe().await?.ramping {
///     println!("{} % of the new orders start on {:?}", ramp.percent, ramp.version);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Ramp {
    /// The version on which it starts; none for workers outside of deployments.
    pub version: Option<DeploymentVersion>,
    /// The share of the new workflows, from 0 to 100.
    pub percent: f32,
}

/// Makes a version the current one.
#[derive(Debug)]
pub(crate) struct SetCurrentVersion {
    pub(crate) deployment: String,
    /// Empty for workers outside of deployments.
    pub(crate) build_id: String,
}

impl Request for SetCurrentVersion {
    type Message = pb::SetWorkerDeploymentCurrentVersionRequest;
    type Reply = pb::SetWorkerDeploymentCurrentVersionResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::SetWorkerDeploymentCurrentVersionRequest {
            namespace: sender.namespace(),
            deployment_name: self.deployment,
            build_id: self.build_id,
            identity: sender.identity(),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

/// Gives a version a share of the new workflows.
#[derive(Debug)]
pub(crate) struct SetRampingVersion {
    pub(crate) deployment: String,
    /// Empty, with a share of zero, for none.
    pub(crate) build_id: String,
    pub(crate) percent: f32,
}

impl Request for SetRampingVersion {
    type Message = pb::SetWorkerDeploymentRampingVersionRequest;
    type Reply = pb::SetWorkerDeploymentRampingVersionResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::SetWorkerDeploymentRampingVersionRequest {
            namespace: sender.namespace(),
            deployment_name: self.deployment,
            build_id: self.build_id,
            percentage: self.percent,
            identity: sender.identity(),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

/// Describes a deployment.
#[derive(Debug)]
pub(crate) struct DescribeDeployment {
    pub(crate) deployment: String,
}

impl Request for DescribeDeployment {
    type Message = pb::DescribeWorkerDeploymentRequest;
    type Reply = pb::DescribeWorkerDeploymentResponse;
    type Response = DeploymentDescription;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DescribeWorkerDeploymentRequest {
            namespace: sender.namespace(),
            deployment_name: self.deployment,
        }
    }

    fn read(reply: Self::Reply) -> Result<DeploymentDescription, WireError> {
        const PLACE: &str = "description of a worker deployment";
        let info = reply
            .worker_deployment_info
            .ok_or_else(|| WireError::missing(PLACE, "worker_deployment_info"))?;
        let WorkerDeploymentInfo {
            name,
            version_summaries,
            create_time,
            routing_config,
            manager_identity,
            ..
        } = info;
        let create_time = create_time.and_then(instant);
        let versions = version_summaries.into_iter();
        Ok(DeploymentDescription {
            manager: Some(manager_identity).filter(|manager| !manager.is_empty()),
            ..description(name, create_time, routing_config, versions)
        })
    }
}

/// Lists deployments.
#[derive(Debug)]
pub(crate) struct ListDeployments {
    pub(crate) page_token: Vec<u8>,
}

/// A page of deployments.
#[derive(Debug)]
pub(crate) struct DeploymentPage {
    pub(crate) deployments: Vec<DeploymentDescription>,
    /// Empty on the last page.
    pub(crate) next: Vec<u8>,
}

impl Request for ListDeployments {
    type Message = pb::ListWorkerDeploymentsRequest;
    type Reply = pb::ListWorkerDeploymentsResponse;
    type Response = DeploymentPage;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::ListWorkerDeploymentsRequest {
            namespace: sender.namespace(),
            next_page_token: self.page_token,
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<DeploymentPage, WireError> {
        let listed = |summary: WorkerDeploymentSummary| {
            let versions = [
                summary.latest_version_summary,
                summary.current_version_summary,
                summary.ramping_version_summary,
            ];
            let mut versions: Vec<_> = versions.into_iter().flatten().collect();
            let mut seen = Vec::new();
            versions.retain(|version| {
                let is_new = !seen.contains(&version.deployment_version);
                seen.push(version.deployment_version.clone());
                is_new
            });
            description(
                summary.name,
                summary.create_time.and_then(instant),
                summary.routing_config,
                versions.into_iter(),
            )
        };
        Ok(DeploymentPage {
            deployments: reply.worker_deployments.into_iter().map(listed).collect(),
            next: reply.next_page_token,
        })
    }
}

fn description(
    name: String,
    create_time: Option<SystemTime>,
    routing: Option<RoutingConfig>,
    versions: impl Iterator<Item = WorkerDeploymentVersionSummary>,
) -> DeploymentDescription {
    let routing = routing.unwrap_or_default();
    #[expect(deprecated, reason = "only this field tells such a ramp from none")]
    let ramps_outside = routing.ramping_version == OUTSIDE;
    let ramping = DeploymentVersion::from_proto(routing.ramping_deployment_version);
    DeploymentDescription {
        name,
        current: DeploymentVersion::from_proto(routing.current_deployment_version),
        ramping: (ramping.is_some() || ramps_outside).then_some(Ramp {
            version: ramping,
            percent: routing.ramping_version_percentage,
        }),
        create_time,
        manager: None,
        versions: versions.filter_map(version_summary).collect(),
    }
}

/// Workers outside of deployments, as the server names them.
const OUTSIDE: &str = "__unversioned__";

fn version_summary(summary: WorkerDeploymentVersionSummary) -> Option<VersionSummary> {
    Some(VersionSummary {
        status: VersionStatus::from_proto(summary.status),
        create_time: summary.create_time.and_then(instant),
        version: DeploymentVersion::from_proto(summary.deployment_version)?,
    })
}
