//! Values and payloads: what can be an argument, a result or a note of a workflow.
//!
//! - [`Data`] are the types that serde can write and read: they are serialised as JSON, or in the
//!   [`Format`] of the client. [`Outgoing`] are those that are only written, [`Incoming`] those that are
//!   only read.
//! - [`Bytes`] are serialised as they are, prost messages as protobuf, a type that implements [`Encoding`]
//!   as it says.
//! - [`Text`] is what a `String` parameter takes where it is called; [`OptionalText`] and [`TextList`] are
//!   what an `Option` and a `Vec` of it take.
//! - [`Sensitive`] values cannot be sent; `Encrypted` ones (feature `encryption`) are always encrypted.
//! - [`Payload`] is a serialised value, [`Value`] a value of any type, and [`Args`] are the arguments that a
//!   dynamic handler takes.
//!
//! ```
//! use durably::{Bytes, prelude::*};
//!
//! #[durably::data]
//! #[derive(Clone, Debug)]
//! struct Photo {
//!     title: String,
//!     width: u32,
//! }
//!
//! /// The title and the width are serialised as JSON, the image as bytes.
//! #[activity(start_to_close = "30s")]
//! async fn scale(photo: Photo, image: Bytes) -> Bytes {
//!     println!("{} is {} wide", photo.title, photo.width);
//!     image
//! }
//! ```

mod any_value;
mod args;
mod by_type;
mod bytes;
mod captured;
mod cipher;
mod encoding;
#[cfg(feature = "encryption")]
mod encrypted;
mod finite;
mod format;
mod headers;
mod output;
mod path;
mod probe;
mod protobuf;
pub(crate) mod search;
mod sensitive;
mod text;
pub(crate) mod type_name;
pub(crate) mod value;

#[cfg(test)]
pub(crate) mod tests;

pub use durably_engine::Payload;
/// serde, of the version whose traits make a type [`Data`]: to implement them without a dependency of
/// your own. [`#[durably::data]`](macro@crate::data) derives them.
///
/// ```
/// use durably::data::serde::{Deserialize, Deserializer, Serialize, Serializer};
///
/// struct Cents(u64);
///
/// impl Serialize for Cents {
///     fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
///         serializer.serialize_u64(self.0)
///     }
/// }
///
/// impl<'de> Deserialize<'de> for Cents {
///     fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
///         u64::deserialize(deserializer).map(Self)
///     }
/// }
///
/// #[durably::activity(start_to_close = "10s")]
/// async fn pay(price: Cents) -> u64 {
///     price.0
/// }
/// ```
// rustc names it in its errors where a field of a payload type has not its traits.
pub use serde;
use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::args::decode_result;
#[cfg(feature = "encryption")]
pub use self::encrypted::Encrypted;
pub use self::{
    any_value::Value,
    args::{ArgList, Args},
    bytes::Bytes,
    encoding::{Encoded, Encoding, EncodingError, Own},
    format::{Format, FormatReader, FormatValue},
    headers::Headers,
    output::Output,
    protobuf::{BinaryProto, JsonMessage, JsonProto, NamedMessage},
    sensitive::Sensitive,
    text::{OptionalText, TextList},
};
#[doc(hidden)]
pub use self::{
    args::{ArgsEncoder, Callee, EncodedArgs},
    by_type::{
        ByEncoding, ByJsonMessage, ByJsonMessages, ByMessage, ByMessages, ByOptionalJsonMessage,
        ByOptionalMessage, ByScalar, PayloadOf, Spelled,
    },
    captured::Unencoded,
    cipher::Cipher,
    format::Converter,
    protobuf::{AsBinaryProto, AsJsonProto, DecodeBinary, DecodeBinaryOrJson},
};
use crate::error::{AppError, DataError, DataFault, Result};
pub use crate::text::Text;

/// A type of values that can be sent and received: anything that serde can write and read, and the
/// wrappers of what it cannot.
///
/// | value | encoding |
/// |---|---|
/// | `()`, `None` | `binary/null` |
/// | [`Bytes`] | `binary/plain` |
/// | [`JsonProto`], [`BinaryProto`] of a prost message | `json/protobuf`, `binary/protobuf` |
/// | [`Encoded`] with a type that implements [`Encoding`], [`Payload`] among them | its own |
/// | everything else | `json/plain`, or that of the client's [`Format`] |
///
/// Arguments and results of workflows, activities and handlers need no wrapper: there the macros know
/// the type, and choose by it when the program is compiled. A prost message, a type with an
/// [`Encoding`], a `Payload`, `Vec<u8>`, and `Option`s and `Vec`s of them are written as they are in
/// the table. A function that takes any `T: Data` sees a serde value in each, which for a `Vec<u8>` is
/// a list of numbers.
///
/// ```
/// use durably::{data::Data, prelude::*};
///
/// #[durably::data]
/// #[derive(Clone)]
/// struct Page {
///     number: u32,
///     text: String,
/// }
///
/// /// Takes up the work where the previous attempt reported it, or at `first`.
/// fn resume<T: Data + Clone>(ctx: &ActivityCtx, first: &T) -> Result<T> {
///     let page = ctx.heartbeat_details::<T>()?.unwrap_or_else(|| first.clone());
///     ctx.heartbeat(page.clone());
///     Ok(page)
/// }
///
/// # fn main() -> Result<()> {
/// let (ctx, test) = ActivityCtx::for_test("print");
/// resume(&ctx, &Page { number: 1, text: "Once".to_owned() })?;
/// assert_eq!(test.heartbeats::<Page>()?[0].number, 1);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be serialised into a Temporal payload",
    label = "not serialisable",
    note = "put `#[durably::data]` on the type, or on your types inside it (it derives serde's Serialize and Deserialize), or derive both yourself",
    note = "a type of another crate has both only if that crate says so, often behind its feature `serde`"
)]
pub trait Data: Outgoing + Incoming {}
#[diagnostic::do_not_recommend]
impl<T: Outgoing + Incoming> Data for T {}

