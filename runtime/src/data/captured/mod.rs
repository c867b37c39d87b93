//! Values whose encoding is not known yet: those of an error, which is made before it is known which
//! client or worker sends it.
//!
//! A serde value is captured in serde's whole data model. So each format writes what it would have
//! written from the value itself, and the value may borrow and need not be `Send`. A value that has one form
//! for people and another one for machines is captured in both, of which one may have a fault.

mod capture;
mod node;

use std::{cell::Cell, sync::Arc};

use durably_engine::Payload;
use serde::{
    de::value::Error,
    ser::{Serialize, Serializer},
};

use self::{capture::Capture, node::Node};
use super::{Converter, encoding::encode_list, value};
#[cfg(feature = "encryption")]
use super::{Sensitive, encrypted};
use crate::error::DataFault;

/// A value whose encoding is not known yet.
#[derive(Clone, Debug)]
pub struct Unencoded(Content);

#[derive(Clone, Debug)]
enum Content {
    Serde(Arc<Captured>),
    /// Of a type that no format writes; its own encoding may have returned an error.
    Payload(Result<Payload, DataFault>),
    /// One payload of payloads.
    List(Vec<Unencoded>),
    /// Encrypted by whoever sends it.
    #[cfg(feature = "encryption")]
    Encrypted(Sensitive<Box<Unencoded>>),
}

impl Unencoded {
    pub(super) fn of_serde<T: Serialize>(value: &T) -> Self {
        Self(Content::Serde(Arc::new(Captured::of(value))))
    }

    /// Of a type that no format writes.
    pub(crate) fn of_payload(encoded: Result<Payload, DataFault>) -> Self {
        Self(Content::Payload(encoded))
    }

    pub(super) fn of_list(list: Vec<Self>) -> Self {
        Self(Content::List(list))
    }

    /// The same value, encrypted by whoever sends it.
    #[cfg(feature = "encryption")]
    pub(super) fn encrypted(self) -> Self {
        Self(Content::Encrypted(Sensitive::new(Box::new(self))))
    }

    pub(crate) fn encode(&self, converter: &Converter) -> Result<Payload, DataFault> {
        match &self.0 {
            Content::Serde(captured) => {
                let fault = Cell::new(None);
                let form = Form {
                    of: captured,
                    fault: &fault,
                };
                let encoded = value::encode_any(&form, converter);
                encoded.map_err(|error| fault.take().cloned().unwrap_or(error))
            }
            Content::Payload(encoded) => encoded.clone(),
            Content::List(list) => encode_list(list, |item| item.encode(converter)),
            #[cfg(feature = "encryption")]
            Content::Encrypted(value) => {
                encrypted::encrypt(value.expose().encode(converter)?, converter)
            }
        }
    }
}

/// A serde value without its type.
#[derive(Clone, Debug)]
struct Captured {
    /// For formats that people read.
    readable: Result<Node, DataFault>,
    /// For the others, if the value makes a difference.
    compact: Option<Result<Node, DataFault>>,
}

impl Captured {
    fn of<T: Serialize>(value: &T) -> Self {
        let asked = Cell::new(false);
        let capture = |readable| {
            value.serialize(Capture {
                readable,
                asked: &asked,
            })
        };
        let readable = capture(true).map_err(|error| match value::encode_json(value) {
            // It says where in the value, too.
            Err(fault) => fault,
            Ok(_) => refused(&error),
        });
        let compact = asked
            .get()
            .then(|| capture(false).map_err(|error| refused(&error)));
        Self { readable, compact }
    }

    fn form(&self, readable: bool) -> &Result<Node, DataFault> {
        match &self.compact {
            Some(compact) if !readable => compact,
            Some(_) | None => &self.readable,
        }
    }
}

/// The value's own `Serialize` returned an error.
fn refused(error: &Error) -> DataFault {
    DataFault::NotSerialisable {
        reason: error.to_string(),
        path: String::new(),
    }
}

/// The form of a value that its format asks for.
struct Form<'a> {
    of: &'a Captured,
    /// The fault of the form asked for last.
    fault: &'a Cell<Option<&'a DataFault>>,
}

impl Serialize for Form<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = self.of.form(serializer.is_human_readable());
        self.fault.set(form.as_ref().err());
        match form {
            Ok(node) => node.serialize(serializer),
            Err(fault) => Err(serde::ser::Error::custom(fault)),
        }
    }
}
