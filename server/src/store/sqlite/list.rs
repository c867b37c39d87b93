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
use crate::visibility::{BadPageToken, Page, SortKey, filter, is_match, rows_before};

/// Reads a page of the runs that match the query, with the order and the tokens of the index in
/// memory.
pub(super) fn page(
    connection: &Connection,
    namespace: &str,
    query: &Query,
    size: usize,
    token: &[u8],
) -> Result<Page, ListError> {
    // The token is checked first: it is wrong in every namespace.
    let start = Start::of(query, token)?;
    let Some(namespace) = namespaces::number(connection, namespace).map_err(StoreError::from)?
    else {
        return Ok(Page::default());
    };
    let catalog = Catalog::read(connection, namespace).map_err(StoreError::from)?;
    let mut plan = Plan::new(connection, &catalog, namespace, query).map_err(StoreError::from)?;
    let list = List {
        connection,
        query,
        size,
    };
    Ok(match start {
        Start::After(last) => {
            if let Some(last) = &last {
                plan.after(last);
            }
            list.in_default_order(&plan)?
        }
        Start::Skip(rows) => list.sorted(&mut plan, rows)?,
    })
}

/// Where a page starts.
enum Start {
    /// After the last run of the page before, in the default order.
    After(Option<SortKey>),
    /// After so many runs, in the query's order.
    Skip(usize),
}

impl Start {
    fn of(query: &Query, token: &[u8]) -> Result<Self, BadPageToken> {
        Ok(match (query.order.is_empty(), token.is_empty()) {
            (false, _) => Self::Skip(rows_before(token)?),
            (true, true) => Self::After(None),
            (true, false) => Self::After(Some(SortKey::from_token(token).ok_or(BadPageToken)?)),
        })
    }
}

struct List<'a> {
    connection: &'a Connection,
    query: &'a Query,
    size: usize,
}

impl List<'_> {
    fn in_default_order(&self, plan: &Plan<'_>) -> Result<Page, StoreError> {
        let mut executions = self.matching(plan, &plan.runs(), 0)?;
        let next = match self.is_followed(&mut executions) {
            true => executions.last().map(|info| SortKey::of(info).to_token()),
            false => None,
        };
        Ok(Page {
            executions,
            next: next.unwrap_or_default(),
        })
    }

    fn sorted(&self, plan: &mut Plan<'_>, skipped: usize) -> Result<Page, StoreError> {
        let mut executions = match plan.sorted_runs(&self.query.order) {
            Some(statement) => self.matching(plan, &statement, skipped)?,
            None => self.sorted_in_memory(plan, skipped)?,
        };
        let next = match self.is_followed(&mut executions) {
            true => skipped.saturating_add(self.size).to_string().into_bytes(),
            false => Vec::new(),
        };
        Ok(Page { executions, next })
    }

    /// Reads one run more than a page has, if there is one, after the skipped ones.
    fn matching(
        &self,
        plan: &Plan<'_>,
        runs: &str,
        skipped: usize,
    ) -> Result<Vec<Arc<WorkflowExecutionInfo>>, StoreError> {
        let wanted = self.size.saturating_add(1);
        let mut unskipped = match plan.is_exact {
            true => 0,
            false => skipped,
        };
        let runs = match plan.is_exact {
            true => {
                // More than any database has; larger ones are no integers to SQLite.
                let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
                format!("{runs} LIMIT {wanted} OFFSET {skipped}")
            }
            false => runs.to_owned(),
        };
        let mut statement = self.connection.prepare_cached(&runs)?;
        let mut rows = plan.sql.query(&mut statement)?;
        let mut found = Vec::new();
        while found.len() < wanted
            && let Some(row) = rows.next()?
        {
            let info = info(self.connection, row.get(0)?)?;
            if !plan.is_exact && !is_match(self.query, &info) {
                continue;
            }
            match unskipped {
                0 => found.push(Arc::new(info)),
                _ => unskipped -= 1,
            }
        }
        Ok(found)
    }

    /// Sorts by fields whose values are only in the messages. Keeps their values, not the messages.
    fn sorted_in_memory(
        &self,
        plan: &Plan<'_>,
        skipped: usize,
    ) -> Result<Vec<Arc<WorkflowExecutionInfo>>, StoreError> {
        let order = &self.query.order;
        let mut statement = self.connection.prepare_cached(&plan.runs())?;
        let mut rows = plan.sql.query(&mut statement)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let run: i64 = row.get(0)?;
            let info = info(self.connection, run)?;
            if plan.is_exact || is_match(self.query, &info) {
                all.push((filter::sort_values(order, &info), run));
            }
        }
        all.sort_by(|(left, _), (right, _)| filter::compare(order, left, right));
        let page = all.iter().skip(skipped).take(self.size.saturating_add(1));
        page.map(|(_, run)| info(self.connection, *run).map(Arc::new))
            .collect()
    }

    /// Whether more runs were found than a page has; cuts them off.
    fn is_followed(&self, executions: &mut Vec<Arc<WorkflowExecutionInfo>>) -> bool {
        let is_followed = executions.len() > self.size;
        executions.truncate(self.size);
        is_followed
    }
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
