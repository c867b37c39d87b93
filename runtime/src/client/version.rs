//! Versions of worker deployments: their description, notes of them, and their removal.

use std::{fmt, time::SystemTime};

use durably_engine::Header;

use super::{
    call::Call,
    deployment::{Deployment, refused},
    handle::description::read,
};
use crate::{
    data::{Converter, Data, Outgoing, Text, type_name},
    error::{DataError, RpcError},
    interceptor::DeploymentOperation,
    wire::{
        deployment::DeploymentVersion,
        deployment_changes::{
            ChangeMetadata, DeleteDeployment, DeleteVersion, DescribeVersion, Drainage, SetManager,
        },
        routing::VersionStatus,
    },
};

/// One version of a worker deployment, from [`Deployment::describe_version`].
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let version = client.deployment("orders").describe_version("1.4.2").await?;
/// let commit: Option<String> = version.metadata("commit")?;
/// println!("{} is {:?}, built from {commit:?}", version.version, version.status);
/// println!("it polls {:?} and {:?}", version.workflow_queues, version.activity_queues);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct VersionDescription {
    /// Its names.
    pub version: DeploymentVersion,
    /// Its use.
    pub status: VersionStatus,
    /// When it was created: by its first poll, or by a client.
    pub create_time: Option<SystemTime>,
    /// The task queues of which its workers have polled workflow tasks.
    pub workflow_queues: Vec<String>,
    /// The task queues of which its workers have polled activity tasks.
    pub activity_queues: Vec<String>,
    metadata: Header,
    converter: Converter,
}

impl VersionDescription {
    /// The note of this name; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be deserialised as a `T`.
    pub fn metadata<T: Data>(&self, name: &str) -> Result<Option<T>, DataError> {
        read(&self.metadata, name, "metadata", &self.converter)
    }

    /// The names of all notes, in order.
    ///
    /// ```no_run
    /// # use durably::client::VersionDescription;
    /// fn notes(version: &VersionDescription) -> Vec<&str> {
    ///     version.metadata_names().collect()
    /// }
    /// ```
    pub fn metadata_names(&self) -> impl Iterator<Item = &str> {
        self.metadata.keys().map(String::as_str)
    }
}

impl fmt::Debug for VersionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VersionDescription")
            .field("version", &self.version)
            .field("status", &self.status)
            .field("workflow_queues", &self.workflow_queues)
            .field("activity_queues", &self.activity_queues)
            .finish_non_exhaustive()
    }
}

impl Deployment {
    /// The use of a version, its task queues and the notes of it.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let version = client.deployment("orders").describe_version("1.4.2").await?;
    /// println!("{:?}", version.status);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RpcError::Other`] with the code `NotFound` if there is no such version.
    pub fn describe_version(&self, build_id: impl Text) -> Call<VersionDescription, RpcError> {
        let converter = self.client().converter().clone();
        let build_id = build_id.into_text();
        let seen = DeploymentOperation::DescribeVersion {
            build_id: build_id.clone(),
        };
        let described = self.send(seen, |deployment| DescribeVersion {
            version: DeploymentVersion::of(deployment).build(build_id),
        });
        Call::new(move |timeout| async move {
            let info = described.limited_to(timeout).await?;
            Ok(VersionDescription {
                version: info.version,
                status: info.status,
                create_time: info.create_time,
                workflow_queues: info.workflow_queues,
                activity_queues: info.activity_queues,
                metadata: info.metadata,
                converter,
            })
        })
    }

