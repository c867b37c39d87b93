//! The schema and its versions.

use rusqlite::{Connection, Result, TransactionBehavior};

/// Marks a database as one of this program in the header of its file: "durb".
pub(super) const APPLICATION: i32 = 0x6475_7262;

/// The steps from each version of the schema to the next; step `n` leads to version `n + 1`. A step
/// that was released is never changed: what comes later is a step of its own.
pub(super) const STEPS: [&str; 9] = [
    include_str!("schema.sql"),
    include_str!("outbox.sql"),
    include_str!("schedules.sql"),
    include_str!("deployments.sql"),
    include_str!("namespaces.sql"),
    include_str!("batches.sql"),
    include_str!("activities.sql"),
    include_str!("task_queues.sql"),
    include_str!("removals.sql"),
];

/// The version of this program.
pub(super) const VERSION: usize = STEPS.len();

/// What a file contains.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing yet.
    Nothing,
    /// A database of this program, of this version.
    Version(usize),
    /// A database of another program.
    Foreign,
}

/// Reads what a file contains without changing it.
pub(super) fn content(connection: &Connection) -> Result<Content> {
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application, version, tables) {
        (0, 0, 0) => Content::Nothing,
        (APPLICATION, version, _) => match usize::try_from(version) {
            Ok(version) => Content::Version(version),
            Err(_) => Content::Foreign,
        },
        _ => Content::Foreign,
    })
}

/// Brings a database of an earlier version, or an empty one, to this version. Each step is one
/// transaction, so a crash leaves a whole version.
pub(super) fn migrate(connection: &mut Connection, cluster_id: &str) -> Result<()> {
    migrate_by(&STEPS, connection, cluster_id)
}

/// Applies the steps that a database lacks.
pub(super) fn migrate_by(
    steps: &[&str],
    connection: &mut Connection,
    cluster_id: &str,
) -> Result<()> {
    let from: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (version, step) in steps.iter().enumerate().skip(from) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        if version == 0 {
            transaction.execute("INSERT INTO cluster (id) VALUES (?1)", [cluster_id])?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
        }
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.commit()?;
    }
    Ok(())
}
