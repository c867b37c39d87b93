//! The encoding of an argument or a result, chosen by its type when the expansion of a macro is
//! compiled.
//!
//! Stable Rust has no specialisation, but it prefers one method to another by how often a receiver
//! is borrowed. An expansion writes `(&&&&&Spelled::<Type>::HERE).payload()` with a type of the
//! user's. rustc tries the traits below from most to least borrowed and takes the first whose bound
//! holds. The expansion passes what it returns to [`Serialisable::payload`](crate::Serialisable), which
//! makes the conversions of it:
//!
//! | receiver | trait | types | encoding |
//! |---|---|---|---|
//! | `&&&&Spelled` | [`ByEncoding`] | those with an [`Encoding`](super::Encoding), bytes, `()`; options and lists | their own |
//! | `&&&Spelled` | [`ByScalar`] | the std types for which prost implements `Message`; options and lists | serde |
//! | `&&Spelled` | [`ByJsonMessage`], [`ByOptionalJsonMessage`], [`ByJsonMessages`] | messages with serde's traits | `json/protobuf`; lists: serde |
//! | `&Spelled` | [`ByMessage`], [`ByOptionalMessage`], [`ByMessages`] | other messages | `binary/protobuf` |
//! | `Spelled` | [`Plain`](crate::__private::Plain) | the rest | serde |
//!
//! The last one holds for every type. Its bound, [`Data`](crate::data::Data), is one of `Serialisable`: had
//! the method the bound, rustc would add a note on the method to each error. In a generic function the type
//! is not known, and the last one is chosen for all types.

use std::marker::PhantomData;

use durably_engine::{Payload, payload::NULL};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    ArgsEncoder, Converter, Incoming, OptionalText, Outgoing, Text, TextList, Unencoded,
    args::{Args, Callee},
    encoding::{self, Own},
    protobuf::{self, JsonMessage, NamedMessage},
    text::Texts,
    type_name, value,
};
use crate::error::{DataError, DataFault, Result};

/// Tells types apart by what they are. An inherent item of `Spelled<X>` takes precedence over the one
/// of [`Plain`](crate::__private::Plain), which holds for every type, and a method of a reference to
/// it over both.
pub struct Spelled<T>(PhantomData<fn() -> T>);

impl<T> Spelled<T> {
    /// A receiver of methods.
    pub const HERE: Self = Self(PhantomData);
}

/// How a `T` becomes a payload and is made from one.
pub struct PayloadOf<T> {
    encode: Encode<T>,
    decode: Decode<T>,
    /// The value for a converter that is not known yet; absent if no converter matters to it.
    unencoded: Option<fn(&T) -> Unencoded>,
}

type Encode<T> = fn(&T, &Converter) -> Result<Payload, DataFault>;
type Decode<T> = fn(Payload, &Converter) -> Result<T, DataFault>;

// Not derived: that would ask for `T: Clone`.
impl<T> Clone for PayloadOf<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for PayloadOf<T> {}

impl<T> PayloadOf<T> {
    const fn new(encode: Encode<T>, decode: Decode<T>) -> Self {
        Self {
            encode,
            decode,
            unencoded: None,
        }
    }

    /// Those of a type that a generic function names.
    pub(crate) const fn of_any() -> Self
    where
        T: Outgoing + Incoming,
    {
        Self {
            unencoded: Some(T::__unencoded),
            ..Self::new(T::__encode, T::__decode)
        }
    }

    /// Those of a type that the traits of this module were tried for.
    pub(crate) const fn of_the_rest() -> Self
    where
        T: Outgoing + Incoming,
    {
        Self {
            unencoded: Some(T::__unencoded),
            ..Self::new(T::__encode_without_probe, T::__decode)
        }
    }

    /// Those of a type that serde writes and reads, known not to be bytes.
    pub(crate) const fn of_serde() -> Self
    where
        T: Serialize + DeserializeOwned,
    {
        Self {
            unencoded: Some(Unencoded::of_serde),
            ..Self::new(value::encode::<T>, value::decode::<T>)
        }
    }

