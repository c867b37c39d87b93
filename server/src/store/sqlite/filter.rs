//! Translates filters into SQL with the meaning of [`crate::visibility::filter`]: SQL's logic has the
//! same three values, and columns hold the values that the filter in memory compares.
//!
//! What has no exact translation is left out, and the caller applies the filter in memory to what SQL
//! finds: words of texts, attributes that runs carry with several types, and filters too large for
//! SQLite.

use durably_proto::api::enums::v1::IndexedValueType;
use rusqlite::types::{FromSql, Value as SqlValue};
use rusqlite::{Result, Rows, Statement, params_from_iter};

use super::attributes::Catalog;
use super::columns::{column, sql_value};
use crate::visibility::attributes::Field;
use crate::visibility::filter::{Value, operand};
use crate::visibility::query::{Comparison, Filter, Literal};

/// Builds SQL and the parameters that it names.
#[derive(Debug)]
pub(super) struct Sql<'a> {
    catalog: &'a Catalog,
    parameters: Vec<SqlValue>,
    conditions: usize,
}

/// How SQL reads a field.
#[derive(Debug)]
pub(super) enum FieldSql {
    /// One value or NULL.
    Value(String),
    /// Rows of this attribute, one for each item.
    Items(i64),
}

impl<'a> Sql<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            parameters: Vec::new(),
            conditions: 0,
        }
    }

    /// Runs a statement with the parameters that it names.
    pub(super) fn query<'s>(&self, statement: &'s mut Statement<'_>) -> Result<Rows<'s>> {
        let named = statement.parameter_count();
        statement.query(params_from_iter(&self.parameters[..named]))
    }

    /// Runs a statement that returns one value.
    pub(super) fn query_one<T: FromSql>(&self, statement: &mut Statement<'_>) -> Result<T> {
        let named = statement.parameter_count();
        let parameters = params_from_iter(&self.parameters[..named]);
        statement.query_row(parameters, |row| row.get(0))
    }

    pub(super) fn catalog(&self) -> &Catalog {
        self.catalog
    }

    /// Whether so many parameters can be added to a statement.
    pub(super) fn has_room(&self, parameters: usize) -> bool {
        self.parameters.len() + parameters <= MOST_PARAMETERS
    }

    /// Adds a parameter; returns its name.
    pub(super) fn bind(&mut self, value: impl Into<SqlValue>) -> String {
        self.parameters.push(value.into());
        format!("?{}", self.parameters.len())
    }

    /// The condition that a filter is; `None` if it has no exact translation.
    pub(super) fn condition(&mut self, filter: &Filter) -> Option<String> {
        self.conditions += 1;
        if self.conditions > MOST_CONDITIONS || !self.has_room(0) {
            return None;
        }
        Some(match filter {
            Filter::All(filters) => self.joined(filters, "AND")?,
            Filter::Any(filters) => self.joined(filters, "OR")?,
            Filter::Not(filter) => format!("NOT ({})", self.condition(filter)?),
            Filter::Compare { field, by, with } => match self.field(field)? {
                FieldSql::Value(value) => {
                    let operand = self.operand(field, with);
                    format!("{value} {} {operand}", by.symbol())
                }
                FieldSql::Items(attribute) => {
                    let found = self.has_item(attribute, [with]);
                    match by {
                        Comparison::Equal => found,
                        Comparison::NotEqual
                        | Comparison::Less
                        | Comparison::LessOrEqual
                        | Comparison::Greater
                        | Comparison::GreaterOrEqual => format!("NOT {found}"),
                    }
                }
            },
            Filter::In { values, .. } if !self.has_room(values.len()) => return None,
            Filter::In { field, values } => match self.field(field)? {
                FieldSql::Value(value) => {
                    let operands: Vec<_> = values
                        .iter()
                        .map(|literal| self.operand(field, literal))
                        .collect();
                    format!("{value} IN ({})", operands.join(", "))
                }
                FieldSql::Items(attribute) => self.has_item(attribute, values),
            },
            Filter::Between { field, low, high } => match self.field(field)? {
                FieldSql::Value(value) => {
                    let (low, high) = (self.operand(field, low), self.operand(field, high));
                    format!("{value} BETWEEN {low} AND {high}")
                }
                // The parser refuses ranges of lists.
                FieldSql::Items(_) => return None,
            },
            Filter::StartsWith { field, prefix } => match self.field(field)? {
                FieldSql::Value(value) => self.starts_with(field, &value, prefix),
                FieldSql::Items(_) => return None,
            },
            Filter::IsNull { field } => match self.field(field)? {
                FieldSql::Value(value) => format!("{value} IS NULL"),
                FieldSql::Items(attribute) => {
                    let attribute = self.bind(attribute);
                    format!(
                        "NOT EXISTS (SELECT 1 FROM attributes
                         WHERE run = v.run AND attribute = {attribute})"
                    )
                }
            },
        })
    }

    /// How SQL reads a field; `None` if its values are only in the messages.
    pub(super) fn field(&mut self, field: &Field) -> Option<FieldSql> {
        let (name, value_type) = match field {
            Field::Carried(name, value_type) => (name, *value_type),
            own => return column(own).map(|column| FieldSql::Value(format!("v.{column}"))),
        };
        let attribute = self.catalog.number(name, value_type)?;
        if value_type == IndexedValueType::KeywordList {
            return Some(FieldSql::Items(attribute));
        }
        let attribute = self.bind(attribute);
        Some(FieldSql::Value(format!(
            "(SELECT value FROM attributes WHERE run = v.run AND attribute = {attribute})"
        )))
    }

    /// The parameter that a field is compared with; NULL for a literal that is of another type, with
    /// which nothing compares.
    pub(super) fn operand(&mut self, field: &Field, literal: &Literal) -> String {
        let value = operand(field, literal).filter(|value| fits(field, value));
        match value.and_then(sql_value) {
            // NaN compares with nothing.
            Some(SqlValue::Real(number)) if number.is_nan() => "NULL".to_owned(),
            Some(value) => self.bind(value),
            None => "NULL".to_owned(),
        }
    }

    /// The range of texts with a prefix, as a condition on `value`.
    pub(super) fn prefix_range(&mut self, value: &str, prefix: &str) -> String {
        let low = self.bind(prefix.to_owned());
        match after_prefix(prefix) {
            Some(end) => {
                let end = self.bind(end);
                format!("({value} >= {low} AND {value} < {end})")
            }
            None => format!("{value} >= {low}"),
        }
    }

    fn starts_with(&mut self, field: &Field, value: &str, prefix: &str) -> String {
        match holds_text(field) {
            true => self.prefix_range(value, prefix),
            // False, but NULL where there is no value.
            false => format!("{value} IS NULL AND NULL"),
        }
    }

    fn has_item<'l>(
        &mut self,
        attribute: i64,
        literals: impl IntoIterator<Item = &'l Literal>,
    ) -> String {
        let attribute = self.bind(attribute);
        let texts: Vec<_> = literals
            .into_iter()
            .filter_map(|literal| match literal {
                Literal::Text(text) => Some(self.bind(text.clone())),
                Literal::Integer(_) | Literal::Number(_) | Literal::Bool(_) => None,
            })
            .collect();
        format!(
            "EXISTS (SELECT 1 FROM attributes
             WHERE run = v.run AND attribute = {attribute} AND value IN ({}))",
            texts.join(", ")
        )
    }

    fn joined(&mut self, filters: &[Filter], word: &str) -> Option<String> {
        let mut conditions = Vec::with_capacity(filters.len());
        for filter in filters {
            conditions.push(format!("({})", self.condition(filter)?));
        }
        Some(conditions.join(&format!(" {word} ")))
    }
}

