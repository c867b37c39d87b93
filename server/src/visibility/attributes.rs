//! Search attributes: system fields, custom attributes of the namespace, and their types.

use std::collections::BTreeMap;
use std::time::SystemTime;

use durably_history::parse_go_duration;
use durably_proto::api::enums::v1::{IndexedValueType, WorkflowExecutionStatus};

use super::go_float;
use super::query::Literal;
use super::rfc3339;

/// A field that a query can name.
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
    /// A predefined or custom search attribute that executions carry.
    Carried(String, IndexedValueType),
}

/// The types of custom attributes, by the names that the CLI takes.
pub(crate) const TYPES: [(&str, IndexedValueType); 7] = [
    ("Text", IndexedValueType::Text),
    ("Keyword", IndexedValueType::Keyword),
    ("Int", IndexedValueType::Int),
    ("Double", IndexedValueType::Double),
    ("Bool", IndexedValueType::Bool),
    ("Datetime", IndexedValueType::Datetime),
    ("KeywordList", IndexedValueType::KeywordList),
];

/// The type of that name.
pub(crate) fn type_named(name: &str) -> Option<IndexedValueType> {
    let mut types = TYPES.iter();
    let found = types.find(|(known, _)| *known == name)?;
    Some(found.1)
}

/// The search attributes of one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attributes {
    custom: BTreeMap<String, IndexedValueType>,
    /// Whether queries are for schedules, which have few of the fields of workflows.
    of_schedules: bool,
}

impl Attributes {
    /// The attributes of a new namespace.
    pub(crate) fn new() -> Self {
        Self {
            custom: BTreeMap::new(),
            of_schedules: false,
        }
    }

    /// The attributes that schedules of this namespace may carry.
    pub(crate) fn of_schedules(&self) -> Self {
        Self {
            custom: self.custom.clone(),
            of_schedules: true,
        }
    }

    /// Whether queries may name a field that exists. The real server compares names here, not what they stand for.
    pub(crate) fn may_filter_by(&self, name: &str) -> bool {
        !self.of_schedules
            || name == "TemporalSchedulePaused"
            || !name.starts_with(PREFIX) && !Self::system().any(|(known, _)| known == name)
    }

    /// Finds the search attribute that a query names: the server's own have their names with and without a prefix.
    pub(crate) fn resolve(&self, name: &str) -> Option<Field> {
        if let Some(field) = self.field(name) {
            return Some(field);
        }
        let field = match name.strip_prefix(PREFIX) {
            // The rows of schedules have their id there.
            Some(SCHEDULE_ID) => return Some(Field::WorkflowId),
            None if name == SCHEDULE_ID => return Some(Field::WorkflowId),
            Some(rest) => self.field(rest)?,
            None => self.field(&format!("{PREFIX}{name}"))?,
        };
        let is_custom = self.custom.contains_key(field.name());
        (!is_custom).then_some(field)
    }

    /// Finds a search attribute by its name.
    pub(crate) fn field(&self, name: &str) -> Option<Field> {
        let own = FIELDS.iter().find(|(known, _, _)| *known == name);
        if let Some((_, _, field)) = own {
            return Some(field.clone());
        }
        let value_type = self.carried_type(name)?;
        Some(Field::Carried(name.to_owned(), value_type))
    }

    /// The type of an attribute that executions can carry.
    pub(crate) fn carried_type(&self, name: &str) -> Option<IndexedValueType> {
        if FIELDS.iter().any(|(known, _, _)| *known == name) {
            return None;
        }
        let carried = CARRIED.iter().find(|(known, _)| *known == name);
        carried
            .map(|(_, value_type)| *value_type)
            .or_else(|| self.custom.get(name).copied())
    }

    /// The type of a custom attribute.
    pub(crate) fn custom_type(&self, name: &str) -> Option<IndexedValueType> {
        self.custom.get(name).copied()
    }

    /// Adds a custom attribute; returns false if the name is taken.
    pub(crate) fn add(&mut self, name: &str, value_type: IndexedValueType) -> bool {
        if self.field(name).is_some() {
            return false;
        }
        self.custom.insert(name.to_owned(), value_type);
        true
    }

    /// Adds a custom attribute, unless there is one of this name, whatever its type.
    ///
    /// # Errors
    /// The name is reserved, or there are as many of this type as there can be; in the real server's words.
    pub(crate) fn register(
        &mut self,
        name: &str,
        value_type: IndexedValueType,
    ) -> Result<(), String> {
        Self::check_name(name)?;
        if self.custom.contains_key(name) {
            return Ok(());
        }
        let of_type = self.custom.values().filter(|it| **it == value_type).count();
        let most = most_of(value_type);
        if of_type >= most {
            return Err(format!(
                "Unable to create search attributes: cannot have more than {most} search attribute of type {}.",
                type_name(value_type)
            ));
        }
        self.custom.insert(name.to_owned(), value_type);
        Ok(())
    }