/// A type of values that are only sent: anything that serde can write, and the wrappers that
/// [`Data`] names.
///
/// ```
/// use durably::{ActivityCtx, data::Outgoing};
///
/// fn report<T: Outgoing>(ctx: &ActivityCtx, progress: T) {
///     println!("{} makes progress", ctx.activity_id());
///     ctx.heartbeat(progress);
/// }
///
/// let (ctx, test) = ActivityCtx::for_test("print");
/// report(&ctx, ("page", 7));
/// assert_eq!(test.heartbeats::<(String, u32)>().unwrap(), [("page".to_owned(), 7)]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be serialised into a Temporal payload",
    label = "not serialisable",
    note = "put `#[durably::data]` on the type, or derive serde's `Serialize`"
)]
pub trait Outgoing: Sized {
    #[doc(hidden)]
    fn __encode(&self, converter: &Converter) -> Result<Payload, DataFault>;

    /// The value for a converter that is not known yet.
    #[doc(hidden)]
    fn __unencoded(&self) -> Unencoded;

    /// The payload of a value that is known not to be [`Bytes`].
    #[doc(hidden)]
    fn __encode_without_probe(&self, converter: &Converter) -> Result<Payload, DataFault> {
        self.__encode(converter)
    }
}
#[diagnostic::do_not_recommend]
impl<T: Serialize> Outgoing for T {
    fn __encode(&self, converter: &Converter) -> Result<Payload, DataFault> {
        value::encode_any(self, converter)
    }

    fn __unencoded(&self) -> Unencoded {
        Unencoded::of_serde(self)
    }

    fn __encode_without_probe(&self, converter: &Converter) -> Result<Payload, DataFault> {
        value::encode(self, converter)
    }
}

/// A type of values that are only received: anything that serde can read, and the wrappers that
/// [`Data`] names.
///
/// ```
/// use durably::{ActivityCtx, Result, data::Incoming};
///
/// /// What the previous attempt reported, or the default.
/// fn progress<T: Incoming + Default>(ctx: &ActivityCtx) -> Result<T> {
///     Ok(ctx.heartbeat_details()?.unwrap_or_default())
/// }
///
/// let (ctx, _) = ActivityCtx::for_test("print");
/// assert_eq!(progress::<u32>(&ctx).unwrap(), 0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a Temporal payload",
    label = "not deserialisable",
    note = "put `#[durably::data]` on the type, or derive serde's `Deserialize`"
)]
pub trait Incoming: Sized + 'static {
    #[doc(hidden)]
    fn __decode(payload: Payload, converter: &Converter) -> Result<Self, DataFault>;
}
#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + 'static> Incoming for T {
    fn __decode(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
        value::decode(payload, converter)
    }
}

/// The result of a call by name: a type that the caller names.
///
/// ```
/// use durably::{data::Known, prelude::*};
///
/// /// The result of a workflow in any language.
/// async fn result_of<T: Known>(client: &Client, workflow_id: &str) -> Result<T> {
///     Ok(client.handle(workflow_id).result().await?)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a call by name",
    label = "not a type that a payload can hold",
    note = "`!` means that nothing says which type it is: write `let text: String = ..`, or give the call the type, as in `.result::<String>()`",
    note = "put `#[durably::data]` on a type of your own (it derives serde's Serialize and Deserialize), or derive both yourself"
)]
pub trait Known: Data {}
#[diagnostic::do_not_recommend]
impl<T: Data> Known for T {}

/// The payload of a result, for definitions that no macro wrote.
#[cfg(test)]
pub(crate) fn encode_result<T: Data>(result: &T) -> Result<Payload> {
    PayloadOf::of_any().value(result, &Converter::default())
}

/// The payload of a named value that is kept with a workflow: a memo, a search attribute, a header.
pub(crate) fn note<T: Outgoing>(
    what: &str,
    name: &str,
    value: &T,
    converter: &Converter,
) -> Result<Payload, DataError> {
    let encoded = value.__encode(converter);
    encoded.map_err(|fault| {
        DataError::write(format!("{what} `{name}`"), type_name::short::<T>(), fault)
    })
}

/// The verdict of an update's validator.
pub(crate) fn reject<E: std::fmt::Display>(verdict: std::result::Result<(), E>) -> Result<()> {
    verdict.map_err(|reason| AppError::new(AppError::REJECTED, reason.to_string()).into())
}
