//! Reads executions and runs.

use std::sync::Arc;

use durably_history::{EventBatch, PartKey, RunId, Time};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;
use crate::name::{ExecutionName, RunName};
use crate::store::{StoredExecution, StoredRun, UnfinishedRun};

/// Finds an execution.
pub(super) fn execution(
    connection: &Connection,
    name: &ExecutionName,
) -> Result<Option<StoredExecution>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT latest, version FROM executions JOIN namespaces USING (namespace)
             WHERE name = ?1 AND workflow_id = ?2",
        )?
        .query_row(params![name.namespace, name.workflow_id], |row| {
            Ok(StoredExecution {
                latest: row.get::<_, String>(0)?.into(),
                version: row.get(1)?,
            })
        });
    Ok(found.optional()?)
}

/// Reads a run of that execution with its parts and events.
pub(super) fn run(
    connection: &Connection,
    name: &ExecutionName,
    run_id: &RunId,
) -> Result<Option<StoredRun>, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached(
            "SELECT run FROM namespaces
             JOIN executions USING (namespace)
             JOIN runs USING (execution)
             WHERE name = ?1 AND workflow_id = ?2 AND run_id = ?3",
        )?
        .query_row(
            params![name.namespace, name.workflow_id, run_id.as_str()],
            |row| row.get(0),
        )
        .optional()?;
    let Some(run) = found else { return Ok(None) };
    let parts = connection
        .prepare_cached("SELECT key, value FROM parts WHERE run = ?1 ORDER BY key")?
        .query_map([run], |row| {
            let key = PartKey::from_bytes(row.get_ref(0)?.as_blob()?);
            Ok((key, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let events = connection
        .prepare_cached("SELECT first, batch FROM events WHERE run = ?1 ORDER BY first")?
        .query_map([run], |row| {
            Ok(EventBatch {
                first: row.get(0)?,
                events: row.get_ref(1)?.as_blob()?.into(),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some(StoredRun { parts, events }))
}

/// Lists all open runs, and the closed ones whose messages are not delivered, each in the order in
/// which they started, but not those of deleted namespaces.
pub(super) fn unfinished_runs(
    connection: &Connection,
    each: &mut dyn FnMut(UnfinishedRun),
) -> Result<(), StoreError> {
    list(
        connection,
        "SELECT name, workflow_id, run_id, next_due, has_tasks, closed_at
         FROM runs INDEXED BY runs_open
         CROSS JOIN executions USING (execution)
         CROSS JOIN namespaces ON namespaces.namespace = executions.namespace
         WHERE closed_at IS NULL AND state <> 3 ORDER BY run",
        each,
    )?;
    list(
        connection,
        "SELECT name, workflow_id, run_id, next_due, has_tasks, closed_at
         FROM runs INDEXED BY runs_undelivered
         CROSS JOIN executions USING (execution)
         CROSS JOIN namespaces ON namespaces.namespace = executions.namespace
         WHERE closed_at IS NOT NULL AND has_tasks AND state <> 3 ORDER BY run",
        each,
    )
}

fn list(
    connection: &Connection,
    query: &str,
    each: &mut dyn FnMut(UnfinishedRun),
) -> Result<(), StoreError> {
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([])?;
    // Most runs are in the namespace of the one before.
    let mut namespace: Arc<str> = "".into();
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        if *namespace != *name {
            namespace = name.into();
        }
        let next_due: Option<i64> = row.get(3)?;
        each(UnfinishedRun {
            name: RunName {
                execution: ExecutionName {
                    namespace: Arc::clone(&namespace),
                    workflow_id: row.get(1)?,
                },
                run_id: row.get::<_, String>(2)?.into(),
            },
            next_due: next_due.map(Time::from_unix_nanos),
            is_open: row.get::<_, Option<i64>>(5)?.is_none(),
            has_tasks: row.get(4)?,
        });
    }
    Ok(())
}
