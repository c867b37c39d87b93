//! Filters of lists: which rows each matches.

use durably::prelude::*;
use durably_proto::api::{
    common::v1::WorkflowType,
    workflowservice::v1::{
        CountSchedulesRequest, CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest,
        TerminateWorkflowExecutionRequest,
    },
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{NAMESPACE, Service, add_search_attributes, ended, execution, search_attributes},
    unique,
};

on_both_servers! {
    a_filter_returns_the_matching_rows
    a_filter_of_many_values_is_answered
    a_meaningless_filter_is_refused
    a_malformed_filter_is_refused
    counts_have_groups_of_few_fields
}

/// The rows, each with its search attributes; `closed` is closed, the others run.
const ROWS: [(&str, &[(&str, &str)]); 14] = [
    ("x", &[("DurablyKeyword", "\"x\"")]),
    ("closed", &[("DurablyKeyword", "\"y\"")]),
    ("none", &[]),
    ("words", &[("DurablyText", "\"hello brave World\"")]),
    ("word", &[("DurablyText", "\"hello\"")]),
    ("ab", &[("DurablyKeywordList", "[\"a\",\"b\"]")]),
    ("c", &[("DurablyKeywordList", "[\"c\"]")]),
    ("odd", &[("DurablyInt", "9007199254740993")]),
    ("even", &[("DurablyInt", "9007199254740992")]),
    ("max", &[("DurablyInt", "9223372036854775807")]),
    ("min", &[("DurablyInt", "-9223372036854775808")]),
    ("tiny", &[("DurablyDouble", "1e-8")]),
    ("below", &[("DurablyDouble", "-1.5")]),
    ("whole", &[("DurablyDouble", "-2.0")]),
];

const WITHOUT_WORDS: &[&str] = &[
    "x", "closed", "none", "ab", "c", "odd", "even", "max", "min", "tiny", "below", "whole",
];
const RUNNING: &[&str] = &[
    "x", "none", "words", "word", "ab", "c", "odd", "even", "max", "min", "tiny", "below", "whole",
];

const ALL: &[&str] = &[
    "x", "closed", "none", "words", "word", "ab", "c", "odd", "even", "max", "min", "tiny",
    "below", "whole",
];

