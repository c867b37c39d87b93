//! One value to its payload and back, in the encodings that every Temporal SDK shares.
//!
//! | value | encoding |
//! |---|---|
//! | `()`, `None`, whatever serialises as `null` | `binary/null` |
//! | [`Bytes`](crate::data::Bytes), `Vec<u8>`, also in an `Option` | `binary/plain` |
//! | everything else | `json/plain` |

use std::{any::TypeId, cell::Cell};

use durably_engine::{
    Payload,
    payload::{BYTES, JSON, JSON_PROTOBUF, NULL},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{bytes, finite::Finite, path};
use crate::error::DataFault;

/// Most arguments are short; this spares their vectors the first growths.
const TYPICAL_SIZE: usize = 64;

pub(crate) fn encode<T: Serialize + 'static>(value: &T) -> Result<Payload, DataFault> {
    if TypeId::of::<T>() == TypeId::of::<()>() {
        return Ok(Payload::null());
    }
    if let Some(bytes) = bytes::of(value) {
        return Ok(Payload::bytes(bytes.to_vec()));
    }
    encode_json(value)
}

pub(crate) fn encode_json<T: Serialize + ?Sized>(value: &T) -> Result<Payload, DataFault> {
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
    Ok(match &*json {
        b"null" => Payload::null(),
        _ => Payload::json(json),
    })
}

pub(crate) fn decode<T: DeserializeOwned + 'static>(payload: Payload) -> Result<T, DataFault> {
    match payload.encoding() {
        JSON | JSON_PROTOBUF => decode_json(payload.data()),
        NULL => decode_json(b"null"),
        BYTES => bytes::into(payload.into_data()).ok_or(DataFault::Bytes),
        other => Err(DataFault::UnknownEncoding {
            encoding: other.to_owned(),
        }),
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
