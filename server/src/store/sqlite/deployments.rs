//! Worker deployments in the database.

use std::sync::Arc;

use durably_proto::Message;
use rusqlite::{Connection, params};

use super::namespaces;
use crate::deployment::Deployment;
use crate::error::StoreError;
use crate::name::DeploymentName;
use crate::store::StoredDeployment;

/// Reads all worker deployments.
pub(super) fn all(connection: &Connection) -> Result<Vec<StoredDeployment>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT namespaces.name, worker_deployments.name, worker_deployments.state
         FROM worker_deployments JOIN namespaces USING (namespace)
         ORDER BY namespaces.name, worker_deployments.name",
    )?;
    let mut rows = statement.query([])?;
    let mut deployments = Vec::new();
    while let Some(row) = rows.next()? {
        let (namespace, name): (String, String) = (row.get(0)?, row.get(1)?);
        let state: Vec<u8> = row.get(2)?;
        let deployment = Deployment::decode(&*state).map_err(|error| {
            StoreError::Corrupted(format!(
                "worker deployment {name} of namespace {namespace}: {error}"
            ))
        })?;
        deployments.push(StoredDeployment {
            namespace: namespace.into(),
            deployment: Arc::new(deployment),
        });
    }
    Ok(deployments)
}

/// Inserts, replaces or removes a worker deployment.
pub(super) fn put(
    connection: &Connection,
    name: &DeploymentName,
    state: Option<&[u8]>,
) -> rusqlite::Result<Result<(), StoreError>> {
    let namespace = match namespaces::required(connection, &name.namespace)? {
        Ok(namespace) => namespace,
        Err(missing) => return Ok(Err(missing)),
    };
    match state {
        Some(state) => connection
            .prepare_cached(
                "INSERT INTO worker_deployments (namespace, name, state) VALUES (?1, ?2, ?3)
                 ON CONFLICT (namespace, name) DO UPDATE SET state = excluded.state",
            )?
            .execute(params![namespace, name.name, state])?,
        None => connection
            .prepare_cached("DELETE FROM worker_deployments WHERE namespace = ?1 AND name = ?2")?
            .execute(params![namespace, name.name])?,
    };
    Ok(Ok(()))
}
