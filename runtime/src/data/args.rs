//! Lists of arguments: each is serialised as a payload of its own.

use std::{borrow::Cow, fmt, vec};

use durably_engine::Payload;

use super::{Converter, Data, Incoming, Outgoing, type_name};
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

impl Callee {
    fn name(&self) -> &str {
        match self {
            Self::Workflow(name)
            | Self::Signal(name)
            | Self::Query(name)
            | Self::Update(name)
            | Self::Activity(name) => name,
        }
    }
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

/// The arguments of a call, as a dynamic handler, workflow or activity takes them.
///
/// Their number and their types are the caller's; each is read on its own.
///
/// ```
/// use durably::{data::{Args, Payload, Value}, prelude::*};
///
/// #[derive(Default)]
/// struct Recorder {
///     seen: Vec<String>,
///     kept: Vec<Payload>,
/// }
///
/// #[workflow]
/// impl Recorder {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx) -> Result<()> {
///         Ok(ctx.wait_until(|| self.seen.len() == 100).await?)
///     }
///
///     #[signal(dynamic)]
///     fn any(&mut self, name: String, args: Args) -> Result<()> {
///         let first = match args.is_empty() {
///             true => String::new(),
///             false => args.get::<String>(0)?,
///         };
///         self.seen.push(format!("{name}({first}, ..): {} arguments", args.len()));
///         self.kept.extend_from_slice(args.payloads());
///         Ok(())
///     }
///
///     #[query(dynamic)]
///     fn ask(&self, name: String, args: Args) -> Result<Value> {
///         match name.as_str() {
///             "count" => Ok(Value::of(self.seen.len())),
///             "first" => Ok(Value::of(self.seen.first())),
///             "echo" => Ok(Value::from(args.into_payloads().swap_remove(0))),
///             other => bail!("no query {other}"),
///         }
///     }
/// }
/// ```
// The same type decodes the arguments of named handlers, one after the other. More of them than such a
// handler takes are left alone, as in the other SDKs: callers may be newer than the handler.
#[derive(Clone)]
pub struct Args {
    callee: Callee,
    payloads: vec::IntoIter<Payload>,
    taken: usize,
    converter: Converter,
}

impl Args {
    /// The arguments a caller sent to `callee`.
    #[doc(hidden)]
    pub fn new(callee: Callee, payloads: Vec<Payload>, converter: Converter) -> Self {
        Self {
            callee,
            payloads: payloads.into_iter(),
            taken: 0,
            converter,
        }
    }

    /// The converter of the called worker; it encodes the result, too.
    #[doc(hidden)]
    pub fn converter(&self) -> &Converter {
        &self.converter
    }

    /// Checks that codecs have decoded all of them, for a handler that may take them as they are.
    pub(crate) fn check_decoded(&self) -> Result<()> {
        for (index, payload) in self.payloads.as_slice().iter().enumerate() {
            DataFault::check_decoded(payload).map_err(|fault| {
                let what = format!("argument {} of {}", index + 1, self.callee);
                DataError::read::<Payload>(what, fault)
            })?;
        }
        Ok(())
    }

    /// Decodes the next argument; `name` is the parameter's, for error texts. A missing one is
    /// decoded as `null`, so trailing `Option` parameters may be left out.
    #[doc(hidden)]
    pub fn next<T: Data>(&mut self, name: &'static str) -> Result<T> {
        self.next_with(name, T::__decode)
    }

