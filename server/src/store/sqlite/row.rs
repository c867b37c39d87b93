//! Rows of visibility, written.

use std::cmp::Reverse;

use durably_proto::Message;
use durably_proto::api::enums::v1::IndexedValueType;
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, ToSql, params};

use super::attributes::{self, AttributeNumbers};
use super::columns::{FIELDS, sql_value};
use crate::visibility::filter::value;
use crate::visibility::{Nanos, SortKey};

/// A row as the database keeps it.
#[derive(Debug)]
pub(super) struct Row {
    closed: i64,
    started: i64,
    /// Those of [`FIELDS`].
    values: Vec<SqlValue>,
    attributes: Vec<Attribute>,
    info: Vec<u8>,
}

/// A search attribute that the run carries.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value_type: IndexedValueType,
    /// What the table `attributes` has of it.
    pub(super) items: Vec<SqlValue>,
}

impl Row {
    pub(super) fn of(info: &WorkflowExecutionInfo) -> Self {
        let SortKey {
            closed: Reverse(closed),
            started: Reverse(started),
            ..
        } = SortKey::of(info);
        let values = FIELDS.iter().map(|field| {
            let value = value(field, info).and_then(sql_value);
            value.unwrap_or(SqlValue::Null)
        });
        Self {
            closed: sort_column(closed),
            started: sort_column(started),
            values: values.collect(),
            attributes: attributes::of(info),
            info: info.encode_to_vec(),
        }
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.info.len()
    }

    /// Inserts the row, or replaces the one that the run has.
    pub(super) fn put(
        &self,
        connection: &Connection,
        namespace: i64,
        run: i64,
        numbers: &mut AttributeNumbers,
    ) -> rusqlite::Result<()> {
        let mut columns: Vec<&dyn ToSql> = vec![&run, &namespace, &self.closed, &self.started];
        columns.extend(self.values.iter().map(|value| value as &dyn ToSql));
        columns.push(&self.info);
        // Most changes of an open run touch no index, and writing to every index takes most of the
        // time of a replacement.
        let updated = connection
            .prepare_cached(UPDATE_UNINDEXED)?
            .execute(&*columns)?;
        if updated == 0 {
            connection.prepare_cached(REPLACE)?.execute(&*columns)?;
        }
        self.put_attributes(connection, namespace, run, numbers)
    }

    fn put_attributes(
        &self,
        connection: &Connection,
        namespace: i64,
        run: i64,
        numbers: &mut AttributeNumbers,
    ) -> rusqlite::Result<()> {
        connection
            .prepare_cached("DELETE FROM attributes WHERE run = ?1")?
            .execute([run])?;
        for Attribute {
            name,
            value_type,
            items,
        } in &self.attributes
        {
            let attribute = numbers.get_or_insert(connection, namespace, name, *value_type)?;
            let mut insert = connection.prepare_cached(
                "INSERT INTO attributes (run, attribute, item, value, closed, started)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for (item, value) in items.iter().enumerate() {
                let (closed, started) = (self.closed, self.started);
                insert.execute(params![run, attribute, item, value, closed, started])?;
            }
        }
        Ok(())
    }
}

/// A time of the sort key as its column: that of an open run, which is after all times, is the
/// largest integer.
pub(super) fn sort_column(nanos: Nanos) -> i64 {
    match nanos {
        Nanos::MAX => OPEN,
        nanos => {
            let nanos = nanos.clamp(i64::MIN.into(), (OPEN - 1).into());
            i64::try_from(nanos).expect("it was clamped")
        }
    }
}

/// The column `closed` of an open run.
pub(super) const OPEN: i64 = i64::MAX;

/// The parameters are the columns of the table, in its order.
const REPLACE: &str = "INSERT OR REPLACE INTO visibility VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";

/// The parameters are the columns of the table, in its order. No index has a column that is set.
const UPDATE_UNINDEXED: &str = "UPDATE visibility SET
        task_queue = ?9, execution_time = ?11, close_time = ?12, duration = ?13,
        history_length = ?14, history_size = ?15, transitions = ?16, parent_workflow_id = ?17,
        parent_run_id = ?18, root_workflow_id = ?19, root_run_id = ?20, info = ?21
    WHERE run = ?1 AND namespace = ?2 AND closed = ?3 AND started = ?4 AND run_id IS ?5
        AND workflow_id IS ?6 AND type IS ?7 AND status IS ?8 AND start_time IS ?10";
