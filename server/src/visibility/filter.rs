//! Decides whether one execution answers a query, and how two of them are ordered.

use std::cmp::Ordering;
use std::time::SystemTime;

use durably_proto::api::common::v1::Payload;
use durably_proto::api::enums::v1::IndexedValueType;
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;

use super::attributes::{self, Field};
use super::query::{Comparison, Filter, Literal, Order};

/// The value of a field of one execution.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    Texts(Vec<String>),
    Number(f64),
    Bool(bool),
    Time(SystemTime),
}

/// Whether `info` answers the filter.
pub(crate) fn matches(filter: &Filter, info: &WorkflowExecutionInfo) -> bool {
    match filter {
        Filter::All(filters) => filters.iter().all(|filter| matches(filter, info)),
        Filter::Any(filters) => filters.iter().any(|filter| matches(filter, info)),
        Filter::Not(filter) => !matches(filter, info),
        Filter::Compare { field, by, with } => compares(field, *by, with, info),
        Filter::In { field, values } => values
            .iter()
            .any(|value| compares(field, Comparison::Equal, value, info)),
        Filter::Between { field, low, high } => {
            compares(field, Comparison::GreaterOrEqual, low, info)
                && compares(field, Comparison::LessOrEqual, high, info)
        }
        Filter::StartsWith { field, prefix } => match value(field, info) {
            Some(Value::Text(text)) => text.starts_with(prefix),
            Some(Value::Texts(texts)) => texts.iter().any(|text| text.starts_with(prefix)),
            _ => false,
        },
        Filter::IsNull { field } => value(field, info).is_none(),
    }
}

/// Orders two executions by the keys of a query.
pub(crate) fn compare(
    order: &[Order],
    left: &WorkflowExecutionInfo,
    right: &WorkflowExecutionInfo,
) -> Ordering {
    for key in order {
        let ordering = match (value(&key.field, left), value(&key.field, right)) {
            (Some(left), Some(right)) => ordering(&left, &right).unwrap_or(Ordering::Equal),
            (left, right) => left.is_some().cmp(&right.is_some()),
        };
        let ordering = match key.descending {
            true => ordering.reverse(),
            false => ordering,
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

/// The value a count groups by, as text.
pub(crate) fn group(field: &Field, info: &WorkflowExecutionInfo) -> Option<String> {
    Some(match value(field, info)? {
        Value::Text(text) => text,
        Value::Texts(texts) => texts.join(","),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Time(time) => durably_proto::wkt::Timestamp::from(time).to_string(),
    })
}

fn compares(field: &Field, by: Comparison, with: &Literal, info: &WorkflowExecutionInfo) -> bool {
    let (Some(value), Some(with)) = (value(field, info), meant(field, with)) else {
        return false;
    };
    if let Value::Texts(texts) = &value {
        let contains = texts
            .iter()
            .any(|text| matches!(&with, Value::Text(wanted) if wanted == text));
        return match by {
            Comparison::Equal => contains,
            Comparison::NotEqual => !contains,
            _ => false,
        };
    }
    let Some(ordering) = ordering(&value, &with) else {
        return false;
    };
    match by {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

/// What a literal means for this field.
fn meant(field: &Field, literal: &Literal) -> Option<Value> {
    match (field.value_type(), literal) {
        (IndexedValueType::Datetime, literal) => attributes::time(literal).map(Value::Time),
        (IndexedValueType::Int | IndexedValueType::Double, literal) => {
            field.number(literal).map(Value::Number)
        }
        (_, Literal::Text(text)) if *field == Field::ExecutionStatus => attributes::status(text)
            .map(|status| Value::Text(attributes::status_name(status as i32).to_owned())),
        (_, Literal::Text(text)) => Some(Value::Text(text.clone())),
        (_, Literal::Bool(value)) => Some(Value::Bool(*value)),
        (_, Literal::Number(number)) => Some(Value::Number(*number)),
    }
}

fn ordering(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn value(field: &Field, info: &WorkflowExecutionInfo) -> Option<Value> {
    let text = |text: &str| (!text.is_empty()).then(|| Value::Text(text.to_owned()));
    let time = |time: Option<durably_proto::wkt::Timestamp>| {
        SystemTime::try_from(time?).ok().map(Value::Time)
    };
    let parent = info.parent_execution.as_ref();
    let root = info.root_execution.as_ref();
    match field {
        Field::WorkflowId => text(&info.execution.as_ref()?.workflow_id),
        Field::RunId => text(&info.execution.as_ref()?.run_id),
        Field::WorkflowType => text(&info.r#type.as_ref()?.name),
        Field::ExecutionStatus => text(attributes::status_name(info.status)),
        Field::TaskQueue => text(&info.task_queue),
        Field::StartTime => time(info.start_time),
        Field::ExecutionTime => time(info.execution_time),
        Field::CloseTime => time(info.close_time),
        Field::ExecutionDuration => info
            .execution_duration
            .map(|it| Value::Number(it.seconds as f64 * 1e9 + f64::from(it.nanos))),
        Field::HistoryLength => Some(Value::Number(info.history_length as f64)),
        Field::HistorySizeBytes => Some(Value::Number(info.history_size_bytes as f64)),
        Field::StateTransitionCount => Some(Value::Number(info.state_transition_count as f64)),
        Field::ParentWorkflowId => text(&parent?.workflow_id),
        Field::ParentRunId => text(&parent?.run_id),
        Field::RootWorkflowId => text(&root?.workflow_id),
        Field::RootRunId => text(&root?.run_id),
        Field::Carried(name, value_type) => {
            let payload = info.search_attributes.as_ref()?.indexed_fields.get(name)?;
            carried(payload, *value_type)
        }
    }
}

/// Search attributes travel as JSON payloads; `null` and the empty list mean that there is none.
fn carried(payload: &Payload, value_type: IndexedValueType) -> Option<Value> {
    let json: serde_json::Value = serde_json::from_slice(&payload.data).ok()?;
    match value_type {
        IndexedValueType::Int | IndexedValueType::Double => json.as_f64().map(Value::Number),
        IndexedValueType::Bool => json.as_bool().map(Value::Bool),
        IndexedValueType::Datetime => {
            let literal = Literal::Text(json.as_str()?.to_owned());
            attributes::time(&literal).map(Value::Time)
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
