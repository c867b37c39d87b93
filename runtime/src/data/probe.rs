//! Whether a value serialises as nothing, or is [`Bytes`](super::Bytes): these have encodings that
//! all SDKs share, whatever the format is.
//!
//! The serializer stops at the first thing that is neither, so a struct or a list costs one call.

use std::fmt;

use serde::ser::{Impossible, Serialize, Serializer};

use super::bytes::BYTES_NAME;

pub(super) enum Probed {
    Null,
    Bytes(Vec<u8>),
    Other,
}

pub(super) fn of<T: Serialize>(value: &T) -> Probed {
    value
        .serialize(Probe(Place::Outermost))
        .unwrap_or(Probed::Other)
}

struct Probe(Place);

/// Where the value that comes next stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// The value is the outermost one, maybe in an `Option`.
    Outermost,
    /// It is what is in a `Bytes`.
    Bytes,
    /// It is what is in a newtype of the user's: a type that holds bytes is none of ours, so it is
    /// encoded by serde everywhere, as by the macros.
    Newtype,
}

/// It is a list or a map, or its own `Serialize` gave up.
#[derive(Debug)]
struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither nothing nor bytes")
    }
}

impl std::error::Error for Stopped {}

impl serde::ser::Error for Stopped {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! others {
    ($($method:ident($($type:ty),*))*) => { $(
        fn $method(self, $(_: $type),*) -> Result<Probed, Stopped> {
            Ok(Probed::Other)
        }
    )* };
}

macro_rules! compounds {
    ($($method:ident($($type:ty),*) -> $compound:ident)*) => { $(
        fn $method(self, $(_: $type),*) -> Result<Self::$compound, Stopped> {
            Err(Stopped)
        }
    )* };
}

impl Serializer for Probe {
    type Ok = Probed;
    type Error = Stopped;
    type SerializeSeq = Impossible<Probed, Stopped>;
    type SerializeTuple = Impossible<Probed, Stopped>;
    type SerializeTupleStruct = Impossible<Probed, Stopped>;
    type SerializeTupleVariant = Impossible<Probed, Stopped>;
    type SerializeMap = Impossible<Probed, Stopped>;
    type SerializeStruct = Impossible<Probed, Stopped>;
    type SerializeStructVariant = Impossible<Probed, Stopped>;

    fn serialize_none(self) -> Result<Probed, Stopped> {
        Ok(Probed::Null)
    }

    fn serialize_unit(self) -> Result<Probed, Stopped> {
        Ok(Probed::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Probed, Stopped> {
        Ok(Probed::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Probed, Stopped> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Probed, Stopped> {
        let is_bytes = self.0 == Place::Outermost && name == BYTES_NAME;
        value.serialize(Self(match is_bytes {
            true => Place::Bytes,
            false => Place::Newtype,
        }))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Probed, Stopped> {
        Ok(Probed::Other)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Probed, Stopped> {
        Ok(match self.0 {
            Place::Bytes => Probed::Bytes(bytes.to_vec()),
            Place::Outermost | Place::Newtype => Probed::Other,
        })
    }

    /// What is only shown as a text need not be written for this.
    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<Probed, Stopped> {
        Ok(Probed::Other)
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    others! {
        serialize_bool(bool)
        serialize_i8(i8)
        serialize_i16(i16)
        serialize_i32(i32)
        serialize_i64(i64)
        serialize_i128(i128)
        serialize_u8(u8)
        serialize_u16(u16)
        serialize_u32(u32)
        serialize_u64(u64)
        serialize_u128(u128)
        serialize_f32(f32)
        serialize_f64(f64)
        serialize_char(char)
        serialize_str(&str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    compounds! {
        serialize_seq(Option<usize>) -> SerializeSeq
        serialize_tuple(usize) -> SerializeTuple
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant
        serialize_map(Option<usize>) -> SerializeMap
        serialize_struct(&'static str, usize) -> SerializeStruct
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant
    }
}
