//! Search attributes that runs carry, in tables of their own.

use std::collections::{BTreeMap, HashMap};

use durably_proto::api::common::v1::Payload;
use durably_proto::api::enums::v1::IndexedValueType;
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::sql_value;
use super::row::Attribute;
use crate::visibility::attributes::type_name;
use crate::visibility::filter::{Value, attribute_value};
use crate::visibility::values;

/// The search attributes of a row, ordered by name.
pub(super) fn of(info: &WorkflowExecutionInfo) -> Vec<Attribute> {
    let carried = info.search_attributes.iter();
    let carried: BTreeMap<_, _> = carried.flat_map(|it| &it.indexed_fields).collect();
    let attributes = carried.into_iter().map(|(name, payload)| {
        let value_type = stored_type(payload);
        Attribute {
            name: name.clone(),
            value_type,
            items: match has_rows(name, value_type) {
                true => items(payload, value_type),
                false => Vec::new(),
            },
        }
    });
    attributes.collect()
}

/// Whether the values of an attribute are kept in rows. Texts are searched by words, which no index of
/// values serves. The server sets `BuildIds` on every run, to few values: an index would take more
/// time and space than it saves.
pub(super) fn has_rows(name: &str, value_type: IndexedValueType) -> bool {
    match value_type {
        IndexedValueType::Unspecified | IndexedValueType::Text => false,
        IndexedValueType::Keyword
        | IndexedValueType::Int
        | IndexedValueType::Double
        | IndexedValueType::Bool
        | IndexedValueType::Datetime
        | IndexedValueType::KeywordList => name != "BuildIds",
    }
}

/// The type that a payload's attribute had when it was stored.
fn stored_type(payload: &Payload) -> IndexedValueType {
    let name = values::stored_type(payload).unwrap_or_default();
    TYPES
        .into_iter()
        .find(|value_type| type_name(*value_type).as_bytes() == name)
        .unwrap_or(IndexedValueType::Unspecified)
}

fn items(payload: &Payload, value_type: IndexedValueType) -> Vec<SqlValue> {
    match attribute_value(payload, value_type) {
        None => Vec::new(),
        // A list without items is a value, too.
        Some(Value::Texts(texts)) if texts.is_empty() => vec![SqlValue::Null],
        Some(Value::Texts(mut texts)) => {
            texts.sort();
            texts.dedup();
            texts.into_iter().map(SqlValue::Text).collect()
        }
        Some(value) => sql_value(value).into_iter().collect(),
    }
}

/// Numbers of attributes, as the writer knows them.
#[derive(Debug, Default)]
pub(super) struct AttributeNumbers {
    known: HashMap<(i64, String, IndexedValueType), i64>,
}

impl AttributeNumbers {
    /// Forgets all numbers: a transaction that inserted some was rolled back.
    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    pub(super) fn get_or_insert(
        &mut self,
        connection: &Connection,
        namespace: i64,
        name: &str,
        value_type: IndexedValueType,
    ) -> rusqlite::Result<i64> {
        let key = (namespace, name.to_owned(), value_type);
        if let Some(number) = self.known.get(&key) {
            return Ok(*number);
        }
        let parameters = params![namespace, name, value_type as i32];
        let stored = connection
            .prepare_cached(
                "SELECT attribute FROM attribute_names
                 WHERE namespace = ?1 AND name = ?2 AND type = ?3",
            )?
            .query_row(parameters, |row| row.get(0))
            .optional()?;
        let number = match stored {
            Some(number) => number,
            None => {
                connection
                    .prepare_cached(
                        "INSERT INTO attribute_names (namespace, name, type) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(parameters)?;
                connection.last_insert_rowid()
            }
        };
        self.known.insert(key, number);
        Ok(number)
    }
}

/// The attributes that runs of a namespace carry, for a query.
#[derive(Debug)]
pub(super) struct Catalog {
    by_name: HashMap<String, Vec<(i64, i32)>>,
}

impl Catalog {
    pub(super) fn read(connection: &Connection, namespace: i64) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare_cached(
            "SELECT name, attribute, type FROM attribute_names WHERE namespace = ?1",
        )?;
        let mut rows = statement.query([namespace])?;
        let mut by_name: HashMap<String, Vec<_>> = HashMap::new();
        while let Some(row) = rows.next()? {
            let numbers = by_name.entry(row.get(0)?).or_default();
            numbers.push((row.get(1)?, row.get(2)?));
        }
        Ok(Self { by_name })
    }

    /// The number of an attribute whose values are all in rows; `None` if a filter has to read them
    /// from the messages. After an attribute was removed and added with another type, runs may carry
    /// values of both.
    pub(super) fn number(&self, name: &str, value_type: IndexedValueType) -> Option<i64> {
        if !has_rows(name, value_type) {
            return None;
        }
        match self.by_name.get(name).map_or(&[][..], Vec::as_slice) {
            [] => Some(CARRIED_BY_NONE),
            [(number, written)] if *written == value_type as i32 => Some(*number),
            _ => None,
        }
    }
}

/// The number of an attribute that no run carries. Rows are numbered from 1.
const CARRIED_BY_NONE: i64 = 0;

const TYPES: [IndexedValueType; 7] = [
    IndexedValueType::Text,
    IndexedValueType::Keyword,
    IndexedValueType::Int,
    IndexedValueType::Double,
    IndexedValueType::Bool,
    IndexedValueType::Datetime,
    IndexedValueType::KeywordList,
];
