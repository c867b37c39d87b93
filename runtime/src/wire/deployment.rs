//! Worker deployments: which version of a program a worker runs, and which versions a run accepts.

use std::fmt;

use durably_engine::WorkerVersion;
use durably_proto::api::{
    deployment::v1 as pb,
    enums::v1::{VersioningBehavior, WorkerVersioningMode},
    workflow::v1::{
        self as workflow, WorkflowExecutionVersioningInfo,
        versioning_override::{Override, PinnedOverride, PinnedOverrideBehavior},
    },
};
use serde::Deserialize;

use crate::text::Text;

/// Which versions of a worker run a workflow once it has started.
///
/// Declared with the workflow, `#[workflow(versioning = "pinned")]`, or as the
/// [default of a worker](crate::Worker::default_versioning).
///
/// ```
/// use durably::{prelude::*, worker::Versioning, workflow::Workflow};
///
/// # #[derive(Default)]
/// # struct Order;
/// #[workflow(versioning = "pinned")]
/// impl Order {
///     #[run]
///     async fn run(&mut self) -> u32 {
///         1
///     }
/// }
///
/// assert_eq!(Order::VERSIONING, Some(Versioning::Pinned));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Versioning {
    /// The version that ran the first workflow task runs all of them.
    Pinned,
    /// Each next workflow task goes to the current version, or to the ramping one.
    AutoUpgrade,
}

/// A version of a worker deployment: the deployment's name, and the id of a build.
///
/// Its text is `deployment:build`, as the Temporal CLI and UI show it.
///
/// ```
/// use durably::worker::DeploymentVersion;
///
/// let version = DeploymentVersion::of("orders").build("1.4.2");
/// assert_eq!(version.deployment, "orders");
/// assert_eq!(version.to_string(), "orders:1.4.2");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeploymentVersion {
    /// The name of the deployment.
    pub deployment: String,
    /// The id of the build, which is unique in the deployment.
    pub build_id: String,
}

impl DeploymentVersion {
    /// A version of the deployment of this name, once [`build`](DeploymentBuild::build) names it.
    ///
    /// ```
    /// # use durably::worker::DeploymentVersion;
    /// let version = DeploymentVersion::of("orders").build("1.4.2");
    /// ```
    pub fn of(deployment: impl Text) -> DeploymentBuild {
        DeploymentBuild {
            deployment: deployment.into_text(),
        }
    }

    pub(crate) fn into_proto(self) -> pb::WorkerDeploymentVersion {
        pb::WorkerDeploymentVersion {
            deployment_name: self.deployment,
            build_id: self.build_id,
        }
    }

    /// `None` for no version.
    pub(crate) fn from_proto(version: Option<pb::WorkerDeploymentVersion>) -> Option<Self> {
        let version = version.filter(|version| !version.build_id.is_empty())?;
        Some(Self {
            deployment: version.deployment_name,
            build_id: version.build_id,
        })
    }
}

impl fmt::Display for DeploymentVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.deployment, self.build_id)
    }
}

/// A [`DeploymentVersion`] without its build.
///
/// ```
/// # use durably::worker::DeploymentVersion;
/// let orders = DeploymentVersion::of("orders");
/// assert_eq!(orders.build("2").to_string(), "orders:2");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a version has a build: `.build(..)`"]
pub struct DeploymentBuild {
    deployment: String,
}

impl DeploymentBuild {
    /// Names the build.
    ///
    /// ```
    /// # use durably::worker::DeploymentVersion;
    /// assert_eq!(DeploymentVersion::of("orders").build("2").build_id, "2");
    /// ```
    pub fn build(self, build_id: impl Text) -> DeploymentVersion {
        DeploymentVersion {
            deployment: self.deployment,
            build_id: build_id.into_text(),
        }
    }
}

