//! Search attributes: the ones every execution has, the ones a user adds, and the type of each.

use std::collections::BTreeMap;
use std::time::SystemTime;

use durably_proto::api::enums::v1::{IndexedValueType, WorkflowExecutionStatus};
use durably_proto::wkt::Timestamp;

use super::query::Literal;

/// Something an execution can be searched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    WorkflowId,
    RunId,
    WorkflowType,
    ExecutionStatus,
    TaskQueue,
    StartTime,
    ExecutionTime,
    CloseTime,
    ExecutionDuration,
    HistoryLength,
    HistorySizeBytes,
    StateTransitionCount,
    ParentWorkflowId,
    ParentRunId,
    RootWorkflowId,
    RootRunId,
    /// A search attribute that the execution carries with it.
    Carried(String, IndexedValueType),
}

/// The search attributes of one namespace.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    custom: BTreeMap<String, IndexedValueType>,
}

impl Attributes {
    /// Those that a fresh namespace has.
    pub(crate) fn new() -> Self {
        Self {
            custom: BTreeMap::new(),
        }
    }

    /// Finds a search attribute by its name.
    pub(crate) fn field(&self, name: &str) -> Option<Field> {
        let own = FIELDS.iter().find(|(known, _, _)| *known == name);
        if let Some((_, _, field)) = own {
            return Some(field.clone());
        }
        let carried = CARRIED.iter().find(|(known, _)| *known == name);
        let value_type = carried
            .map(|(_, value_type)| *value_type)
            .or_else(|| self.custom.get(name).copied())?;
        Some(Field::Carried(name.to_owned(), value_type))
    }

    /// The type of a search attribute that an execution may carry.
    pub(crate) fn carried_type(&self, name: &str) -> Option<IndexedValueType> {
        match self.field(name)? {
            Field::Carried(_, value_type) => Some(value_type),
            _ => None,
        }
    }

    /// Adds a custom search attribute. `false`: the name is taken.
    pub(crate) fn add(&mut self, name: &str, value_type: IndexedValueType) -> bool {
        if self.field(name).is_some() {
            return false;
        }
        self.custom.insert(name.to_owned(), value_type);
        true
    }

    /// Removes a custom search attribute. `false`: there is none of that name.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.custom.remove(name).is_some()
    }

    /// The custom search attributes.
    pub(crate) fn custom(&self) -> impl Iterator<Item = (&str, IndexedValueType)> {
        self.custom.iter().map(|(name, ty)| (name.as_str(), *ty))
    }

    /// The search attributes that are always there.
    pub(crate) fn system() -> impl Iterator<Item = (&'static str, IndexedValueType)> {
        FIELDS
            .iter()
            .map(|(name, ty, _)| (*name, *ty))
            .chain(CARRIED.iter().copied())
    }
}

impl Field {
    /// Whether a literal can be a value of this field; if not, why.
    pub(crate) fn check(&self, literal: &Literal) -> Result<(), String> {
        match (self.value_type(), literal) {
            (IndexedValueType::Datetime, literal) => match time(literal) {
                Some(_) => Ok(()),
                None => Err(format!(
                    "{} is not a time such as 2024-01-02T15:04:05Z",
                    shown(literal)
                )),
            },
            (IndexedValueType::Int | IndexedValueType::Double, literal) => {
                match self.number(literal) {
                    Some(_) => Ok(()),
                    None => Err(format!("{} is not a number", shown(literal))),
                }
            }
            (IndexedValueType::Bool, Literal::Bool(_)) => Ok(()),
            (IndexedValueType::Bool, literal) => {
                Err(format!("{} is neither true nor false", shown(literal)))
            }
            (_, Literal::Text(text)) if *self == Self::ExecutionStatus => match status(text) {
                Some(_) => Ok(()),
                None => Err(format!("'{text}' is not an execution status")),
            },
            (_, Literal::Text(_)) => Ok(()),
            (_, literal) => Err(format!("{} is not a text in quotes", shown(literal))),
        }
    }

