//! How a query is run: which index leads to its runs, and what is left for the filter in memory.
//!
//! The database has no statistics that are always up to date, and for SQLite every index looks alike.
//! So each index that serves a condition is asked how many entries it has, up to a limit, and the
//! shortest wins. With a short index every run that it names is looked at and sorted; with none, the
//! runs are read in the order of the list until a page is full.

use durably_proto::api::enums::v1::IndexedValueType;
use rusqlite::Connection;

use super::attributes::Catalog;
use super::filter::Sql;
use super::row::{OPEN, sort_column};
use crate::visibility::SortKey;
use crate::visibility::attributes::Field;
use crate::visibility::filter::{Value, operand};
use crate::visibility::query::{Comparison, Filter, Literal, Query};

/// A query translated for a namespace.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) sql: Sql<'a>,
    source: Source,
    conditions: Vec<String>,
    /// Whether the conditions are the whole filter; else the filter in memory decides on what they
    /// find.
    pub(super) is_exact: bool,
}

/// The index that leads to the runs.
#[derive(Debug)]
struct Source {
    from: Table,
    /// A condition that the index serves.
    condition: Option<String>,
    /// Whether it has the order of lists.
    is_ordered: bool,
}

#[derive(Debug)]
enum Table {
    /// The table `visibility` by an index.
    Visibility(&'static str),
    /// The table `attributes` by its values.
    Attributes,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        connection: &Connection,
        catalog: &'a Catalog,
        namespace: i64,
        query: &Query,
    ) -> rusqlite::Result<Self> {
        let mut sql = Sql::new(catalog);
        let namespace = sql.bind(namespace);
        let filters: Vec<&Filter> = match &query.filter {
            None => Vec::new(),
            Some(Filter::All(filters)) => filters.iter().collect(),
            Some(filter) => vec![filter],
        };
        let mut conditions = vec![format!("v.namespace = {namespace}")];
        let mut ranges = Vec::new();
        let mut is_exact = true;
        for filter in &filters {
            match sql.condition(filter) {
                Some(condition) => conditions.push(format!("({condition})")),
                None => is_exact = false,
            }
            ranges.extend(sort_key_range(filter));
        }
        let by = query.group.as_ref().and_then(index);
        let source = choose(connection, &mut sql, &namespace, &filters, by)?;
        let table = source.from.alias();
        for Range { column, by, nanos } in ranges {
            let nanos = sql.bind(nanos);
            conditions.push(format!("{table}.{column} {} {nanos}", by.symbol()));
        }
        Ok(Self {
            sql,
            source,
            conditions,
            is_exact,
        })
    }

    /// Skips the runs of the pages before.
    pub(super) fn after(&mut self, last: &SortKey) {
        let closed = self.sql.bind(sort_column(last.closed.0));
        let started = self.sql.bind(sort_column(last.started.0));
        let run_id = self.sql.bind(last.run_id.clone());
        let table = self.source.from.alias();
        // The first condition is a range of the index.
        self.conditions.push(format!(
            "({table}.closed, {table}.started) <= ({closed}, {started})"
        ));
        self.conditions.push(format!(
            "(({table}.closed, {table}.started) < ({closed}, {started}) OR v.run_id > {run_id})"
        ));
    }

    /// The numbers of the runs in the order of lists.
    pub(super) fn runs(&self) -> String {
        let table = self.source.from.alias();
        self.select(
            "v.run",
            &format!("ORDER BY {table}.closed DESC, {table}.started DESC, v.run_id"),
        )
    }

    /// A statement on the runs.
    pub(super) fn select(&self, columns: &str, rest: &str) -> String {
        let mut conditions = self.conditions.clone();
        conditions.extend(self.source.condition.clone());
        let from = self.source.from.sql();
        let conditions = conditions.join(" AND ");
        format!("SELECT {columns} FROM {from} WHERE {conditions} {rest}")
    }
}

impl Table {
    fn sql(&self) -> String {
        match self {
            Self::Visibility(index) => format!("visibility v INDEXED BY {index}"),
            Self::Attributes => "attributes a INDEXED BY attributes_by_value
                 CROSS JOIN visibility v ON v.run = a.run"
                .to_owned(),
        }
    }