    /// Sets one note of a version, which the UI and the CLI show.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").set_metadata("1.4.2", "commit", "8f3a1c").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RpcError::Other`] with the code `NotFound` if there is no such version, [`RpcError::InvalidArgument`] if the
    /// note cannot be written.
    pub fn set_metadata<T: Outgoing>(
        &self,
        build_id: impl Text,
        name: impl Text,
        note: T,
    ) -> Call<(), RpcError> {
        let (build_id, name) = (build_id.into_text(), name.into_text());
        let converter = self.client().converter();
        match note.__encode(converter) {
            Ok(note) => {
                let seen = DeploymentOperation::SetMetadata {
                    build_id: build_id.clone(),
                    name: name.clone(),
                };
                self.send(seen, |deployment| ChangeMetadata {
                    version: DeploymentVersion::of(deployment).build(build_id),
                    upserts: Header::from([(name, note)]),
                    removals: Vec::new(),
                })
            }
            Err(fault) => {
                let what = format!("metadata `{name}`");
                let error = DataError::write(what, type_name::short::<T>(), fault);
                refused(error.to_string())
            }
        }
    }

    /// Removes one note of a version, if there is one.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").remove_metadata("1.4.2", "commit").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RpcError::Other`] with the code `NotFound` if there is no such version.
    pub fn remove_metadata(&self, build_id: impl Text, name: impl Text) -> Call<(), RpcError> {
        let (build_id, name) = (build_id.into_text(), name.into_text());
        let seen = DeploymentOperation::RemoveMetadata {
            build_id: build_id.clone(),
            name: name.clone(),
        };
        self.send(seen, |deployment| ChangeMetadata {
            version: DeploymentVersion::of(deployment).build(build_id),
            upserts: Header::new(),
            removals: vec![name],
        })
    }

    /// Deletes a version that is not used: no new workflows start on it, none that is pinned to it runs, and none of
    /// its workers has polled within the last minutes. One that does not exist is deleted already.
    ///
    /// The server deletes versions by itself when a deployment has too many.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").delete_version("1.4.2").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RpcError::Other`] with the code `FailedPrecondition` if the version is used.
    pub fn delete_version(&self, build_id: impl Text) -> Call<(), RpcError> {
        self.delete_build(build_id.into_text(), Drainage::Required)
    }

    /// Deletes a version as [`delete_version`](Self::delete_version) does, but also if workflows run that are pinned
    /// to it. Their tasks wait until workers of the version poll again.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").delete_draining_version("1.4.2").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`delete_version`](Self::delete_version).
    pub fn delete_draining_version(&self, build_id: impl Text) -> Call<(), RpcError> {
        self.delete_build(build_id.into_text(), Drainage::Skipped)
    }

    /// Deletes the deployment, which must have no versions. One that does not exist is deleted already.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It has versions.
    pub fn delete(&self) -> Call<(), RpcError> {
        self.send(DeploymentOperation::Delete, |deployment| DeleteDeployment {
            deployment,
        })
    }

    /// Lets only clients of this [identity](crate::client::ClientBuilder::identity) change the routing and delete
    /// versions.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").set_manager("release pipeline").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RpcError::Other`] with the code `NotFound` until a worker of the deployment has polled.
    pub fn set_manager(&self, identity: impl Text) -> Call<(), RpcError> {
        match identity.into_text() {
            empty if empty.is_empty() => {
                let text = "the identity is empty; `unset_manager` lets all clients change it";
                refused(text.to_owned())
            }
            manager => {
                let seen = DeploymentOperation::SetManager {
                    identity: manager.clone(),
                };
                self.send(seen, |deployment| SetManager {
                    deployment,
                    manager,
                })
            }
        }
    }

    /// Lets all clients change the routing and delete versions again.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").unset_manager().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`set_manager`](Self::set_manager).
    pub fn unset_manager(&self) -> Call<(), RpcError> {
        self.send(DeploymentOperation::UnsetManager, |deployment| SetManager {
            deployment,
            manager: String::new(),
        })
    }

    fn delete_build(&self, build_id: String, drainage: Drainage) -> Call<(), RpcError> {
        let seen = DeploymentOperation::DeleteVersion {
            build_id: build_id.clone(),
            draining: drainage == Drainage::Skipped,
        };
        self.send(seen, move |deployment| DeleteVersion {
            version: DeploymentVersion::of(deployment).build(build_id),
            drainage,
        })
    }
}
