//! Lists and counts agree with the index in memory: for queries that are generated from a seed, over
//! rows with every kind of value.

use std::fmt::Write;

use durably_history::Time;
use durably_proto::api::common::v1::{Payload, SearchAttributes, WorkflowExecution};
use durably_proto::api::enums::v1::{IndexedValueType, WorkflowExecutionStatus};
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;

use super::{Folder, commit, name, row};
use crate::ids::Ids;
use crate::store::sqlite::SqliteStore;
use crate::store::{Commit, RunChange, RunPhase, Store};
use crate::visibility::attributes::{Attributes, type_name};
use crate::visibility::query::Query;
use crate::visibility::{Page, Visibility, parser};

#[test]
fn generated_queries_find_the_same_in_both_indexes() {
    let case = Case::new(100);
    let random = Random(Ids::seeded(2));
    let mut valid = 0;
    for _ in 0..500 {
        let text = query(&random);
        if let Ok(query) = parser::parse(&text, &case.attributes) {
            case.check(&text, &query);
            valid += 1;
        }
    }
    assert!(valid > 250, "only {valid} queries are valid");
}

#[test]
fn chosen_queries_find_the_same_in_both_indexes() {
    let case = Case::new(100);
    for text in [
        "",
        "GROUP BY ExecutionStatus",
        "ExecutionStatus = 'Running'",
        "WorkflowType STARTS_WITH 'a'",
        "NOT WorkflowType STARTS_WITH 'a'",
        "Moved = 'ada'",
        "Moved IS NULL",
        "Amount < 1.5e300 AND Amount > -1e-7",
        "Amount = 9007199254740993.0",
        "Amount > 9007199254740992",
        "Score = -0.0",
        "Tags IS NULL",
        "Tags IS NOT NULL GROUP BY TemporalNamespaceDivision",
        "Unused = 'x' OR Unused IS NULL",
        "WorkflowId STARTS_WITH ''",
        "ExecutionDuration < '1h'",
        "Due > '1960-01-01T00:00:00Z' AND Due < '9999-12-31T00:00:00Z'",
    ] {
        let query = parser::parse(text, &case.attributes).expect("the query is valid");
        case.check(text, &query);
    }
}

#[test]
fn a_chain_longer_than_sqlite_takes_is_answered() {
    let case = Case::new(50);
    let ids: Vec<_> = (0..2000).map(|n| format!("WorkflowId = 'w{n}'")).collect();
    let list: Vec<_> = (0..40_000).map(|n| format!("'w{n}'")).collect();
    for text in [
        ids.join(" OR "),
        ids.join(" AND "),
        format!("WorkflowId IN ({})", list.join(",")),
    ] {
        let query = parser::parse(&text, &case.attributes).expect("the query is valid");
        case.check(&text[..40], &query);
    }
}

#[test]
fn tokens_of_others_are_refused() {
    let case = Case::new(1);
    let query = parser::parse("", &case.attributes).expect("the query is valid");
    for namespace in ["default", "unknown"] {
        assert!(case.store.list(namespace, &query, 10, b"junk").is_err());
    }
}

struct Case {
    memory: Visibility,
    store: SqliteStore,
    attributes: Attributes,
    _folder: Folder,
}

impl Case {
    fn new(rows: usize) -> Self {
        let folder = Folder::new();
        let store = folder.open();
        let memory = Visibility::default();
        let random = Random(Ids::seeded(1));
        for number in 0..rows {
            let mut info = random_row(&random, number);
            put(&store, &memory, number, 0, &info);
            let mut version = 1;
            // Some rows change: within the open run, then by its end.
            if random.below(3) == 0 {
                info.history_length += 1;
                info.search_attributes = random_attributes(&random);
                put(&store, &memory, number, version, &info);
                version += 1;
            }
            if random.below(2) == 0 {
                close(&random, &mut info);
                put(&store, &memory, number, version, &info);
            }
        }
        let mut attributes = Attributes::new();
        for (name, value_type) in CUSTOM {
            assert!(attributes.add(name, value_type));
        }
        Self {
            memory,
            store,
            attributes,
            _folder: folder,
        }
    }

