//! Values that could not be written or read.

use std::fmt;

use durably_engine::Payload;

use super::Error;
use crate::{
    data::{Converter, Incoming, type_name},
    wire::payload,
};

/// An argument, result or detail could not be turned into a payload or back.
///
/// The usual cause is that the two sides disagree about a type: compare the parameter's type with
/// what the caller sends.
///
/// ```
/// use durably::{ActivityCtx, error::DataFault};
///
/// let (ctx, test) = ActivityCtx::for_test("print");
/// ctx.heartbeat("page 7");
/// let error = test.heartbeats::<u32>().unwrap_err();
/// assert_eq!(error.what, "the heartbeat details of activity `print`");
/// assert_eq!(error.type_name, "u32");
/// assert!(matches!(error.fault, DataFault::Unreadable { .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataError {
    /// Which value: ``argument 2 `cents` of update `deposit` ``.
    pub what: String,
    /// The Rust type of the value.
    pub type_name: String,
    /// Why.
    pub fault: DataFault,
    direction: Direction,
}

/// Why a value could not be written or read.
///
/// ```
/// use durably::{ActivityCtx, error::DataFault};
///
/// let (ctx, test) = ActivityCtx::for_test("measure");
/// ctx.heartbeat(vec![1.5, f64::NAN]);
/// let error = test.heartbeats::<Vec<f64>>().unwrap_err();
/// match error.fault {
///     DataFault::NotFinite { number, path } => assert_eq!((&*number, &*path), ("NaN", "[1]")),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataFault {
    /// It is not there, and the type has no value for that.
    Missing,
    /// The JSON is not of the type.
    Unreadable {
        /// What serde says.
        reason: String,
        /// Where in the JSON: `.items[3].price`; empty at the top.
        path: String,
    },
    /// It is bytes, and the type is not: it takes `durably::Bytes` or `Vec<u8>`.
    Bytes,
    /// It is encoded in a way that is not known here; a codec may be missing.
    UnknownEncoding {
        /// The encoding's name.
        encoding: String,
    },
    /// It is a protobuf message, and the type is not: it takes the prost type of that message.
    Protobuf {
        /// The name of the message; empty if the payload does not say.
        message: String,
    },
    /// It is no protobuf message, and the type is one.
    NotProtobuf {
        /// How it is encoded.
        encoding: String,
    },
    /// It is another protobuf message than the type.
    OtherMessage {
        /// The name of the message that was sent.
        found: String,
        /// The name of the type's message.
        expected: String,
    },
    /// It is in JSON, and the type is a protobuf message that cannot be read from JSON: `pbjson-build`
    /// generates serde's traits for it. Or the sender writes `binary/protobuf`.
    NoJsonForm,
    /// It has a number that JSON cannot hold: NaN or an infinity. An `Option<f64>` can stand for
    /// what is not known.
    NotFinite {
        /// The number: `NaN`, `inf` or `-inf`.
        number: String,
        /// Where in the value: `.lines[3].price`; empty if the value is the number.
        path: String,
    },
    /// serde cannot write it as JSON: it has a map whose keys cannot be written as strings, or a type's
    /// own `Serialize` returned an error.
    NotSerialisable {
        /// What serde says.
        reason: String,
        /// Where in the value: `.lines[3].price`; empty at the top.
        path: String,
    },
    /// A codec of the client cannot decode it. Lists and descriptions show what else there is.
    Codec {
        /// Which codec, which payload, and why.
        message: String,
    },
    /// It is always encrypted, and cannot be encrypted or decrypted here: its key is not here, or it was changed, or encrypted with
    /// another key of the same name.
    ///
    /// In workflow code that does not handle it, it fails the workflow task, which the server retries until a worker
    /// has the key.
    Encryption {
        /// What is wrong.
        reason: String,
    },
    /// It is always encrypted, and no key can decrypt it: it is truncated, or does not name a key.
    ///
    /// Like a value of another type it is not waited for: a signal with it is logged and dropped, an update rejected.
    Damaged {
        /// What is wrong.
        reason: String,
    },
    /// It is always encrypted, and was sent without encryption.
    NotEncrypted {
        /// Its encoding.
        encoding: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Read,
    Write,
}

impl DataError {
    pub(crate) fn read<T>(what: String, fault: DataFault) -> Self {
        Self {
            what,
            type_name: type_name::short::<T>(),
            fault,
            direction: Direction::Read,
        }
    }