    /// The table that has the columns `closed` and `started` of the index.
    fn alias(&self) -> &'static str {
        match self {
            Self::Visibility(_) => "v",
            Self::Attributes => "a",
        }
    }
}

/// Chooses the index that leads to the runs.
fn choose(
    connection: &Connection,
    sql: &mut Sql<'_>,
    namespace: &str,
    filters: &[&Filter],
    by: Option<&'static str>,
) -> rusqlite::Result<Source> {
    let mut shortest: Option<(usize, Source)> = None;
    let mut longest_ordered = None;
    for filter in filters {
        let Some(source) = source(sql, filter) else {
            continue;
        };
        let entries = count(connection, sql, namespace, &source)?;
        if entries > SHORT {
            // The first one stays: no length is known.
            if source.is_ordered && longest_ordered.is_none() {
                longest_ordered = Some(source);
            }
        } else if shortest.as_ref().is_none_or(|(least, _)| entries < *least) {
            shortest = Some((entries, source));
        }
    }
    let whole = |index, is_ordered| Source {
        from: Table::Visibility(index),
        condition: None,
        is_ordered,
    };
    Ok(match (shortest, by, longest_ordered) {
        (Some((_, source)), _, _) => source,
        (None, Some(index), _) => whole(index, false),
        (None, None, Some(source)) => source,
        (None, None, None) => whole("visibility_by_close", true),
    })
}

/// The index whose order is that of a field's values.
fn index(field: &Field) -> Option<&'static str> {
    match field {
        Field::WorkflowId => Some("visibility_by_workflow"),
        Field::WorkflowType => Some("visibility_by_type"),
        Field::ExecutionStatus => Some("visibility_by_status"),
        Field::StartTime => Some("visibility_by_start"),
        // Its conditions are ranges of the sort key, and among its values open runs come last.
        Field::CloseTime => None,
        Field::RunId
        | Field::TaskQueue
        | Field::ExecutionTime
        | Field::ExecutionDuration
        | Field::HistoryLength
        | Field::HistorySizeBytes
        | Field::StateTransitionCount
        | Field::ParentWorkflowId
        | Field::ParentRunId
        | Field::RootWorkflowId
        | Field::RootRunId
        | Field::Carried(..) => None,
    }
}

/// How many entries of an index a source has; a number above [`SHORT`] says no more than that.
fn count(
    connection: &Connection,
    sql: &Sql<'_>,
    namespace: &str,
    source: &Source,
) -> rusqlite::Result<usize> {
    let (from, scope) = match source.from {
        Table::Visibility(index) => (
            format!("visibility v INDEXED BY {index}"),
            format!("v.namespace = {namespace}"),
        ),
        // An attribute belongs to one namespace.
        Table::Attributes => (
            "attributes a INDEXED BY attributes_by_value".to_owned(),
            "true".to_owned(),
        ),
    };
    let condition = source.condition.as_deref().unwrap_or("true");
    let statement = format!(
        "SELECT count(*) FROM
             (SELECT 1 FROM {from} WHERE {scope} AND {condition} LIMIT {})",
        SHORT + 1
    );
    let mut statement = connection.prepare_cached(&statement)?;
    sql.query_one(&mut statement)
}

/// The index that serves a condition which every run of the list satisfies.
fn source(sql: &mut Sql<'_>, filter: &Filter) -> Option<Source> {
    let (field, equal_to_one) = match filter {
        Filter::Compare { field, by, .. } => match by {
            Comparison::NotEqual => return None,
            Comparison::Equal => (field, true),
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => (field, false),
        },
        Filter::In { field, values } => (field, values.len() == 1),
        Filter::Between { field, .. } | Filter::StartsWith { field, .. } => (field, false),
        Filter::All(_) | Filter::Any(_) | Filter::Not(_) | Filter::IsNull { .. } => return None,
    };
    if let Field::Carried(name, value_type) = field {
        let attribute = sql.catalog().number(name, *value_type)?;
        return attribute_source(sql, attribute, field, filter, equal_to_one);
    }
    let index = index(field)?;
    Some(Source {
        from: Table::Visibility(index),
        condition: Some(sql.condition(filter)?),
        is_ordered: equal_to_one && *field != Field::StartTime,
    })
}

