//! Captured values as data in serde's model, and their way into a format.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// A value in serde's data model. Lists have many, so what is rare or large in itself is boxed.
#[derive(Clone, Debug)]
pub(super) enum Node {
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
pub(super) type Length = Option<usize>;

/// A variant of an enum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variant {
    pub(super) of: &'static str,
    pub(super) index: u32,
    pub(super) name: &'static str,
}

pub(super) type Fields = Vec<(&'static str, Node)>;

/// The items of a list.
#[derive(Clone, Debug)]
pub(super) enum Items {
    /// Of bytes, which would take 32 times the space as nodes.
    Bytes(Vec<u8>),
    Any(Vec<Node>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ListKind {
    Seq(Length),
    Tuple,
    TupleStruct(&'static str),
    TupleVariant(Variant),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum StructKind {
    Struct(&'static str),
    Variant(Variant),
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

impl Items {
    /// Adds an item.
    pub(super) fn push(&mut self, node: Node) {
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

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn an_item_of_a_list_takes_little_space() {
        assert!(size_of::<Node>() <= 32, "{}", size_of::<Node>());
    }
}
