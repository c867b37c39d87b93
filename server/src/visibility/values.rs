//! Values of search attributes in starts and commands: checked against the namespace's types, with
//! the real server's texts, and labelled with their type.

use std::collections::{BTreeMap, HashMap};

use durably_history::SearchAttributeProblem;
use durably_proto::api::common::v1::Payload;
use durably_proto::api::enums::v1::IndexedValueType as Type;
use serde_json::Value;

use super::attributes::{Attributes, Field, type_name};
use super::{go_float, rfc3339};

/// Error in a search attribute's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadValue {
    pub(crate) message: String,
    pub(crate) problem: SearchAttributeProblem,
}

/// Checks search attributes and labels each with its type. A client's label stays, as on the real server, with the
/// registered type beside it.
pub(crate) fn check(
    namespace: &str,
    known: &Attributes,
    fields: &mut HashMap<String, Payload>,
) -> Result<(), BadValue> {
    // Sorted by name, so that the same request always gets the same error.
    let fields: BTreeMap<_, _> = fields.iter_mut().collect();
    let sizes: Vec<_> = fields
        .iter()
        .map(|(name, payload)| ((*name).clone(), payload.data.len()))
        .collect();
    for (name, payload) in fields {
        let value_type = match known.field(name) {
            Some(Field::Carried(_, value_type)) if !RESERVED.contains(&name.as_str()) => value_type,
            Some(_) => {
                return Err(wrong(format!(
                    "{name} attribute can't be set in SearchAttributes"
                )));
            }
            None => {
                return Err(BadValue {
                    message: format!(
                        "Namespace {namespace} has no mapping defined for search attribute {name}"
                    ),
                    problem: SearchAttributeProblem::Unknown,
                });
            }
        };
        if let Err(shown) = check_type(payload, value_type) {
            return Err(wrong(format!(
                "invalid value for search attribute {name} of type {}: {shown}",
                type_name(value_type)
            )));
        }
        label(payload, type_name(value_type));
    }
    for (name, size) in sizes {
        if size > LARGEST_VALUE {
            return Err(BadValue {
                message: format!(
                    "search attribute {name} value size {size} exceeds size limit {LARGEST_VALUE}"
                ),
                problem: SearchAttributeProblem::TooLarge,
            });
        }
    }
    Ok(())
}

/// Whether a payload encodes the absence of a value: a start drops it, an upsert removes the
/// attribute.
pub(crate) fn is_unset(payload: &Payload) -> bool {
    encoding(payload) == b"binary/null" || matches!(payload.data.as_slice(), b"null" | b"[]")
}

fn label(payload: &mut Payload, registered: &str) {
    let metadata = &mut payload.metadata;
    metadata.remove(REGISTERED_TYPE);
    let label = metadata
        .entry(TYPE.to_owned())
        .or_insert_with(|| registered.into());
    if label != registered.as_bytes() {
        metadata.insert(REGISTERED_TYPE.to_owned(), registered.into());
    }
}

/// The name of the type that an attribute had when a value was stored; `None` for a value that is not labelled.
pub(crate) fn stored_type(payload: &Payload) -> Option<&[u8]> {
    let metadata = &payload.metadata;
    let stored = metadata.get(REGISTERED_TYPE).or_else(|| metadata.get(TYPE));
    stored.map(Vec::as_slice)
}

/// Whether a stored value is one of an attribute of this type. A value of an attribute that had another type is not,
/// even if this type could have it.
pub(super) fn is_of_type(payload: &Payload, value_type: Type) -> bool {
    is_stored_as(payload, value_type).unwrap_or_else(|| check_type(payload, value_type).is_ok())
}

/// Whether a value was stored while its attribute had this type; `None` for a value that is not labelled.
pub(super) fn is_stored_as(payload: &Payload, value_type: Type) -> Option<bool> {
    Some(stored_type(payload)? == type_name(value_type).as_bytes())
}

