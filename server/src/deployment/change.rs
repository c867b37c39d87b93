//! Changes of deployments: a poll of a new version, another current or ramping version.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use durably_history::{DeploymentVersion, Time};
use durably_proto::wkt::Timestamp;

use super::{Deployment, Deployments, PolledQueue, QueueType, Version, limits};

/// What a change concerns: tasks that wait there may belong elsewhere now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Nothing,
    /// Workers of another version poll a task queue.
    Queue(QueuePolled),
    /// The routing of the task queues of a deployment, its versions or what is noted of it.
    Deployment(Arc<str>),
}

/// Workers of a deployment poll a task queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueuePolled {
    pub(crate) deployment: Arc<str>,
    pub(crate) ty: QueueType,
    pub(crate) queue: Arc<str>,
}

impl Change {
    /// The deployment that has changed.
    pub(crate) fn deployment(&self) -> Option<&Arc<str>> {
        match self {
            Self::Nothing => None,
            Self::Queue(polled) => Some(&polled.deployment),
            Self::Deployment(name) => Some(name),
        }
    }
}

/// Why a deployment cannot be described or changed; the real server's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChangeError {
    UnknownDeployment(String),
    UnknownBuild {
        deployment: String,
        build_id: String,
    },
    /// Another client has changed the routing meanwhile.
    Conflict,
    AlreadyCurrent(String),
    /// Workers of the version do not poll a task queue in which tasks wait for the current one.
    MissingQueues {
        version: DeploymentVersion,
        /// What the version was to become: current or ramping.
        r#use: &'static str,
    },
    TooManyDeployments,
    TooManyVersions(DeploymentVersion),
    TooManyQueues(String),
    TooManyVersionsOfQueue,
    /// Only the manager may change the deployment.
    OtherManager {
        manager: String,
        identity: String,
    },
    DeploymentExists(String),
    VersionExists(DeploymentVersion),
    /// A deployment with versions is not deleted.
    HasVersions,
    /// A version to which new work goes is not deleted.
    CurrentOrRamping(DeploymentVersion),
    /// A version to which open runs are pinned is not deleted.
    Draining(DeploymentVersion),
    /// A version whose workers poll is not deleted.
    HasPollers(DeploymentVersion),
}

/// A share of the new work.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ramp {
    /// Empty for workers outside of deployments.
    pub(crate) build_id: String,
    /// From 0 to 100.
    pub(crate) percentage: f32,
}

/// A client's request to change the routing of a deployment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoutingRequest<'a> {
    pub(crate) deployment: &'a str,
    /// If it is not empty, that of the routing which the client wants to change.
    pub(crate) conflict_token: &'a [u8],
    pub(crate) identity: &'a str,
    /// Whether a version that no worker has polled may be named.
    pub(crate) allows_no_pollers: bool,
    pub(crate) ignores_missing_queues: bool,
    pub(crate) now: Time,
}

/// How versions are used, which deployments do not know.
pub(crate) trait Usage {
    type Error: From<ChangeError>;

    /// Whether workers of the version poll.
    fn is_polled(&self, deployment: &Deployment, version: &Version) -> bool;

    /// Whether open runs are pinned to the version.
    fn has_pinned_runs(&self, version: &DeploymentVersion) -> Result<bool, Self::Error>;

    /// Whether tasks wait in a queue for workers of a version.
    fn has_backlog(&self, version: &DeploymentVersion, ty: QueueType, queue: &str) -> bool;
}

impl Deployments {
    /// Adds a task queue to a version, which is created if it is new.
    pub(crate) fn register<U: Usage>(
        &mut self,
        version: &DeploymentVersion,
        ty: QueueType,
        queue: &str,
        now: Time,
        usage: &U,
    ) -> Result<Change, U::Error> {
        if self.has(version, ty, queue) {
            return Ok(Change::Nothing);
        }
        let versions = self.all().flat_map(|deployment| &deployment.versions);
        let polling = versions.filter(|version| version.has(ty, queue));
        if polling.count() > limits::VERSIONS_OF_QUEUE {
            return Err(ChangeError::TooManyVersionsOfQueue.into());
        }
        self.create(version, now, usage)?;
        let deployment = self.changeable(&version.deployment)?;
        if let Some(version) = deployment.version_mut(&version.build_id) {
            if version.queue_names() >= limits::QUEUES {
                return Err(ChangeError::TooManyQueues(queue.to_owned()).into());
            }
            version.queues.push(PolledQueue {
                queue_type: ty.into(),
                name: queue.to_owned(),
            });
        }
        self.update_routings();
        Ok(Change::Queue(QueuePolled {
            deployment: Arc::clone(&version.deployment),
            ty,
            queue: queue.into(),
        }))
    }

