//! A value as it travels: bytes, and how they are encoded.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// `encoding` of a JSON value.
pub const JSON: &str = "json/plain";
/// `encoding` of the absence of a value.
pub const NULL: &str = "binary/null";
/// `encoding` of plain bytes.
pub const BYTES: &str = "binary/plain";
/// `encoding` of a protobuf message in its JSON form.
pub const JSON_PROTOBUF: &str = "json/protobuf";
/// `encoding` of a protobuf message in its binary form.
pub const BINARY_PROTOBUF: &str = "binary/protobuf";

/// Named payloads that travel beside the arguments of a call.
pub type Header = BTreeMap<String, Payload>;

/// Metadata of a payload other than its encoding, sorted by name.
pub type Metadata = Vec<(String, Vec<u8>)>;

/// One encoded value.
///
/// The encodings that every Temporal SDK knows are kept without an allocation of their own.
///
/// ```
/// use durably_engine::Payload;
///
/// // One of the encodings that every SDK reads, and another one.
/// assert_eq!(Payload::json(b"\"Bob\"".to_vec()).encoding(), "json/plain");
/// assert_eq!(Payload::bytes(vec![1, 2]).encoding(), "binary/plain");
/// assert_eq!(Payload::null().data(), b"");
/// let picture = Payload::new("image/png", vec![0x89]);
/// assert_eq!(picture, Payload::from_encoding_bytes(b"image/png", vec![0x89]));
///
/// // Metadata, which other processes may read.
/// let mut picture = picture.with_metadata("camera", b"left".to_vec());
/// picture.set_metadata("shot", b"7".to_vec());
/// assert_eq!(picture.metadata_of("camera"), Some(&b"left"[..]));
/// assert_eq!(picture.metadata().len(), 2);
///
/// let (encoding, data, metadata) = picture.clone().into_parts();
/// assert_eq!((&*encoding, metadata.len()), ("image/png", 2));
/// assert_eq!(picture.into_data(), data);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    encoding: Cow<'static, str>,
    data: Vec<u8>,
    extra: Metadata,
}

impl Payload {
    /// A payload of any encoding.
    pub fn new(encoding: impl Into<Cow<'static, str>>, data: Vec<u8>) -> Self {
        Self {
            encoding: encoding.into(),
            data,
            extra: Vec::new(),
        }
    }

    /// A payload whose encoding is compared with the known ones, so that they take no allocation.
    pub fn from_encoding_bytes(encoding: &[u8], data: Vec<u8>) -> Self {
        let known = [JSON, NULL, BYTES, JSON_PROTOBUF, BINARY_PROTOBUF];
        match known.into_iter().find(|it| it.as_bytes() == encoding) {
            Some(known) => Self::new(known, data),
            None => Self::new(String::from_utf8_lossy(encoding).into_owned(), data),
        }
    }

    /// A JSON value, already written.
    pub const fn json(data: Vec<u8>) -> Self {
        Self::known(JSON, data)
    }

    /// No value.
    pub const fn null() -> Self {
        Self::known(NULL, Vec::new())
    }

    /// Plain bytes.
    pub const fn bytes(data: Vec<u8>) -> Self {
        Self::known(BYTES, data)
    }

    /// How [`data`](Self::data) is encoded; empty when the writer did not say.
    pub fn encoding(&self) -> &str {
        &self.encoding
    }

    /// The encoded value.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The encoded value, by move.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// Metadata other than the encoding, in the order of their names.
    pub fn metadata(&self) -> &[(String, Vec<u8>)] {
        &self.extra
    }

    /// One piece of metadata other than the encoding.
    pub fn metadata_of(&self, name: &str) -> Option<&[u8]> {
        let at = self.position(name).ok()?;
        Some(&self.extra[at].1)
    }

    /// Sets one piece of metadata other than the encoding.
    pub fn set_metadata(&mut self, name: impl Into<String>, value: Vec<u8>) {
        let name = name.into();
        match self.position(&name) {
            Ok(at) => self.extra[at].1 = value,
            Err(at) => self.extra.insert(at, (name, value)),
        }
    }

    /// The payload with one more piece of metadata.
    pub fn with_metadata(mut self, name: impl Into<String>, value: Vec<u8>) -> Self {
        self.set_metadata(name, value);
        self
    }

    /// Encoding, value and other metadata, by move.
    pub fn into_parts(self) -> (Cow<'static, str>, Vec<u8>, Metadata) {
        (self.encoding, self.data, self.extra)
    }

    const fn known(encoding: &'static str, data: Vec<u8>) -> Self {
        Self {
            encoding: Cow::Borrowed(encoding),
            data,
            extra: Vec::new(),
        }
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.extra
            .binary_search_by(|(known, _)| known.as_str().cmp(name))
    }
}