    /// Adds an argument to a call.
    pub fn add(self, to: &mut ArgsEncoder, name: &'static str, argument: &T) {
        to.push::<T>(Some(name), |converter| (self.encode)(argument, converter));
    }

    /// The next argument of a call.
    pub fn next(self, of: &mut Args, name: &'static str) -> Result<T> {
        of.next_with(name, self.decode)
    }

    /// The result that `callee` returned.
    pub(crate) fn given(
        self,
        callee: &Callee,
        payloads: Vec<Payload>,
        converter: &Converter,
    ) -> Result<T, DataError> {
        let first = payloads.into_iter().next();
        super::args::decode_or_missing(first, converter, self.decode)
            .map_err(|fault| DataError::read::<T>(format!("the result of {callee}"), fault))
    }

    pub(crate) fn unencoded(self, value: &T) -> Unencoded {
        match self.unencoded {
            Some(unencoded) => unencoded(value),
            None => Unencoded::of_payload((self.encode)(value, &Converter::JSON)),
        }
    }

    pub(crate) fn decode(self, payload: Payload, converter: &Converter) -> Result<T, DataFault> {
        (self.decode)(payload, converter)
    }

    /// The payload of a result that cannot be an error.
    pub fn value(self, value: &T, converter: &Converter) -> Result<Payload> {
        Ok(self.encoded(|| "the result".to_owned(), value, converter)?)
    }

    /// The payload of a value; `what` names it in the error.
    pub(crate) fn encoded(
        self,
        what: impl FnOnce() -> String,
        value: &T,
        converter: &Converter,
    ) -> Result<Payload, DataError> {
        (self.encode)(value, converter)
            .map_err(|fault| DataError::write(what(), type_name::short::<T>(), fault))
    }
}

impl PayloadOf<String> {
    /// Adds a text argument to a call. Only for std's `String`: a type of the user's with that name
    /// is refused here.
    pub fn add_text(self, to: &mut ArgsEncoder, name: &'static str, text: impl Text) {
        to.push::<String>(Some(name), |converter| {
            value::encode(&text.as_text(), converter)
        });
    }
}

impl PayloadOf<Option<String>> {
    /// Adds an argument that is a text or nothing.
    pub fn add_text(self, to: &mut ArgsEncoder, name: &'static str, text: impl OptionalText) {
        to.push::<Option<String>>(Some(name), |converter| {
            value::encode(&text.as_optional_text(), converter)
        });
    }
}

impl PayloadOf<Vec<String>> {
    /// Adds an argument that is a list of texts.
    pub fn add_text(self, to: &mut ArgsEncoder, name: &'static str, texts: impl TextList) {
        to.push::<Vec<String>>(Some(name), |converter| {
            value::encode(&Texts(texts.as_texts()), converter)
        });
    }
}

/// Types with an encoding of their own.
pub trait ByEncoding<T> {
    /// Their conversions.
    fn payload(&self) -> PayloadOf<T>;
}
impl<T: Own> ByEncoding<T> for &&&&Spelled<T> {
    fn payload(&self) -> PayloadOf<T> {
        PayloadOf {
            unencoded: Some(T::unencoded_own),
            ..PayloadOf::new(T::encode_own, T::decode_own)
        }
    }
}

/// Types that serde writes, though prost takes them for messages: Google's wrapper messages.
pub trait Scalar: Serialize + DeserializeOwned {}
macro_rules! scalars {
    ($($scalar:ty)*) => { $(impl Scalar for $scalar {})* };
}
scalars! { () bool u8 u32 u64 i32 i64 f32 f64 String }
impl<S: Scalar> Scalar for Option<S> {}
impl<S: Scalar> Scalar for Vec<S> {}
impl<S: Scalar> Scalar for Box<S> {}

