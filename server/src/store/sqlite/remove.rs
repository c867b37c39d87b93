//! Removes closed runs.

use durably_history::Time;
use rusqlite::{Connection, params};

use super::namespaces;

/// Removes runs of a namespace that closed before a time, the earliest first; returns how many. A run
/// whose messages are not delivered stays, and the latest run of its execution with it.
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
    for (run, execution) in &runs {
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
    }
    Ok(runs.len())
}