    /// Creates a version, in place of the oldest unused one if there are too many.
    pub(super) fn create<U: Usage>(
        &mut self,
        version: &DeploymentVersion,
        now: Time,
        usage: &U,
    ) -> Result<(), U::Error> {
        let DeploymentVersion {
            deployment: name,
            build_id,
        } = version;
        let at: Timestamp = now.into();
        let present = self.by_name.get(name);
        if present.is_none() && self.by_name.len() >= limits::DEPLOYMENTS {
            return Err(ChangeError::TooManyDeployments.into());
        }
        if present.is_some_and(|present| present.version(build_id).is_some()) {
            return Ok(());
        }
        let deployment = self.by_name.entry(Arc::clone(name)).or_insert_with(|| {
            Arc::new(Deployment {
                name: name.to_string(),
                created_at: Some(at),
                ..Deployment::default()
            })
        });
        if deployment.versions.len() >= limits::VERSIONS {
            let unused = unused(deployment, usage)?;
            let unused = unused.ok_or_else(|| ChangeError::TooManyVersions(version.clone()))?;
            Arc::make_mut(deployment).versions.remove(unused);
        }
        Arc::make_mut(deployment).versions.push(Version {
            build_id: build_id.to_string(),
            created_at: Some(at),
            ..Version::default()
        });
        Ok(())
    }

    /// Sends new work to a build, or to workers outside of deployments if it is empty.
    pub(crate) fn set_current<U: Usage>(
        &mut self,
        build_id: &str,
        request: RoutingRequest<'_>,
        usage: &U,
    ) -> Result<Change, U::Error> {
        let version = request.version(build_id);
        self.prepare(version.as_ref(), request, usage)?;
        let deployment = self.find(request.deployment)?;
        let is_current = deployment.current == build_id;
        if is_current && deployment.last_modifier == request.identity {
            return Ok(Change::Nothing);
        }
        deployment.check(version.as_ref(), request)?;
        deployment.check_queues(build_id, "current", request, self, usage)?;
        if is_current {
            return Ok(self.confirm(request)?);
        }
        let order = self.next_order();
        let at: Timestamp = request.now.into();
        let deployment = self.changeable(request.deployment)?;
        let before = std::mem::replace(&mut deployment.current, build_id.to_owned());
        deployment.current_changed_at = Some(at);
        deployment.current_order = order;
        if deployment.ramping.as_deref() == Some(build_id) {
            deployment.end_ramp(at, order);
        }
        if let Some(before) = deployment.version_mut(&before) {
            before.current_since = None;
            before.deactivate(at);
        }
        if let Some(version) = deployment.version_mut(build_id) {
            version.current_since = Some(at);
            version.last_current_at = Some(at);
            version.activate(at);
        }
        Ok(self.changed(request)?)
    }

    /// Sends a share of the new work to a build; none ends the ramp.
    pub(crate) fn set_ramping<U: Usage>(
        &mut self,
        ramp: Option<Ramp>,
        request: RoutingRequest<'_>,
        usage: &U,
    ) -> Result<Change, U::Error> {
        let build_id = ramp.as_ref().map_or("", |ramp| ramp.build_id.as_str());
        let version = request.version(build_id);
        self.prepare(version.as_ref(), request, usage)?;
        let deployment = self.find(request.deployment)?;
        let before = deployment.ramping.as_ref().map(|build_id| Ramp {
            build_id: build_id.clone(),
            percentage: deployment.percentage,
        });
        let is_set = before == ramp;
        if is_set && deployment.last_modifier == request.identity {
            return Ok(Change::Nothing);
        }
        deployment.check(version.as_ref(), request)?;
        if let Some(ramp) = &ramp {
            deployment.check_ramp(ramp)?;
        }
        let is_new = deployment.ramping.as_deref() != Some(build_id);
        if is_new {
            deployment.check_queues(build_id, "ramping", request, self, usage)?;
        }
        if is_set {
            return Ok(self.confirm(request)?);
        }
        let order = self.next_order();
        let at: Timestamp = request.now.into();
        let deployment = self.changeable(request.deployment)?;
        if is_new || ramp.is_none() {
            deployment.end_ramp(at, order);
        }
        if let Some(Ramp {
            build_id,
            percentage,
        }) = ramp
        {
            if is_new {
                deployment.ramping_changed_at = Some(at);
            }
            if let Some(version) = deployment.version_mut(&build_id) {
                version.ramping_since.get_or_insert(at);
                version.activate(at);
            }
            deployment.ramping = Some(build_id);
            deployment.percentage = percentage;
            deployment.percentage_changed_at = Some(at);
            deployment.ramping_order = order;
        }
        Ok(self.changed(request)?)
    }