    fn check(&self, text: &str, query: &Query) {
        for size in [30, 1000] {
            let mut token = Vec::new();
            loop {
                let wanted = self.memory.list(query, size, &token).expect("a good token");
                let found = self.store.list("default", query, size, &token);
                let found = found.expect("the database can be read");
                assert_eq!(ids(&found), ids(&wanted), "{text}, pages of {size}");
                assert_eq!(found.executions, wanted.executions, "{text}");
                assert_eq!(found.next, wanted.next, "{text}, pages of {size}");
                token = wanted.next;
                if token.is_empty() {
                    break;
                }
            }
        }
        let found = self.store.count("default", query);
        assert_eq!(found, Ok(self.memory.count(query)), "{text}");
    }
}

fn put(
    store: &SqliteStore,
    memory: &Visibility,
    number: usize,
    follows: u64,
    info: &WorkflowExecutionInfo,
) {
    let phase = match info.close_time {
        Some(at) => RunPhase::Closed {
            at: at.into(),
            has_messages: false,
        },
        None => RunPhase::Open {
            next_due: None,
            has_tasks: false,
        },
    };
    let change = RunChange {
        run_id: "run".into(),
        is_new: follows == 0,
        parts: Vec::new(),
        events: None,
        phase,
        row: Some(Box::new(info.clone())),
    };
    let done = commit(
        store,
        Commit {
            execution: name(&format!("execution {number}")),
            follows,
            runs: vec![change],
        },
    );
    assert_eq!(done, Ok(()));
    memory.upsert(info.clone());
}

fn ids(page: &Page) -> Vec<&str> {
    let executions = page.executions.iter();
    let executions = executions.filter_map(|info| info.execution.as_ref());
    executions
        .map(|execution| execution.run_id.as_str())
        .collect()
}

fn random_row(random: &Random, number: usize) -> WorkflowExecutionInfo {
    // Few different times, so that many rows tie; some differ within a microsecond.
    let started = BASE + i64::from(random.below(20)) * 1_000_000_000 + random.pick(&[0, 1, 999]);
    let mut info = row(random.pick(&TEXTS), random.pick(&TEXTS), started);
    // Runs of one workflow id differ by their run ids.
    info.execution = Some(WorkflowExecution {
        workflow_id: random.pick(&TEXTS).to_owned(),
        run_id: format!("{}-{number:03}", random.below(10)),
    });
    if random.below(4) == 0 {
        info.parent_execution = Some(WorkflowExecution {
            workflow_id: random.pick(&TEXTS).to_owned(),
            run_id: random.pick(&TEXTS).to_owned(),
        });
    }
    info.task_queue = random.pick(&TEXTS).to_owned();
    info.execution_time = info.start_time;
    info.history_length = i64::from(random.below(5));
    info.state_transition_count = i64::from(random.below(5));
    info.search_attributes = random_attributes(random);
    info
}

fn close(random: &Random, info: &mut WorkflowExecutionInfo) {
    let nanos = i64::from(random.below(20)) * 1_000_000_000 + random.pick(&[0, 1, 999, 1000]);
    info.close_time = Some(Time::from_unix_nanos(BASE + nanos).into());
    info.execution_duration = Some(durably_proto::wkt::Duration {
        seconds: i64::from(random.below(10_000)),
        nanos: 0,
    });
    info.status = random
        .pick(&[
            WorkflowExecutionStatus::Completed,
            WorkflowExecutionStatus::Failed,
            WorkflowExecutionStatus::TimedOut,
        ])
        .into();
}