    pub(crate) const fn write(what: String, type_name: String, fault: DataFault) -> Self {
        Self {
            what,
            type_name,
            fault,
            direction: Direction::Write,
        }
    }

    /// Decodes a payload, which `what` names.
    pub(crate) fn decode<T: Incoming>(
        payload: &Payload,
        converter: &Converter,
        what: impl FnOnce() -> String,
    ) -> Result<T, Self> {
        let decoded = DataFault::check_decoded(payload);
        let decoded = decoded.and_then(|()| T::__decode(payload.clone(), converter));
        decoded.map_err(|fault| Self::read::<T>(what(), fault))
    }
}

impl Error {
    /// Whether it is that a value could not be encrypted or decrypted here, which a worker with other keys can: then it
    /// is no failure of the code that passes it on.
    pub(crate) fn lacks_key(&self) -> bool {
        if self.wraps_app() {
            return false;
        }
        std::iter::successors(Some(self.as_std()), |&error| error.source())
            .filter_map(|error| error.downcast_ref::<DataError>())
            .any(|error| matches!(error.fault, DataFault::Encryption { .. }))
    }
}

impl DataFault {
    /// Checks that codecs could decode a payload.
    pub(crate) fn check_decoded(payload: &Payload) -> Result<(), Self> {
        match payload::why_undecoded(payload) {
            Some(message) => Err(Self::Codec { message }),
            None => Ok(()),
        }
    }

    /// The fault of an item, as a fault of the list.
    pub(crate) fn inside(self, index: usize) -> Self {
        let below = |path: String| format!("[{index}]{path}");
        let unreadable = |reason: String| Self::Unreadable {
            reason,
            path: below(String::new()),
        };
        match self {
            Self::Unreadable { reason, path } => Self::Unreadable {
                reason,
                path: below(path),
            },
            Self::NotFinite { number, path } => Self::NotFinite {
                number,
                path: below(path),
            },
            Self::NotSerialisable { reason, path } => Self::NotSerialisable {
                reason,
                path: below(path),
            },
            Self::Encryption { reason } => Self::Encryption {
                reason: format!("{reason} at `[{index}]`"),
            },
            other => unreadable(other.to_string()),
        }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what, type_name, ..
        } = self;
        match (&self.fault, self.direction) {
            (DataFault::Missing, _) => write!(f, "{what} is missing: expected `{type_name}`"),
            (fault, Direction::Read) => write!(f, "cannot read {what} as `{type_name}`: {fault}"),
            (fault, Direction::Write) => write!(f, "cannot write {what} (`{type_name}`): {fault}"),
        }
    }
}

impl fmt::Display for DataFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it is missing"),
            Self::Encryption { reason: text }
            | Self::Damaged { reason: text }
            | Self::Codec { message: text } => f.write_str(text),
            Self::NotEncrypted { encoding } => {
                write!(f, "it is not encrypted; its encoding is `{encoding}`")
            }
            Self::Unreadable { reason, path } | Self::NotSerialisable { reason, path } => {
                f.write_str(reason)?;
                match path.is_empty() {
                    true => Ok(()),
                    false => write!(f, " at `{path}`"),
                }
            }
            Self::NotFinite { number, path } => {
                match path.is_empty() {
                    true => f.write_str("it")?,
                    false => write!(f, "`{path}`")?,
                }
                write!(f, " is {number}, which JSON cannot hold")
            }
            Self::Bytes => f.write_str("it is bytes; take `durably::Bytes` or `Vec<u8>`"),
            Self::Protobuf { message } if message.is_empty() => {
                f.write_str("it is a protobuf message; take its prost type")
            }
            Self::Protobuf { message } => write!(
                f,
                "it is the protobuf message `{message}`; take its prost type"
            ),
            Self::NotProtobuf { encoding } => {
                write!(f, "it is `{encoding}`, not a protobuf message")
            }
            Self::OtherMessage { found, expected } => {
                write!(f, "it is the protobuf message `{found}`, not `{expected}`")
            }
            Self::NoJsonForm => f.write_str(
                "it is JSON, and this message cannot be read from JSON without serde's traits; \
                 generate them with pbjson, or send `binary/protobuf`",
            ),
            Self::UnknownEncoding { encoding } if encoding.is_empty() => {
                f.write_str("it does not say how it is encoded")
            }
            Self::UnknownEncoding { encoding } => {
                write!(
                    f,
                    "encoding `{encoding}` is not known here; is a codec missing?"
                )
            }
        }
    }
}

impl std::error::Error for DataError {}

impl std::error::Error for DataFault {}