/// Leaves a stored value as its client labelled it.
pub(crate) fn keep_client_label(payload: &mut Payload) {
    payload.metadata.remove(REGISTERED_TYPE);
}

/// Checks that a payload has a value of this type; the error is the value as the real server shows
/// it.
fn check_type(payload: &Payload, value_type: Type) -> Result<(), String> {
    if is_unset(payload) {
        return Ok(());
    }
    match encoding(payload) {
        b"json/plain" => {}
        b"binary/plain" => {
            let bytes: Vec<_> = payload.data.iter().map(u8::to_string).collect();
            return Err(format!("[{}]", bytes.join(" ")));
        }
        _ => return Err(undecoded(payload)),
    }
    let value: Value = serde_json::from_slice(&payload.data).map_err(|_| undecoded(payload))?;
    let fits = match (&value, value_type) {
        (Value::Array(items), Type::KeywordList) => items.iter().all(is_keyword),
        (Value::Array(items), _) => items.len() == 1 && is_a(&items[0], value_type),
        (value, _) => is_a(value, value_type),
    };
    match fits {
        true => Ok(()),
        false => Err(as_go(&value)),
    }
}

fn is_a(value: &Value, value_type: Type) -> bool {
    match (value, value_type) {
        // Within a list: `[null]` is a list of the zero value.
        (Value::Null, _) => true,
        (value, Type::Text | Type::Keyword) => value.is_string(),
        (value, Type::Int) => value.is_i64() || is_negative_zero(value),
        (value, Type::Double) => value.is_number(),
        (value, Type::Bool) => value.is_boolean(),
        (Value::String(text), Type::Datetime) => rfc3339::strict(text).is_some(),
        _ => false,
    }
}

/// `-0` is an integer for the real server, but a float for our JSON parser.
fn is_negative_zero(value: &Value) -> bool {
    value
        .as_f64()
        .is_some_and(|it| it == 0.0 && it.is_sign_negative())
}

fn is_keyword(item: &Value) -> bool {
    match item {
        Value::Null | Value::String(_) => true,
        Value::Array(items) => items.len() == 1 && is_keyword(&items[0]),
        _ => false,
    }
}

/// Formats a value as Go does.
fn as_go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => go_float::show(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(as_go).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.iter().collect();
            let fields: Vec<_> = fields
                .into_iter()
                .map(|(name, value)| format!("{name}:{}", as_go(value)))
                .collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

/// Formats an undecodable payload as the real server does.
fn undecoded(payload: &Payload) -> String {
    let mut parts = Vec::new();
    let metadata: BTreeMap<_, _> = payload.metadata.iter().collect();
    for (key, value) in metadata {
        let value = String::from_utf8_lossy(value);
        parts.push(format!("metadata:{{key:{key:?}  value:{value:?}}}"));
    }
    if !payload.data.is_empty() {
        parts.push(format!("data:{:?}", String::from_utf8_lossy(&payload.data)));
    }
    format!("value from <{}>", parts.join("  "))
}

fn encoding(payload: &Payload) -> &[u8] {
    payload.metadata.get("encoding").map_or(b"", Vec::as_slice)
}

fn wrong(message: String) -> BadValue {
    BadValue {
        message,
        problem: SearchAttributeProblem::Wrong,
    }
}

/// Metadata with the name of a value's type.
const TYPE: &str = "type";
/// Metadata with the name of the attribute's type, of a value that its client labelled with another one. No response
/// has it.
const REGISTERED_TYPE: &str = "registered-type";

/// Attributes that executions carry but only the server sets.
const RESERVED: [&str; 6] = [
    "TemporalExternalPayloadCount",
    "TemporalExternalPayloadSizeBytes",
    "TemporalUsedWorkerDeploymentVersions",
    "TemporalWorkerDeployment",
    "TemporalWorkerDeploymentVersion",
    "TemporalWorkflowVersioningBehavior",
];

/// Maximum bytes of one value; the real server's limit.
const LARGEST_VALUE: usize = 2048;
