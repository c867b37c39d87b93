//! Bytes: `binary/plain` by themselves, base64 inside of JSON.

use std::{fmt, ops::Deref};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, SeqAccess, value::SeqDeserializer},
    forward_to_deserialize_any,
};

use crate::error::DataFault;

/// By this name a serializer of ours knows a [`Bytes`] from a text.
pub(super) const BYTES_NAME: &str = "durably::Bytes";

/// A list that says it is longer gets its memory as it is read.
const MOST_RESERVED: usize = 4096;

/// Bytes, wherever they stand in a payload.
///
/// An argument or result that is a `Bytes` or a `Vec<u8>`, also in an `Option`, is serialised as
/// `binary/plain`, as `bytes` in Python and `[]byte` in Go are. Inside another value a `Vec<u8>` is
/// serde's array of numbers, and a `Bytes` is a base64 string, which is what Go and Java write there.
///
/// A function that takes any serde value, as [`ActivityCtx::heartbeat`](crate::ActivityCtx::heartbeat)
/// and a call by name do, cannot tell a `Vec<u8>` from another list: hand it a `Bytes`.
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
    ///
    /// ```
    /// let picture = durably::Bytes::from(vec![0x89, b'P']);
    /// assert_eq!(picture.into_vec(), [0x89, b'P']);
    /// ```
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
        serializer.serialize_newtype_struct(BYTES_NAME, &Content(&self.0))
    }
}

/// What is in a [`Bytes`]: a text where people read it, bytes in other formats.
struct Content<'a>(&'a [u8]);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.serialize_str(&BASE64_STANDARD.encode(self.0)),
            false => serializer.serialize_bytes(self.0),
        }
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

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(Bytes(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bytes, A::Error> {
        // The sender chose the number, and may not send as many.
        let expected = seq.size_hint().unwrap_or(0).min(MOST_RESERVED);
        let mut bytes = Vec::with_capacity(expected);
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        Ok(Bytes(bytes))
    }
}

/// Reads `binary/plain` as a serde type: bytes, or a list of `u8`.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DataFault> {
    T::deserialize(Plain(bytes)).map_err(|_| DataFault::Bytes)
}

/// Methods for types that do not hold bytes.
macro_rules! refused {
    ($($method:ident($($type:ty),*))*) => { $(
        fn $method<V: de::Visitor<'de>>(self, $(_: $type,)* _: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom("bytes"))
        }
    )* };
}

/// Bytes for types that hold bytes, and for no others: a `String` or a list of `u32` would take them,
/// if it were offered them.
struct Plain<'de>(&'de [u8]);

impl<'de> Deserializer<'de> for Plain<'de> {
    type Error = de::value::Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_borrowed_bytes(self.0)
    }

    fn deserialize_option<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_seq(SeqDeserializer::new(self.0.iter().copied().map(Byte)))
    }

    fn deserialize_ignored_any<V: de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    refused! {
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64()
        deserialize_u128() deserialize_f32() deserialize_f64() deserialize_char() deserialize_str()
        deserialize_string() deserialize_unit() deserialize_map() deserialize_identifier()
        deserialize_unit_struct(&'static str) deserialize_tuple(usize)
        deserialize_tuple_struct(&'static str, usize)
        deserialize_struct(&'static str, &'static [&'static str])
        deserialize_enum(&'static str, &'static [&'static str])
    }

    forward_to_deserialize_any! { bytes byte_buf }
}

/// An element that is a `u8`, and no other number.
struct Byte(u8);

impl<'de> de::IntoDeserializer<'de> for Byte {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Byte {
    type Error = de::value::Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("a byte"))
    }

    fn deserialize_u8<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_u8(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
