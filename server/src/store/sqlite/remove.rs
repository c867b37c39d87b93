//! Removes runs.

use durably_history::Time;
use rusqlite::{Connection, OptionalExtension, params};

use super::namespaces;
use crate::name::{ExecutionName, RunName};

/// Removes runs of a namespace that closed before a time, the earliest first, until they have
/// [`MOST_BYTES`]; returns how many. A run whose messages are not delivered stays, and the latest run of its execution with it.
pub(super) fn closed(
    connection: &Connection,
    namespace: &str,
    before: Time,
    limit: usize,
) -> rusqlite::Result<usize> {
    let Some(namespace) = namespaces::number(connection, namespace)? else {
        return Ok(0);
    };
    let runs: Vec<(i64, i64)> = connection
        .prepare_cached(
            "SELECT run, execution FROM runs INDEXED BY runs_closed
             WHERE namespace = ?1 AND closed_at IS NOT NULL AND closed_at < ?2
             AND NOT has_tasks
             AND NOT (
                 EXISTS (SELECT 1 FROM executions
                     WHERE executions.execution = runs.execution AND latest = runs.run_id)
                 AND EXISTS (SELECT 1 FROM runs AS other
                     WHERE other.execution = runs.execution AND other.has_tasks)
             )
             ORDER BY closed_at LIMIT ?3",
        )?
        .query_map(params![namespace, before.as_unix_nanos(), limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    delete_some(connection, &runs)
}

/// Removes runs of a namespace, whatever their state, until they have [`MOST_BYTES`]; returns how many.
pub(super) fn of_namespace(
    connection: &Connection,
    namespace: &str,
    limit: usize,
) -> rusqlite::Result<usize> {
    let Some(namespace) = namespaces::number(connection, namespace)? else {
        return Ok(0);
    };
    let runs: Vec<(i64, i64)> = connection
        .prepare_cached(
            "SELECT run, execution FROM executions
             CROSS JOIN runs USING (execution)
             WHERE executions.namespace = ?1 LIMIT ?2",
        )?
        .query_map(params![namespace, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    delete_some(connection, &runs)
}

/// Deletes the first of these runs and their executions, until they have [`MOST_BYTES`]; returns how
/// many.
fn delete_some(connection: &Connection, runs: &[(i64, i64)]) -> rusqlite::Result<usize> {
    let mut removed = 0;
    let mut bytes: i64 = 0;
    for (run, execution) in runs {
        if bytes >= MOST_BYTES {
            break;
        }
        // The length of a blob is in its row; its bytes are not read.
        bytes += connection
            .prepare_cached(
                "SELECT (SELECT TOTAL(LENGTH(value)) FROM parts WHERE run = ?1)
                     + (SELECT TOTAL(LENGTH(batch)) FROM events WHERE run = ?1)",
            )?
            .query_row([run], |row| row.get::<_, f64>(0))? as i64;
        removed += 1;
        delete(connection, *run, *execution)?;
    }
    Ok(removed)
}

/// Removes a run, if it is there.
pub(super) fn run(connection: &Connection, name: &RunName) -> rusqlite::Result<()> {
    let ExecutionName {
        namespace,
        workflow_id,
    } = &name.execution;
    let found = connection
        .prepare_cached(
            "SELECT run, execution FROM namespaces
             JOIN executions USING (namespace)
             JOIN runs USING (execution)
             WHERE name = ?1 AND workflow_id = ?2 AND run_id = ?3",
        )?
        .query_row(
            params![namespace, workflow_id, name.run_id.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    match found {
        Some((run, execution)) => delete(connection, run, execution),
        None => Ok(()),
    }
}

/// Deletes a run, and its execution if it is the last one.
fn delete(connection: &Connection, run: i64, execution: i64) -> rusqlite::Result<()> {
    for table in ["parts", "events", "attributes", "visibility", "runs"] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE run = ?1"))?
            .execute([run])?;
    }
    connection
        .prepare_cached(
            "DELETE FROM executions WHERE execution = ?1
             AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.execution = ?1)",
        )?
        .execute([execution])?;
    Ok(())
}

/// Bytes of events and parts that one transaction removes, but for its last run: all of them are
/// written to the log, while commits wait.
const MOST_BYTES: i64 = 16 * 1024 * 1024;
