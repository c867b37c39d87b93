//! Operators of the query language: which types support them, in the real server's words.

use durably_proto::api::enums::v1::IndexedValueType;

use super::attributes::{Field, status_name, type_name};
use super::query::{Literal, QueryError};

/// The prefix of a condition on the beginning of a keyword. ExecutionStatus is stored as a number, so it has no prefix.
pub(super) fn prefix(
    field: &Field,
    literal: Literal,
    operator: &str,
) -> Result<String, QueryError> {
    supported(field, operator)?;
    let status = match literal {
        Literal::Text(text) if *field != Field::ExecutionStatus => return Ok(text),
        Literal::Text(name) => name,
        Literal::Integer(number) => {
            status_name(i32::try_from(number).unwrap_or_default()).to_owned()
        }
        Literal::Number(_) | Literal::Bool(_) => String::new(),
    };
    Err(QueryError::semantic(format!(
        "invalid expression: right-hand side of \"{}\" operator must be a literal string (got: {status})",
        operator.to_lowercase()
    )))
}

/// Returns an error for an operator that the field's type does not support: texts and lists have no order, and keywords
/// alone have prefixes.
pub(super) fn supported(field: &Field, operator: &str) -> Result<(), QueryError> {
    let has = match field.value_type() {
        IndexedValueType::Text => matches!(operator, "=" | "!="),
        IndexedValueType::KeywordList => matches!(operator, "=" | "!=" | "IN" | "NOT IN"),
        IndexedValueType::Keyword | IndexedValueType::Unspecified => true,
        IndexedValueType::Int
        | IndexedValueType::Double
        | IndexedValueType::Bool
        | IndexedValueType::Datetime => !matches!(operator, "STARTS_WITH" | "NOT STARTS_WITH"),
    };
    match has {
        true => Ok(()),
        false => Err(unsupported(field, operator)),
    }
}

/// The error of an operator that the field's type does not support.
pub(super) fn unsupported(field: &Field, operator: &str) -> QueryError {
    QueryError::semantic(format!(
        "operation is not supported: operator '{operator}' not supported for {} type search attribute '{}'",
        type_name(field.value_type()),
        field.name()
    ))
}

/// Returns an error for a range of values that have no order.
pub(super) fn has_order(field: &Field) -> Result<(), QueryError> {
    match field.value_type() {
        value_type @ (IndexedValueType::Text
        | IndexedValueType::KeywordList
        | IndexedValueType::Bool) => Err(QueryError::semantic(format!(
            "invalid expression: cannot do range condition on search attribute '{}' of type {}",
            field.name(),
            type_name(value_type)
        ))),
        _ => Ok(()),
    }
}

/// The operator's name behind a `NOT`, or as it is.
pub(super) fn with_not(negated: bool, operator: &'static str) -> &'static str {
    match (negated, operator) {
        (true, "IN") => "NOT IN",
        (true, "STARTS_WITH") => "NOT STARTS_WITH",
        (true, "LIKE") => "NOT LIKE",
        (true, "REGEXP") => "NOT REGEXP",
        (_, operator) => operator,
    }
}
