//! Lists of runs, a page at a time.

use std::sync::Arc;

use durably_proto::Message;
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;
use rusqlite::Connection;

use super::attributes::Catalog;
use super::namespaces;
use super::plan::Plan;
use crate::error::{ListError, StoreError};
use crate::visibility::query::Query;
use crate::visibility::{BadPageToken, Page, SortKey, is_match};

/// Reads a page of the runs that match the query, with the order and the tokens of the index in
/// memory: a token is the sort key of the last run of the page before.
pub(super) fn page(
    connection: &Connection,
    namespace: &str,
    query: &Query,
    size: usize,
    token: &[u8],
) -> Result<Page, ListError> {
    // The token is checked first: it is wrong in every namespace.
    let last = match token.is_empty() {
        true => None,
        false => Some(SortKey::from_token(token).ok_or(BadPageToken)?),
    };
    let Some(namespace) = namespaces::number(connection, namespace).map_err(StoreError::from)?
    else {
        return Ok(Page::default());
    };
    let catalog = Catalog::read(connection, namespace).map_err(StoreError::from)?;
    let mut plan = Plan::new(connection, &catalog, namespace, query).map_err(StoreError::from)?;
    if let Some(last) = &last {
        plan.after(last);
    }
    let mut executions = matching(connection, &plan, query, size.saturating_add(1))?;
    let is_followed = executions.len() > size;
    executions.truncate(size);
    let last = executions.last().filter(|_| is_followed);
    let next = last.map(|info| SortKey::of(info).to_token());
    Ok(Page {
        executions,
        next: next.unwrap_or_default(),
    })
}

/// Reads as many runs of the list as are wanted.
fn matching(
    connection: &Connection,
    plan: &Plan<'_>,
    query: &Query,
    wanted: usize,
) -> Result<Vec<Arc<WorkflowExecutionInfo>>, StoreError> {
    let runs = match plan.is_exact {
        true => format!("{} LIMIT {wanted}", plan.runs()),
        false => plan.runs(),
    };
    let mut statement = connection.prepare_cached(&runs)?;
    let mut rows = plan.sql.query(&mut statement)?;
    let mut found = Vec::new();
    while found.len() < wanted
        && let Some(row) = rows.next()?
    {
        let info = info(connection, row.get(0)?)?;
        if plan.is_exact || is_match(query, &info) {
            found.push(Arc::new(info));
        }
    }
    Ok(found)
}

/// Reads the row of a run.
pub(super) fn info(connection: &Connection, run: i64) -> Result<WorkflowExecutionInfo, StoreError> {
    let mut statement = connection.prepare_cached("SELECT info FROM visibility WHERE run = ?1")?;
    let mut rows = statement.query([run])?;
    let missing = || StoreError::Corrupted(format!("run number {run} has no row in `visibility`"));
    let row = rows.next()?.ok_or_else(missing)?;
    let message = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
    WorkflowExecutionInfo::decode(message).map_err(|error| {
        StoreError::Corrupted(format!(
            "the row of run number {run} in `visibility`: {error}"
        ))
    })
}
