//! Changes of deployments: a poll of a new version, another current or ramping version.

use std::fmt;

use durably_history::{DeploymentVersion, Time};
use durably_proto::wkt::Timestamp;

use super::routing::Routings;
use super::{Deployment, Deployments, PolledQueue, QueueType, Version};

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
}

/// A share of the new work.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ramp {
    /// Empty for workers outside of deployments.
    pub(crate) build_id: String,
    /// From 0 to 100.
    pub(crate) percentage: f32,
}

impl Deployments {
    /// Adds a task queue to a version, which is created if it is new; returns false if nothing is
    /// new.
    pub(crate) fn register(
        &mut self,
        version: &DeploymentVersion,
        ty: QueueType,
        queue: &str,
        now: Time,
    ) -> bool {
        if self.has(version, ty, queue) {
            return false;
        }
        let at: Timestamp = now.into();
        let deployment = self.by_name.entry(version.deployment.clone());
        let deployment = deployment.or_insert_with(|| Deployment {
            name: version.deployment.to_string(),
            created_at: Some(at),
            ..Deployment::default()
        });
        if deployment.version(&version.build_id).is_none() {
            deployment.versions.push(Version {
                build_id: version.build_id.to_string(),
                created_at: Some(at),
                ..Version::default()
            });
        }
        if let Some(version) = deployment.version_mut(&version.build_id) {
            version.queues.push(PolledQueue {
                queue_type: ty.into(),
                name: queue.to_owned(),
            });
        }
        self.routings = Routings::of(self.by_name.values());
        true
    }

    /// Sends new work to a build, or to workers outside of deployments if it is empty.
    pub(crate) fn set_current(
        &mut self,
        name: &str,
        build_id: &str,
        conflict_token: &[u8],
        identity: &str,
        now: Time,
    ) -> Result<(), ChangeError> {
        let at: Timestamp = now.into();
        let deployment = self.changeable(name, build_id, conflict_token)?;
        if deployment.current == build_id && deployment.current_changed_at.is_some() {
            return Ok(());
        }
        let before = std::mem::replace(&mut deployment.current, build_id.to_owned());
        deployment.current_changed_at = Some(at);
        if deployment.ramping.as_deref() == Some(build_id) {
            deployment.end_ramp(at);
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
        self.changed(name, identity);
        Ok(())
    }

    /// Sends a share of the new work to a build; none ends the ramp.
    pub(crate) fn set_ramping(
        &mut self,
        name: &str,
        ramp: Option<Ramp>,
        conflict_token: &[u8],
        identity: &str,
        now: Time,
    ) -> Result<(), ChangeError> {
        let at: Timestamp = now.into();
        let build_id = ramp.as_ref().map_or("", |ramp| ramp.build_id.as_str());
        let deployment = self.changeable(name, build_id, conflict_token)?;
        let Some(Ramp {
            build_id,
            percentage,
        }) = ramp
        else {
            if deployment.ramping.is_some() {
                deployment.end_ramp(at);
                self.changed(name, identity);
            }
            return Ok(());
        };
        if deployment.current == build_id {
            let shown = match build_id.as_str() {
                "" => "__unversioned__".to_owned(),
                _ => format!("{name}.{build_id}"),
            };
            return Err(ChangeError::AlreadyCurrent(shown));
        }
        let is_new = deployment.ramping.as_deref() != Some(&build_id);
        if !is_new && deployment.percentage.to_bits() == percentage.to_bits() {
            return Ok(());
        }
        if is_new {
            deployment.end_ramp(at);
            deployment.ramping_changed_at = Some(at);
        }
        if let Some(version) = deployment.version_mut(&build_id) {
            version.ramping_since.get_or_insert(at);
            version.activate(at);
        }
        deployment.ramping = Some(build_id);
        deployment.percentage = percentage;
        deployment.percentage_changed_at = Some(at);
        self.changed(name, identity);
        Ok(())
    }

    fn changeable(
        &mut self,
        name: &str,
        build_id: &str,
        conflict_token: &[u8],
    ) -> Result<&mut Deployment, ChangeError> {
        let Some(deployment) = self.by_name.get_mut(name) else {
            return Err(ChangeError::UnknownDeployment(name.to_owned()));
        };
        if !conflict_token.is_empty() && conflict_token != deployment.conflict_token() {
            return Err(ChangeError::Conflict);
        }
        if !build_id.is_empty() && deployment.version(build_id).is_none() {
            return Err(ChangeError::UnknownBuild {
                deployment: name.to_owned(),
                build_id: build_id.to_owned(),
            });
        }
        Ok(deployment)
    }

    fn changed(&mut self, name: &str, identity: &str) {
        if let Some(deployment) = self.by_name.get_mut(name) {
            deployment.revision += 1;
            identity.clone_into(&mut deployment.last_modifier);
        }
        self.routings = Routings::of(self.by_name.values());
    }
}

impl Deployment {
    fn end_ramp(&mut self, at: Timestamp) {
        let Some(before) = self.ramping.take() else {
            return;
        };
        self.percentage = 0.0;
        self.ramping_changed_at = Some(at);
        self.percentage_changed_at = Some(at);
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
        }
    }
}