    /// Checks that a name is not one of the server's own.
    ///
    /// # Errors
    /// It is, or could become one; in the real server's words.
    pub(crate) fn check_name(name: &str) -> Result<(), String> {
        let is_reserved =
            Self::is_predefined(name) || name.starts_with(PREFIX) || RESERVED.contains(&name);
        match is_reserved {
            true => Err(format!("Search attribute {name} is reserved by system.")),
            false => Ok(()),
        }
    }

    /// Removes a custom attribute; returns false if there is none of that name.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.custom.remove(name).is_some()
    }

    /// The custom search attributes.
    pub(crate) fn custom(&self) -> impl Iterator<Item = (&str, IndexedValueType)> {
        self.custom.iter().map(|(name, ty)| (name.as_str(), *ty))
    }

    /// Whether the server has an attribute of this name itself.
    pub(crate) fn is_predefined(name: &str) -> bool {
        Self::system().any(|(known, _)| known == name)
    }

    /// The system's search attributes.
    pub(crate) fn system() -> impl Iterator<Item = (&'static str, IndexedValueType)> {
        FIELDS
            .iter()
            .map(|(name, ty, _)| (*name, *ty))
            .chain(CARRIED.iter().copied())
    }
}

impl Field {
    /// Checks that a literal can be a value of this field; the error has the real server's words.
    pub(crate) fn check(&self, literal: &Literal) -> Result<(), String> {
        let name = self.name();
        match (self, literal) {
            (Self::ExecutionStatus, Literal::Text(text)) => match status(text) {
                Some(_) => Ok(()),
                None => Err(format!("invalid ExecutionStatus value '{text}'")),
            },
            (Self::ExecutionStatus, Literal::Integer(value)) => {
                match i32::try_from(*value).map(WorkflowExecutionStatus::try_from) {
                    Ok(Ok(_)) => Ok(()),
                    _ => Err(format!("invalid ExecutionStatus value {value}")),
                }
            }
            (Self::ExecutionStatus, literal) => Err(format!(
                "unexpected value type {} for search attribute {name}",
                go_type(literal)
            )),
            (Self::ExecutionDuration, literal @ Literal::Number(_)) => Err(format!(
                "unexpected value type {} for search attribute {name}",
                go_type(literal)
            )),
            (Self::ExecutionDuration, Literal::Text(text)) => match duration_nanos(text) {
                Some(_) => Ok(()),
                None => Err(format!(
                    "invalid duration value for search attribute {name}: {text}"
                )),
            },
            _ => self.check_type(literal),
        }
    }

    fn check_type(&self, literal: &Literal) -> Result<(), String> {
        use IndexedValueType as Type;
        let fits = match (self.value_type(), literal) {
            (Type::Datetime, literal) => {
                return match (time(literal), literal) {
                    (Some(_), _) => Ok(()),
                    (None, Literal::Text(text)) => {
                        Err(format!("unable to parse datetime '{text}'"))
                    }
                    (None, literal) => Err(self.mismatch(literal)),
                };
            }
            (Type::Int | Type::Double, literal) => {
                matches!(literal, Literal::Integer(_) | Literal::Number(_))
            }
            (Type::Bool, literal) => matches!(literal, Literal::Bool(_)),
            (Type::Text, Literal::Text(text)) if text.split_whitespace().next().is_none() => {
                return Err(format!(
                    "no tokens found filtering on Text type search attribute {}",
                    self.name()
                ));
            }
            (_, literal) => matches!(literal, Literal::Text(_)),
        };
        match fits {
            true => Ok(()),
            false => Err(self.mismatch(literal)),
        }
    }

    fn mismatch(&self, literal: &Literal) -> String {
        let shown = match literal {
            Literal::Text(text) => format!("{text:?}"),
            Literal::Integer(value) => value.to_string(),
            // The real server reads the sign as an operator, which it applies later.
            Literal::Number(number) => go_float::show(number.abs()),
            Literal::Bool(value) => value.to_string(),
        };
        format!(
            "invalid value type for search attribute {} of type {}: {shown} (type: {})",
            self.name(),
            type_name(self.value_type()),
            go_type(literal)
        )
    }

    /// The field's name in queries.
    pub(crate) fn name(&self) -> &str {
        if let Self::Carried(name, _) = self {
            return name;
        }
        FIELDS
            .iter()
            .find(|(_, _, field)| field == self)
            .map_or("", |(name, _, _)| name)
    }

    /// The type of the field's values.
    pub(crate) fn value_type(&self) -> IndexedValueType {
        if let Self::Carried(_, value_type) = self {
            return *value_type;
        }
        FIELDS
            .iter()
            .find(|(_, _, field)| field == self)
            .map_or(IndexedValueType::Keyword, |(_, value_type, _)| *value_type)
    }
}

