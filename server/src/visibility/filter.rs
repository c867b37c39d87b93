//! Evaluates a query's filter on one execution.

use std::cmp::Ordering;
use std::time::SystemTime;

use durably_proto::api::common::v1::Payload;
use durably_proto::api::enums::v1::IndexedValueType;
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;
use durably_proto::wkt::Timestamp;

use super::attributes::{self, Field};
use super::query::{Comparison, Filter, Literal};
use super::{rfc3339, values};

/// Value of a field of one execution.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Texts(Vec<String>),
    Integer(i64),
    Number(f64),
    Bool(bool),
    /// Microseconds since 1970, the precision of the real server's index.
    Time(i64),
}

/// Whether `info` satisfies the filter.
pub(crate) fn matches(filter: &Filter, info: &WorkflowExecutionInfo) -> bool {
    evaluate(filter, info) == Some(true)
}

/// Evaluates a condition in SQL's three-valued logic: `None` where a field without a value is
/// compared, which no `NOT` turns into a match.
fn evaluate(filter: &Filter, info: &WorkflowExecutionInfo) -> Option<bool> {
    match filter {
        Filter::All(filters) => all(filters.iter().map(|filter| evaluate(filter, info))),
        Filter::Any(filters) => any(filters.iter().map(|filter| evaluate(filter, info))),
        Filter::Not(filter) => evaluate(filter, info).map(|holds| !holds),
        Filter::Compare { field, by, with } => {
            compares(field, *by, with, value(field, info).as_ref())
        }
        Filter::In { field, values } => is_one_of(field, values, value(field, info).as_ref()),
        Filter::Between { field, low, high } => {
            let value = value(field, info);
            let compares = |by, with| compares(field, by, with, value.as_ref());
            all([
                compares(Comparison::GreaterOrEqual, low),
                compares(Comparison::LessOrEqual, high),
            ]
            .into_iter())
        }
        Filter::StartsWith { field, prefix } => match value(field, info)? {
            Value::Text(text) => Some(text.starts_with(prefix)),
            _ => Some(false),
        },
        Filter::IsNull { field } => Some(value(field, info).is_none()),
    }
}

fn all(mut truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    truths
        .try_fold(Some(true), |all, truth| match (all, truth) {
            (_, Some(false)) => Err(()),
            (None, _) | (_, None) => Ok(None),
            (Some(_), Some(true)) => Ok(Some(true)),
        })
        .unwrap_or(Some(false))
}

fn any(truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(truths.map(|truth| truth.map(|holds| !holds))).map(|none| !none)
}

/// The value a count groups by, as text.
pub(crate) fn group(field: &Field, info: &WorkflowExecutionInfo) -> Option<String> {
    value(field, info).map(|value| group_text(field, value))
}

/// A value of a field as the text of its group.
pub(crate) fn group_text(field: &Field, value: Value) -> String {
    match value {
        Value::Text(text) => text,
        Value::Texts(texts) => texts.join(","),
        Value::Integer(value) if *field == Field::ExecutionStatus => {
            attributes::status_name(i32::try_from(value).unwrap_or_default()).to_owned()
        }
        Value::Integer(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Time(micros) => timestamp(micros).to_string(),
    }
}

/// Whether a value is among the literals. The list may be a megabyte long and is read for each execution, so texts are
/// found by binary search.
fn is_one_of(field: &Field, literals: &[Literal], value: Option<&Value>) -> Option<bool> {
    let is_listed = |text: &String| {
        let found = literals.binary_search_by(|literal| match literal {
            Literal::Text(literal) => literal.cmp(text),
            Literal::Integer(_) | Literal::Number(_) | Literal::Bool(_) => Ordering::Greater,
        });
        found.is_ok()
    };
    match (field.value_type(), value) {
        (IndexedValueType::Keyword, None) => None,
        (IndexedValueType::Keyword, Some(Value::Text(text))) => Some(is_listed(text)),
        (IndexedValueType::KeywordList, Some(Value::Texts(texts))) => {
            Some(texts.iter().any(is_listed))
        }
        (IndexedValueType::KeywordList, _) => Some(false),
        _ => any(literals
            .iter()
            .map(|literal| compares(field, Comparison::Equal, literal, value))),
    }
}

fn compares(field: &Field, by: Comparison, with: &Literal, value: Option<&Value>) -> Option<bool> {
    // Keywords and lists are looked up in an index that has no row for an absent value, so `!=`
    // holds for it.
    let indexed = match field.value_type() {
        IndexedValueType::Text => Some(matches!(
            (value, with),
            (Some(Value::Text(text)), Literal::Text(wanted)) if has_any_word(text, wanted)
        )),
        IndexedValueType::KeywordList => Some(matches!(
            (value, with),
            (Some(Value::Texts(texts)), Literal::Text(wanted)) if texts.contains(wanted)
        )),
        _ => None,
    };
    if let Some(found) = indexed {
        return Some(found == (by == Comparison::Equal));
    }
    let ordering = ordering(value?, &operand(field, with)?)?;
    Some(match by {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    })
}

/// Whether a text contains one of the wanted words; words joined by punctuation must occur as a
/// phrase.
fn has_any_word(text: &str, wanted: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let text = words(text);
    wanted.split_whitespace().any(|token| {
        let phrase = words(token);
        !phrase.is_empty() && text.windows(phrase.len()).any(|window| window == phrase)
    })
}

/// The literal as a value of this field.
pub(crate) fn operand(field: &Field, literal: &Literal) -> Option<Value> {
    match (field, literal) {
        (Field::ExecutionStatus, Literal::Text(text)) => {
            return attributes::status(text).map(|status| Value::Integer(status as i64));
        }
        (Field::ExecutionDuration, Literal::Text(text)) => {
            return attributes::duration_nanos(text).map(Value::Integer);
        }
        _ => {}
    }
    match (field.value_type(), literal) {
        (IndexedValueType::Datetime, literal) => {
            attributes::time(literal).map(|time| Value::Time(micros(time)))
        }
        (_, Literal::Text(text)) => Some(Value::Text(text.clone())),
        (_, Literal::Bool(value)) => Some(Value::Bool(*value)),
        (_, Literal::Integer(value)) => Some(Value::Integer(*value)),
        (_, Literal::Number(number)) => Some(Value::Number(*number)),
    }
}

/// Microseconds since 1970, rounded down.
fn micros(time: SystemTime) -> i64 {
    let stamp = Timestamp::from(time);
    stamp
        .seconds
        .saturating_mul(1_000_000)
        .saturating_add(i64::from(stamp.nanos) / 1000)
}

fn timestamp(micros: i64) -> Timestamp {
    let nanos = micros.rem_euclid(1_000_000) * 1000;
    Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: i32::try_from(nanos).expect("less than a second"),
    }
}