/// Filters, and the rows that answer them.
fn meanings() -> Vec<(String, Vec<&'static str>)> {
    let mut table: Vec<(&str, &[&str])> = vec![
        // A row without a value answers neither a condition nor its opposite.
        ("DurablyKeyword = 'x'", &["x"]),
        ("DurablyKeyword != 'x'", &["closed"]),
        ("NOT (DurablyKeyword = 'x')", &["closed"]),
        ("NOT DurablyKeyword = 'x'", &["closed"]),
        ("NOT (DurablyKeyword != 'x')", &["x"]),
        ("NOT NOT DurablyKeyword = 'x'", &["x"]),
        // Operators and comments as SQL has them.
        ("DurablyKeyword = 'x' && ExecutionStatus = 1", &["x"]),
        (
            "DurablyKeyword = 'x' || DurablyKeyword = 'y'",
            &["x", "closed"],
        ),
        (
            "/* the first */ DurablyKeyword = /**/ 'x' -- only\n",
            &["x"],
        ),
        ("DurablyKeyword = 'x' # OR\n// TRUE\n", &["x"]),
        ("DurablyKeyword = '-- x'", &[]),
        ("DurablyKeyword NOT IN ('x')", &["closed"]),
        ("DurablyKeyword NOT BETWEEN 'a' AND 'x'", &["closed"]),
        ("DurablyKeyword NOT STARTS_WITH 'x'", &["closed"]),
        ("DurablyKeyword IS NOT NULL", &["x", "closed"]),
        (
            "NOT (DurablyKeyword = 'x' AND DurablyInt = 7)",
            &["closed", "odd", "even", "max", "min"],
        ),
        ("NOT (DurablyKeyword = 'x' OR DurablyInt = 7)", &[]),
        ("NOT (DurablyKeyword = 'x') AND DurablyKeyword IS NULL", &[]),
        // Words are found one by one, whatever their case.
        ("DurablyText = 'hello'", &["words", "word"]),
        ("DurablyText = 'BRAVE nope'", &["words"]),
        ("DurablyText = 'hello brave World'", &["words", "word"]),
        ("DurablyText = 'hel'", &[]),
        ("DurablyText = 'hello-world'", &[]),
        ("DurablyText != 'hello'", WITHOUT_WORDS),
        ("NOT (DurablyText = 'hello')", WITHOUT_WORDS),
        ("DurablyKeywordList = 'a'", &["ab"]),
        ("DurablyKeywordList IN ('a', 'c')", &["ab", "c"]),
        // Beyond 2^53 a float would take neighbours for one number.
        ("DurablyInt = 9007199254740993", &["odd"]),
        ("DurablyInt > 9007199254740992", &["odd", "max"]),
        ("DurablyInt < 9007199254740993", &["even", "min"]),
        ("DurablyInt IN (9007199254740993)", &["odd"]),
        (
            "DurablyInt BETWEEN 9007199254740993 AND 9007199254740993",
            &["odd"],
        ),
        (
            "DurablyInt NOT BETWEEN 9007199254740993 AND 9007199254740993",
            &["even", "max", "min"],
        ),
        ("DurablyInt = 9223372036854775807", &["max"]),
        ("DurablyInt = 9223372036854775808", &[]),
        ("DurablyInt = -9223372036854775808", &["min"]),
        ("DurablyInt > -9223372036854775808", &["odd", "even", "max"]),
        ("DurablyDouble < 1e-7", &["tiny", "below", "whole"]),
        ("DurablyDouble > 1E-9", &["tiny"]),
        ("DurablyDouble = 1.0e-8", &["tiny"]),
        ("DurablyDouble < 1e+7 AND DurablyDouble > .5", &[]),
        ("DurablyDouble < -1.5", &["whole"]),
        ("DurablyDouble > - 1.6", &["tiny", "below"]),
        ("DurablyDouble >= -0.0", &["tiny"]),
        ("DurablyDouble IN (-2, -1.5)", &["below", "whole"]),
        ("DurablyDouble = -2.", &["whole"]),
        (r"DurablyKeyword = '\x'", &["x"]),
        // Names of the server's own fields have a prefix, or none.
        ("ScheduledById IS NOT NULL", &[]),
        ("TemporalExecutionStatus = 'Running'", RUNNING),
        ("ScheduleId STARTS_WITH 'Filtered'", ALL),
        ("TemporalScheduleId = 'x'", &[]),
        ("StartTime > -5", ALL),
        ("ExecutionStatus = 1", RUNNING),
        ("ExecutionStatus = 'Running'", RUNNING),
        (
            "ExecutionStatus = 'WORKFLOW_EXECUTION_STATUS_RUNNING'",
            RUNNING,
        ),
        ("ExecutionStatus IN (1, 'Completed')", RUNNING),
        ("ExecutionStatus != 1", &["closed"]),
        ("ExecutionStatus > 1", &["closed"]),
        ("ExecutionStatus = 5", &["closed"]),
        ("ExecutionStatus BETWEEN 1 AND 2", RUNNING),
        ("ExecutionStatus = 0", &[]),
        // Known when a run has closed.
        ("CloseTime IS NULL", RUNNING),
        ("CloseTime > '2020-01-01T00:00:00Z'", &["closed"]),
        ("NOT (CloseTime > '2020-01-01T00:00:00Z')", &[]),
    ];
    table.extend([
        ("ExecutionDuration < '1h'", &["closed"][..]),
        ("ExecutionDuration < '01:00:00'", &["closed"]),
        ("ExecutionDuration > '5'", &["closed"]),
        ("ExecutionDuration > '-1h30m'", &["closed"]),
        ("ExecutionDuration < '1d2.5h'", &["closed"]),
        ("ExecutionDuration < -5", &[]),
    ]);
    let mut table: Vec<_> = table
        .into_iter()
        .map(|(filter, rows)| (filter.to_owned(), rows.to_vec()))
        .collect();
    for field in [
        "HistoryLength",
        "HistorySizeBytes",
        "StateTransitionCount",
        "ExecutionDuration",
    ] {
        table.push((format!("{field} IS NULL"), RUNNING.to_vec()));
        table.push((format!("{field} > 0"), vec!["closed"]));
    }
    for filter in ["!= 'a'", "NOT IN ('a')"] {
        let others = ROWS.map(|(row, _)| row).into_iter();
        let others = others.filter(|row| *row != "ab").collect();
        table.push((format!("DurablyKeywordList {filter}"), others));
    }
    table
}

/// The rows of this type that answer a filter, sorted.
async fn listed(service: &mut Service, workflow_type: &str, filter: &str) -> Result<Vec<String>> {
    let listed = service
        .list_workflow_executions(ListWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: format!("WorkflowType = '{workflow_type}' AND ({filter})"),
            ..Default::default()
        })
        .await?;
    let mut rows: Vec<_> = listed
        .into_inner()
        .executions
        .into_iter()
        .filter_map(|info| info.execution)
        .filter_map(|it| Some(it.workflow_id.split_once('/')?.1.to_owned()))
        .collect();
    rows.sort_unstable();
    Ok(rows)
}

