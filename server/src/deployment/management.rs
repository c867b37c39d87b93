//! Changes of deployments other than the routing: their creation and removal, their manager, and notes of
//! their versions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use durably_history::{DeploymentVersion, Time};
use durably_proto::api::common::v1::Payload;

use super::{Change, ChangeError, Deployment, Deployments, RoutingRequest, Usage, limits};

/// A client's request to create a deployment or a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Creation<'a> {
    pub(crate) identity: &'a str,
    /// A repetition of the request has the same id.
    pub(crate) request_id: &'a str,
    pub(crate) now: Time,
}

/// A client's request to delete a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deletion<'a> {
    pub(crate) version: &'a DeploymentVersion,
    pub(crate) identity: &'a str,
    /// Whether open runs may be pinned to the version.
    pub(crate) skips_drainage: bool,
}

/// A client's request to change the notes of a version.
#[derive(Debug)]
pub(crate) struct MetadataChange {
    pub(crate) version: DeploymentVersion,
    pub(crate) identity: String,
    pub(crate) upserts: HashMap<String, Payload>,
    pub(crate) removals: Vec<String>,
}

impl Creation<'_> {
    /// Whether it is a repetition of the request of this id.
    fn repeats(&self, request_id: &str) -> bool {
        !request_id.is_empty() && self.request_id == request_id
    }
}

impl Deployments {
    /// Creates a deployment without versions.
    pub(crate) fn create_deployment(
        &mut self,
        name: &str,
        creation: Creation<'_>,
    ) -> Result<Change, ChangeError> {
        if let Some(present) = self.by_name.get(name) {
            return match creation.repeats(&present.create_request) {
                true => Ok(Change::Nothing),
                false => Err(ChangeError::DeploymentExists(name.to_owned())),
            };
        }
        if self.by_name.len() >= limits::DEPLOYMENTS {
            return Err(ChangeError::TooManyDeployments);
        }
        let deployment = Deployment {
            name: name.to_owned(),
            created_at: Some(creation.now.into()),
            last_modifier: creation.identity.to_owned(),
            create_request: creation.request_id.to_owned(),
            ..Deployment::default()
        };
        self.by_name.insert(name.into(), Arc::new(deployment));
        Ok(Change::Deployment(name.into()))
    }

    /// Creates a version of a deployment before its workers poll.
    pub(crate) fn create_version<U: Usage>(
        &mut self,
        version: &DeploymentVersion,
        creation: Creation<'_>,
        usage: &U,
    ) -> Result<Change, U::Error> {
        let present = self.find(&version.deployment)?.version(&version.build_id);
        if let Some(present) = present {
            return match creation.repeats(&present.create_request) {
                true => Ok(Change::Nothing),
                false => Err(ChangeError::VersionExists(version.clone()).into()),
            };
        }
        self.create(version, creation.now, usage)?;
        let deployment = self.changeable(&version.deployment)?;
        if let Some(created) = deployment.version_mut(&version.build_id) {
            creation.identity.clone_into(&mut created.last_modifier);
            creation.request_id.clone_into(&mut created.create_request);
        }
        Ok(Change::Deployment(Arc::clone(&version.deployment)))
    }

    /// Changes the notes of a version; returns them.
    pub(crate) fn change_metadata(
        &mut self,
        change: MetadataChange,
    ) -> Result<(Change, BTreeMap<String, Payload>), ChangeError> {
        let DeploymentVersion {
            deployment: name,
            build_id,
        } = &change.version;
        self.find(name)?.check_build(build_id)?;
        let deployment = self.changeable(name)?;
        let mut metadata = BTreeMap::new();
        if let Some(version) = deployment.version_mut(build_id) {
            version.metadata.extend(change.upserts);
            for name in &change.removals {
                version.metadata.remove(name);
            }
            version.last_modifier = change.identity;
            metadata.clone_from(&version.metadata);
        }
        Ok((Change::Deployment(Arc::clone(name)), metadata))
    }

    /// Sets the only client that may change the routing and delete versions; all may if it is empty. Returns
    /// the one before.
    pub(crate) fn set_manager(
        &mut self,
        manager: &str,
        request: RoutingRequest<'_>,
    ) -> Result<(Change, String), ChangeError> {
        let deployment = self.find(request.deployment)?;
        if deployment.manager == manager && deployment.last_modifier == request.identity {
            return Ok((Change::Nothing, manager.to_owned()));
        }
        deployment.check_token(request.conflict_token)?;
        let deployment = self.changeable(request.deployment)?;
        let before = std::mem::replace(&mut deployment.manager, manager.to_owned());
        deployment.confirmations += 1;
        request.identity.clone_into(&mut deployment.last_modifier);
        Ok((Change::Deployment(request.deployment.into()), before))
    }

    /// Deletes a version that neither new work nor workers use; one that does not exist is deleted already.
    pub(crate) fn delete_version<U: Usage>(
        &mut self,
        deletion: Deletion<'_>,
        usage: &U,
    ) -> Result<Change, U::Error> {
        let named = deletion.version;
        let deployment = self.find(&named.deployment)?;
        let Some(version) = deployment.version(&named.build_id) else {
            return Ok(Change::Nothing);
        };
        if deployment.routes_to(&named.build_id) {
            return Err(ChangeError::CurrentOrRamping(named.clone()).into());
        }
        deployment.check_manager(deletion.identity)?;
        let was_active = version.deactivated_at.is_some();
        if !deletion.skips_drainage && was_active && usage.has_pinned_runs(named)? {
            return Err(ChangeError::Draining(named.clone()).into());
        }
        if usage.is_polled(deployment, version) {
            return Err(ChangeError::HasPollers(named.clone()).into());
        }
        let deployment = self.changeable(&named.deployment)?;
        deployment
            .versions
            .retain(|version| version.build_id != *named.build_id);
        deletion.identity.clone_into(&mut deployment.last_modifier);
        self.update_routings();
        Ok(Change::Deployment(Arc::clone(&named.deployment)))
    }

    /// Deletes a deployment without versions; one that does not exist is deleted already.
    pub(crate) fn delete_deployment(&mut self, name: &str) -> Result<Change, ChangeError> {
        match self.by_name.get(name) {
            None => Ok(Change::Nothing),
            Some(deployment) if !deployment.versions.is_empty() => Err(ChangeError::HasVersions),
            Some(_) => {
                self.by_name.remove(name);
                self.update_routings();
                Ok(Change::Deployment(name.into()))
            }
        }
    }
}