/// The std types for which prost implements `Message`.
pub trait ByScalar<T> {
    /// Their conversions.
    fn payload(&self) -> PayloadOf<T>;
}
impl<T: Scalar> ByScalar<T> for &&&Spelled<T> {
    fn payload(&self) -> PayloadOf<T> {
        PayloadOf::of_serde()
    }
}

/// Messages that serde writes too.
pub trait ByJsonMessage<T> {
    /// Their conversions.
    fn payload(&self) -> PayloadOf<T>;
}
impl<M: JsonMessage> ByJsonMessage<M> for &&Spelled<M> {
    fn payload(&self) -> PayloadOf<M> {
        PayloadOf::new(
            |message, _| protobuf::encode_json(message),
            protobuf::decode_json,
        )
    }
}

/// Options of messages that serde writes too.
pub trait ByOptionalJsonMessage<T> {
    /// Their conversions.
    fn payload(&self) -> PayloadOf<T>;
}
impl<M: JsonMessage> ByOptionalJsonMessage<Option<M>> for &&Spelled<Option<M>> {
    fn payload(&self) -> PayloadOf<Option<M>> {
        PayloadOf::new(
            |message, _| optional(message, protobuf::encode_json),
            |payload, converter| {
                optional_from(payload, |some| protobuf::decode_json(some, converter))
            },
        )
    }
}

/// Lists of messages that serde writes too: lists of serde's.
pub trait ByJsonMessages<T> {
    /// Their conversions.
    fn payload(&self) -> PayloadOf<T>;
}
impl<M: JsonMessage> ByJsonMessages<Vec<M>> for &&Spelled<Vec<M>> {
    fn payload(&self) -> PayloadOf<Vec<M>> {
        PayloadOf::of_serde()
    }
}

/// Messages that only protobuf writes.
pub trait ByMessage<T> {
    /// Their conversions.
    fn payload(&self) -> PayloadOf<T>;
}
impl<M: NamedMessage> ByMessage<M> for &Spelled<M> {
    fn payload(&self) -> PayloadOf<M> {
        PayloadOf::new(
            |message, _| Ok(protobuf::encode_binary(message)),
            |payload, _| protobuf::decode_binary(payload),
        )
    }
}

/// Options of messages that only protobuf writes.
pub trait ByOptionalMessage<T> {
    /// Their conversions.
    fn payload(&self) -> PayloadOf<T>;
}
impl<M: NamedMessage> ByOptionalMessage<Option<M>> for &Spelled<Option<M>> {
    fn payload(&self) -> PayloadOf<Option<M>> {
        PayloadOf::new(
            |message, _| optional(message, |message| Ok(protobuf::encode_binary(message))),
            |payload, _| optional_from(payload, protobuf::decode_binary),
        )
    }
}

/// Lists of messages that only protobuf writes.
pub trait ByMessages<T> {
    /// Their conversions.
    fn payload(&self) -> PayloadOf<T>;
}
impl<M: NamedMessage> ByMessages<Vec<M>> for &Spelled<Vec<M>> {
    fn payload(&self) -> PayloadOf<Vec<M>> {
        PayloadOf::new(
            |list, _| encoding::encode_list(list, |message| Ok(protobuf::encode_binary(message))),
            |packed, _| encoding::decode_list(packed, protobuf::decode_binary),
        )
    }
}

fn optional<T>(
    value: &Option<T>,
    encode: impl FnOnce(&T) -> Result<Payload, DataFault>,
) -> Result<Payload, DataFault> {
    value.as_ref().map_or_else(|| Ok(Payload::null()), encode)
}

fn optional_from<T>(
    payload: Payload,
    decode: impl FnOnce(Payload) -> Result<T, DataFault>,
) -> Result<Option<T>, DataFault> {
    match payload.encoding() {
        NULL => Ok(None),
        _ => decode(payload).map(Some),
    }
}