fn attribute_source(
    sql: &mut Sql<'_>,
    attribute: i64,
    field: &Field,
    filter: &Filter,
    equal_to_one: bool,
) -> Option<Source> {
    let is_list = field.value_type() == IndexedValueType::KeywordList;
    // With two items of a list a run would be found twice.
    if is_list && !equal_to_one {
        return None;
    }
    let attribute = sql.bind(attribute);
    let condition = match filter {
        Filter::Compare { by, with, .. } => {
            let operand = item_operand(sql, is_list, field, with);
            format!("a.value {} {operand}", by.symbol())
        }
        Filter::In { values, .. } if !sql.has_room(values.len()) => return None,
        Filter::In { values, .. } => {
            let operands: Vec<_> = values
                .iter()
                .map(|literal| item_operand(sql, is_list, field, literal))
                .collect();
            format!("a.value IN ({})", operands.join(", "))
        }
        Filter::Between { low, high, .. } => {
            let (low, high) = (sql.operand(field, low), sql.operand(field, high));
            format!("a.value BETWEEN {low} AND {high}")
        }
        Filter::StartsWith { prefix, .. } => sql.prefix_range("a.value", prefix),
        Filter::All(_) | Filter::Any(_) | Filter::Not(_) | Filter::IsNull { .. } => return None,
    };
    Some(Source {
        from: Table::Attributes,
        condition: Some(format!("a.attribute = {attribute} AND {condition}")),
        is_ordered: equal_to_one,
    })
}

fn item_operand(sql: &mut Sql<'_>, is_list: bool, field: &Field, literal: &Literal) -> String {
    match literal {
        Literal::Text(text) if is_list => sql.bind(text.clone()),
        literal => sql.operand(field, literal),
    }
}

/// A bound of a column of the sort key.
#[derive(Debug)]
struct Range {
    column: &'static str,
    by: Comparison,
    nanos: i64,
}

/// What a condition on a time implies for the sort key. The indexes have it, so that a range of close
/// times is a range of the list, and entries outside of a range of start times are skipped without
/// reading their rows.
fn sort_key_range(filter: &Filter) -> Vec<Range> {
    use Comparison::{Equal, GreaterOrEqual, LessOrEqual};
    let bounds = match filter {
        Filter::Compare { field, by, with } => {
            let micros = micros(field, with);
            match by {
                Comparison::NotEqual => return Vec::new(),
                Equal => (field, micros, micros),
                Comparison::Less | LessOrEqual => (field, None, micros),
                Comparison::Greater | GreaterOrEqual => (field, micros, None),
            }
        }
        Filter::Between { field, low, high } => (field, micros(field, low), micros(field, high)),
        Filter::IsNull {
            field: Field::CloseTime,
        } => {
            return vec![Range {
                column: "closed",
                by: Equal,
                nanos: OPEN,
            }];
        }
        Filter::All(_)
        | Filter::Any(_)
        | Filter::Not(_)
        | Filter::In { .. }
        | Filter::StartsWith { .. }
        | Filter::IsNull { .. } => return Vec::new(),
    };
    let (field, low, high) = bounds;
    let column = if *field == Field::CloseTime {
        "closed"
    } else if *field == Field::StartTime {
        "started"
    } else {
        return Vec::new();
    };
    // The columns have nanoseconds, the values of fields microseconds, rounded down.
    let low = low.map(|micros| Range {
        column,
        by: GreaterOrEqual,
        nanos: micros.saturating_mul(1000).min(OPEN - 1),
    });
    let high = high.map(|micros| Range {
        column,
        by: LessOrEqual,
        nanos: micros.saturating_mul(1000).saturating_add(999),
    });
    low.into_iter().chain(high).collect()
}

fn micros(field: &Field, literal: &Literal) -> Option<i64> {
    match operand(field, literal)? {
        Value::Time(micros) => Some(micros),
        Value::Text(_)
        | Value::Texts(_)
        | Value::Integer(_)
        | Value::Number(_)
        | Value::Bool(_) => None,
    }
}

/// Entries of an index that are looked at one by one: some ten milliseconds of work. Tests have few
/// rows, and some of their indexes are to be long.
const SHORT: usize = if cfg!(test) { 20 } else { 20_000 };
