//! Visibility: the filter language of List and Count, and an index of a namespace's runs in memory.

pub(crate) mod attributes;
pub(crate) mod filter;
mod go_float;
mod keywords;
mod lexer;
mod operators;
pub(crate) mod parser;
pub(crate) mod query;
pub(crate) mod removed;
mod rfc3339;
pub(crate) mod values;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use durably_history::{Checksum, RunId};
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;
use durably_proto::wkt::Timestamp;

use self::query::Query;

/// The executions of one namespace.
#[derive(Debug, Default)]
pub(crate) struct Visibility {
    table: RwLock<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// In the order of lists.
    rows: BTreeMap<SortKey, Arc<WorkflowExecutionInfo>>,
    /// Sort keys by run id.
    places: HashMap<String, SortKey>,
}

/// The order of lists: running executions first, then the last closed; ties by start time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SortKey {
    pub(crate) closed: Reverse<Nanos>,
    pub(crate) started: Reverse<Nanos>,
    pub(crate) run_id: String,
}

/// Nanoseconds since 1970.
pub(crate) type Nanos = i128;

/// One page of a list.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) executions: Vec<Arc<WorkflowExecutionInfo>>,
    /// Empty when there is no further page.
    pub(crate) next: Vec<u8>,
}

/// The page token was not issued by this server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadPageToken;

impl Visibility {
    /// Inserts or replaces the row of an execution.
    pub(crate) fn upsert(&self, info: WorkflowExecutionInfo) {
        let place = SortKey::of(&info);
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let old = table.places.insert(place.run_id.clone(), place.clone());
        if let Some(old) = old
            && old != place
        {
            table.rows.remove(&old);
        }
        table.rows.insert(place, Arc::new(info));
    }

    /// Removes the row of a run.
    pub(crate) fn remove(&self, run_id: &RunId) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = table.places.remove(run_id.as_str()) {
            table.rows.remove(&place);
        }
    }

    /// Lists a page of the executions that match the query.
    pub(crate) fn list(
        &self,
        query: &Query,
        size: usize,
        token: &[u8],
    ) -> Result<Page, BadPageToken> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.page(query, size, token)
    }

    /// Counts the executions that match the query, by the value of its `GROUP BY` field.
    pub(crate) fn count(&self, query: &Query) -> BTreeMap<Option<String>, i64> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let mut counts = BTreeMap::new();
        for info in table.matching_rows(query) {
            let group = query
                .group
                .as_ref()
                .and_then(|field| filter::group(field, info));
            *counts.entry(group).or_insert(0) += 1;
        }
        counts
    }
}

impl Table {
    fn matching_rows<'a>(
        &'a self,
        query: &'a Query,
    ) -> impl Iterator<Item = &'a Arc<WorkflowExecutionInfo>> {
        self.rows.values().filter(|info| is_match(query, info))
    }

    /// A page; the token is the sort key of the last row shown.
    fn page(&self, query: &Query, size: usize, token: &[u8]) -> Result<Page, BadPageToken> {
        let start = match token.is_empty() {
            true => Bound::Unbounded,
            false => Bound::Excluded(SortKey::from_token(token).ok_or(BadPageToken)?),
        };
        let mut found = self
            .rows
            .range((start, Bound::Unbounded))
            .filter(|(_, info)| is_match(query, info));
        let mut executions = Vec::new();
        let mut last = None;
        for (place, info) in found.by_ref().take(size) {
            executions.push(Arc::clone(info));
            last = Some(place);
        }
        let next = match found.next() {
            Some(_) => last.map(SortKey::to_token).unwrap_or_default(),
            None => Vec::new(),
        };
        Ok(Page { executions, next })
    }
}

impl SortKey {
    pub(crate) fn of(info: &WorkflowExecutionInfo) -> Self {
        Self {
            closed: Reverse(info.close_time.map_or(Nanos::MAX, nanos)),
            started: Reverse(info.start_time.map_or(0, nanos)),
            run_id: info
                .execution
                .as_ref()
                .map(|execution| execution.run_id.clone())
                .unwrap_or_default(),
        }
    }