    pub(super) fn next_with<T>(
        &mut self,
        name: &'static str,
        decode: impl Fn(Payload, &Converter) -> Result<T, DataFault>,
    ) -> Result<T> {
        self.taken += 1;
        decode_or_missing(self.payloads.next(), &self.converter, decode).map_err(|fault| {
            let what = format!("argument {} `{name}` of {}", self.taken, self.callee);
            Error::from(DataError::read::<T>(what, fault))
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.payloads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.payloads.len() == 0
    }

    /// The argument at `index`, from 0, as a `T`. One that the caller has left out is read as `null`, so an
    /// `Option` is `None`.
    ///
    /// # Errors
    /// [`DataError`]: there is no such argument, or it is not a `T`. The error names the argument, and where
    /// in it the fault is.
    pub fn get<T: Incoming>(&self, index: usize) -> Result<T, DataError> {
        let payload = self.payloads().get(index).cloned();
        decode_or_missing(payload, &self.converter, T::__decode).map_err(|fault| {
            let what = format!("argument {} of {}", index + 1, self.callee);
            DataError::read::<T>(what, fault)
        })
    }

    /// All of them, as they came.
    pub fn payloads(&self) -> &[Payload] {
        self.payloads.as_slice()
    }

    /// All of them by move, as they came.
    pub fn into_payloads(self) -> Vec<Payload> {
        self.payloads.collect()
    }

    /// Replaces one argument; `index` counts from 0, and the number of arguments adds one. For interceptors.
    ///
    /// ```
    /// use durably::{interceptor::StartRequest, prelude::*};
    ///
    /// fn trim(request: &mut StartRequest) -> Result<()> {
    ///     let item: String = request.args.get(0)?;
    ///     request.args.set(0, item.trim())
    /// }
    /// ```
    ///
    /// # Errors
    /// The value cannot be serialised, or there is no such argument; the arguments are as they were.
    pub fn set<T: Outgoing>(&mut self, index: usize, value: T) -> Result<()> {
        let payload = value.__encode(&self.converter).map_err(|fault| {
            let what = format!("argument {} of {}", index + 1, self.callee);
            DataError::write(what, type_name::short::<T>(), fault)
        })?;
        if let Some(argument) = self.payloads.as_mut_slice().get_mut(index) {
            *argument = payload;
            return Ok(());
        }
        if index > self.len() {
            let (callee, number, len) = (&self.callee, index + 1, self.len());
            let text = format!("there is no argument {number} of {callee}: it has {len}");
            return Err(Error::message(text));
        }
        let mut payloads: Vec<_> = self.payloads.by_ref().collect();
        payloads.push(payload);
        self.payloads = payloads.into_iter();
        Ok(())
    }

    /// Replaces all arguments. For interceptors.
    ///
    /// ```
    /// use durably::{interceptor::StartRequest, prelude::*};
    ///
    /// fn start_over(request: &mut StartRequest) -> Result<()> {
    ///     request.args.replace(("Bob", 1))
    /// }
    /// ```
    ///
    /// # Errors
    /// An argument cannot be serialised; the arguments are as they were.
    pub fn replace(&mut self, args: impl ArgList) -> Result<()> {
        self.payloads = args.encode(&self.converter).0?.into_iter();
        Ok(())
    }

    /// Who was called, by the name that the caller used.
    pub(crate) fn name(&self) -> &str {
        self.callee.name()
    }

    /// Moves the arguments out; the converter stays, for the result.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self::new(self.callee.clone(), Vec::new(), self.converter.clone());
        std::mem::replace(self, empty)
    }
}

/// The result that `callee` returned: its first payload, or nothing.
pub(crate) fn decode_result<T: Incoming, P: IntoIterator<Item = Payload>>(
    callee: &Callee,
    payloads: P,
    converter: &Converter,
) -> Result<T, DataError> {
    decode_or_missing(payloads.into_iter().next(), converter, T::__decode)
        .map_err(|fault| DataError::read::<T>(format!("the result of {callee}"), fault))
}

/// Nothing is read as `null`; a type that has no value for that misses it.
pub(super) fn decode_or_missing<T>(
    payload: Option<Payload>,
    converter: &Converter,
    decode: impl Fn(Payload, &Converter) -> Result<T, DataFault>,
) -> Result<T, DataFault> {
    match payload {
        Some(payload) => {
            DataFault::check_decoded(&payload)?;
            decode(payload, converter)
        }
        // A worker that has the key may read nothing as a value.
        None => decode(Payload::null(), converter).map_err(|fault| match fault {
            DataFault::Encryption { .. } => fault,
            _ => DataFault::Missing,
        }),
    }
}

/// Arguments on their way out: encoded when the call is built, so the call borrows nothing.
#[derive(Debug)]
pub struct EncodedArgs(
    pub(crate) Result<Vec<Payload>, DataError>,
    /// That of the caller.
    pub(crate) Converter,
);

impl EncodedArgs {
    /// Arguments that are payloads already.
    pub fn from_payloads(payloads: Vec<Payload>) -> Self {
        Self(Ok(payloads), Converter::JSON)
    }
}

/// Encodes arguments one by one by the sender's converter; keeps the first error.
#[derive(Default)]
pub struct ArgsEncoder {
    converter: Converter,
    payloads: Vec<Payload>,
    error: Option<DataError>,
}

impl ArgsEncoder {
    /// No arguments yet.
    pub(crate) fn new(converter: &Converter) -> Self {
        Self {
            converter: converter.clone(),
            payloads: Vec::new(),
            error: None,
        }
    }

    /// All of a list.
    pub fn all(self, list: impl ArgList) -> EncodedArgs {
        list.encode(&self.converter)
    }

    /// All of them.
    pub fn finish(self) -> EncodedArgs {
        let encoded = match self.error {
            Some(error) => Err(error),
            None => Ok(self.payloads),
        };
        EncodedArgs(encoded, self.converter)
    }

    pub(super) fn push<T>(
        &mut self,
        name: Option<&'static str>,
        encode: impl FnOnce(&Converter) -> Result<Payload, DataFault>,
    ) {
        match encode(&self.converter) {
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
/// Each is serialised at once. A value with an encoding of its own is in a wrapper that says so:
/// [`Bytes`](crate::Bytes), [`Encoded`](crate::data::Encoded), [`JsonProto`](crate::data::JsonProto) or
/// [`BinaryProto`](crate::data::BinaryProto).
///
/// ```no_run
/// use durably::{data::BinaryProto, prelude::*, raw::api::common::v1::WorkflowExecution};
///
/// # async fn example(client: Client, run: WorkflowExecution) -> Result<()> {
/// let handle = client.handle("archive-1");
/// handle.signal("close", ()).await?;
/// handle.signal("rename", ("Photos of 2026",)).await?;
/// handle.signal("add", (BinaryProto(run), 3)).await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of arguments",
    label = "expected a tuple",
    note = "write a tuple, also for one argument: `(\"Bob\",)`; no arguments are `()`",
    note = "each argument implements `serde::Serialize`"
)]
pub trait ArgList {
    #[doc(hidden)]
    fn encode(self, converter: &Converter) -> EncodedArgs;
}

#[diagnostic::do_not_recommend]
impl ArgList for EncodedArgs {
    fn encode(self, _: &Converter) -> EncodedArgs {
        self
    }
}

macro_rules! arg_lists {
    ($(($($letter:ident)*))*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($letter: Outgoing),*> ArgList for ($($letter,)*) {
            fn encode(self, converter: &Converter) -> EncodedArgs {
                #[allow(non_snake_case, reason = "one name for a parameter and its value")]
                let ($($letter,)*) = self;
                #[allow(unused_mut, reason = "the empty tuple adds nothing")]
                let mut encoder = ArgsEncoder::new(converter);
                $(encoder.push::<$letter>(None, |converter| $letter.__encode(converter));)*
                encoder.finish()
            }
        }
    )* };
}
arg_lists! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }
