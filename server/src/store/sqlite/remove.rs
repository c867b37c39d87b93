//! Removes closed runs.

use durably_history::Time;
use rusqlite::{Connection, params};

use super::namespaces;

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
    let mut removed = 0;
    let mut bytes: i64 = 0;
    for (run, execution) in &runs {
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
    Ok(removed)
}

/// Bytes of events and parts that one transaction removes, but for its last run: all of them are
/// written to the log, while commits wait.
const MOST_BYTES: i64 = 16 * 1024 * 1024;
