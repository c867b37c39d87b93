//! The serializer that turns a value into data in serde's model.

use std::cell::Cell;

use serde::{
    de::value::Error,
    ser::{
        Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
        SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
    },
};

use super::node::{Fields, Items, Length, ListKind, Node, StructKind, Variant};

/// The serializer that captures.
#[derive(Clone, Copy)]
pub(super) struct Capture<'a> {
    pub(super) readable: bool,
    /// Set when the value asks whether people read the format.
    pub(super) asked: &'a Cell<bool>,
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
pub(super) struct CapturedList<'a> {
    capture: Capture<'a>,
    kind: ListKind,
    items: Items,
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
pub(super) struct CapturedMap<'a> {
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
pub(super) struct CapturedStruct<'a> {
    capture: Capture<'a>,
    kind: StructKind,
    fields: Fields,
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
