//! Lists of arguments: each travels as a payload of its own.

use std::{borrow::Cow, fmt, vec};

use durably_engine::Payload;
use serde::Serialize;

use super::{Data, Text, type_name, value};
use crate::error::{DataError, DataFault, Error, Result};

/// Who takes the arguments or gives the result; names itself in error texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A workflow, by its type.
    Workflow(Cow<'static, str>),
    /// A signal handler, by its wire name.
    Signal(Cow<'static, str>),
    /// A query handler, by its wire name.
    Query(Cow<'static, str>),
    /// An update handler, by its wire name.
    Update(Cow<'static, str>),
    /// An activity, by its type.
    Activity(Cow<'static, str>),
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workflow(name) => write!(f, "workflow `{name}`"),
            Self::Signal(name) => write!(f, "signal `{name}`"),
            Self::Query(name) => write!(f, "query `{name}`"),
            Self::Update(name) => write!(f, "update `{name}`"),
            Self::Activity(name) => write!(f, "activity `{name}`"),
        }
    }
}

/// Arguments on their way in.
///
/// More of them than the handler takes are left alone, as in the other SDKs: callers may be newer
/// than the handler.
pub struct Args {
    callee: Callee,
    payloads: vec::IntoIter<Payload>,
    taken: usize,
}

impl Args {
    /// The arguments a caller sent to `callee`.
    pub fn new(callee: Callee, payloads: Vec<Payload>) -> Self {
        Self {
            callee,
            payloads: payloads.into_iter(),
            taken: 0,
        }
    }

    /// Decodes the next argument; `name` is the parameter's, for error texts. A missing one is
    /// decoded as `null`, so trailing `Option` parameters may be left out.
    pub fn next<T: Data>(&mut self, name: &'static str) -> Result<T> {
        self.taken += 1;
        decode_or_missing(self.payloads.next()).map_err(|fault| {
            let what = format!("argument {} `{name}` of {}", self.taken, self.callee);
            Error::from(DataError::read::<T>(what, fault))
        })
    }

    /// The arguments that are not decoded yet, as they came.
    pub fn into_payloads(self) -> Vec<Payload> {
        self.payloads.collect()
    }
}

/// The result that `callee` gave: its first payload, or nothing.
pub(crate) fn decode_result<T: Data, P: IntoIterator<Item = Payload>>(
    callee: &Callee,
    payloads: P,
) -> Result<T, DataError> {
    decode_or_missing(payloads.into_iter().next())
        .map_err(|fault| DataError::read::<T>(format!("the result of {callee}"), fault))
}

/// Nothing is read as `null`; a type that has no value for that misses it.
fn decode_or_missing<T: Data>(payload: Option<Payload>) -> Result<T, DataFault> {
    match payload {
        Some(payload) => value::decode(payload),
        None => value::decode(Payload::null()).map_err(|_| DataFault::Missing),
    }
}

/// Arguments on their way out: encoded when the call is built, so the call borrows nothing.
#[derive(Debug)]
pub struct EncodedArgs(pub(crate) Result<Vec<Payload>, DataError>);

impl EncodedArgs {
    /// Arguments that are payloads already.
    pub fn from_payloads(payloads: Vec<Payload>) -> Self {
        Self(Ok(payloads))
    }
}

/// Encodes arguments one by one; the first error is kept.
#[derive(Default)]
pub struct ArgsEncoder {
    payloads: Vec<Payload>,
    error: Option<DataError>,
}

impl ArgsEncoder {
    /// Adds one argument; `name` is the parameter's, for error texts.
    pub fn arg<T: Data>(&mut self, name: &'static str, argument: &T) {
        self.push::<T>(Some(name), value::encode(argument));
    }

    /// Adds one text argument.
    pub fn text(&mut self, name: &'static str, text: impl Text) {
        self.push::<String>(Some(name), value::encode_json(text.as_text()));
    }

    /// All of them.
    pub fn finish(self) -> EncodedArgs {
        EncodedArgs(match self.error {
            Some(error) => Err(error),
            None => Ok(self.payloads),
        })
    }

    fn push<T>(&mut self, name: Option<&'static str>, encoded: Result<Payload, DataFault>) {
        match encoded {
            Ok(payload) => self.payloads.push(payload),
            Err(fault) => {
                let index = self.payloads.len() + 1;
                self.error.get_or_insert_with(|| {
                    let what = match name {
                        Some(name) => format!("argument {index} `{name}`"),
                        None => format!("argument {index}"),
                    };
                    DataError::write(what, type_name::short::<T>(), fault)
                });
            }
        }
    }
}

/// A tuple of arguments for calls by name: `("a", 1)`.
///
/// What is in it is serialised at once. It owns what it holds (`'static`), because bytes are told
/// from other values by their type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of arguments",
    label = "expected a tuple",
    note = "write a tuple, also for one argument: `(\"Bob\",)`; no arguments are `()`",
    note = "each argument implements `serde::Serialize` and borrows nothing"
)]
pub trait ArgList {
    #[doc(hidden)]
    fn encode(self) -> EncodedArgs;
}

#[diagnostic::do_not_recommend]
impl ArgList for EncodedArgs {
    fn encode(self) -> EncodedArgs {
        self
    }
}

macro_rules! arg_lists {
    ($(($($letter:ident)*))*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($letter: Serialize + 'static),*> ArgList for ($($letter,)*) {
            fn encode(self) -> EncodedArgs {
                #[allow(non_snake_case, reason = "one name for a parameter and its value")]
                let ($($letter,)*) = self;
                #[allow(unused_mut, reason = "the empty tuple adds nothing")]
                let mut encoder = ArgsEncoder::default();
                $(encoder.push::<$letter>(None, value::encode(&$letter));)*
                encoder.finish()
            }
        }
    )* };
}
arg_lists! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }
