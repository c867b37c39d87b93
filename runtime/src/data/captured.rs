//! Values whose encoding is not known yet: those of an error, which is made before it is known which
//! client or worker sends it.
//!
//! A serde value is captured in serde's whole data model. So each format writes what it would have
//! written from the value itself, and the value may borrow and need not be `Send`.

use std::{cell::Cell, sync::Arc};

use durably_engine::Payload;
use serde::{
    de::value::Error,
    ser::{
        Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
        SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
    },
};

use super::{Converter, value};
use crate::error::DataFault;

/// A value whose encoding is not known yet.
#[derive(Clone, Debug)]
pub struct Unencoded(Content);

#[derive(Clone, Debug)]
enum Content {
    Serde(Arc<Captured>),
    /// Of a type that no format writes.
    Payload(Payload),
    /// The value's own `Serialize` or `Encoding` returned an error.
    Unwritable(DataFault),
}

impl Unencoded {
    pub(super) fn of_serde<T: Serialize>(value: &T) -> Self {
        Self(match Captured::of(value) {
            Ok(captured) => Content::Serde(Arc::new(captured)),
            Err(error) => Content::Unwritable(match value::encode_json(value) {
                // It says where in the value, too.
                Err(fault) => fault,
                Ok(_) => DataFault::NotSerialisable {
                    reason: error.to_string(),
                    path: String::new(),
                },
            }),
        })
    }

    /// Of a type that no format writes.
    pub(super) fn of_payload(encoded: Result<Payload, DataFault>) -> Self {
        Self(match encoded {
            Ok(payload) => Content::Payload(payload),
            Err(fault) => Content::Unwritable(fault),
        })
    }

    pub(crate) fn encode(&self, converter: &Converter) -> Result<Payload, DataFault> {
        match &self.0 {
            Content::Serde(captured) => value::encode_any(captured.as_ref(), converter),
            Content::Payload(payload) => Ok(payload.clone()),
            Content::Unwritable(fault) => Err(fault.clone()),
        }
    }
}

/// A serde value without its type.
#[derive(Clone, Debug)]
struct Captured {
    /// For formats that people read.
    readable: Node,
    /// For the others, if the value makes a difference.
    compact: Option<Node>,
}

impl Captured {
    fn of<T: Serialize>(value: &T) -> Result<Self, Error> {
        let asked = Cell::new(false);
        let capture = |readable| {
            value.serialize(Capture {
                readable,
                asked: &asked,
            })
        };
        let readable = capture(true)?;
        let compact = asked.get().then(|| capture(false)).transpose()?;
        Ok(Self { readable, compact })
    }
}

impl Serialize for Captured {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.compact {
            Some(compact) if !serializer.is_human_readable() => compact.serialize(serializer),
            Some(_) | None => self.readable.serialize(serializer),
        }
    }
}

/// A value in serde's data model.
#[derive(Clone, Debug)]
enum Node {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    F32(f32),
    F64(f64),
    Char(char),
    Str(String),
    Bytes(Vec<u8>),
    None,
    Some(Box<Self>),
    Unit,
    UnitStruct(&'static str),
    UnitVariant(Variant),
    NewtypeStruct(&'static str, Box<Self>),
    NewtypeVariant(Variant, Box<Self>),
    List(ListKind, Vec<Self>),
    Map(Vec<(Self, Self)>),
    Struct(&'static str, Fields),
    StructVariant(Variant, Fields),
}

/// A variant of an enum.
#[derive(Clone, Copy, Debug)]
struct Variant {
    of: &'static str,
    index: u32,
    name: &'static str,
}

type Fields = Vec<(&'static str, Node)>;

#[derive(Clone, Copy, Debug)]
enum ListKind {
    Seq,
    Tuple,
    TupleStruct(&'static str),
    TupleVariant(Variant),
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(v) => serializer.serialize_bool(*v),
            Self::I8(v) => serializer.serialize_i8(*v),
            Self::I16(v) => serializer.serialize_i16(*v),
            Self::I32(v) => serializer.serialize_i32(*v),
            Self::I64(v) => serializer.serialize_i64(*v),
            Self::I128(v) => serializer.serialize_i128(*v),
            Self::U8(v) => serializer.serialize_u8(*v),
            Self::U16(v) => serializer.serialize_u16(*v),
            Self::U32(v) => serializer.serialize_u32(*v),
            Self::U64(v) => serializer.serialize_u64(*v),
            Self::U128(v) => serializer.serialize_u128(*v),
            Self::F32(v) => serializer.serialize_f32(*v),
            Self::F64(v) => serializer.serialize_f64(*v),
            Self::Char(v) => serializer.serialize_char(*v),
            Self::Str(v) => serializer.serialize_str(v),
            Self::Bytes(v) => serializer.serialize_bytes(v),
            Self::None => serializer.serialize_none(),
            Self::Some(inner) => serializer.serialize_some(inner),
            Self::Unit => serializer.serialize_unit(),
            Self::UnitStruct(name) => serializer.serialize_unit_struct(name),
            Self::UnitVariant(it) => serializer.serialize_unit_variant(it.of, it.index, it.name),
            Self::NewtypeStruct(name, inner) => serializer.serialize_newtype_struct(name, inner),
            Self::NewtypeVariant(it, inner) => {
                serializer.serialize_newtype_variant(it.of, it.index, it.name, inner)
            }
            Self::List(kind, items) => kind.serialize(items, serializer),
            Self::Map(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
            }
            Self::Struct(name, fields) => {
                let mut compound = serializer.serialize_struct(name, fields.len())?;
                for (name, value) in fields {
                    compound.serialize_field(name, value)?;
                }
                compound.end()
            }
            Self::StructVariant(it, fields) => {
                let mut compound =
                    serializer.serialize_struct_variant(it.of, it.index, it.name, fields.len())?;
                for (name, value) in fields {
                    compound.serialize_field(name, value)?;
                }
                compound.end()
            }
        }
    }
}

impl ListKind {
    fn serialize<S: Serializer>(self, items: &[Node], serializer: S) -> Result<S::Ok, S::Error> {
        let len = items.len();
        match self {
            Self::Seq => serializer.collect_seq(items),
            Self::Tuple => {
                let mut compound = serializer.serialize_tuple(len)?;
                for item in items {
                    compound.serialize_element(item)?;
                }
                compound.end()
            }
            Self::TupleStruct(name) => {
                let mut compound = serializer.serialize_tuple_struct(name, len)?;
                for item in items {
                    compound.serialize_field(item)?;
                }
                compound.end()
            }
            Self::TupleVariant(it) => {
                let mut compound =
                    serializer.serialize_tuple_variant(it.of, it.index, it.name, len)?;
                for item in items {
                    compound.serialize_field(item)?;
                }
                compound.end()
            }
        }
    }
}

/// The serializer that captures.
#[derive(Clone, Copy)]
struct Capture<'a> {
    readable: bool,
    /// Set when the value asks whether people read the format.
    asked: &'a Cell<bool>,
}

impl<'a> Capture<'a> {
    fn boxed<T: Serialize + ?Sized>(self, value: &T) -> Result<Box<Node>, Error> {
        value.serialize(self).map(Box::new)
    }

    fn list(self, kind: ListKind, len: usize) -> CapturedList<'a> {
        CapturedList {
            capture: self,
            kind,
            items: Vec::with_capacity(len),
        }
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty) -> $node:ident)*) => { $(
        fn $method(self, v: $type) -> Result<Node, Error> {
            Ok(Node::$node(v.into()))
        }
    )* };
}

impl<'a> Serializer for Capture<'a> {
    type Ok = Node;
    type Error = Error;
    type SerializeSeq = CapturedList<'a>;
    type SerializeTuple = CapturedList<'a>;
    type SerializeTupleStruct = CapturedList<'a>;
    type SerializeTupleVariant = CapturedList<'a>;
    type SerializeMap = CapturedMap<'a>;
    type SerializeStruct = CapturedStruct<'a>;
    type SerializeStructVariant = CapturedStruct<'a>;

    scalars! {
        serialize_bool(bool) -> Bool
        serialize_i8(i8) -> I8
        serialize_i16(i16) -> I16
        serialize_i32(i32) -> I32
        serialize_i64(i64) -> I64
        serialize_i128(i128) -> I128
        serialize_u8(u8) -> U8
        serialize_u16(u16) -> U16
        serialize_u32(u32) -> U32
        serialize_u64(u64) -> U64
        serialize_u128(u128) -> U128
        serialize_f32(f32) -> F32
        serialize_f64(f64) -> F64
        serialize_char(char) -> Char
        serialize_str(&str) -> Str
        serialize_bytes(&[u8]) -> Bytes
        serialize_unit_struct(&'static str) -> UnitStruct
    }

    fn serialize_none(self) -> Result<Node, Error> {
        Ok(Node::None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Node, Error> {
        self.boxed(value).map(Node::Some)
    }

    fn serialize_unit(self) -> Result<Node, Error> {
        Ok(Node::Unit)
    }

    fn serialize_unit_variant(
        self,
        of: &'static str,
        index: u32,
        name: &'static str,
    ) -> Result<Node, Error> {
        Ok(Node::UnitVariant(Variant { of, index, name }))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Node, Error> {
        Ok(Node::NewtypeStruct(name, self.boxed(value)?))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        of: &'static str,
        index: u32,
        name: &'static str,
        value: &T,
    ) -> Result<Node, Error> {
        let variant = Variant { of, index, name };
        Ok(Node::NewtypeVariant(variant, self.boxed(value)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<CapturedList<'a>, Error> {
        Ok(self.list(ListKind::Seq, len.unwrap_or_default()))
    }

    fn serialize_tuple(self, len: usize) -> Result<CapturedList<'a>, Error> {
        Ok(self.list(ListKind::Tuple, len))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<CapturedList<'a>, Error> {
        Ok(self.list(ListKind::TupleStruct(name), len))
    }

    fn serialize_tuple_variant(
        self,
        of: &'static str,
        index: u32,
        name: &'static str,
        len: usize,
    ) -> Result<CapturedList<'a>, Error> {
        let variant = Variant { of, index, name };
        Ok(self.list(ListKind::TupleVariant(variant), len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<CapturedMap<'a>, Error> {
        Ok(CapturedMap {
            capture: self,
            key: None,
            entries: Vec::with_capacity(len.unwrap_or_default()),
        })
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<CapturedStruct<'a>, Error> {
        Ok(CapturedStruct {
            capture: self,
            kind: StructKind::Struct(name),
            fields: Vec::with_capacity(len),
        })
    }

    fn serialize_struct_variant(
        self,
        of: &'static str,
        index: u32,
        name: &'static str,
        len: usize,
    ) -> Result<CapturedStruct<'a>, Error> {
        Ok(CapturedStruct {
            capture: self,
            kind: StructKind::Variant(Variant { of, index, name }),
            fields: Vec::with_capacity(len),
        })
    }

    fn is_human_readable(&self) -> bool {
        self.asked.set(true);
        self.readable
    }
}

/// What has no names inside, so far.
struct CapturedList<'a> {
    capture: Capture<'a>,
    kind: ListKind,
    items: Vec<Node>,
}

macro_rules! lists {
    ($($compound:ident::$method:ident)*) => { $(
        impl $compound for CapturedList<'_> {
            type Ok = Node;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.items.push(value.serialize(self.capture)?);
                Ok(())
            }

            fn end(self) -> Result<Node, Error> {
                Ok(Node::List(self.kind, self.items))
            }
        }
    )* };
}
lists! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

/// A map, so far.
struct CapturedMap<'a> {
    capture: Capture<'a>,
    /// The key whose value comes next.
    key: Option<Node>,
    entries: Vec<(Node, Node)>,
}

impl SerializeMap for CapturedMap<'_> {
    type Ok = Node;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = Some(key.serialize(self.capture)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take();
        let key =
            key.ok_or_else(|| serde::ser::Error::custom("a map has a value without a key"))?;
        self.entries.push((key, value.serialize(self.capture)?));
        Ok(())
    }

    fn end(self) -> Result<Node, Error> {
        Ok(Node::Map(self.entries))
    }
}

/// A struct, so far.
struct CapturedStruct<'a> {
    capture: Capture<'a>,
    kind: StructKind,
    fields: Fields,
}

enum StructKind {
    Struct(&'static str),
    Variant(Variant),
}

macro_rules! structs {
    ($($compound:ident)*) => { $(
        impl $compound for CapturedStruct<'_> {
            type Ok = Node;
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.fields.push((key, value.serialize(self.capture)?));
                Ok(())
            }

            fn end(self) -> Result<Node, Error> {
                Ok(match self.kind {
                    StructKind::Struct(name) => Node::Struct(name, self.fields),
                    StructKind::Variant(variant) => Node::StructVariant(variant, self.fields),
                })
            }
        }
    )* };
}
structs! { SerializeStruct SerializeStructVariant }
