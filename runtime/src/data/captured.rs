//! Values whose encoding is not known yet: those of an error, which is made before it is known which
//! client or worker sends it.
//!
//! A serde value is captured in serde's whole data model. So each format writes what it would have
//! written from the value itself, and the value may borrow and need not be `Send`. A value that has one form
//! for people and another one for machines is captured in both, of which one may have a fault.

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
    /// Of a type that no format writes; its own encoding may have returned an error.
    Payload(Result<Payload, DataFault>),
}

impl Unencoded {
    pub(super) fn of_serde<T: Serialize>(value: &T) -> Self {
        Self(Content::Serde(Arc::new(Captured::of(value))))
    }

    /// Of a type that no format writes.
    pub(super) fn of_payload(encoded: Result<Payload, DataFault>) -> Self {
        Self(Content::Payload(encoded))
    }

    pub(crate) fn encode(&self, converter: &Converter) -> Result<Payload, DataFault> {
        match &self.0 {
            Content::Serde(captured) => {
                let fault = Cell::new(None);
                let form = Form {
                    of: captured,
                    fault: &fault,
                };
                let encoded = value::encode_any(&form, converter);
                encoded.map_err(|error| fault.take().cloned().unwrap_or(error))
            }
            Content::Payload(encoded) => encoded.clone(),
        }
    }
}

/// A serde value without its type.
#[derive(Clone, Debug)]
struct Captured {
    /// For formats that people read.
    readable: Result<Node, DataFault>,
    /// For the others, if the value makes a difference.
    compact: Option<Result<Node, DataFault>>,
}

impl Captured {
    fn of<T: Serialize>(value: &T) -> Self {
        let asked = Cell::new(false);
        let capture = |readable| {
            value.serialize(Capture {
                readable,
                asked: &asked,
            })
        };
        let readable = capture(true).map_err(|error| match value::encode_json(value) {
            // It says where in the value, too.
            Err(fault) => fault,
            Ok(_) => refused(&error),
        });
        let compact = asked
            .get()
            .then(|| capture(false).map_err(|error| refused(&error)));
        Self { readable, compact }
    }

    fn form(&self, readable: bool) -> &Result<Node, DataFault> {
        match &self.compact {
            Some(compact) if !readable => compact,
            Some(_) | None => &self.readable,
        }
    }
}

/// The value's own `Serialize` returned an error.
fn refused(error: &Error) -> DataFault {
    DataFault::NotSerialisable {
        reason: error.to_string(),
        path: String::new(),
    }
}

/// The form of a value that its format asks for.
struct Form<'a> {
    of: &'a Captured,
    /// The fault of the form asked for last.
    fault: &'a Cell<Option<&'a DataFault>>,
}

impl Serialize for Form<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = self.of.form(serializer.is_human_readable());
        self.fault.set(form.as_ref().err());
        match form {
            Ok(node) => node.serialize(serializer),
            Err(fault) => Err(serde::ser::Error::custom(fault)),
        }
    }
}

/// A value in serde's data model. Lists have many, so what is rare or large in itself is boxed.
#[derive(Clone, Debug)]
enum Node {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(Box<i128>),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(Box<u128>),
    F32(f32),
    F64(f64),
    Char(char),
    Str(String),
    Bytes(Vec<u8>),
    None,
    Some(Box<Self>),
    Unit,
    UnitStruct(&'static str),
    UnitVariant(Box<Variant>),
    NewtypeStruct(&'static str, Box<Self>),
    NewtypeVariant(Box<(Variant, Self)>),
    List(Box<(ListKind, Items)>),
    Map(Box<(Length, Vec<(Self, Self)>)>),
    Struct(Box<(StructKind, Fields)>),
}

/// The length of a list or a map, if the value said it beforehand.
type Length = Option<usize>;

/// A variant of an enum.
#[derive(Clone, Copy, Debug)]
struct Variant {
    of: &'static str,
    index: u32,
    name: &'static str,
}

type Fields = Vec<(&'static str, Node)>;

/// The items of a list.
#[derive(Clone, Debug)]
enum Items {
    /// Of bytes, which would take 32 times the space as nodes.
    Bytes(Vec<u8>),
    Any(Vec<Node>),
}

#[derive(Clone, Copy, Debug)]
enum ListKind {
    Seq(Length),
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
            Self::I128(v) => serializer.serialize_i128(**v),
            Self::U8(v) => serializer.serialize_u8(*v),
            Self::U16(v) => serializer.serialize_u16(*v),
            Self::U32(v) => serializer.serialize_u32(*v),
            Self::U64(v) => serializer.serialize_u64(*v),
            Self::U128(v) => serializer.serialize_u128(**v),
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
            Self::NewtypeVariant(variant) => {
                let (it, inner) = &**variant;
                serializer.serialize_newtype_variant(it.of, it.index, it.name, inner)
            }
            Self::List(list) => match &list.1 {
                Items::Bytes(bytes) => list.0.serialize(bytes, serializer),
                Items::Any(items) => list.0.serialize(items, serializer),
            },
            Self::Map(map) => {
                let (length, entries) = &**map;
                let mut compound = serializer.serialize_map(*length)?;
                for (key, value) in entries {
                    compound.serialize_entry(key, value)?;
                }
                compound.end()
            }
            Self::Struct(compound) => compound.0.serialize(&compound.1, serializer),
        }
    }
}

impl StructKind {
    fn serialize<S: Serializer>(self, fields: &Fields, serializer: S) -> Result<S::Ok, S::Error> {
        let len = fields.len();
        match self {
            Self::Struct(name) => {
                let mut compound = serializer.serialize_struct(name, len)?;
                for (name, value) in fields {
                    compound.serialize_field(name, value)?;
                }
                compound.end()
            }
            Self::Variant(it) => {
                let mut compound =
                    serializer.serialize_struct_variant(it.of, it.index, it.name, len)?;
                for (name, value) in fields {
                    compound.serialize_field(name, value)?;
                }
                compound.end()
            }
        }
    }
}

impl ListKind {
    fn serialize<S: Serializer, T: Serialize>(
        self,
        items: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let len = items.len();
        match self {
            Self::Seq(length) => {
                let mut compound = serializer.serialize_seq(length)?;
                for item in items {
                    compound.serialize_element(item)?;
                }
                compound.end()
            }
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

    fn list(self, kind: ListKind) -> CapturedList<'a> {
        CapturedList {
            capture: self,
            kind,
            items: Items::Bytes(Vec::new()),
        }
    }

    fn structure(self, kind: StructKind) -> CapturedStruct<'a> {
        CapturedStruct {
            capture: self,
            kind,
            fields: Vec::new(),
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
        Ok(Node::UnitVariant(Variant { of, index, name }.into()))
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
        let inner = value.serialize(self)?;
        Ok(Node::NewtypeVariant((variant, inner).into()))
    }

    fn serialize_seq(self, length: Length) -> Result<CapturedList<'a>, Error> {
        Ok(self.list(ListKind::Seq(length)))
    }

    fn serialize_tuple(self, _: usize) -> Result<CapturedList<'a>, Error> {
        Ok(self.list(ListKind::Tuple))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<CapturedList<'a>, Error> {
        Ok(self.list(ListKind::TupleStruct(name)))
    }

    fn serialize_tuple_variant(
        self,
        of: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<CapturedList<'a>, Error> {
        let variant = Variant { of, index, name };
        Ok(self.list(ListKind::TupleVariant(variant)))
    }

    fn serialize_map(self, length: Length) -> Result<CapturedMap<'a>, Error> {
        Ok(CapturedMap {
            capture: self,
            length,
            key: None,
            entries: Vec::new(),
        })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<CapturedStruct<'a>, Error> {
        Ok(self.structure(StructKind::Struct(name)))
    }

    fn serialize_struct_variant(
        self,
        of: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<CapturedStruct<'a>, Error> {
        let variant = Variant { of, index, name };
        Ok(self.structure(StructKind::Variant(variant)))
    }

    fn is_human_readable(&self) -> bool {
        self.asked.set(true);
        self.readable
    }
}

/// What has no names inside, so far. Its vector grows with the items: a length is what the value says.
struct CapturedList<'a> {
    capture: Capture<'a>,
    kind: ListKind,
    items: Items,
}

impl Items {
    fn push(&mut self, node: Node) {
        match (&mut *self, node) {
            (Self::Bytes(bytes), Node::U8(byte)) => bytes.push(byte),
            (Self::Bytes(bytes), node) => {
                let bytes = std::mem::take(bytes).into_iter();
                let mut nodes: Vec<Node> = bytes.map(Node::U8).collect();
                nodes.push(node);
                *self = Self::Any(nodes);
            }
            (Self::Any(nodes), node) => nodes.push(node),
        }
    }
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
                Ok(Node::List((self.kind, self.items).into()))
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
    length: Length,
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
        Ok(Node::Map((self.length, self.entries).into()))
    }
}

/// A struct, so far.
struct CapturedStruct<'a> {
    capture: Capture<'a>,
    kind: StructKind,
    fields: Fields,
}

#[derive(Clone, Copy, Debug)]
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
                Ok(Node::Struct((self.kind, self.fields).into()))
            }
        }
    )* };
}
structs! { SerializeStruct SerializeStructVariant }

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn an_item_of_a_list_takes_little_space() {
        assert!(size_of::<Node>() <= 32, "{}", size_of::<Node>());
    }
}