/// Whether a value can be compared with those of a field; two numbers can, whole or not.
fn fits(field: &Field, value: &Value) -> bool {
    match value {
        Value::Text(_) => holds_text(field),
        Value::Integer(_) | Value::Number(_) => {
            *field == Field::ExecutionStatus
                || matches!(
                    field.value_type(),
                    IndexedValueType::Int | IndexedValueType::Double
                )
        }
        Value::Bool(_) => field.value_type() == IndexedValueType::Bool,
        Value::Time(_) => field.value_type() == IndexedValueType::Datetime,
        Value::Texts(_) => false,
    }
}

fn holds_text(field: &Field) -> bool {
    // The status is a keyword in queries and a number in rows.
    field.value_type() == IndexedValueType::Keyword && *field != Field::ExecutionStatus
}

/// The first text after all those with a prefix, in the order of their bytes, which is that of their
/// characters; `None` if there is none.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // Skips the surrogates, which are no characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

/// Conditions in one statement: SQLite limits how deep an expression nests, and a chain of `OR`s nests
/// once for each.
const MOST_CONDITIONS: usize = 500;
/// Parameters in one statement; SQLite takes 32766.
const MOST_PARAMETERS: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_text_without_it() {
        assert_eq!(after_prefix("ab"), Some("ac".to_owned()));
        assert_eq!(after_prefix("a\u{d7ff}"), Some("a\u{e000}".to_owned()));
        assert_eq!(after_prefix("a\u{10ffff}"), Some("b".to_owned()));
        assert_eq!(after_prefix("\u{10ffff}"), None);
        assert_eq!(after_prefix(""), None);
    }
}
