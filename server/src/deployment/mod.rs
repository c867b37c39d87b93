//! Worker deployments of a namespace: their versions, which task queues the workers of each poll,
//! and which version new work goes to.
//!
//! A version is created by the first poll of its workers, or by a change that allows a version without
//! pollers, and has a task queue from the first poll
//! there. New work of a task queue goes to the current version of a deployment that has the queue,
//! of several to the one that was made current last.

mod change;
mod limits;
mod management;
mod routing;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use durably_history::{DeploymentVersion, Time};
use durably_proto::api::common::v1::Payload;
use durably_proto::wkt::Timestamp;

pub(crate) use self::change::{Change, ChangeError, Ramp, RoutingRequest, Usage};
pub(crate) use self::management::{Creation, Deletion, MetadataChange};
use self::routing::Routings;
pub(crate) use self::routing::{QueueType, Routing};

/// The deployments of a namespace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deployments {
    by_name: BTreeMap<Arc<str>, Arc<Deployment>>,
    /// Where new work of each task queue goes; follows from the deployments.
    routings: Arc<Routings>,
}

/// A deployment, as it is stored. Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Deployment {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) created_at: Option<Timestamp>,
    /// The latest last.
    #[prost(message, repeated, tag = "3")]
    pub(crate) versions: Vec<Version>,
    /// The build to which new work goes; empty for workers outside of deployments.
    #[prost(string, tag = "4")]
    pub(crate) current: String,
    #[prost(message, optional, tag = "5")]
    pub(crate) current_changed_at: Option<Timestamp>,
    /// The build to which a share of the new work goes, or empty for workers outside of deployments.
    #[prost(string, optional, tag = "6")]
    pub(crate) ramping: Option<String>,
    /// The share, from 0 to 100.
    #[prost(float, tag = "7")]
    pub(crate) percentage: f32,
    #[prost(message, optional, tag = "8")]
    pub(crate) ramping_changed_at: Option<Timestamp>,
    #[prost(message, optional, tag = "9")]
    pub(crate) percentage_changed_at: Option<Timestamp>,
    /// How often the routing was changed.
    #[prost(int64, tag = "10")]
    pub(crate) revision: i64,
    /// Identity of the client that changed the deployment last.
    #[prost(string, tag = "11")]
    pub(crate) last_modifier: String,
    /// How often a client set the manager, or set what was set already, which makes it the last modifier.
    #[prost(int64, tag = "12")]
    pub(crate) confirmations: i64,
    /// Number of the change of the current version among those of all deployments of the namespace: two
    /// may be made at the same time of a clock that stands still.
    #[prost(int64, tag = "13")]
    pub(crate) current_order: i64,
    /// As above, of the ramp.
    #[prost(int64, tag = "14")]
    pub(crate) ramping_order: i64,
    /// Identity of the only client that may change the routing and delete versions; empty if all may.
    #[prost(string, tag = "15")]
    pub(crate) manager: String,
    /// Id of the request that created it; empty if a poll did.
    #[prost(string, tag = "16")]
    pub(crate) create_request: String,
}

/// A version, as it is stored. Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Version {
    #[prost(string, tag = "1")]
    pub(crate) build_id: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) created_at: Option<Timestamp>,
    /// The task queues that its workers have polled.
    #[prost(message, repeated, tag = "3")]
    pub(crate) queues: Vec<PolledQueue>,
    #[prost(message, optional, tag = "4")]
    pub(crate) current_since: Option<Timestamp>,
    #[prost(message, optional, tag = "5")]
    pub(crate) ramping_since: Option<Timestamp>,
    #[prost(message, optional, tag = "6")]
    pub(crate) routing_changed_at: Option<Timestamp>,
    #[prost(message, optional, tag = "7")]
    pub(crate) first_activated_at: Option<Timestamp>,
    #[prost(message, optional, tag = "8")]
    pub(crate) last_current_at: Option<Timestamp>,
    #[prost(message, optional, tag = "9")]
    pub(crate) deactivated_at: Option<Timestamp>,
    /// Notes of clients, by name.
    #[prost(btree_map = "string, message", tag = "10")]
    pub(crate) metadata: BTreeMap<String, Payload>,
    /// Identity of the client that changed the notes last, or created the version.
    #[prost(string, tag = "11")]
    pub(crate) last_modifier: String,
    /// Id of the request that created it; empty if a poll or a change of the routing did.
    #[prost(string, tag = "12")]
    pub(crate) create_request: String,
}

/// A task queue that workers of a version have polled. Field numbers are stable.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct PolledQueue {
    #[prost(enumeration = "QueueType", tag = "1")]
    pub(crate) queue_type: i32,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
}

impl Deployments {
    /// Those that a store has.
    pub(crate) fn stored(deployments: Vec<Arc<Deployment>>) -> Self {
        let mut stored = Self {
            by_name: deployments
                .into_iter()
                .map(|deployment| (deployment.name.as_str().into(), deployment))
                .collect(),
            routings: Arc::default(),
        };
        stored.update_routings();
        stored
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Deployment>> {
        self.by_name.values()
    }

    pub(crate) fn find(&self, name: &str) -> Result<&Arc<Deployment>, ChangeError> {
        let missing = || ChangeError::UnknownDeployment(name.to_owned());
        self.by_name.get(name).ok_or_else(missing)
    }

    /// Whether workers of the version have polled the queue.
    pub(crate) fn has(&self, version: &DeploymentVersion, ty: QueueType, queue: &str) -> bool {
        let deployment = self.by_name.get(&version.deployment);
        let version = deployment.and_then(|it| it.version(&version.build_id));
        version.is_some_and(|version| version.has(ty, queue))
    }
}

impl Deployment {
    /// Whether workers of one of the versions have polled the queue.
    pub(crate) fn polls(&self, ty: QueueType, queue: &str) -> bool {
        self.versions.iter().any(|version| version.has(ty, queue))
    }

    /// The version of a build.
    pub(crate) fn named(&self, build_id: &str) -> DeploymentVersion {
        DeploymentVersion {
            deployment: self.name.as_str().into(),
            build_id: build_id.into(),
        }
    }

    /// Whether new work goes to a build, all or a share.
    pub(crate) fn routes_to(&self, build_id: &str) -> bool {
        self.current == build_id || self.ramping.as_deref() == Some(build_id)
    }

    pub(crate) fn version(&self, build_id: &str) -> Option<&Version> {
        self.versions.iter().find(|it| it.build_id == build_id)
    }

    fn version_mut(&mut self, build_id: &str) -> Option<&mut Version> {
        self.versions.iter_mut().find(|it| it.build_id == build_id)
    }

    /// Lets a client change the routing only if nobody else has changed it meanwhile.
    pub(crate) fn conflict_token(&self) -> Vec<u8> {
        let created_at = unix_nanos(self.created_at);
        let changes = self.revision + self.confirmations;
        [created_at.to_be_bytes(), changes.to_be_bytes()].concat()
    }
}

impl Version {
    pub(crate) fn has(&self, ty: QueueType, queue: &str) -> bool {
        let mut queues = self.queues.iter();
        queues.any(|it| it.queue_type() == ty && it.name == queue)
    }
}

fn unix_nanos(time: Option<Timestamp>) -> i64 {
    time.map_or(0, |time| Time::from(time).as_unix_nanos())
}