    /// What kind of values the field has.
    pub(crate) fn value_type(&self) -> IndexedValueType {
        if let Self::Carried(_, value_type) = self {
            return *value_type;
        }
        FIELDS
            .iter()
            .find(|(_, _, field)| field == self)
            .map_or(IndexedValueType::Keyword, |(_, value_type, _)| *value_type)
    }

    /// The literal as a number in this field's unit.
    pub(crate) fn number(&self, literal: &Literal) -> Option<f64> {
        match (self, literal) {
            (_, Literal::Number(number)) => Some(*number),
            (Self::ExecutionDuration, Literal::Text(text)) => duration_nanos(text),
            (_, Literal::Text(_) | Literal::Bool(_)) => None,
        }
    }
}

/// The literal as a time: RFC 3339, or nanoseconds since 1970.
pub(crate) fn time(literal: &Literal) -> Option<SystemTime> {
    match literal {
        Literal::Text(text) => text
            .parse::<Timestamp>()
            .ok()
            .and_then(|time| SystemTime::try_from(time).ok()),
        Literal::Number(nanos) if *nanos >= 0.0 => {
            let since = std::time::Duration::try_from_secs_f64(nanos / 1e9).ok()?;
            SystemTime::UNIX_EPOCH.checked_add(since)
        }
        Literal::Number(_) | Literal::Bool(_) => None,
    }
}

/// An execution status by the name users know it by.
pub(crate) fn status(name: &str) -> Option<WorkflowExecutionStatus> {
    STATUSES
        .iter()
        .find(|(known, status)| name.eq_ignore_ascii_case(known) || name == status.as_str_name())
        .map(|(_, status)| *status)
}

/// The name of an execution status in queries and counts.
pub(crate) fn status_name(status: i32) -> &'static str {
    STATUSES
        .iter()
        .find(|(_, known)| *known as i32 == status)
        .map_or("Unspecified", |(name, _)| *name)
}

/// The name of a type of search attributes, as payloads carry it.
pub(crate) fn type_name(value_type: IndexedValueType) -> &'static str {
    match value_type {
        IndexedValueType::Unspecified => "Unspecified",
        IndexedValueType::Text => "Text",
        IndexedValueType::Keyword => "Keyword",
        IndexedValueType::Int => "Int",
        IndexedValueType::Double => "Double",
        IndexedValueType::Bool => "Bool",
        IndexedValueType::Datetime => "Datetime",
        IndexedValueType::KeywordList => "KeywordList",
    }
}

/// A duration such as `1h30m`, `500ms` or `2.5s`, in nanoseconds.
fn duration_nanos(text: &str) -> Option<f64> {
    let mut nanos = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| c.is_alphabetic())?;
        let (number, tail) = rest.split_at(unit_at);
        let unit_end = tail
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "d" => 86_400e9,
            _ => return None,
        };
        nanos += number.parse::<f64>().ok()? * scale;
        rest = tail;
    }
    Some(nanos)
}

fn shown(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => format!("'{text}'"),
        Literal::Number(number) => format!("`{number}`"),
        Literal::Bool(value) => format!("`{value}`"),
    }
}