    pub(crate) fn to_token(&self) -> Vec<u8> {
        let place = format!("{} {} {}", self.closed.0, self.started.0, self.run_id);
        format!("{} {place}", checksum(&place)).into_bytes()
    }

    /// The sort key of the last row of the page before.
    pub(crate) fn from_token(token: &[u8]) -> Option<Self> {
        let (sum, place) = std::str::from_utf8(token).ok()?.split_once(' ')?;
        // A damaged run id still parses, so the checksum detects it.
        if sum != checksum(place) {
            return None;
        }
        let mut parts = place.splitn(3, ' ');
        Some(Self {
            closed: Reverse(parts.next()?.parse().ok()?),
            started: Reverse(parts.next()?.parse().ok()?),
            run_id: parts.next()?.to_owned(),
        })
    }
}

/// Whether the query's filter, if it has one, matches this execution.
pub(crate) fn is_match(query: &Query, info: &WorkflowExecutionInfo) -> bool {
    query
        .filter
        .as_ref()
        .is_none_or(|filter| filter::matches(filter, info))
}

fn checksum(place: &str) -> String {
    let mut sum = Checksum::default();
    sum.add(place.as_bytes());
    format!("{:016x}", sum.value())
}

fn nanos(time: Timestamp) -> Nanos {
    Nanos::from(time.seconds) * 1_000_000_000 + Nanos::from(time.nanos)
}

#[cfg(test)]
mod tests {
    use durably_proto::api::common::v1::{
        Payload, SearchAttributes, WorkflowExecution, WorkflowType,
    };
    use durably_proto::api::enums::v1::{IndexedValueType, WorkflowExecutionStatus};

    use super::attributes::Attributes;
    use super::*;

    fn execution(id: &str, started: i64, closed: Option<i64>) -> WorkflowExecutionInfo {
        let time = |seconds| Timestamp { seconds, nanos: 0 };
        let status = match closed {
            Some(_) => WorkflowExecutionStatus::Completed,
            None => WorkflowExecutionStatus::Running,
        };
        WorkflowExecutionInfo {
            execution: Some(WorkflowExecution {
                workflow_id: id.to_owned(),
                run_id: format!("run-{id}"),
            }),
            r#type: Some(WorkflowType {
                name: "Order".to_owned(),
            }),
            start_time: Some(time(started)),
            close_time: closed.map(time),
            status: status.into(),
            task_queue: "orders".to_owned(),
            ..WorkflowExecutionInfo::default()
        }
    }

    struct Case {
        visibility: Visibility,
        attributes: Attributes,
    }

    impl Case {
        fn new(executions: impl IntoIterator<Item = WorkflowExecutionInfo>) -> Self {
            let visibility = Visibility::default();
            for info in executions {
                visibility.upsert(info);
            }
            let mut attributes = Attributes::new();
            attributes.add("Customer", IndexedValueType::Keyword);
            attributes.add("Amount", IndexedValueType::Int);
            attributes.add("Tags", IndexedValueType::KeywordList);
            Self {
                visibility,
                attributes,
            }
        }

        fn ids(&self, query: &str) -> Vec<String> {
            ids(&self.page(query, 100, b""))
        }

        fn page(&self, query: &str, size: usize, token: &[u8]) -> Page {
            let query = parser::parse(query, &self.attributes).expect("the query is well formed");
            self.visibility
                .list(&query, size, token)
                .expect("the token is the server's")
        }
    }

    fn ids(page: &Page) -> Vec<String> {
        page.executions
            .iter()
            .filter_map(|info| info.execution.as_ref())
            .map(|execution| execution.workflow_id.clone())
            .collect()
    }

    #[test]
    fn running_ones_come_first_then_the_last_closed() {
        let case = Case::new([
            execution("a", 1, Some(10)),
            execution("b", 2, Some(20)),
            execution("c", 3, None),
            execution("d", 4, None),
        ]);
        assert_eq!(case.ids(""), ["d", "c", "b", "a"]);
    }

    #[test]
    fn an_execution_that_closes_moves() {
        let case = Case::new([
            execution("a", 1, None),
            execution("b", 2, None),
            execution("b", 2, Some(9)),
        ]);
        assert_eq!(case.ids(""), ["a", "b"]);
        assert_eq!(case.ids("ExecutionStatus = 'Completed'"), ["b"]);
    }

    #[test]
    fn fields_are_compared_by_their_type() {
        let case = Case::new([execution("a", 100, None), execution("b", 200, Some(300))]);
        assert_eq!(case.ids("StartTime > '1970-01-01T00:02:00Z'"), ["b"]);
        assert_eq!(case.ids("WorkflowId IN ('a','x')"), ["a"]);
        assert_eq!(case.ids("WorkflowId NOT IN ('a','x')"), ["b"]);
        assert_eq!(case.ids("CloseTime IS NULL"), ["a"]);
        assert_eq!(case.ids("CloseTime IS NOT NULL"), ["b"]);
        assert_eq!(case.ids("WorkflowType STARTS_WITH 'Or'"), ["a", "b"]);
        assert_eq!(case.ids("WorkflowType != 'Order'"), [""; 0]);
        assert_eq!(
            case.ids("StartTime BETWEEN '1970-01-01T00:01:00Z' AND '1970-01-01T00:02:00Z'"),
            ["a"]
        );
    }

    #[test]
    fn custom_attributes_are_searched() {
        let payload = |json: &str| Payload {
            data: json.as_bytes().to_vec(),
            ..Payload::default()
        };
        let mut info = execution("a", 1, None);
        info.search_attributes = Some(SearchAttributes {
            indexed_fields: [
                ("Customer".to_owned(), payload("\"ada\"")),
                ("Amount".to_owned(), payload("42")),
                ("Tags".to_owned(), payload("[\"new\",\"vip\"]")),
            ]
            .into(),
        });
        let case = Case::new([info, execution("b", 2, None)]);
        assert_eq!(case.ids("Customer = 'ada'"), ["a"]);
        assert_eq!(case.ids("Amount >= 42 AND Amount < 43"), ["a"]);
        assert_eq!(case.ids("Tags = 'vip'"), ["a"]);
        assert_eq!(case.ids("Tags IN ('old', 'new')"), ["a"]);
        assert_eq!(case.ids("Customer IS NULL"), ["b"]);
    }

    #[test]
    fn pages_join_to_the_whole() {
        let case = Case::new((0..5).map(|n| execution(&n.to_string(), n, None)));
        let mut all = Vec::new();
        let mut token = Vec::new();
        loop {
            let page = case.page("", 2, &token);
            all.extend(ids(&page));
            token = page.next;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(all, ["4", "3", "2", "1", "0"]);
        let all = Query::default();
        let token = case.page("", 2, b"").next;
        let damaged = [
            b"junk".to_vec(),
            token[..token.len() - 1].to_vec(),
            [&token[..], b"x"].concat(),
            [b"0", &token[1..]].concat(),
        ];
        for damaged in damaged.into_iter().filter(|it| *it != token) {
            assert!(case.visibility.list(&all, 2, &damaged).is_err());
        }
    }

    #[test]
    fn counts_are_grouped() {
        let case = Case::new([
            execution("a", 1, None),
            execution("b", 2, Some(3)),
            execution("c", 2, Some(3)),
        ]);
        let query = parser::parse("GROUP BY ExecutionStatus", &case.attributes)
            .expect("the query is well formed");
        let counts = case.visibility.count(&query);
        assert_eq!(counts[&Some("Completed".to_owned())], 2);
        assert_eq!(counts[&Some("Running".to_owned())], 1);
    }
}
