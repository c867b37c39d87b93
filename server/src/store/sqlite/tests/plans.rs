//! How SQLite runs the usual queries over many runs: by an index, in its order, so that a page costs the
//! same however many runs there are.

use std::cmp::Reverse;

use durably_proto::api::enums::v1::IndexedValueType;
use rusqlite::Connection;

use super::Folder;
use crate::store::sqlite::attributes::Catalog;
use crate::store::sqlite::plan::Plan;
use crate::visibility::SortKey;
use crate::visibility::attributes::Attributes;
use crate::visibility::parser;
use crate::visibility::query::Query;

#[test]
fn lists_in_the_default_order_are_read_in_the_order_of_an_index() {
    let case = Case::new();
    for (text, index) in [
        ("", "visibility_by_close (namespace=?)"),
        (
            "WorkflowType = 'T'",
            "visibility_by_type (namespace=? AND type=?)",
        ),
        (
            "ExecutionStatus = 'Completed'",
            "visibility_by_status (namespace=? AND status=?)",
        ),
        (
            "WorkflowId = 'w'",
            "visibility_by_workflow (namespace=? AND workflow_id=?)",
        ),
        (
            "Customer = 'ada'",
            "attributes_by_value (attribute=? AND value=?)",
        ),
        (
            "Tags = 'new'",
            "attributes_by_value (attribute=? AND value=?)",
        ),
        (
            "CloseTime > '1970-01-01T00:00:00Z'",
            "visibility_by_close (namespace=? AND closed>?)",
        ),
        (
            "CloseTime BETWEEN '1970-01-01T00:00:00Z' AND '1970-01-02T00:00:00Z'",
            "visibility_by_close (namespace=? AND closed>? AND closed<?)",
        ),
        (
            "CloseTime IS NULL",
            "visibility_by_close (namespace=? AND closed=?)",
        ),
        (
            "StartTime > '1970-01-01T00:00:00Z'",
            "visibility_by_close (namespace=?)",
        ),
        // All runs have the two; the first one is as good as the other.
        (
            "WorkflowType = 'T' AND ExecutionStatus = 'Completed'",
            "visibility_by_type (namespace=? AND type=?)",
        ),
        ("TaskQueue = 'q'", "visibility_by_close (namespace=?)"),
    ] {
        let steps = case.steps(text);
        assert!(steps[0].contains(index), "{text}: {steps:?}");
        // Equal times are sorted by run id.
        let sorts = |step: &String| step.contains("TEMP B-TREE") && !step.contains("LAST TERM");
        assert!(!steps.iter().any(sorts), "{text}: {steps:?}");
    }
}

#[test]
fn a_later_page_is_a_range_of_the_index() {
    let case = Case::new();
    for (text, range) in [
        ("", "(namespace=? AND (closed,started)<(?,?))"),
        (
            "WorkflowType = 'T'",
            "(namespace=? AND type=? AND (closed,started)<(?,?))",
        ),
        (
            "Customer = 'ada'",
            "(attribute=? AND value=? AND (closed,started)<(?,?))",
        ),
    ] {
        let query = case.query(text);
        let mut plan = case.plan(&query);
        plan.after(&SortKey {
            closed: Reverse(5),
            started: Reverse(5),
            run_id: "run".to_owned(),
        });
        let steps = case.explained(&plan, &plan.runs());
        assert!(steps[0].contains(range), "{text}: {steps:?}");
    }
}

#[test]
fn a_short_index_is_preferred_to_a_long_one() {
    let case = Case::new();
    for (text, index) in [
        (
            "WorkflowType = 'T' AND ExecutionStatus = 'Failed'",
            "visibility_by_status",
        ),
        (
            "WorkflowType = 'Rare' AND ExecutionStatus = 'Completed'",
            "visibility_by_type",
        ),
        (
            "WorkflowType = 'T' AND WorkflowId STARTS_WITH 'none'",
            "visibility_by_workflow",
        ),
        ("StartTime > '2030-01-01T00:00:00Z'", "visibility_by_start"),
        (
            "Customer = 'none' AND WorkflowType = 'T'",
            "attributes_by_value",
        ),
        ("Amount > 7 AND WorkflowType = 'T'", "attributes_by_value"),
    ] {
        let steps = case.steps(text);
        assert!(steps[0].contains(index), "{text}: {steps:?}");
    }
}

struct Case {
    connection: Connection,
    catalog: Catalog,
    attributes: Attributes,
    _folder: Folder,
}

impl Case {
    /// All runs but one are of one type and completed.
    fn new() -> Self {
        let folder = Folder::new();
        drop(folder.open());
        let connection = Connection::open(folder.database()).expect("opened");
        connection.execute_batch(ROWS).expect("inserted");
        let mut attributes = Attributes::new();
        attributes.add("Customer", IndexedValueType::Keyword);
        attributes.add("Tags", IndexedValueType::KeywordList);
        attributes.add("Amount", IndexedValueType::Int);
        Self {
            catalog: Catalog::read(&connection, 1).expect("read"),
            connection,
            attributes,
            _folder: folder,
        }
    }

    fn query(&self, text: &str) -> Query {
        parser::parse(text, &self.attributes).expect("the query is valid")
    }

    fn plan(&self, query: &Query) -> Plan<'_> {
        let plan = Plan::new(&self.connection, &self.catalog, 1, query);
        plan.expect("the database can be read")
    }

    fn steps(&self, text: &str) -> Vec<String> {
        let plan = self.plan(&self.query(text));
        self.explained(&plan, &plan.runs())
    }

    /// The steps of a statement, in SQLite's words.
    fn explained(&self, plan: &Plan<'_>, statement: &str) -> Vec<String> {
        let mut statement = self
            .connection
            .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
            .expect("it is SQL");
        let rows = plan.sql.query(&mut statement).expect("it runs");
        rows.mapped(|row| row.get("detail"))
            .collect::<Result<_, _>>()
            .expect("it is explained")
    }
}

const ROWS: &str = "
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100)
    INSERT INTO visibility (run, namespace, closed, started, run_id, workflow_id, type, status,
        start_time, info)
    SELECT n, 1, n, n, n, 'w', iif(n = 1, 'Rare', 'T'), iif(n = 1, 3, 2), n, x'' FROM n;
    INSERT INTO attribute_names VALUES (1, 1, 'Customer', 2), (2, 1, 'Tags', 7), (3, 1, 'Amount', 3);
    INSERT INTO attributes SELECT run, 1, 0, 'ada', closed, started FROM visibility;
    INSERT INTO attributes SELECT run, 2, 0, 'new', closed, started FROM visibility;
    INSERT INTO attributes SELECT run, 3, 0, 7, closed, started FROM visibility;
";