async fn a_filter_returns_the_matching_rows(world: &World) -> Result<()> {
    add_search_attributes(world).await?;
    let mut service = world.service().await?;
    let workflow_type = unique("Filtered");
    for (row, fields) in ROWS {
        let mut start = world.start_request();
        start.workflow_id = format!("{workflow_type}/{row}");
        start.workflow_type = Some(WorkflowType {
            name: workflow_type.clone(),
        });
        start.search_attributes = Some(search_attributes(fields));
        service.start_workflow_execution(start).await?;
    }
    let terminate = |row: &str| TerminateWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution(&format!("{workflow_type}/{row}")),
        ..Default::default()
    };
    service
        .terminate_workflow_execution(terminate("closed"))
        .await?;
    // The real server enters rows a moment later.
    eventually("all rows are listed", || {
        let (mut service, workflow_type) = (service.clone(), &workflow_type);
        async move {
            let closed = listed(
                &mut service,
                workflow_type,
                "ExecutionStatus = 'Terminated'",
            );
            let closed = closed.await.ok()?.len();
            let all = listed(&mut service, workflow_type, "StartTime > 0")
                .await
                .ok()?
                .len();
            (closed == 1 && all == ROWS.len()).then_some(())
        }
    })
    .await;
    for (filter, mut rows) in meanings() {
        rows.sort_unstable();
        let found = listed(&mut service, &workflow_type, &filter).await?;
        assert_eq!(found, rows, "{filter}");
    }
    for row in RUNNING {
        service.terminate_workflow_execution(terminate(row)).await?;
    }
    Ok(())
}

/// More values than an SQLite statement has parameters.
async fn a_filter_of_many_values_is_answered(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let workflow_type = unique("Many");
    let id = |row: u32| format!("{workflow_type}/{row}");
    for row in [1, 2, 3] {
        let mut start = world.start_request();
        start.workflow_id = id(row);
        start.workflow_type = Some(WorkflowType {
            name: workflow_type.clone(),
        });
        service.start_workflow_execution(start).await?;
    }
    eventually("all rows are listed", || {
        let (mut service, workflow_type) = (service.clone(), &workflow_type);
        async move {
            let all = listed(&mut service, workflow_type, "StartTime > 0").await;
            (all.ok()?.len() == 3).then_some(())
        }
    })
    .await;
    // The values are not sorted.
    let others: Vec<_> = (4..40_000)
        .rev()
        .map(|row| format!("'{}'", id(row)))
        .collect();
    let values = format!("'{}', {}, '{}'", id(3), others.join(", "), id(1));
    for (filter, rows) in [
        (format!("WorkflowId IN ({values})"), &["1", "3"][..]),
        (format!("WorkflowId NOT IN ({values})"), &["2"]),
        (format!("WorkflowId IN ({})", others.join(", ")), &[]),
        (
            format!("WorkflowId != '{}'", "x".repeat(1_000_000)),
            &["1", "2", "3"],
        ),
    ] {
        assert!(filter.len() > 900_000);
        assert_eq!(listed(&mut service, &workflow_type, &filter).await?, rows);
    }
    Ok(())
}

