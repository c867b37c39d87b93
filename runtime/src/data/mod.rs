//! Values to payloads and back.

use crate::{Error, Payload, Result, error::IntoFailure};

/// A type that travels in payloads: anything serde can write and read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel in a Temporal payload",
    label = "not serialisable",
    note = "put `#[durably::data]` on the type (it derives serde's Serialize and Deserialize), or derive both yourself",
    note = "if it is an alias of `Result`, give the alias a name that ends in `Result`"
)]
pub trait Data: serde::Serialize + serde::de::DeserializeOwned + 'static {}
#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + serde::de::DeserializeOwned + 'static> Data for T {}

/// What a `String` parameter accepts at the call side.
#[diagnostic::on_unimplemented(
    message = "expected text for this argument, found `{Self}`",
    label = "not a string",
    note = "this parameter is a `String`: pass a `&str`, `String` or `&String`"
)]
pub trait Text {
    /// The text, owned.
    fn into_text(self) -> String;
}
impl Text for &str {
    fn into_text(self) -> String {
        self.to_owned()
    }
}
impl Text for String {
    fn into_text(self) -> String {
        self
    }
}
impl Text for &String {
    fn into_text(self) -> String {
        self.clone()
    }
}
impl Text for std::borrow::Cow<'_, str> {
    fn into_text(self) -> String {
        self.into_owned()
    }
}

/// Arguments on their way out: encoded when the call is built, so the call borrows nothing.
pub struct EncodedArgs(pub(crate) Result<Vec<Payload>>);

/// Encodes arguments one by one; the first error is kept.
#[derive(Default)]
pub struct ArgsEncoder {
    _payloads: Vec<Payload>,
}
impl ArgsEncoder {
    /// Adds one argument; `name` is the parameter's, for error texts.
    pub fn arg<T: Data>(&mut self, _name: &'static str, _value: &T) {
        unimplemented!()
    }
    /// Adds one text argument.
    pub fn text(&mut self, _name: &'static str, _value: impl Text) {
        unimplemented!()
    }
    /// All of them.
    pub fn finish(self) -> EncodedArgs {
        unimplemented!()
    }
}

/// A tuple of arguments for calls by name: `("a", 1)`.
pub trait ArgList {
    #[doc(hidden)]
    fn encode(self) -> EncodedArgs;
}

/// Arguments on their way in.
pub struct Args {
    _payloads: std::vec::IntoIter<Payload>,
}
impl Args {
    /// Decodes the next argument; `name` is the parameter's, for error texts. A missing one is
    /// decoded as `null`, so trailing `Option` parameters may be left out.
    pub fn next<T: Data>(&mut self, _name: &'static str) -> Result<T> {
        unimplemented!()
    }
}

/// The payload of a handler's or activity's result.
pub fn finish<T: Data, E: IntoFailure>(result: std::result::Result<T, E>) -> Result<Payload> {
    match result {
        Ok(value) => encode_result(&value),
        Err(error) => Err(error.into_failure()),
    }
}
/// The payload of one value.
pub fn encode_result<T: Data>(_value: &T) -> Result<Payload> {
    unimplemented!()
}
/// The verdict of an update's validator.
pub fn reject<E: std::fmt::Display>(_verdict: std::result::Result<(), E>) -> Result<(), Error> {
    unimplemented!()
}