/// Parses a literal as a time: RFC 3339, or nanoseconds since 1970.
pub(crate) fn time(literal: &Literal) -> Option<SystemTime> {
    match literal {
        Literal::Text(text) => rfc3339::lenient(text),
        Literal::Integer(nanos) => {
            let distance = std::time::Duration::from_nanos(nanos.unsigned_abs());
            match *nanos < 0 {
                true => SystemTime::UNIX_EPOCH.checked_sub(distance),
                false => SystemTime::UNIX_EPOCH.checked_add(distance),
            }
        }
        Literal::Number(_) | Literal::Bool(_) => None,
    }
}

/// The Go type of a literal, as the real server's errors name it.
fn go_type(literal: &Literal) -> &'static str {
    match literal {
        Literal::Text(_) => "string",
        Literal::Integer(_) => "int64",
        Literal::Number(_) => "float64",
        Literal::Bool(_) => "bool",
    }
}

/// The execution status of a name in queries.
pub(crate) fn status(name: &str) -> Option<WorkflowExecutionStatus> {
    STATUSES
        .iter()
        .find(|(known, status)| name == *known || name == status.as_str_name())
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

/// A duration in nanoseconds: their number, or such as `1h30m`, `-500ms`, `2.5s` or `01:30:00`.
pub(crate) fn duration_nanos(text: &str) -> Option<i64> {
    match text.parse() {
        Ok(nanos) => Some(nanos),
        Err(_) if text.contains(':') => clock_nanos(text),
        Err(_) => parse_go_duration(text).ok(),
    }
}

/// A duration such as `01:30:00`.
fn clock_nanos(text: &str) -> Option<i64> {
    let parts: Vec<u32> = text
        .split(':')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts.try_into().ok()?;
    let all = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    let all = all.checked_mul(1_000_000_000)?;
    (minutes < 60 && seconds < 60).then_some(all)
}

/// The names of most of the server's own attributes begin with it.
const PREFIX: &str = "Temporal";

/// Columns of the real server's table, which attributes cannot be named like.
const RESERVED: [&str; 4] = ["Memo", "MemoEncoding", "NamespaceId", "VisibilityTaskKey"];

/// How many custom attributes of a type a namespace can have: as many as the real server's default store has columns.
fn most_of(value_type: IndexedValueType) -> usize {
    match value_type {
        IndexedValueType::Unspecified => 0,
        IndexedValueType::Keyword => 10,
        IndexedValueType::Text
        | IndexedValueType::Int
        | IndexedValueType::Double
        | IndexedValueType::Bool
        | IndexedValueType::Datetime
        | IndexedValueType::KeywordList => 3,
    }
}

/// Which kind of the server's own executions one is; none for the workflows of users.
pub(super) const NAMESPACE_DIVISION: &str = "TemporalNamespaceDivision";

const SCHEDULE_ID: &str = "ScheduleId";

/// System fields of every execution.
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

/// Predefined attributes that executions carry like custom ones; some of them only the server sets.
const CARRIED: [(&str, IndexedValueType); 17] = [
    ("BatcherNamespace", IndexedValueType::Keyword),
    ("BatcherUser", IndexedValueType::Keyword),
    ("BinaryChecksums", IndexedValueType::KeywordList),
    ("BuildIds", IndexedValueType::KeywordList),
    ("TemporalChangeVersion", IndexedValueType::KeywordList),
    ("TemporalExternalPayloadCount", IndexedValueType::Int),
    ("TemporalExternalPayloadSizeBytes", IndexedValueType::Int),
    (NAMESPACE_DIVISION, IndexedValueType::Keyword),
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

const STATUSES: [(&str, WorkflowExecutionStatus); 9] = [
    ("Unspecified", WorkflowExecutionStatus::Unspecified),
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
        const SECOND: i64 = 1_000_000_000;
        for (text, nanos) in [
            ("5", 5),
            ("-5", -5),
            ("1h30m", 5400 * SECOND),
            ("-1h30m", -5400 * SECOND),
            ("+1h", 3600 * SECOND),
            ("2.5s", 5 * SECOND / 2),
            (".5s", SECOND / 2),
            ("1.s", SECOND),
            ("1\u{b5}s", 1000),
            ("1\u{3bc}s", 1000),
            ("1d2h", 26 * 3600 * SECOND),
            ("1.5d", 36 * 3600 * SECOND),
            ("01:30:00", 5400 * SECOND),
            ("100:00:01", 360_001 * SECOND),
            ("0.1234567890123456789s", 123_456_789),
        ] {
            assert_eq!(duration_nanos(text), Some(nanos), "{text}");
        }
        for text in [
            "",
            "-",
            "+",
            ".",
            ".s",
            "h",
            "5 parsecs",
            "1h 30m",
            "1e3s",
            "1.2.3s",
            "1:90:00",
            "-01:30:00",
            "1:00",
            "99999999h",
            "1h-30m",
            "99999999999999999999999999999999999999s",
        ] {
            assert_eq!(duration_nanos(text), None, "{text}");
        }
    }
}
