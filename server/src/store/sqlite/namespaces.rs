//! Namespaces in the database.

use std::collections::BTreeMap;
use std::time::Duration;

use durably_history::Time;
use durably_proto::api::enums::v1::{IndexedValueType, NamespaceState};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;
use crate::store::{Removal, Settings, StoredNamespace};

/// The number of a namespace; `None` if there is none of that name.
pub(super) fn number(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT namespace FROM namespaces WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// Returns the row id of a namespace, or the error of a write to a missing one.
pub(super) fn required(
    connection: &Connection,
    name: &str,
) -> rusqlite::Result<Result<i64, StoreError>> {
    let missing = || StoreError::Failed(format!("namespace {name} is not in the database"));
    Ok(number(connection, name)?.ok_or_else(missing))
}

/// Reads all namespaces.
pub(super) fn all(connection: &Connection) -> Result<Vec<StoredNamespace>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT namespace, name, id, description, owner_email, retention_seconds, retention_nanos, data,
             state, removal_delay, removal_time
         FROM namespaces ORDER BY name",
    )?;
    let mut rows = statement.query([])?;
    let mut namespaces = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let data: String = row.get(7)?;
        let data: BTreeMap<String, String> = serde_json::from_str(&data).map_err(|error| {
            StoreError::Corrupted(format!("the data of namespace {name}: {error}"))
        })?;
        let state: i32 = row.get(8)?;
        let state = NamespaceState::try_from(state).map_err(|_| {
            StoreError::Corrupted(format!("namespace {name} has the unknown state {state}"))
        })?;
        namespaces.push(StoredNamespace {
            id: row.get(2)?,
            settings: Settings {
                description: row.get(3)?,
                owner_email: row.get(4)?,
                retention: Duration::new(row.get(5)?, row.get(6)?),
                data,
                state,
                removal: match row.get(10)? {
                    Some(at) => Removal::At(Time::from_unix_nanos(at)),
                    None => Removal::After(Duration::from_nanos(row.get(9)?)),
                },
            },
            attributes: attributes(connection, row.get(0)?, &name)?,
            name: name.into(),
        });
    }
    Ok(namespaces)
}

fn attributes(
    connection: &Connection,
    namespace: i64,
    namespace_name: &str,
) -> Result<Vec<(String, IndexedValueType)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, type FROM search_attributes WHERE namespace = ?1 ORDER BY name",
    )?;
    let mut rows = statement.query([namespace])?;
    let mut attributes = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, number): (String, i32) = (row.get(0)?, row.get(1)?);
        let value_type = IndexedValueType::try_from(number).map_err(|_| {
            StoreError::Corrupted(format!(
                "search attribute {name} of namespace {namespace_name} has the unknown type {number}"
            ))
        })?;
        attributes.push((name, value_type));
    }
    Ok(attributes)
}

/// Inserts or replaces a namespace.
pub(super) fn put(connection: &Connection, namespace: &StoredNamespace) -> rusqlite::Result<()> {
    let StoredNamespace {
        name,
        id,
        settings,
        attributes,
    } = namespace;
    let Settings {
        description,
        owner_email,
        retention,
        data,
        state,
        removal,
    } = settings;
    let (delay, at) = match removal {
        Removal::After(delay) => (nanos(*delay), None),
        Removal::At(at) => (0, Some(at.as_unix_nanos())),
    };
    let data = serde_json::to_string(data).expect("a map of texts has JSON");
    let number: i64 = connection
        .prepare_cached(
            "INSERT INTO namespaces
                 (name, id, description, owner_email, retention_seconds, retention_nanos, data,
                  state, removal_delay, removal_time)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (name) DO UPDATE SET
                 id = excluded.id,
                 description = excluded.description,
                 owner_email = excluded.owner_email,
                 retention_seconds = excluded.retention_seconds,
                 retention_nanos = excluded.retention_nanos,
                 data = excluded.data,
                 state = excluded.state,
                 removal_delay = excluded.removal_delay,
                 removal_time = excluded.removal_time
             RETURNING namespace",
        )?
        .query_row(
            params![
                name,
                id,
                description,
                owner_email,
                i64::try_from(retention.as_secs()).unwrap_or(i64::MAX),
                retention.subsec_nanos(),
                data,
                *state as i32,
                delay,
                at,
            ],
            |row| row.get(0),
        )?;
    connection
        .prepare_cached("DELETE FROM search_attributes WHERE namespace = ?1")?
        .execute([number])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO search_attributes (namespace, name, type) VALUES (?1, ?2, ?3)",
    )?;
    for (name, value_type) in attributes {
        insert.execute(params![number, name, *value_type as i32])?;
    }
    Ok(())
}

/// Renames a namespace and marks it as deleted.
pub(super) fn delete(
    connection: &Connection,
    name: &str,
    deleted_name: &str,
    delay: Duration,
) -> rusqlite::Result<()> {
    let state = NamespaceState::Deleted as i32;
    connection
        .prepare_cached(
            "UPDATE namespaces SET name = ?2, state = ?3, removal_delay = ?4 WHERE name = ?1",
        )?
        .execute(params![name, deleted_name, state, nanos(delay)])?;
    Ok(())
}

/// Three hundred years at most.
fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Removes a namespace that has no executions.
pub(super) fn remove(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    let Some(number) = number(connection, name)? else {
        return Ok(());
    };
    for table in [
        "schedules",
        "batches",
        "worker_deployments",
        "task_queue_configs",
        "search_attributes",
        "attribute_names",
        "namespaces",
    ] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE namespace = ?1"))?
            .execute([number])?;
    }
    Ok(())
}
