//! One commit of an execution: what is prepared on the caller's thread, and how the writer writes it.

use durably_history::{EventBatch, Part};
use rusqlite::{Connection, OptionalExtension, params};

use super::attributes::AttributeNumbers;
use super::namespaces;
use super::row::Row;
use crate::error::StoreError;
use crate::name::ExecutionName;
use crate::store::{Commit, RunChange, RunPhase};

/// A commit, encoded.
#[derive(Debug)]
pub(super) struct PreparedCommit {
    execution: ExecutionName,
    follows: u64,
    runs: Vec<PreparedRun>,
}

#[derive(Debug)]
struct PreparedRun {
    change: RunChange,
    row: Option<Row>,
}

/// An execution as the database has it.
struct Known {
    execution: i64,
    version: u64,
}

impl PreparedCommit {
    pub(super) fn new(commit: Commit) -> Self {
        let runs = commit.runs.into_iter().map(|mut change| PreparedRun {
            row: change.row.take().map(|info| Row::of(&info)),
            change,
        });
        Self {
            execution: commit.execution,
            follows: commit.follows,
            runs: runs.collect(),
        }
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let runs = self.runs.iter().map(|run| {
            let values = run.change.parts.iter().flat_map(|part| &part.value);
            let parts: usize = values.map(Vec::len).sum();
            let events = run.change.events.as_ref().map_or(0, |it| it.events.len());
            parts + events + run.row.as_ref().map_or(0, Row::bytes)
        });
        runs.sum()
    }

    /// Writes the commit. A refused one has written nothing.
    pub(super) fn write(
        &self,
        connection: &Connection,
        numbers: &mut AttributeNumbers,
    ) -> rusqlite::Result<Result<(), StoreError>> {
        let ExecutionName {
            namespace,
            workflow_id,
        } = &self.execution;
        let namespace = match namespaces::required(connection, namespace)? {
            Ok(namespace) => namespace,
            Err(missing) => return Ok(Err(missing)),
        };
        let known = find(connection, namespace, workflow_id)?;
        let execution = known.as_ref().map(|known| known.execution);
        let version = known.map_or(0, |known| known.version);
        let mut numbers_of_runs = Vec::with_capacity(self.runs.len());
        for PreparedRun { change, .. } in &self.runs {
            let run = match execution {
                Some(execution) => find_run(connection, execution, change.run_id.as_str())?,
                None => None,
            };
            numbers_of_runs.push(run);
        }
        let mut runs = self.runs.iter().zip(&numbers_of_runs);
        let continues = runs.all(|(run, number)| number.is_none() == run.change.is_new);
        let is_new = self.runs.iter().any(|run| run.change.is_new);
        if version != self.follows || !continues || execution.is_none() && !is_new {
            return Ok(Err(StoreError::Conflict {
                execution: self.execution.clone(),
            }));
        }
        let execution = self.write_execution(connection, namespace, execution)?;
        for (run, number) in self.runs.iter().zip(numbers_of_runs) {
            run.write(connection, namespace, execution, number, numbers)?;
        }
        Ok(Ok(()))
    }

    fn write_execution(
        &self,
        connection: &Connection,
        namespace: i64,
        known: Option<i64>,
    ) -> rusqlite::Result<i64> {
        let started = self.runs.iter().rev().find(|run| run.change.is_new);
        let latest = started.map(|run| run.change.run_id.as_str());
        match known {
            Some(execution) => {
                connection
                    .prepare_cached(
                        "UPDATE executions SET version = version + 1, latest = coalesce(?2, latest)
                         WHERE execution = ?1",
                    )?
                    .execute(params![execution, latest])?;
                Ok(execution)
            }
            None => {
                connection
                    .prepare_cached(
                        "INSERT INTO executions (namespace, workflow_id, latest, version)
                         VALUES (?1, ?2, ?3, 1)",
                    )?
                    .execute(params![namespace, self.execution.workflow_id, latest])?;
                Ok(connection.last_insert_rowid())
            }
        }
    }
}

