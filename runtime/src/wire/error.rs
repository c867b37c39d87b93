//! What is wrong with a message.

use std::fmt;

/// A message lacks something, or holds something that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WireError {
    /// The message, for people: `event 7`, `workflow task`.
    pub(crate) message: String,
    /// The field, by its path in the message.
    pub(crate) field: &'static str,
    /// What is wrong with it.
    pub(crate) fault: Fault,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not there.
    Missing,
    /// Its value has no meaning.
    OutOfRange,
    /// Its bytes cannot be decoded.
    Undecodable(String),
}

impl WireError {
    pub(crate) fn missing(message: impl Into<String>, field: &'static str) -> Self {
        Self::new(message, field, Fault::Missing)
    }

    pub(crate) fn new(message: impl Into<String>, field: &'static str, fault: Fault) -> Self {
        Self {
            message: message.into(),
            field,
            fault,
        }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, field, .. } = self;
        match &self.fault {
            Fault::Missing => write!(f, "{message} lacks `{field}`"),
            Fault::OutOfRange => write!(f, "{message}: `{field}` is out of range"),
            Fault::Undecodable(reason) => {
                write!(f, "{message}: `{field}` cannot be decoded: {reason}")
            }
        }
    }
}

impl std::error::Error for WireError {}
