//! Values and payloads: what can be an argument, a result or a note of a workflow.
//!
//! - [`Data`] are the types that serde can write and read: they are serialised as JSON. [`Outgoing`] are
//!   those that are only written.
//! - [`Bytes`] are serialised as they are.
//! - [`Text`] is what a `String` parameter takes where it is called.
//! - [`Payload`] is a serialised value.
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

mod args;
mod bytes;
mod finite;
mod path;
pub(crate) mod type_name;
pub(crate) mod value;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use durably_engine::Payload;

pub(crate) use self::args::decode_result;
#[doc(hidden)]
pub use self::args::{Args, ArgsEncoder, Callee, EncodedArgs};
pub use self::{args::ArgList, bytes::Bytes};
use crate::error::{AppError, DataError, Result};

/// A type that travels in payloads: anything serde can write and read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel in a Temporal payload",
    label = "not serialisable",
    note = "put `#[durably::data]` on the type, or on your types inside it (it derives serde's Serialize and Deserialize), or derive both yourself",
    note = "a type of another crate has both only if that crate says so, often behind its feature `serde`"
)]
pub trait Data: serde::Serialize + serde::de::DeserializeOwned + 'static {}
#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + serde::de::DeserializeOwned + 'static> Data for T {}

/// A value that only leaves: anything serde can write.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel in a Temporal payload",
    label = "not serialisable",
    note = "put `#[durably::data]` on the type, or derive serde's `Serialize`"
)]
pub trait Outgoing: serde::Serialize + 'static {}
#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + 'static> Outgoing for T {}

/// What a call by name gives: a type that travels, which the caller names.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a call by name",
    label = "not a type that travels in a payload",
    note = "`!` means that nothing says which type it is: write `let text: String = ..`, or give the call the type, as in `.result::<String>()`",
    note = "put `#[durably::data]` on a type of your own (it derives serde's Serialize and Deserialize), or derive both yourself"
)]
pub trait Known: Data {}
#[diagnostic::do_not_recommend]
impl<T: Data> Known for T {}

/// What a `String` parameter accepts at the call side.
#[diagnostic::on_unimplemented(
    message = "expected text for this argument, found `{Self}`",
    label = "not a string",
    note = "this parameter is a `String`: pass a `&str`, `String` or `&String`, or call `.to_string()` on what can be shown"
)]
pub trait Text {
    /// The text, borrowed.
    fn as_text(&self) -> &str;

    /// The text, owned.
    fn into_text(self) -> String;
}

#[diagnostic::do_not_recommend]
impl Text for &str {
    fn as_text(&self) -> &str {
        self
    }

    fn into_text(self) -> String {
        self.to_owned()
    }
}

#[diagnostic::do_not_recommend]
impl Text for String {
    fn as_text(&self) -> &str {
        self
    }

    fn into_text(self) -> String {
        self
    }
}

#[diagnostic::do_not_recommend]
impl Text for &String {
    fn as_text(&self) -> &str {
        self
    }

    fn into_text(self) -> String {
        self.clone()
    }
}

#[diagnostic::do_not_recommend]
impl Text for Cow<'_, str> {
    fn as_text(&self) -> &str {
        self
    }

    fn into_text(self) -> String {
        self.into_owned()
    }
}

/// The payload of one value.
#[doc(hidden)]
pub fn encode_result<T: Data>(result: &T) -> Result<Payload> {
    value::encode(result).map_err(|fault| {
        DataError::write("the result".to_owned(), type_name::short::<T>(), fault).into()
    })
}

/// The verdict of an update's validator.
pub(crate) fn reject<E: std::fmt::Display>(verdict: std::result::Result<(), E>) -> Result<()> {
    verdict.map_err(|reason| AppError::new("UpdateRejected", reason.to_string()).into())
}