fn ordering(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Integer(left), Value::Integer(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
        (Value::Integer(left), Value::Number(right)) => with_float(*left, *right),
        (Value::Number(left), Value::Integer(right)) => {
            with_float(*right, *left).map(Ordering::reverse)
        }
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Compares exactly: beyond 2^53 not every integer has a float.
fn with_float(integer: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // 2^63 is the first float beyond the range of `i64`.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if float >= END {
        return Some(Ordering::Less);
    }
    if float < -END {
        return Some(Ordering::Greater);
    }
    let whole = float.trunc() as i64;
    Some(
        integer
            .cmp(&whole)
            .then(0.0.partial_cmp(&(float - float.trunc()))?),
    )
}

/// The value of a field; `None` if the execution has none.
pub(crate) fn value(field: &Field, info: &WorkflowExecutionInfo) -> Option<Value> {
    let text = |text: &str| (!text.is_empty()).then(|| Value::Text(text.to_owned()));
    let time = |time: Option<Timestamp>| {
        let time = SystemTime::try_from(time?).ok()?;
        Some(Value::Time(micros(time)))
    };
    // Written into the index when the run closes.
    let at_close = |value: i64| info.close_time.map(|_| Value::Integer(value));
    let parent = info.parent_execution.as_ref();
    let root = info.root_execution.as_ref();
    match field {
        Field::WorkflowId => text(&info.execution.as_ref()?.workflow_id),
        Field::RunId => text(&info.execution.as_ref()?.run_id),
        Field::WorkflowType => text(&info.r#type.as_ref()?.name),
        Field::ExecutionStatus => Some(Value::Integer(i64::from(info.status))),
        Field::TaskQueue => text(&info.task_queue),
        Field::StartTime => time(info.start_time),
        Field::ExecutionTime => time(info.execution_time),
        Field::CloseTime => time(info.close_time),
        Field::ExecutionDuration => info
            .execution_duration
            .map(|it| Value::Integer(it.seconds * 1_000_000_000 + i64::from(it.nanos))),
        Field::HistoryLength => at_close(info.history_length),
        Field::HistorySizeBytes => at_close(info.history_size_bytes),
        Field::StateTransitionCount => at_close(info.state_transition_count),
        Field::ParentWorkflowId => text(&parent?.workflow_id),
        Field::ParentRunId => text(&parent?.run_id),
        Field::RootWorkflowId => text(&root?.workflow_id),
        Field::RootRunId => text(&root?.run_id),
        Field::Carried(name, value_type) => {
            let payload = info.search_attributes.as_ref()?.indexed_fields.get(name)?;
            // One that is not labelled is read as what it can be.
            match values::is_stored_as(payload, *value_type).unwrap_or(true) {
                true => attribute_value(payload, *value_type),
                false => None,
            }
        }
    }
}

/// Decodes a search attribute from its JSON payload; `null` and the empty list mean no value.
pub(crate) fn attribute_value(payload: &Payload, value_type: IndexedValueType) -> Option<Value> {
    let json: serde_json::Value = serde_json::from_slice(&payload.data).ok()?;
    // A list of one item is accepted where a single value is expected.
    let json = match json {
        serde_json::Value::Array(mut items)
            if items.len() == 1 && value_type != IndexedValueType::KeywordList =>
        {
            items.remove(0)
        }
        json => json,
    };
    match value_type {
        IndexedValueType::Int => json.as_i64().map(Value::Integer),
        IndexedValueType::Double => json.as_f64().map(Value::Number),
        IndexedValueType::Bool => json.as_bool().map(Value::Bool),
        IndexedValueType::Datetime => {
            // It was checked strictly, or stored by an earlier version.
            rfc3339::lenient(json.as_str()?).map(|time| Value::Time(micros(time)))
        }
        IndexedValueType::KeywordList => match json {
            serde_json::Value::String(text) => Some(Value::Texts(vec![text])),
            serde_json::Value::Array(items) if !items.is_empty() => Some(Value::Texts(
                items
                    .iter()
                    .filter_map(|item| item.as_str().map(str::to_owned))
                    .collect(),
            )),
            _ => None,
        },
        IndexedValueType::Unspecified | IndexedValueType::Text | IndexedValueType::Keyword => {
            json.as_str().map(|text| Value::Text(text.to_owned()))
        }
    }
}
