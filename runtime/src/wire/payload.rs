//! Payloads, alone, in lists and by name.

use std::collections::{BTreeMap, HashMap};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use durably_engine::{
    Header, Payload,
    payload::{BINARY_PROTOBUF, JSON_PROTOBUF},
};
use durably_proto::{Message as _, api::common::v1 as common};

/// The metadata key under which a payload says how it is encoded.
const ENCODING: &str = "encoding";

/// The encoding of what stands for a payload that a codec could not decode; it is never sent.
const UNDECODED: &str = "durably/undecoded";

/// A payload that says why another one could not be decoded.
pub(crate) fn undecoded(reason: &str) -> Payload {
    Payload::new(UNDECODED, reason.as_bytes().to_vec())
}

/// Why the payload that this one stands for could not be decoded.
pub(crate) fn why_undecoded(payload: &Payload) -> Option<String> {
    let reason = || String::from_utf8_lossy(payload.data()).into_owned();
    (payload.encoding() == UNDECODED).then(reason)
}

pub(crate) fn from_proto(payload: common::Payload) -> Payload {
    let mut metadata = payload.metadata;
    let encoding = metadata.remove(ENCODING).unwrap_or_default();
    let mut read = Payload::from_encoding_bytes(&encoding, payload.data);
    for (name, value) in metadata {
        read.set_metadata(name, value);
    }
    read
}

pub(crate) fn to_proto(payload: Payload) -> common::Payload {
    let (encoding, data, extra) = payload.into_parts();
    let mut metadata = HashMap::with_capacity(1 + extra.len());
    if !encoding.is_empty() {
        metadata.insert(ENCODING.to_owned(), encoding.into_owned().into_bytes());
    }
    metadata.extend(extra);
    common::Payload {
        metadata,
        data,
        external_payloads: Vec::new(),
    }
}

/// A list; one that is not there is empty.
pub(crate) fn list_from_proto(payloads: Option<common::Payloads>) -> Vec<Payload> {
    match payloads {
        Some(list) => list.payloads.into_iter().map(from_proto).collect(),
        None => Vec::new(),
    }
}

/// A list; an empty one is not there.
pub(crate) fn list_to_proto(payloads: Vec<Payload>) -> Option<common::Payloads> {
    let payloads: Vec<_> = payloads.into_iter().map(to_proto).collect();
    (!payloads.is_empty()).then_some(common::Payloads { payloads })
}

/// The message that holds the payloads of a list in one payload.
pub(crate) const PAYLOADS: &str = "temporal.api.common.v1.Payloads";

/// One payload that holds others.
pub(crate) fn pack(payloads: Vec<Payload>) -> Payload {
    let payloads = payloads.into_iter().map(to_proto).collect();
    let data = common::Payloads { payloads }.encode_to_vec();
    Payload::new(BINARY_PROTOBUF, data).with_metadata("messageType", PAYLOADS.into())
}

/// One payload that holds others in the JSON form of their message, as the Go SDK writes it.
pub(crate) fn pack_json(payloads: Vec<Payload>) -> Payload {
    let data = list_to_json(payloads);
    Payload::new(JSON_PROTOBUF, data).with_metadata("messageType", PAYLOADS.into())
}

/// The payloads in one that holds others in the JSON form; the error is in words.
pub(crate) fn unpack_json(packed: &Payload) -> Result<Vec<Payload>, String> {
    list_from_json(packed.data())
}

/// The JSON form of a list of payloads.
pub(crate) fn list_to_json(payloads: Vec<Payload>) -> Vec<u8> {
    let payloads = payloads.into_iter().map(to_proto).map(JsonPayload::of);
    let list = JsonPayloads {
        payloads: payloads.collect(),
    };
    serde_json::to_vec(&list).expect("strings are always JSON")
}

/// The payloads of a list in its JSON form; the error is in words.
pub(crate) fn list_from_json(json: &[u8]) -> Result<Vec<Payload>, String> {
    let list: JsonPayloads = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let payloads = list.payloads.into_iter().enumerate();
    let read = |(index, payload): (usize, JsonPayload)| {
        let read = payload.read();
        read.map_err(|(field, reason)| format!("`payloads[{index}].{field}`: {reason}"))
    };
    payloads.map(read).collect()
}

/// The JSON form of a list of payloads.
#[derive(serde::Serialize, serde::Deserialize)]
struct JsonPayloads {
    #[serde(default)]
    payloads: Vec<JsonPayload>,
}

/// The JSON form of a payload: its bytes are Base64.
#[derive(serde::Serialize, serde::Deserialize)]
struct JsonPayload {
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    data: String,
}

impl JsonPayload {
    fn of(payload: common::Payload) -> Self {
        let metadata = payload.metadata.into_iter();
        Self {
            metadata: metadata
                .map(|(key, value)| (key, BASE64.encode(value)))
                .collect(),
            data: BASE64.encode(payload.data),
        }
    }