/// What the server knows about every execution.
const FIELDS: [(&str, IndexedValueType, Field); 16] = [
    ("WorkflowId", IndexedValueType::Keyword, Field::WorkflowId),
    ("RunId", IndexedValueType::Keyword, Field::RunId),
    (
        "WorkflowType",
        IndexedValueType::Keyword,
        Field::WorkflowType,
    ),
    (
        "ExecutionStatus",
        IndexedValueType::Keyword,
        Field::ExecutionStatus,
    ),
    ("TaskQueue", IndexedValueType::Keyword, Field::TaskQueue),
    ("StartTime", IndexedValueType::Datetime, Field::StartTime),
    (
        "ExecutionTime",
        IndexedValueType::Datetime,
        Field::ExecutionTime,
    ),
    ("CloseTime", IndexedValueType::Datetime, Field::CloseTime),
    (
        "ExecutionDuration",
        IndexedValueType::Int,
        Field::ExecutionDuration,
    ),
    ("HistoryLength", IndexedValueType::Int, Field::HistoryLength),
    (
        "HistorySizeBytes",
        IndexedValueType::Int,
        Field::HistorySizeBytes,
    ),
    (
        "StateTransitionCount",
        IndexedValueType::Int,
        Field::StateTransitionCount,
    ),
    (
        "ParentWorkflowId",
        IndexedValueType::Keyword,
        Field::ParentWorkflowId,
    ),
    ("ParentRunId", IndexedValueType::Keyword, Field::ParentRunId),
    (
        "RootWorkflowId",
        IndexedValueType::Keyword,
        Field::RootWorkflowId,
    ),
    ("RootRunId", IndexedValueType::Keyword, Field::RootRunId),
];

/// Search attributes of the platform that, like custom ones, an execution may carry.
const CARRIED: [(&str, IndexedValueType); 17] = [
    ("BatcherNamespace", IndexedValueType::Keyword),
    ("BatcherUser", IndexedValueType::Keyword),
    ("BinaryChecksums", IndexedValueType::KeywordList),
    ("BuildIds", IndexedValueType::KeywordList),
    ("TemporalChangeVersion", IndexedValueType::KeywordList),
    ("TemporalExternalPayloadCount", IndexedValueType::Int),
    ("TemporalExternalPayloadSizeBytes", IndexedValueType::Int),
    ("TemporalNamespaceDivision", IndexedValueType::Keyword),
    ("TemporalPauseInfo", IndexedValueType::KeywordList),
    ("TemporalReportedProblems", IndexedValueType::KeywordList),
    ("TemporalSchedulePaused", IndexedValueType::Bool),
    ("TemporalScheduledById", IndexedValueType::Keyword),
    ("TemporalScheduledStartTime", IndexedValueType::Datetime),
    (
        "TemporalUsedWorkerDeploymentVersions",
        IndexedValueType::KeywordList,
    ),
    ("TemporalWorkerDeployment", IndexedValueType::Keyword),
    ("TemporalWorkerDeploymentVersion", IndexedValueType::Keyword),
    (
        "TemporalWorkflowVersioningBehavior",
        IndexedValueType::Keyword,
    ),
];

const STATUSES: [(&str, WorkflowExecutionStatus); 8] = [
    ("Running", WorkflowExecutionStatus::Running),
    ("Completed", WorkflowExecutionStatus::Completed),
    ("Failed", WorkflowExecutionStatus::Failed),
    ("Canceled", WorkflowExecutionStatus::Canceled),
    ("Terminated", WorkflowExecutionStatus::Terminated),
    ("ContinuedAsNew", WorkflowExecutionStatus::ContinuedAsNew),
    ("TimedOut", WorkflowExecutionStatus::TimedOut),
    ("Paused", WorkflowExecutionStatus::Paused),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_attribute_is_found_after_it_was_added() {
        let mut attributes = Attributes::new();
        assert_eq!(attributes.field("Customer"), None);
        assert!(attributes.add("Customer", IndexedValueType::Keyword));
        assert!(!attributes.add("Customer", IndexedValueType::Int));
        assert!(!attributes.add("WorkflowId", IndexedValueType::Int));
        assert_eq!(
            attributes.carried_type("Customer"),
            Some(IndexedValueType::Keyword)
        );
        assert!(attributes.remove("Customer"));
        assert_eq!(attributes.field("Customer"), None);
    }

    #[test]
    fn durations_are_read_as_go_writes_them() {
        assert_eq!(duration_nanos("1h30m"), Some(5400e9));
        assert_eq!(duration_nanos("2.5s"), Some(2.5e9));
        assert_eq!(duration_nanos("5 parsecs"), None);
        assert_eq!(duration_nanos("5"), None);
    }
}
