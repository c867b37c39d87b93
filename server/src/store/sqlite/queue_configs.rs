//! Configurations of task queues in the database.

use durably_proto::Message;
use durably_proto::api::taskqueue::v1::TaskQueueConfig;
use rusqlite::{Connection, params};

use super::namespaces;
use crate::error::StoreError;
use crate::queue_config::QueueKey;
use crate::store::StoredQueueConfig;

/// Reads all configurations.
pub(super) fn all(connection: &Connection) -> Result<Vec<StoredQueueConfig>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT namespaces.name, task_queue_configs.name, task_queue_configs.type, task_queue_configs.config
         FROM task_queue_configs JOIN namespaces USING (namespace)
         ORDER BY namespaces.name, task_queue_configs.name, task_queue_configs.type",
    )?;
    let mut rows = statement.query([])?;
    let mut configs = Vec::new();
    while let Some(row) = rows.next()? {
        let namespace: String = row.get(0)?;
        let key = QueueKey {
            name: row.get(1)?,
            task_queue_type: row.get(2)?,
        };
        let config: Vec<u8> = row.get(3)?;
        let config = TaskQueueConfig::decode(&*config).map_err(|error| {
            let name = &key.name;
            StoreError::Corrupted(format!(
                "the configuration of task queue {name} of namespace {namespace}: {error}"
            ))
        })?;
        configs.push(StoredQueueConfig {
            namespace: namespace.into(),
            key,
            config,
        });
    }
    Ok(configs)
}

/// Inserts or replaces a configuration.
pub(super) fn put(
    connection: &Connection,
    stored: &StoredQueueConfig,
) -> rusqlite::Result<Result<(), StoreError>> {
    let StoredQueueConfig {
        namespace,
        key,
        config,
    } = stored;
    let number = match namespaces::required(connection, namespace)? {
        Ok(number) => number,
        Err(missing) => return Ok(Err(missing)),
    };
    connection
        .prepare_cached(
            "INSERT INTO task_queue_configs (namespace, name, type, config) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (namespace, name, type) DO UPDATE SET config = excluded.config",
        )?
        .execute(params![
            number,
            key.name,
            key.task_queue_type,
            config.encode_to_vec()
        ])?;
    Ok(Ok(()))
}