    /// The error is in words, after the field.
    fn read(self) -> Result<Payload, (String, String)> {
        let decode = |text: String| BASE64.decode(text).map_err(|error| error.to_string());
        let metadata = self
            .metadata
            .into_iter()
            .map(|(key, value)| match decode(value) {
                Ok(value) => Ok((key, value)),
                Err(reason) => Err((format!("metadata.{key}"), reason)),
            });
        Ok(from_proto(common::Payload {
            metadata: metadata.collect::<Result<_, _>>()?,
            data: decode(self.data).map_err(|reason| ("data".to_owned(), reason))?,
            external_payloads: Vec::new(),
        }))
    }
}

/// The payloads in the data of one that holds others; the error is in words.
pub(crate) fn unpack(data: &[u8]) -> Result<Vec<Payload>, String> {
    let list = common::Payloads::decode(data).map_err(|error| error.to_string())?;
    Ok(list.payloads.into_iter().map(from_proto).collect())
}

/// The encoded message of a payload: the same bytes for the same payload, although a map has no order.
pub(crate) fn to_bytes(payload: Payload) -> Vec<u8> {
    let mut rest = to_proto(payload);
    let mut bytes = Vec::with_capacity(rest.encoded_len());
    let metadata: BTreeMap<_, _> = std::mem::take(&mut rest.metadata).into_iter().collect();
    for entry in metadata {
        // Messages that follow each other are read as one.
        let part = common::Payload {
            metadata: [entry].into(),
            ..common::Payload::default()
        };
        part.encode_raw(&mut bytes);
    }
    rest.encode_raw(&mut bytes);
    bytes
}

/// A prefix, the encoded message of a payload, and space for so many more bytes.
#[cfg(feature = "encryption")]
pub(crate) fn to_bytes_after(prefix: &[u8], payload: Payload, reserve: usize) -> Vec<u8> {
    let message = to_proto(payload);
    let mut bytes = Vec::with_capacity(prefix.len() + message.encoded_len() + reserve);
    bytes.extend_from_slice(prefix);
    message.encode_raw(&mut bytes);
    bytes
}

/// A payload from its encoded message; the error is in words.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Payload, String> {
    let payload = common::Payload::decode(bytes).map_err(|error| error.to_string())?;
    Ok(from_proto(payload))
}

/// Payloads by name, as headers, memos and search attributes hold them.
pub(crate) fn map_from_proto(fields: HashMap<String, common::Payload>) -> Header {
    fields
        .into_iter()
        .map(|(name, payload)| (name, from_proto(payload)))
        .collect()
}

/// Payloads by name, as headers, memos and search attributes hold them.
pub(crate) fn map_to_proto(fields: Header) -> HashMap<String, common::Payload> {
    fields
        .into_iter()
        .map(|(name, payload)| (name, to_proto(payload)))
        .collect()
}

pub(crate) fn header_from_proto(header: Option<common::Header>) -> Header {
    map_from_proto(header.unwrap_or_default().fields)
}

/// A header; an empty one is not there.
pub(crate) fn header_to_proto(header: Header) -> Option<common::Header> {
    (!header.is_empty()).then(|| common::Header {
        fields: map_to_proto(header),
    })
}

pub(crate) fn memo_from_proto(memo: Option<common::Memo>) -> Header {
    map_from_proto(memo.unwrap_or_default().fields)
}

/// A memo; an empty one is not there.
pub(crate) fn memo_to_proto(memo: Header) -> Option<common::Memo> {
    (!memo.is_empty()).then(|| common::Memo {
        fields: map_to_proto(memo),
    })
}

pub(crate) fn search_attributes_from_proto(fields: Option<common::SearchAttributes>) -> Header {
    map_from_proto(fields.unwrap_or_default().indexed_fields)
}

/// Search attributes; if there are none, they are not there.
pub(crate) fn search_attributes_to_proto(fields: Header) -> Option<common::SearchAttributes> {
    (!fields.is_empty()).then(|| common::SearchAttributes {
        indexed_fields: map_to_proto(fields),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_survive_the_wire() {
        for payload in [
            Payload::json(b"1".to_vec()),
            Payload::null(),
            Payload::new("", b"raw".to_vec()),
            Payload::new("binary/encrypted", vec![0, 255]),
            Payload::json(b"\"x\"".to_vec()).with_metadata("type", b"Keyword".to_vec()),
        ] {
            assert_eq!(from_proto(to_proto(payload.clone())), payload);
        }
    }

    #[test]
    fn a_payload_is_encoded_to_the_same_bytes_each_time() {
        let payload = || {
            let plain = Payload::json(b"1".to_vec());
            let names = ["a", "b", "c", "d", "e", "f"];
            names.into_iter().fold(plain, |payload, name| {
                payload.with_metadata(name, b"x".to_vec())
            })
        };
        let bytes = to_bytes(payload());
        assert_eq!(from_bytes(&bytes), Ok(payload()));
        for _ in 0..20 {
            assert_eq!(to_bytes(payload()), bytes);
        }
    }
}