    /// Creates a version that no worker has polled, if the request allows it.
    fn prepare<U: Usage>(
        &mut self,
        version: Option<&DeploymentVersion>,
        request: RoutingRequest<'_>,
        usage: &U,
    ) -> Result<(), U::Error> {
        match version.filter(|_| request.allows_no_pollers) {
            Some(version) => self.create(version, request.now, usage),
            None => Ok(()),
        }
    }

    pub(super) fn changeable(&mut self, name: &str) -> Result<&mut Deployment, ChangeError> {
        let missing = || ChangeError::UnknownDeployment(name.to_owned());
        let deployment = self.by_name.get_mut(name).ok_or_else(missing)?;
        Ok(Arc::make_mut(deployment))
    }

    /// The number of the next change of a routing.
    fn next_order(&self) -> i64 {
        let orders = self.all().map(|it| it.current_order.max(it.ramping_order));
        orders.max().unwrap_or_default() + 1
    }

    /// Makes the client the last that has changed the routing, which stays.
    fn confirm(&mut self, request: RoutingRequest<'_>) -> Result<Change, ChangeError> {
        let deployment = self.changeable(request.deployment)?;
        deployment.confirmations += 1;
        request.identity.clone_into(&mut deployment.last_modifier);
        Ok(Change::Deployment(request.deployment.into()))
    }

    fn changed(&mut self, request: RoutingRequest<'_>) -> Result<Change, ChangeError> {
        let deployment = self.changeable(request.deployment)?;
        deployment.revision += 1;
        request.identity.clone_into(&mut deployment.last_modifier);
        self.update_routings();
        Ok(Change::Deployment(request.deployment.into()))
    }
}

impl RoutingRequest<'_> {
    /// The version of a build; none for workers outside of deployments.
    fn version(&self, build_id: &str) -> Option<DeploymentVersion> {
        (!build_id.is_empty()).then(|| DeploymentVersion {
            deployment: self.deployment.into(),
            build_id: build_id.into(),
        })
    }
}

