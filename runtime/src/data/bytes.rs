//! Values that travel as they are: `binary/plain` instead of JSON.

use std::{any::Any, fmt, ops::Deref};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes, wherever they stand in a payload.
///
/// As an argument or result of its own, a `Bytes` or a `Vec<u8>` travels as `binary/plain`, as
/// `bytes` in Python and `[]byte` in Go do. Inside another value a `Vec<u8>` is serde's array of
/// numbers, and a `Bytes` is a base64 string, which is what Go and Java write there.
///
/// ```
/// # use durably::Bytes;
/// let picture = Bytes::from(vec![0x89, b'P', b'N', b'G']);
/// assert_eq!(serde_json::to_string(&picture).unwrap(), "\"iVBORw==\"");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    /// The bytes by move.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes: a base64 string or an array of numbers")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes, E> {
        BASE64_STANDARD.decode(text).map(Bytes).map_err(E::custom)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Bytes, A::Error> {
        let mut bytes = Vec::with_capacity(seq.size_hint().unwrap_or(0));
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        Ok(Bytes(bytes))
    }
}

/// What a value is that travels as bytes; `None` in an `Option` is not among it.
pub(super) fn of<T: 'static>(value: &T) -> Option<&[u8]> {
    let value: &dyn Any = value;
    if let Some(bytes) = value.downcast_ref::<Vec<u8>>() {
        Some(bytes)
    } else if let Some(bytes) = value.downcast_ref::<Bytes>() {
        Some(bytes)
    } else if let Some(bytes) = value.downcast_ref::<Option<Vec<u8>>>() {
        bytes.as_deref()
    } else {
        value.downcast_ref::<Option<Bytes>>()?.as_deref()
    }
}

/// The bytes as a `T`, if it is a type that travels as bytes.
pub(super) fn into<T: 'static>(bytes: Vec<u8>) -> Option<T> {
    let mut bytes = Some(bytes);
    let mut wanted = None::<T>;
    let slot: &mut dyn Any = &mut wanted;
    if let Some(slot) = slot.downcast_mut::<Option<Vec<u8>>>() {
        *slot = bytes.take();
    } else if let Some(slot) = slot.downcast_mut::<Option<Bytes>>() {
        *slot = bytes.take().map(Bytes);
    } else if let Some(slot) = slot.downcast_mut::<Option<Option<Vec<u8>>>>() {
        *slot = Some(bytes.take());
    } else if let Some(slot) = slot.downcast_mut::<Option<Option<Bytes>>>() {
        *slot = Some(bytes.take().map(Bytes));
    }
    wanted
}
