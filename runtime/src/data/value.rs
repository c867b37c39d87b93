//! One serde value to its payload and back.
//!
//! | value | encoding |
//! |---|---|
//! | `()`, `None`, whatever serialises as `null` | `binary/null` |
//! | everything else | `json/plain`, or that of the [`Format`](super::Format) |
//!
//! Types that no format writes are in [`encoding`](super::encoding), messages in
//! [`protobuf`].

use std::cell::Cell;

use durably_engine::{
    Payload,
    payload::{BINARY_PROTOBUF, BYTES, JSON, JSON_PROTOBUF, NULL},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Converter, bytes,
    finite::Finite,
    format, path,
    probe::{self, Probed},
    protobuf,
};
use crate::error::DataFault;

/// Most arguments are short; this spares their vectors the first growths.
const TYPICAL_SIZE: usize = 64;

/// The payload of a value whose type is known not to be [`Bytes`](super::Bytes).
pub(crate) fn encode<T: Serialize>(value: &T, converter: &Converter) -> Result<Payload, DataFault> {
    match converter.format() {
        None => encode_json(value),
        Some(format) => match probe::of(value) {
            Probed::Null => Ok(Payload::null()),
            Probed::Bytes(_) | Probed::Other => format::write(format, value),
        },
    }
}

/// The payload of a value of any type.
pub(crate) fn encode_any<T: Serialize>(
    value: &T,
    converter: &Converter,
) -> Result<Payload, DataFault> {
    match probe::of(value) {
        Probed::Null => Ok(Payload::null()),
        Probed::Bytes(bytes) => Ok(Payload::bytes(bytes)),
        Probed::Other => match converter.format() {
            None => encode_json(value),
            Some(format) => format::write(format, value),
        },
    }
}

pub(crate) fn encode_json<T: Serialize + ?Sized>(value: &T) -> Result<Payload, DataFault> {
    let json = write_json(value)?;
    Ok(match &*json {
        b"null" => Payload::null(),
        _ => Payload::json(json),
    })
}

pub(crate) fn write_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, DataFault> {
    let mut json = Vec::with_capacity(TYPICAL_SIZE);
    let refused = Cell::new(None);
    let mut serializer = serde_json::Serializer::new(&mut json);
    let written = value.serialize(Finite::new(&mut serializer, &refused));
    if let Err(error) = written {
        // What was written so far ends where the fault is.
        let path = path::locate(&json, json.len());
        return Err(match refused.get() {
            Some(number) => DataFault::NotFinite {
                number: number.to_string(),
                path,
            },
            None => DataFault::NotSerialisable {
                reason: error.to_string(),
                path,
            },
        });
    }
    Ok(json)
}

/// Reads by the encoding that the payload names: a worker reads JSON whatever it writes.
pub(crate) fn decode<T: DeserializeOwned>(
    payload: Payload,
    converter: &Converter,
) -> Result<T, DataFault> {
    match payload.encoding() {
        JSON | JSON_PROTOBUF => decode_json(payload.data()),
        NULL => decode_json(b"null"),
        BYTES => bytes::read(payload.data()),
        BINARY_PROTOBUF => Err(DataFault::Protobuf {
            message: protobuf::name_of(&payload).unwrap_or_default(),
        }),
        other => match converter.format() {
            Some(format) if format.encoding() == other => format::read(format, payload.data()),
            Some(_) | None => Err(DataFault::UnknownEncoding {
                encoding: other.to_owned(),
            }),
        },
    }
}

fn decode_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, DataFault> {
    serde_json::from_slice(json).map_err(|error| {
        let text = error.to_string();
        let (reason, _line) = text.rsplit_once(" at line ").unwrap_or((&text, ""));
        DataFault::Unreadable {
            reason: reason.to_owned(),
            path: path::locate(json, offset(json, &error)),
        }
    })
}

/// How many bytes were read when the error was met; serde_json counts lines and columns.
fn offset(json: &[u8], error: &serde_json::Error) -> usize {
    let lines_before = error.line().saturating_sub(1);
    let line_start: usize = json
        .split_inclusive(|byte| *byte == b'\n')
        .take(lines_before)
        .map(<[u8]>::len)
        .sum();
    line_start + error.column()
}