async fn a_meaningless_filter_is_refused(world: &World) -> Result<()> {
    add_search_attributes(world).await?;
    let mut service = world.service().await?;
    for (filter, text) in [
        (
            "DurablyKeyword = 7",
            "invalid expression: invalid value type for search attribute DurablyKeyword of type Keyword: 7 (type: int64)",
        ),
        (
            "DurablyInt = 'x'",
            "invalid expression: invalid value type for search attribute DurablyInt of type Int: \"x\" (type: string)",
        ),
        (
            "DurablyBool = 1",
            "invalid expression: invalid value type for search attribute DurablyBool of type Bool: 1 (type: int64)",
        ),
        (
            "DurablyDatetime = '2024-01-02'",
            "invalid expression: unable to parse datetime '2024-01-02'",
        ),
        (
            "DurablyText IN ('hello')",
            "operation is not supported: operator 'IN' not supported for Text type search attribute 'DurablyText'",
        ),
        (
            "DurablyText > 'a'",
            "operation is not supported: operator '>' not supported for Text type search attribute 'DurablyText'",
        ),
        (
            "DurablyText BETWEEN 'a' AND 'z'",
            "invalid expression: cannot do range condition on search attribute 'DurablyText' of type Text",
        ),
        (
            "DurablyText = ''",
            "invalid expression: no tokens found filtering on Text type search attribute DurablyText",
        ),
        (
            "DurablyKeywordList NOT STARTS_WITH 'a'",
            "operation is not supported: operator 'NOT STARTS_WITH' not supported for KeywordList type search attribute 'DurablyKeywordList'",
        ),
        (
            "DurablyKeyword LIKE 'x%'",
            "operation is not supported: operator 'LIKE' not supported for Keyword type search attribute 'DurablyKeyword'",
        ),
        (
            "ExecutionStatus = 'running'",
            "invalid expression: invalid ExecutionStatus value 'running'",
        ),
        (
            "ExecutionStatus = 99",
            "invalid expression: invalid ExecutionStatus value 99",
        ),
        (
            "ExecutionStatus = 1.0",
            "invalid expression: unexpected value type float64 for search attribute ExecutionStatus",
        ),
        (
            "ExecutionDuration > 'x'",
            "invalid expression: invalid duration value for search attribute ExecutionDuration: x",
        ),
        (
            "ExecutionDuration > 1.5",
            "invalid expression: unexpected value type float64 for search attribute ExecutionDuration",
        ),
        (
            "ExecutionDuration > '1h 30m'",
            "invalid expression: invalid duration value for search attribute ExecutionDuration: 1h 30m",
        ),
        (
            "DurablyInt STARTS_WITH 1",
            "operation is not supported: operator 'STARTS_WITH' not supported for Int type search attribute 'DurablyInt'",
        ),
        (
            "DurablyDouble = 1e400",
            "invalid expression: unable to parse value \"1e400\"",
        ),
        (
            "StartTime > '2024-01-01t00:00:00z'",
            "invalid expression: unable to parse datetime '2024-01-01t00:00:00z'",
        ),
        ("Unheard = 1", "invalid search attribute: Unheard"),
        (
            "WorkflowType = 'x' ORDER BY StartTime DESC, WorkflowId",
            "operation is not supported: 'ORDER BY' clause",
        ),
        ("ORDER BY Unheard", "invalid search attribute: Unheard"),
        (
            "WorkflowType = 'x' LIMIT 3",
            "operation is not supported: 'LIMIT' clause",
        ),
        // A word of SQL is read in lower case.
        ("Status = 1", "invalid search attribute: status"),
        (
            "TemporalDurablyInt = 5",
            "invalid search attribute: TemporalDurablyInt",
        ),
    ] {
        let request = ListWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: filter.to_owned(),
            ..Default::default()
        };
        assert_eq!(
            ended(service.list_workflow_executions(request).await),
            format!("InvalidArgument: invalid query: {text}")
        );
    }
    Ok(())
}

/// The texts differ: ours name what was expected.
async fn a_malformed_filter_is_refused(world: &World) -> Result<()> {
    add_search_attributes(world).await?;
    let mut service = world.service().await?;
    for filter in [
        "Order = 1",
        "Größe = 1",
        "Durably-Int = 1",
        "DurablyDouble = nan",
        "DurablyDouble = +nan",
        "DurablyDouble = 1e",
        "DurablyInt = 0x10",
        "DurablyInt = 5AND DurablyInt = 5",
        "DurablyInt = 1.2.3",
        "DurablyKeyword = x",
        "DurablyKeyword = 'x' & DurablyInt = 1",
        "DurablyKeyword = 'x' /* and",
        "-- nothing",
    ] {
        let request = ListWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: filter.to_owned(),
            ..Default::default()
        };
        let refused = ended(service.list_workflow_executions(request).await);
        assert!(
            refused.starts_with("InvalidArgument: invalid query: "),
            "{filter}: {refused}"
        );
    }
    Ok(())
}

async fn counts_have_groups_of_few_fields(world: &World) -> Result<()> {
    add_search_attributes(world).await?;
    let mut service = world.service().await?;
    let of_field = |field: &str| format!("clause is not supported for search attribute {field}");
    for (groups, text) in [
        ("WorkflowType", of_field("WorkflowType")),
        ("DurablyBool", of_field("DurablyBool")),
        ("`DurablyKeyword`", of_field("DurablyKeyword")),
        (
            "ExecutionStatus, WorkflowType",
            "clause supports only a single field".to_owned(),
        ),
    ] {
        let request = CountWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: format!("GROUP BY {groups}"),
        };
        assert_eq!(
            ended(service.count_workflow_executions(request).await),
            format!(
                "InvalidArgument: invalid query: operation is not supported: 'GROUP BY' {text}"
            )
        );
    }
    let schedules = CountSchedulesRequest {
        namespace: NAMESPACE.to_owned(),
        query: "GROUP BY ExecutionStatus".to_owned(),
    };
    assert_eq!(
        ended(service.count_schedules(schedules).await),
        "InvalidArgument: invalid query filter for schedules: cannot filter on \"ExecutionStatus\""
    );
    Ok(())
}