/// The oldest version that is not used.
fn unused<U: Usage>(deployment: &Deployment, usage: &U) -> Result<Option<usize>, U::Error> {
    for (place, version) in deployment.versions.iter().enumerate() {
        if deployment.routes_to(&version.build_id) || usage.is_polled(deployment, version) {
            continue;
        }
        if !usage.has_pinned_runs(&deployment.named(&version.build_id))? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

impl Deployment {
    fn check(
        &self,
        version: Option<&DeploymentVersion>,
        request: RoutingRequest<'_>,
    ) -> Result<(), ChangeError> {
        self.check_token(request.conflict_token)?;
        if let Some(version) = version {
            self.check_build(&version.build_id)?;
        }
        self.check_manager(request.identity)
    }

    pub(super) fn check_token(&self, token: &[u8]) -> Result<(), ChangeError> {
        match token.is_empty() || token == self.conflict_token() {
            true => Ok(()),
            false => Err(ChangeError::Conflict),
        }
    }

    pub(super) fn check_build(&self, build_id: &str) -> Result<&Version, ChangeError> {
        self.version(build_id)
            .ok_or_else(|| ChangeError::UnknownBuild {
                deployment: self.name.clone(),
                build_id: build_id.to_owned(),
            })
    }

    pub(super) fn check_manager(&self, identity: &str) -> Result<(), ChangeError> {
        match self.manager.is_empty() || self.manager == identity {
            true => Ok(()),
            false => Err(ChangeError::OtherManager {
                manager: self.manager.clone(),
                identity: identity.to_owned(),
            }),
        }
    }

    /// A share of the work does not go where all of it goes. Workers outside of deployments may get none
    /// of it.
    fn check_ramp(&self, ramp: &Ramp) -> Result<(), ChangeError> {
        let is_nothing = ramp.build_id.is_empty() && ramp.percentage == 0.0;
        if self.current != ramp.build_id || is_nothing {
            return Ok(());
        }
        Err(ChangeError::AlreadyCurrent(match ramp.build_id.as_str() {
            "" => "__unversioned__".to_owned(),
            build_id => format!("{}.{build_id}", self.name),
        }))
    }

    /// Checks that workers of the proposed version poll each task queue of the current one in which
    /// tasks wait, which would go to workers outside of deployments, unless another deployment has taken
    /// the queue over.
    fn check_queues<U: Usage>(
        &self,
        proposed: &str,
        r#use: &'static str,
        request: RoutingRequest<'_>,
        deployments: &Deployments,
        usage: &U,
    ) -> Result<(), ChangeError> {
        let (current, next) = (self.version(&self.current), self.version(proposed));
        let (Some(current), Some(next), Some(proposed), Some(version), false) = (
            current,
            next,
            request.version(proposed),
            request.version(&self.current),
            request.ignores_missing_queues,
        ) else {
            return Ok(());
        };
        let is_missing = current.queues.iter().any(|queue| {
            let (ty, name) = (queue.queue_type(), &queue.name);
            let routing = deployments.routing(ty, name);
            !next.has(ty, name)
                && routing.is_some_and(|it| it.current.version.as_ref() == Some(&version))
                && usage.has_backlog(&version, ty, name)
        });
        match is_missing {
            false => Ok(()),
            true => Err(ChangeError::MissingQueues {
                version: proposed,
                r#use,
            }),
        }
    }

    fn end_ramp(&mut self, at: Timestamp, order: i64) {
        let Some(before) = self.ramping.take() else {
            return;
        };
        self.percentage = 0.0;
        self.ramping_changed_at = Some(at);
        self.percentage_changed_at = Some(at);
        self.ramping_order = order;
        let is_current = self.current == before;
        if let Some(before) = self.version_mut(&before) {
            before.ramping_since = None;
            if !is_current {
                before.deactivate(at);
            }
        }
    }
}

impl Version {
    fn queue_names(&self) -> usize {
        let names = self.queues.iter().map(|queue| queue.name.as_str());
        names.collect::<BTreeSet<_>>().len()
    }

    fn activate(&mut self, at: Timestamp) {
        self.first_activated_at.get_or_insert(at);
        self.deactivated_at = None;
        self.routing_changed_at = Some(at);
    }

    fn deactivate(&mut self, at: Timestamp) {
        self.deactivated_at = Some(at);
        self.routing_changed_at = Some(at);
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownDeployment(name) => write!(
                f,
                "no Worker Deployment found with name '{name}'; does your Worker Deployment have pollers?"
            ),
            Self::UnknownBuild {
                deployment,
                build_id,
            } => write!(
                f,
                "build ID '{build_id}' not found in Worker Deployment '{deployment}'"
            ),
            Self::Conflict => f.write_str("conflict token mismatch"),
            Self::AlreadyCurrent(version) => {
                write!(f, "requested ramping version {version} is already current")
            }
            Self::MissingQueues { version, r#use } => write!(
                f,
                "proposed {use} version '{version}' is missing active task queues from the current version; these would become unversioned if it is set as the {use} version"
            ),
            Self::TooManyDeployments => write!(
                f,
                "reached maximum deployments in namespace ({})",
                limits::DEPLOYMENTS
            ),
            Self::TooManyVersions(version) => write!(
                f,
                "cannot add version {} since maximum number of versions ({}) have been registered in the deployment",
                version.older_text(),
                limits::VERSIONS
            ),
            Self::TooManyQueues(queue) => write!(
                f,
                "cannot add task queue {queue} since maximum number of task queues ({}) have been registered in deployment",
                limits::QUEUES
            ),
            Self::TooManyVersionsOfQueue => write!(
                f,
                "exceeding maximum number of Deployment Versions in this task queue (limit = {})",
                limits::VERSIONS_OF_QUEUE
            ),
            Self::OtherManager { manager, identity } => write!(
                f,
                "ManagerIdentity '{manager}' is set and does not match user identity '{identity}'; to proceed, set your own identity as the ManagerIdentity, remove the ManagerIdentity, or wait for the other client to do so"
            ),
            Self::DeploymentExists(name) => {
                write!(f, "Worker Deployment with name {name:?} already exists")
            }
            Self::VersionExists(version) => {
                let text = version.older_text();
                write!(f, "Worker Deployment Version {text:?} already exists")
            }
            Self::HasVersions => f.write_str("deployment has versions, can't be deleted"),
            Self::CurrentOrRamping(version) => write!(
                f,
                "version '{version}' cannot be deleted since it is current or ramping"
            ),
            Self::Draining(version) => {
                write!(
                    f,
                    "version '{version}' cannot be deleted since it is draining"
                )
            }
            Self::HasPollers(version) => write!(
                f,
                "version '{version}' cannot be deleted since it has active pollers"
            ),
        }
    }
}
