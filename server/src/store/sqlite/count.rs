//! Counts of runs.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::attributes::Catalog;
use super::filter::FieldSql;
use super::list::info;
use super::namespaces;
use super::plan::Plan;
use crate::error::StoreError;
use crate::visibility::attributes::Field;
use crate::visibility::filter::{Value, group, group_text};
use crate::visibility::is_match;
use crate::visibility::query::Query;

/// Counts by the value of the query's `GROUP BY` field.
type Counts = BTreeMap<Option<String>, i64>;

/// Counts the runs that match the query.
pub(super) fn counts(
    connection: &Connection,
    namespace: &str,
    query: &Query,
) -> Result<Counts, StoreError> {
    let Some(namespace) = namespaces::number(connection, namespace)? else {
        return Ok(Counts::new());
    };
    let catalog = Catalog::read(connection, namespace)?;
    let mut plan = Plan::new(connection, &catalog, namespace, query)?;
    match &query.group {
        None if plan.is_exact => count_all(connection, &plan),
        Some(field) if plan.is_exact => match plan.sql.field(field) {
            Some(FieldSql::Value(value)) => count_groups(connection, &plan, field, &value),
            Some(FieldSql::Items(_)) | None => count_messages(connection, &plan, query),
        },
        _ => count_messages(connection, &plan, query),
    }
}

fn count_all(connection: &Connection, plan: &Plan<'_>) -> Result<Counts, StoreError> {
    let mut statement = connection.prepare_cached(&plan.select("count(*)", ""))?;
    let count = plan.sql.query_one(&mut statement)?;
    Ok(match count {
        0 => Counts::new(),
        count => Counts::from([(None, count)]),
    })
}

fn count_groups(
    connection: &Connection,
    plan: &Plan<'_>,
    field: &Field,
    value: &str,
) -> Result<Counts, StoreError> {
    let statement = plan.select(&format!("{value}, count(*)"), "GROUP BY 1");
    let mut statement = connection.prepare_cached(&statement)?;
    let mut rows = plan.sql.query(&mut statement)?;
    let mut counts = Counts::new();
    while let Some(row) = rows.next()? {
        let value = match row.get_ref(0)? {
            ValueRef::Null => None,
            ValueRef::Text(text) => Some(Value::Text(String::from_utf8_lossy(text).into_owned())),
            ValueRef::Integer(value) => Some(Value::Integer(value)),
            // Counts have groups of keywords only, and of the status.
            ValueRef::Real(_) | ValueRef::Blob(_) => {
                let problem = format!("search attribute {} is not a keyword", field.name());
                return Err(StoreError::Corrupted(problem));
            }
        };
        let group = value.map(|value| group_text(field, value));
        *counts.entry(group).or_insert(0) += row.get::<_, i64>(1)?;
    }
    Ok(counts)
}

/// Counts by the filter in memory.
fn count_messages(
    connection: &Connection,
    plan: &Plan<'_>,
    query: &Query,
) -> Result<Counts, StoreError> {
    let mut statement = connection.prepare_cached(&plan.select("v.run", ""))?;
    let mut rows = plan.sql.query(&mut statement)?;
    let mut counts = Counts::new();
    while let Some(row) = rows.next()? {
        let info = info(connection, row.get(0)?)?;
        if plan.is_exact || is_match(query, &info) {
            let group = query.group.as_ref().and_then(|field| group(field, &info));
            *counts.entry(group).or_insert(0) += 1;
        }
    }
    Ok(counts)
}
