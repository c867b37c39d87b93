//! Queries drawn by a seed: most have a meaning, some are wrong.

use durably_tests::rng::Rng;

use super::rows::{DOUBLES, INTEGERS, ITEMS, KEYWORDS, TIMES, WORDS, pick};

#[derive(Clone, Copy)]
enum Kind {
    Keyword,
    Text,
    Integer,
    Double,
    Bool,
    Time,
    List,
    Status,
    Duration,
}

/// A condition, at most three levels deep.
pub(super) fn query(rng: &mut Rng) -> String {
    let depth = rng.below(4);
    let query = expression(rng, depth);
    match rng.one_in(50) {
        false => query,
        true => {
            let length = rng.below(u64::try_from(query.chars().count()).expect("it is short"));
            let length = usize::try_from(length).expect("it is short");
            query.chars().take(length).collect()
        }
    }
}

fn expression(rng: &mut Rng, depth: u64) -> String {
    if depth == 0 {
        return condition(rng);
    }
    let [left, right] = [expression(rng, depth - 1), expression(rng, depth - 1)];
    match rng.below(100) {
        0..40 => left,
        40..60 => format!("{left} {} {right}", word(rng, "AND")),
        60..80 => format!("{left} {} {right}", word(rng, "OR")),
        80..90 => format!("({left})"),
        90..99 => format!("{} {left}", word(rng, "NOT")),
        _ => format!(
            "{left} {} {right}",
            pick(rng, &["XOR", "&&", "||", ",", "ANDD"])
        ),
    }
}

fn condition(rng: &mut Rng) -> String {
    let (name, kind) = field(rng);
    let value = literal(rng, kind);
    match rng.below(100) {
        0..50 => {
            let operator = match rng.one_in(4) {
                false => pick(rng, &["=", "!=", "<", ">"]),
                true => pick(rng, &["<=", ">=", "<>", "==", "<=>"]),
            };
            format!("{name}{}{operator} {value}", pick(rng, &[" ", ""]))
        }
        50..62 => {
            let values: Vec<_> = (0..=rng.below(3)).map(|_| literal(rng, kind)).collect();
            format!("{name}{} ({})", operator(rng, "IN"), values.join(","))
        }
        62..74 => format!(
            "{name}{} {value} {} {}",
            operator(rng, "BETWEEN"),
            word(rng, "AND"),
            literal(rng, kind)
        ),
        74..86 => format!("{name}{} {value}", operator(rng, "STARTS_WITH")),
        86..96 => format!(
            "{name} {}",
            pick(rng, &["IS NULL", "is not null", "IS NOT NULL"])
        ),
        _ => match rng.below(12) {
            0 => format!("{name} LIKE {value}"),
            1 => format!("{name} NOT LIKE {value}"),
            2 => format!("{name} REGEXP {value}"),
            3 => name,
            4 => format!("{name} = {name}"),
            5 => format!("{value} = {name}"),
            6 => format!("{name} = ({value})"),
            7 => format!("{name} IS TRUE"),
            8 => format!("{name} = NULL"),
            9 => format!("{name} = {value} {value}"),
            10 => format!("{name} IN {value}"),
            _ => format!("{name} + 1 = 2"),
        },
    }
}

/// A word of SQL in any case.
fn word(rng: &mut Rng, word: &str) -> String {
    match rng.below(4) {
        0 => word.to_lowercase(),
        1 => format!("{}{}", &word[..1], word[1..].to_lowercase()),
        _ => word.to_owned(),
    }
}

/// An operator behind a field, with or without a `NOT`.
fn operator(rng: &mut Rng, name: &str) -> String {
    let name = word(rng, name);
    match rng.one_in(3) {
        true => format!(" {} {name}", word(rng, "NOT")),
        false => format!(" {name}"),
    }
}

fn field(rng: &mut Rng) -> (String, Kind) {
    const OWN: [(&str, Kind); 7] = [
        ("DurablyKeyword", Kind::Keyword),
        ("DurablyText", Kind::Text),
        ("DurablyInt", Kind::Integer),
        ("DurablyDouble", Kind::Double),
        ("DurablyBool", Kind::Bool),
        ("DurablyDatetime", Kind::Time),
        ("DurablyKeywordList", Kind::List),
    ];
    const SYSTEM: [(&str, Kind); 18] = [
        ("WorkflowId", Kind::Keyword),
        ("WorkflowType", Kind::Keyword),
        ("TaskQueue", Kind::Keyword),
        ("ExecutionStatus", Kind::Status),
        ("ExecutionStatus", Kind::Status),
        ("StartTime", Kind::Time),
        ("CloseTime", Kind::Time),
        ("ExecutionTime", Kind::Time),
        ("ExecutionDuration", Kind::Duration),
        ("HistoryLength", Kind::Integer),
        ("StateTransitionCount", Kind::Integer),
        ("ParentWorkflowId", Kind::Keyword),
        ("RootWorkflowId", Kind::Keyword),
        ("BuildIds", Kind::List),
        ("TemporalScheduledById", Kind::Keyword),
        ("TemporalScheduledStartTime", Kind::Time),
        ("TemporalSchedulePaused", Kind::Bool),
        ("TemporalPauseInfo", Kind::List),
    ];
    let (name, kind) = match rng.below(10) {
        0..7 => OWN[usize::try_from(rng.below(7)).expect("it is small")],
        _ => SYSTEM[usize::try_from(rng.below(18)).expect("it is small")],
    };
    let name = match rng.below(60) {
        0..3 => format!("`{name}`"),
        3 => pick(
            rng,
            &["Nothing", "durablyInt", "`Order`", "TemporalDurablyInt"],
        )
        .to_owned(),
        _ => name.to_owned(),
    };
    (name, kind)
}