impl PreparedRun {
    fn write(
        &self,
        connection: &Connection,
        namespace: i64,
        execution: i64,
        known: Option<i64>,
        numbers: &mut AttributeNumbers,
    ) -> rusqlite::Result<()> {
        let run = match known {
            Some(run) => {
                self.update_phase(connection, run)?;
                run
            }
            None => self.insert(connection, namespace, execution)?,
        };
        for part in &self.change.parts {
            put_part(connection, run, part)?;
        }
        if let Some(EventBatch { first, events }) = &self.change.events {
            connection
                .prepare_cached("INSERT INTO events (run, first, batch) VALUES (?1, ?2, ?3)")?
                .execute(params![run, first, events])?;
        }
        match &self.row {
            Some(row) => row.put(connection, namespace, run, numbers),
            None => Ok(()),
        }
    }

    fn insert(
        &self,
        connection: &Connection,
        namespace: i64,
        execution: i64,
    ) -> rusqlite::Result<i64> {
        let run_id = self.change.run_id.as_str();
        let (closed_at, next_due, has_tasks) = columns(self.change.phase);
        connection
            .prepare_cached(
                "INSERT INTO runs (execution, namespace, run_id, closed_at, next_due, has_tasks)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                execution, namespace, run_id, closed_at, next_due, has_tasks
            ])?;
        Ok(connection.last_insert_rowid())
    }

    fn update_phase(&self, connection: &Connection, run: i64) -> rusqlite::Result<()> {
        let (closed_at, next_due, has_tasks) = columns(self.change.phase);
        // An update that names `closed_at` writes to the indexes, even if the value stays.
        let updated = connection
            .prepare_cached(
                "UPDATE runs SET next_due = ?3, has_tasks = ?4 WHERE run = ?1 AND closed_at IS ?2",
            )?
            .execute(params![run, closed_at, next_due, has_tasks])?;
        if updated == 0 {
            connection
                .prepare_cached(
                    "UPDATE runs SET closed_at = ?2, next_due = ?3, has_tasks = ?4 WHERE run = ?1",
                )?
                .execute(params![run, closed_at, next_due, has_tasks])?;
        }
        Ok(())
    }
}

fn find(
    connection: &Connection,
    namespace: i64,
    workflow_id: &str,
) -> rusqlite::Result<Option<Known>> {
    connection
        .prepare_cached(
            "SELECT execution, version FROM executions WHERE namespace = ?1 AND workflow_id = ?2",
        )?
        .query_row(params![namespace, workflow_id], |row| {
            Ok(Known {
                execution: row.get(0)?,
                version: row.get(1)?,
            })
        })
        .optional()
}

fn find_run(
    connection: &Connection,
    execution: i64,
    run_id: &str,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT run FROM runs WHERE execution = ?1 AND run_id = ?2")?
        .query_row(params![execution, run_id], |row| row.get(0))
        .optional()
}

fn put_part(connection: &Connection, run: i64, part: &Part) -> rusqlite::Result<()> {
    let key = part.key.as_bytes();
    match &part.value {
        Some(value) => connection
            .prepare_cached("INSERT OR REPLACE INTO parts (run, key, value) VALUES (?1, ?2, ?3)")?
            .execute(params![run, key, value])?,
        None => connection
            .prepare_cached("DELETE FROM parts WHERE run = ?1 AND key = ?2")?
            .execute(params![run, key])?,
    };
    Ok(())
}

/// The columns `closed_at`, `next_due` and `has_tasks` of a run; messages count as tasks.
fn columns(phase: RunPhase) -> (Option<i64>, Option<i64>, bool) {
    match phase {
        RunPhase::Open {
            next_due,
            has_tasks,
        } => (None, next_due.map(|at| at.as_unix_nanos()), has_tasks),
        RunPhase::Closed { at, has_messages } => (Some(at.as_unix_nanos()), None, has_messages),
    }
}
