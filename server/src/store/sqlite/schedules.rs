//! Schedules in the database.

use rusqlite::{Connection, params};

use super::namespaces;
use crate::error::StoreError;
use crate::name::ScheduleName;
use crate::store::StoredSchedule;

/// Reads all schedules but those of deleted namespaces.
pub(super) fn all(connection: &Connection) -> Result<Vec<StoredSchedule>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, schedules.id, schedules.state FROM schedules JOIN namespaces USING (namespace)
         WHERE namespaces.state <> 3
         ORDER BY name, schedules.id",
    )?;
    let schedules = statement.query_map([], |row| {
        Ok(StoredSchedule {
            name: ScheduleName {
                namespace: row.get::<_, String>(0)?.into(),
                id: row.get::<_, String>(1)?.into(),
            },
            state: row.get(2)?,
        })
    })?;
    Ok(schedules.collect::<Result<_, _>>()?)
}

/// Inserts, replaces or removes a schedule.
pub(super) fn put(
    connection: &Connection,
    name: &ScheduleName,
    state: Option<&[u8]>,
) -> rusqlite::Result<Result<(), StoreError>> {
    let ScheduleName { namespace, id } = name;
    let Some(number) = namespaces::number(connection, namespace)? else {
        return Ok(Err(StoreError::Corrupted(format!(
            "namespace {namespace} is missing"
        ))));
    };
    match state {
        Some(state) => connection
            .prepare_cached(
                "INSERT INTO schedules (namespace, id, state) VALUES (?1, ?2, ?3)
                 ON CONFLICT (namespace, id) DO UPDATE SET state = excluded.state",
            )?
            .execute(params![number, id, state])?,
        None => connection
            .prepare_cached("DELETE FROM schedules WHERE namespace = ?1 AND id = ?2")?
            .execute(params![number, id])?,
    };
    Ok(Ok(()))
}