fn literal(rng: &mut Rng, kind: Kind) -> String {
    const KINDS: [Kind; 9] = [
        Kind::Keyword,
        Kind::Text,
        Kind::Integer,
        Kind::Double,
        Kind::Bool,
        Kind::Time,
        Kind::List,
        Kind::Status,
        Kind::Duration,
    ];
    // Of a wrong type now and then; a status is no other number, of which the real server takes a part.
    let kind = match (rng.one_in(15), kind) {
        (true, Kind::Status) => Kind::Text,
        (true, _) => KINDS[usize::try_from(rng.below(9)).expect("it is small")],
        (false, kind) => kind,
    };
    let is_odd = rng.one_in(5);
    match kind {
        Kind::Keyword => quoted(rng, KEYWORDS),
        Kind::Text => quoted(rng, WORDS),
        Kind::List => quoted(rng, ITEMS),
        Kind::Integer if is_odd => {
            pick(rng, &["1.0", "2.5", "1e3", "'5'", "true", "- 5", "+5"]).to_owned()
        }
        Kind::Integer => pick(rng, INTEGERS).to_owned(),
        Kind::Double if is_odd => pick(rng, &["'0.5'", "5.", "-.5", "1E10"]).to_owned(),
        Kind::Double => pick(rng, DOUBLES).to_owned(),
        Kind::Bool if is_odd => pick(rng, &["TRUE", "False", "1", "'true'"]).to_owned(),
        Kind::Bool => pick(rng, &["true", "false"]).to_owned(),
        Kind::Time if is_odd => pick(rng, ODD_TIMES).to_owned(),
        Kind::Time => quoted(rng, TIMES),
        Kind::Status => pick(rng, STATUSES).to_owned(),
        Kind::Duration => pick(rng, DURATIONS).to_owned(),
    }
}

/// A text in quotes of either kind.
fn quoted(rng: &mut Rng, of: &[&'static str]) -> String {
    let text = pick(rng, of);
    match rng.below(8) {
        0 => format!("\"{text}\""),
        1 => format!("'{}'", text.replace('\'', "\\'")),
        _ => format!("'{}'", text.replace('\'', "''")),
    }
}

const ODD_TIMES: &[&str] = &[
    "'2026-03-01'",
    "'2026-03-01 12:30:00'",
    "0",
    "1772368200123000000",
    "-5",
    "'2026-02-30T00:00:00Z'",
    "'2026-03-01T12:30:00'",
    "'2026-03-01T25:30:00Z'",
    "'2026-03-01T12:30:60Z'",
    "'2026-03-01T12:30:00,123Z'",
    "'2026-03-01T12:30:00.123+0200'",
    "'2026-03-01T1:30:00.123Z'",
    "'2026-03-01T12:30:00.123+24:00'",
    "'0001-01-01T00:00:00.001Z'",
    "'9999-12-31T23:59:59.999Z'",
    "1.5",
    "true",
    "'now'",
];
const STATUSES: &[&str] = &[
    "'Running'",
    "'Completed'",
    "'Terminated'",
    "'Failed'",
    "1",
    "2",
    "5",
    "'running'",
    "'ContinuedAsNew'",
    "'Canceled'",
    "'Cancelled'",
    "'TimedOut'",
    "99",
    "-1",
    "0",
    "'Unspecified'",
    "'Paused'",
    "'1'",
    "\"Running\"",
    "'WORKFLOW_EXECUTION_STATUS_FAILED'",
];
const DURATIONS: &[&str] = &[
    "'1h'",
    "'1ns'",
    "0",
    "1000",
    "-1",
    "'00:00:01'",
    "'1d'",
    "'x'",
    "'1h30m'",
    "1.5",
    "'100:00:00'",
    "'-1s'",
    "'1'",
    "''",
    "true",
];
