//! Headers: named values next to the arguments of a call.

use std::fmt;

use durably_engine::{Header, Payload};

use super::{Converter, Incoming, Outgoing, Text, note};
use crate::error::DataError;

/// The headers of a call: named values that interceptors write and read, next to its arguments.
///
/// Values are written in the encoding of the client or worker, as arguments are. Codecs leave headers as they are,
/// as in other SDKs, unless [`Codecs::encode_headers`](crate::codec::Codecs::encode_headers) is set.
///
/// ```
/// use durably::{error::DataError, interceptor::Headers};
///
/// /// Adds one to a counter of hops.
/// fn hop(headers: &mut Headers) -> Result<(), DataError> {
///     let hops: u32 = headers.get("hops")?.unwrap_or_default();
///     headers.set("hops", hops + 1)
/// }
///
/// let mut headers = Headers::default();
/// hop(&mut headers)?;
/// hop(&mut headers)?;
/// assert_eq!(headers.get::<u32>("hops")?, Some(2));
/// assert_eq!(headers.names().collect::<Vec<_>>(), ["hops"]);
/// // A value as it is encoded, passed on.
/// let mut others = Headers::default();
/// if let Some(hops) = headers.payload("hops") {
///     others.set_payload("hops", hops.clone());
/// }
/// assert_eq!(others.get::<u32>("hops")?, Some(2));
///
/// assert!(headers.remove("hops"));
/// assert!(headers.is_empty());
/// # Ok::<(), DataError>(())
/// ```
#[derive(Clone, Default)]
pub struct Headers {
    fields: Header,
    converter: Converter,
}

impl Headers {
    pub(crate) fn new(fields: Header, converter: &Converter) -> Self {
        Self {
            fields,
            converter: converter.clone(),
        }
    }

    pub(crate) fn into_fields(self) -> Header {
        self.fields
    }

    /// The value of this name; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be deserialised as a `T`.
    pub fn get<T: Incoming>(&self, name: &str) -> Result<Option<T>, DataError> {
        let Some(payload) = self.fields.get(name) else {
            return Ok(None);
        };
        DataError::decode(payload, &self.converter, || format!("header `{name}`")).map(Some)
    }

    /// Sets the value of this name, in place of the one that it had.
    ///
    /// # Errors
    /// The value cannot be serialised; the headers are as they were.
    pub fn set<T: Outgoing>(&mut self, name: impl Text, value: T) -> Result<(), DataError> {
        let name = name.into_text();
        let payload = note("header", &name, &value, &self.converter)?;
        self.fields.insert(name, payload);
        Ok(())
    }

    /// Removes the value of this name; returns whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.fields.remove(name).is_some()
    }

    /// The value of this name as it is encoded.
    pub fn payload(&self, name: &str) -> Option<&Payload> {
        self.fields.get(name)
    }

    /// Sets a value that is encoded already.
    pub fn set_payload(&mut self, name: impl Text, payload: Payload) {
        self.fields.insert(name.into_text(), payload);
    }

    /// The names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// The names only: values may be secrets.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Headers").field(&self.fields.keys()).finish()
    }
}
