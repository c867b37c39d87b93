//! The styles of JSON in which tools have exported histories, made the proto3 JSON mapping.

use std::fmt;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

/// A value that an export decoded for people: what it was encoded as is lost.
#[derive(Debug)]
pub(super) struct DecodedPayload {
    /// The path of the payload in the history.
    path: String,
}

impl fmt::Display for DecodedPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path } = self;
        write!(
            f,
            "`{path}` is a decoded value, not a payload; export the history again with its payloads encoded"
        )
    }
}

/// The message in the proto3 JSON mapping. Names of enums may be written as the CLI and the UI wrote them in the
/// past (`ActivityTaskScheduled`), and the events may stand alone or inside of a response.
pub(super) fn proto3(
    mut json: Value,
    history: &MessageDescriptor,
) -> Result<Value, DecodedPayload> {
    if json.is_array() {
        json = serde_json::json!({ "events": json });
    } else if json.get("events").is_none()
        && let Some(inner @ Value::Object(_)) = json.get_mut("history")
    {
        json = inner.take();
    }
    normalise_message(&mut json, history, &Path::Root)?;
    Ok(json)
}

/// Where a value stands; written out only for an error.
enum Path<'a> {
    Root,
    Field(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

fn normalise_message(
    json: &mut Value,
    message: &MessageDescriptor,
    path: &Path<'_>,
) -> Result<(), DecodedPayload> {
    // Their mapping is one of their own.
    if message.full_name().starts_with("google.protobuf.") {
        return Ok(());
    }
    if is_decoded(json, message) {
        return Err(DecodedPayload {
            path: path.to_string(),
        });
    }
    let Value::Object(members) = json else {
        return Ok(());
    };
    for (name, value) in members {
        let field = message
            .get_field_by_json_name(name)
            .or_else(|| message.get_field_by_name(name));
        if let Some(field) = field {
            normalise_field(value, &field, &Path::Field(path, name))?;
        }
    }
    Ok(())
}

fn normalise_field(
    json: &mut Value,
    field: &FieldDescriptor,
    path: &Path<'_>,
) -> Result<(), DecodedPayload> {
    match (field.kind(), json) {
        (Kind::Message(entry), Value::Object(entries)) if entry.is_map_entry() => {
            let kind = entry.map_entry_value_field().kind();
            for (key, value) in entries {
                normalise_value(value, &kind, &Path::Field(path, key))?;
            }
        }
        (kind, Value::Array(items)) if field.is_list() => {
            for (index, value) in items.iter_mut().enumerate() {
                normalise_value(value, &kind, &Path::Item(path, index))?;
            }
        }
        (kind, json) => normalise_value(json, &kind, path)?,
    }
    Ok(())
}

fn normalise_value(json: &mut Value, kind: &Kind, path: &Path<'_>) -> Result<(), DecodedPayload> {
    match kind {
        Kind::Message(message) => normalise_message(json, message, path),
        Kind::Enum(names) => {
            if let Value::String(name) = json
                && let Some(number) = number_of(name, names)
            {
                *json = number.into();
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The value with this name, in either style; none if only another version knows it.
fn number_of(name: &str, names: &EnumDescriptor) -> Option<i32> {
    if let Some(value) = names.get_value_by_name(name) {
        return Some(value.number());
    }
    let in_full = |name: &str| name.replace('_', "").to_lowercase();
    let wanted = in_full(names.name()) + &in_full(name);
    let mut values = names.values();
    let value = values.find(|value| in_full(value.name()) == wanted);
    value.map(|value| value.number())
}

/// Whether this stands where a payload must be, and is the value that was in it. A value that has the members of
/// a payload cannot be told from one.
fn is_decoded(json: &Value, message: &MessageDescriptor) -> bool {
    match (message.full_name(), json) {
        (_, Value::Null) => false,
        ("temporal.api.common.v1.Payload", Value::Object(members)) => {
            let mut names = members.keys();
            !names.all(|name| {
                message.get_field_by_json_name(name).is_some()
                    || message.get_field_by_name(name).is_some()
            })
        }
        ("temporal.api.common.v1.Payload", _) => true,
        ("temporal.api.common.v1.Payloads", json) => !json.is_object(),
        _ => false,
    }
}