fn random_attributes(random: &Random) -> Option<SearchAttributes> {
    let mut attributes = SearchAttributes::default();
    for (name, value_type) in CUSTOM.into_iter().chain(PREDEFINED) {
        if random.below(3) == 0 || name == "Unused" {
            continue;
        }
        let json = match value_type {
            IndexedValueType::Int => random.pick(&INTEGERS).to_string(),
            IndexedValueType::Double => random.pick(&NUMBERS).to_owned(),
            IndexedValueType::Bool => random.pick(&["true", "false"]).to_owned(),
            IndexedValueType::Datetime => format!("\"{}\"", random.pick(&TIMES)),
            IndexedValueType::KeywordList => match random.below(5) {
                0 => "[]".to_owned(),
                1 => "[null]".to_owned(),
                _ => serde_json::json!([random.pick(&TEXTS), random.pick(&TEXTS)]).to_string(),
            },
            IndexedValueType::Text => {
                serde_json::json!(format!("{} {}", random.pick(&TEXTS), random.pick(&TEXTS)))
                    .to_string()
            }
            IndexedValueType::Keyword | IndexedValueType::Unspecified => match random.below(6) {
                0 => "null".to_owned(),
                1 => serde_json::json!([random.pick(&TEXTS)]).to_string(),
                _ => serde_json::json!(random.pick(&TEXTS)).to_string(),
            },
        };
        // An attribute that was of another type when some of the runs got it.
        let written = match (name, random.below(2)) {
            ("Moved", 0) => IndexedValueType::Int,
            _ => value_type,
        };
        let payload = Payload {
            metadata: [("type".to_owned(), type_name(written).into())].into(),
            data: json.into_bytes(),
            ..Payload::default()
        };
        attributes.indexed_fields.insert(name.to_owned(), payload);
    }
    (random.below(10) > 0).then_some(attributes)
}

/// A query. Some are invalid: the field does not have the operator.
fn query(random: &Random) -> String {
    let mut text = match random.below(8) {
        0 => String::new(),
        _ => condition(random, 3),
    };
    if random.below(4) == 0 {
        let field = random.pick(&["ExecutionStatus", "TemporalNamespaceDivision"]);
        write!(text, " GROUP BY {field}").expect("a string");
    }
    text
}

fn condition(random: &Random, depth: u32) -> String {
    let inner = || condition(random, depth - 1);
    match random.below(if depth == 0 { 4 } else { 8 }) {
        0..4 => term(random),
        4 => format!("NOT ({})", inner()),
        5 => format!("({} OR {})", inner(), inner()),
        _ => format!("{} AND {}", inner(), inner()),
    }
}

fn term(random: &Random) -> String {
    let field = random.pick(&FIELDS);
    let not = random.pick(&["", "NOT"]);
    let value = || literal(random, field);
    match random.below(10) {
        0..5 => {
            let operator = random.pick(&["=", "=", "!=", "<", "<=", ">", ">="]);
            format!("{field} {operator} {}", value())
        }
        5 => format!("{field} {not} IN ({}, {}, {})", value(), value(), value()),
        6 => format!("{field} IN ({})", value()),
        7 => format!("{field} {not} BETWEEN {} AND {}", value(), value()),
        8 => format!("{field} {not} STARTS_WITH {}", quoted(random.pick(&TEXTS))),
        _ => format!("{field} IS {not} NULL"),
    }
}

fn literal(random: &Random, field: &str) -> String {
    let text = || quoted(random.pick(&TEXTS));
    match field {
        "ExecutionStatus" => {
            { random.pick(&["'Running'", "'Completed'", "'Failed'", "2", "'TimedOut'"]) }.to_owned()
        }
        "StartTime" | "CloseTime" | "ExecutionTime" | "Due" | "TemporalScheduledStartTime" => {
            match random.below(3) {
                0 => quoted(random.pick(&TIMES)),
                _ => {
                    let seconds = i64::from(random.below(20));
                    let nanos = BASE + seconds * 1_000_000_000 + random.pick(&[0, 1, 1000]);
                    nanos.to_string()
                }
            }
        }
        "ExecutionDuration" => random
            .pick(&["'1h30m'", "'2.5s'", "3000000000000", "'01:00:00'"])
            .to_owned(),
        "HistoryLength" | "StateTransitionCount" | "HistorySizeBytes" => {
            random.pick(&["0", "2", "2.5", "4"]).to_owned()
        }
        "Amount" | "Score" | "TemporalExternalPayloadCount" => match random.below(2) {
            0 => random.pick(&INTEGERS).to_string(),
            _ => random.pick(&NUMBERS).to_owned(),
        },
        "Vip" | "TemporalSchedulePaused" => random.pick(&["true", "false"]).to_owned(),
        "RunId" => quoted(&format!("{}-{:03}", random.below(10), random.below(400))),
        _ => text(),
    }
}

