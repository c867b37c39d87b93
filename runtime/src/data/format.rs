//! What a client or a worker writes serde values as.

use std::{fmt, sync::Arc};

use durably_engine::Payload;
use serde::{
    Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, DeserializeSeed},
};

use super::{Cipher, EncodingError};
use crate::error::DataFault;

/// A serde format other than JSON, for [`ClientBuilder::format`](crate::client::ClientBuilder::format).
///
/// It writes the arguments, results, memos, heartbeat details and details of errors of a client and of
/// the workers that use the client. Search attributes are written as JSON, because the server reads them.
/// `None` and `()` stay `binary/null`, bytes `binary/plain`, messages protobuf: these encodings are
/// the same in every SDK. A payload is read by the encoding that it names, so JSON is read as before.
///
/// The other side needs the same format: a payload converter of that encoding in the other SDKs.
///
/// # Example: MessagePack
///
/// ```no_run
/// use durably::data::{EncodingError, Format, FormatReader, FormatValue};
///
/// # mod rmp_serde {
/// #     pub fn to_vec_named<T: serde::Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
/// #         serde_json::to_vec(value)
/// #     }
/// #     pub struct Deserializer;
/// #     impl Deserializer {
/// #         #[allow(clippy::new_ret_no_self)]
/// #         pub fn new(data: &[u8]) -> serde_json::Deserializer<serde_json::de::SliceRead<'_>> {
/// #             serde_json::Deserializer::from_slice(data)
/// #         }
/// #     }
/// # }
/// struct MessagePack;
///
/// impl Format for MessagePack {
///     fn encoding(&self) -> &'static str {
///         "binary/msgpack"
///     }
///
///     fn write(&self, value: FormatValue<'_>) -> Result<Vec<u8>, EncodingError> {
///         Ok(rmp_serde::to_vec_named(&value)?)
///     }
///
///     fn read(&self, data: &[u8], reader: FormatReader<'_>) -> Result<(), EncodingError> {
///         reader.read(&mut rmp_serde::Deserializer::new(data))
///     }
/// }
/// ```
pub trait Format: Send + Sync + 'static {
    /// The `encoding` of its payloads, `binary/msgpack` for example. Never one that every SDK knows:
    /// `json/plain`, `json/protobuf`, `binary/plain`, `binary/null`, `binary/protobuf`.
    fn encoding(&self) -> &'static str;

    /// Serialises a value.
    ///
    /// # Errors
    /// The format cannot hold the value.
    fn write(&self, value: FormatValue<'_>) -> Result<Vec<u8>, EncodingError>;

    /// Deserialises a value: hand the deserializer of `data` to [`FormatReader::read`].
    ///
    /// # Errors
    /// `data` is not of this format, or what it holds is of another type.
    fn read(&self, data: &[u8], reader: FormatReader<'_>) -> Result<(), EncodingError>;
}

/// A value for a [`Format`] to serialise, of any type.
///
/// ```
/// use durably::data::{EncodingError, FormatValue};
///
/// /// The `write` of a format.
/// fn write(value: FormatValue<'_>) -> Result<Vec<u8>, EncodingError> {
///     Ok(serde_json::to_vec_pretty(&value)?)
/// }
/// ```
#[derive(Clone, Copy)]
pub struct FormatValue<'a>(&'a dyn erased_serde::Serialize);

impl Serialize for FormatValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl fmt::Debug for FormatValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormatValue")
    }
}

/// The type of a value that a [`Format`] deserialises.
///
/// ```
/// use durably::data::{EncodingError, FormatReader};
///
/// /// The `read` of a format.
/// fn read(data: &[u8], reader: FormatReader<'_>) -> Result<(), EncodingError> {
///     reader.read(&mut serde_json::Deserializer::from_slice(data))
/// }
/// ```
pub struct FormatReader<'a>(&'a mut dyn Slot);

impl fmt::Debug for FormatReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormatReader")
    }
}

impl FormatReader<'_> {
    /// Reads the value from a deserializer.
    ///
    /// # Errors
    /// Those of the deserializer, and a value of another type.
    pub fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<(), EncodingError> {
        let mut erased = <dyn erased_serde::Deserializer<'_>>::erase(deserializer);
        Ok(self.0.fill(&mut erased)?)
    }
}

/// A place for a value of one type, which a deserializer fills.
trait Slot {
    fn fill(
        &mut self,
        deserializer: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<(), erased_serde::Error>;
}

impl<T: DeserializeOwned> Slot for Option<T> {
    fn fill(
        &mut self,
        deserializer: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<(), erased_serde::Error> {
        *self = Some(std::marker::PhantomData::<T>.deserialize(deserializer)?);
        Ok(())
    }
}

pub(super) fn write<T: Serialize>(format: &dyn Format, value: &T) -> Result<Payload, DataFault> {
    let data = format
        .write(FormatValue(&value))
        .map_err(|error| DataFault::NotSerialisable {
            reason: error.to_string(),
            path: String::new(),
        })?;
    Ok(Payload::new(format.encoding(), data))
}

pub(super) fn read<T: DeserializeOwned>(format: &dyn Format, data: &[u8]) -> Result<T, DataFault> {
    let unreadable = |reason: String| DataFault::Unreadable {
        reason,
        path: String::new(),
    };
    let mut value = None::<T>;
    format
        .read(data, FormatReader(&mut value))
        .map_err(|error| unreadable(error.to_string()))?;
    value.ok_or_else(|| unreadable(format!("format `{}` read no value", format.encoding())))
}

/// How one client, and each worker that uses it, converts values.
///
/// JSON is not behind the trait: its path stays one of generic functions, without a virtual call.
#[derive(Clone, Default)]
pub struct Converter(Option<Arc<Parts>>);

#[derive(Clone, Default)]
struct Parts {
    format: Option<Arc<dyn Format>>,
    cipher: Option<Arc<dyn Cipher>>,
}

impl Converter {
    /// That of clients that were given no format.
    pub(crate) const JSON: Self = Self(None);

    #[cfg(test)]
    pub(crate) fn of(format: impl Format) -> Self {
        Self::JSON.with_format(format)
    }

    pub(crate) fn with_format(&self, format: impl Format) -> Self {
        let mut parts = self.parts();
        parts.format = Some(Arc::new(format));
        Self(Some(Arc::new(parts)))
    }

    /// With what encrypts values that are always encrypted; without it, they are errors.
    pub(crate) fn with_cipher(&self, cipher: Option<Arc<dyn Cipher>>) -> Self {
        let mut parts = self.parts();
        parts.cipher = cipher;
        let is_empty = parts.format.is_none() && parts.cipher.is_none();
        Self((!is_empty).then(|| Arc::new(parts)))
    }

    fn parts(&self) -> Parts {
        self.0.as_deref().cloned().unwrap_or_default()
    }

    /// The format, if it is not JSON.
    pub(super) fn format(&self) -> Option<&dyn Format> {
        self.0.as_deref()?.format.as_deref()
    }

    #[cfg(feature = "encryption")]
    pub(super) fn cipher(&self) -> Option<&dyn Cipher> {
        self.0.as_deref()?.cipher.as_deref()
    }
}

impl fmt::Debug for Converter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoding = self.format().map_or("json/plain", Format::encoding);
        f.debug_tuple("Converter").field(&encoding).finish()
    }
}