/// Replaces the versioning that a workflow declares, for one run.
///
/// ```no_run
/// use durably::{client::VersioningOverride, prelude::*, worker::DeploymentVersion};
///
/// # async fn example(client: Client) -> Result<()> {
/// // The new version gets one order before it is made current.
/// let next = DeploymentVersion::of("orders").build("1.5.0");
/// let trial = client.start("Order", (7,)).task_queue("orders");
/// trial.versioning_override(VersioningOverride::Pinned(next)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersioningOverride {
    /// This version runs all of it, whichever is current.
    Pinned(DeploymentVersion),
    /// Each next workflow task goes to the current version, or to the ramping one.
    AutoUpgrade,
}

impl VersioningOverride {
    pub(super) fn into_proto(self) -> workflow::VersioningOverride {
        let instead = match self {
            Self::Pinned(version) => Override::Pinned(PinnedOverride {
                behavior: PinnedOverrideBehavior::Pinned.into(),
                version: Some(version.into_proto()),
            }),
            Self::AutoUpgrade => Override::AutoUpgrade(true),
        };
        workflow::VersioningOverride {
            r#override: Some(instead),
            ..Default::default()
        }
    }

    fn from_proto(message: workflow::VersioningOverride) -> Option<Self> {
        match message.r#override? {
            Override::Pinned(pinned) => {
                DeploymentVersion::from_proto(pinned.version).map(Self::Pinned)
            }
            Override::AutoUpgrade(upgrades) => upgrades.then_some(Self::AutoUpgrade),
            Override::OneTime(_) => None,
        }
    }
}

/// The version that runs a workflow, and which others may.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let order = client.handle("order-1").describe().await?;
/// if let Some(version) = &order.versioning.version {
///     println!("runs on {version}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunVersioning {
    /// The version that completed its last workflow task, or that it inherited; none on workers
    /// outside of deployments.
    pub version: Option<DeploymentVersion>,
    /// The versioning that this version declares for it.
    pub versioning: Option<Versioning>,
    /// What replaces that.
    pub replaced_by: Option<VersioningOverride>,
}

impl RunVersioning {
    pub(super) fn from_proto(message: Option<WorkflowExecutionVersioningInfo>) -> Self {
        let Some(message) = message else {
            return Self::default();
        };
        Self {
            versioning: Versioning::from_proto(message.behavior()),
            version: DeploymentVersion::from_proto(message.deployment_version),
            replaced_by: message
                .versioning_override
                .and_then(VersioningOverride::from_proto),
        }
    }
}

/// The build that a worker runs.
#[derive(Clone, Debug)]
pub(crate) enum WorkerBuild {
    /// Part of a deployment: the server routes tasks by version.
    Versioned(DeploymentVersion),
    /// A build id that is shown, and routes nothing.
    Unversioned(String),
}

impl WorkerBuild {
    /// The version as workflow code reads it.
    pub(crate) fn version(&self) -> WorkerVersion {
        match self {
            Self::Versioned(version) => WorkerVersion {
                deployment: version.deployment.clone(),
                build_id: version.build_id.clone(),
            },
            Self::Unversioned(build_id) => WorkerVersion {
                deployment: String::new(),
                build_id: build_id.clone(),
            },
        }
    }

    pub(super) fn into_proto(self) -> pb::WorkerDeploymentOptions {
        let (version, mode) = match self {
            Self::Versioned(version) => (version, WorkerVersioningMode::Versioned),
            Self::Unversioned(build_id) => {
                let version = DeploymentVersion::of("").build(build_id);
                (version, WorkerVersioningMode::Unversioned)
            }
        };
        pb::WorkerDeploymentOptions {
            deployment_name: version.deployment,
            build_id: version.build_id,
            worker_versioning_mode: mode.into(),
        }
    }
}

impl Versioning {
    pub(super) const fn into_proto(self) -> VersioningBehavior {
        match self {
            Self::Pinned => VersioningBehavior::Pinned,
            Self::AutoUpgrade => VersioningBehavior::AutoUpgrade,
        }
    }

    /// `None` for a run that no versioned worker has run.
    pub(super) fn from_proto(behavior: VersioningBehavior) -> Option<Self> {
        match behavior {
            VersioningBehavior::Unspecified => None,
            VersioningBehavior::Pinned => Some(Self::Pinned),
            VersioningBehavior::AutoUpgrade => Some(Self::AutoUpgrade),
        }
    }
}