fn quoted(text: &str) -> String {
    match text.len() % 2 {
        0 => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        _ => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

struct Random(Ids);

impl Random {
    fn below(&self, end: u32) -> u32 {
        u32::try_from(self.0.number() % u64::from(end)).expect("it is below a u32")
    }

    fn pick<T: Copy>(&self, from: &[T]) -> T {
        let end = u32::try_from(from.len()).expect("few");
        from[self.below(end) as usize]
    }
}

const BASE: i64 = 1_704_067_200_000_000_000;

const CUSTOM: [(&str, IndexedValueType); 9] = [
    ("Customer", IndexedValueType::Keyword),
    ("Amount", IndexedValueType::Int),
    ("Score", IndexedValueType::Double),
    ("Vip", IndexedValueType::Bool),
    ("Due", IndexedValueType::Datetime),
    ("Tags", IndexedValueType::KeywordList),
    ("Note", IndexedValueType::Text),
    ("Moved", IndexedValueType::Keyword),
    ("Unused", IndexedValueType::Keyword),
];

const PREDEFINED: [(&str, IndexedValueType); 2] = [
    ("BuildIds", IndexedValueType::KeywordList),
    ("TemporalChangeVersion", IndexedValueType::KeywordList),
];

const FIELDS: [&str; 27] = [
    "WorkflowId",
    "RunId",
    "WorkflowType",
    "ExecutionStatus",
    "TaskQueue",
    "StartTime",
    "ExecutionTime",
    "CloseTime",
    "ExecutionDuration",
    "HistoryLength",
    "HistorySizeBytes",
    "StateTransitionCount",
    "ParentWorkflowId",
    "ParentRunId",
    "RootWorkflowId",
    "RootRunId",
    "Customer",
    "Amount",
    "Score",
    "Vip",
    "Due",
    "Tags",
    "Note",
    "Moved",
    "Unused",
    "BuildIds",
    "TemporalChangeVersion",
];

/// Quotes, escapes, wildcards of SQL, prefixes of each other, other scripts, a NUL.
const TEXTS: [&str; 16] = [
    "",
    "ada",
    "adam",
    "Ada",
    "a'b",
    "a\"b",
    "a\\b",
    "a%b",
    "a_b",
    "%",
    "ada lovelace",
    "äda",
    "a\u{10ffff}",
    "a\u{10ffff}b",
    "日本",
    "a\0b",
];

const INTEGERS: [i64; 8] = [
    0,
    1,
    -1,
    42,
    9_007_199_254_740_993,
    9_007_199_254_740_992,
    i64::MAX,
    i64::MIN + 1,
];

const NUMBERS: [&str; 9] = [
    "0.0",
    "-0.0",
    "1.0",
    "1.5",
    "-1.5",
    "42.0",
    "9007199254740992.0",
    "9223372036854775807.0",
    "0.1",
];

const TIMES: [&str; 8] = [
    "2024-01-01T00:00:05Z",
    "2024-01-01T00:00:05.000000999Z",
    "2024-01-01T00:00:05.000001Z",
    "2024-01-01T01:00:05+01:00",
    "1960-01-01T00:00:00.0000019Z",
    "1960-01-01T00:00:00.000001Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
];
