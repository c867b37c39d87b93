//! All that expansions of the macros may name. Not public API.
//!
//! An expansion says what is there (names, types, which method) and leaves the work to the
//! functions here. [`Serialisable`] is the one bound that requires an argument or result to be [`Data`]:
//! named at every use with the span of the user's type, it lets rustc print one message for one mistake.
//!
//! rustc adds where a bound of a function is that a type does not meet, which no user can make use of. So
//! an expansion names the trait and its method (`<T as Verdict>::into_verdict`), not a function with the
//! bound. The traits that rustc names are exported from the crate's root too, whose paths it prefers.

use durably_engine::Payload;

pub use crate::{
    activity::ActivityCtx,
    client::{
        Handle, QueryCall, StartCall,
        schedule::{NoTimes, ScheduleCall},
    },
    data::{
        ArgList, Args, ArgsEncoder, AsBinaryProto, AsJsonProto, ByEncoding, ByJsonMessage,
        ByJsonMessages, ByMessage, ByMessages, ByOptionalJsonMessage, ByOptionalMessage, ByScalar,
        Callee, Converter, DecodeBinary, DecodeBinaryOrJson, EncodedArgs, OptionalText, PayloadOf,
        Spelled, Text, TextList,
    },
    definition::{
        Activity, ActivityCtxArg, ActivityFn, ActivityName, ActivitySet, AllArguments, AsClient,
        AsCtx, ByVerdict, CallFn, Called, CalledName, CanQuery, CanUpdate, CtxArg, Declared,
        Definition, FreeActivity, Initial, Invocation, MethodsOf, NoQueue, NoTimeout, Outcome,
        QueryFn, QueueSet, Signal, TimeoutSet, Unfinished, Update, ValidateFn, Verdict, Via,
        ViewArg, Workflow,
    },
    error::{
        ByDerive, CauseByDeref, CauseByDerive, CauseByError, CauseByRecord, CauseBySource, CauseOf,
        ContinueAsNew, FailureReader, FailureWriter, IntoFailure, TypedError,
    },
    hints::{
        converted::{ErrorOf, OwnedError},
        hash_order::{HashOrdered, NotHashOrdered, SameOrder},
        outside::FreeOfState,
        returned::{Nothing, Refusal},
        workflow::{CalledInside, CalledThroughHandle, CalledWithoutName},
    },
    instance::{
        site::Site,
        state::{Lease, Root, StateCell},
    },
    options::{ActivityOptions, Priority, Retry},
    time::span::Span,
    wire::deployment::Versioning,
    workflow::{
        ActivityCall, ChildCall, ExternalHandle,
        stub::{Stub, forbid_in_workflow},
    },
};
use crate::{
    data::Data,
    error::{Error, Result},
    instance::current,
    workflow::{Ctx, View},
};

/// The conversions of a type that a generic function names.
pub fn payload<T: Data>() -> PayloadOf<T> {
    PayloadOf::of_any()
}

/// A type that stands in a payload, with `Chosen`, what [`Spelled`] chose for it. [`Data`] says the same
/// of a type for which nothing else was chosen, but has supertraits, of which rustc would speak first
/// where a method of it is named.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be serialised into a Temporal payload",
    label = "not serialisable",
    note = "put `#[durably::data]` on the type, or on your types inside it (it derives serde's Serialize and Deserialize), or derive both yourself",
    note = "a type of another crate has both only if that crate says so, often behind its feature `serde`"
)]
pub trait Serialisable<Chosen = BySerde>: Sized {
    /// Its conversions.
    #[doc(hidden)]
    fn payload(chosen: Chosen) -> PayloadOf<Self>;
}
#[diagnostic::do_not_recommend]
impl<T: Data> Serialisable for T {
    fn payload(_: BySerde) -> PayloadOf<T> {
        PayloadOf::of_the_rest()
    }
}
#[diagnostic::do_not_recommend]
impl<T> Serialisable<PayloadOf<T>> for T {
    fn payload(chosen: PayloadOf<T>) -> PayloadOf<T> {
        chosen
    }
}
// For all types, as the one above: with a single `Chosen` that fits a type without serde, rustc would
// infer it and report the argument instead of the type.
#[diagnostic::do_not_recommend]
impl<T> Serialisable<Refused> for T {
    fn payload(_: Refused) -> PayloadOf<T> {
        unreachable!("an assertion on the type does not compile")
    }
}

/// Nothing but serde is left for a type.
#[derive(Clone, Copy, Debug)]
pub struct BySerde;

/// An assertion refuses the type where it is written.
#[derive(Clone, Copy, Debug)]
pub struct Refused;

impl<T> PayloadOf<T> {
    /// The payload of a result that may be an error.
    pub fn result<E>(
        self,
        result: std::result::Result<T, E>,
        into_failure: fn(E) -> Error,
        converter: &Converter,
    ) -> Result<Payload> {
        match result {
            Ok(value) => self.value(&value, converter),
            Err(error) => Err(into_failure(error)),
        }
    }
}

/// The verdict of a validator. The conversion is a pointer: rustc reports a bound of a function item where
/// it is passed, and again where it is called.
pub fn verdict<V>(verdict: V, conversion: fn(V) -> Result<()>) -> Result<()> {
    conversion(verdict)
}

/// Arguments of a continue-as-new, none yet.
pub fn arguments_of_next_run() -> ArgsEncoder {
    ArgsEncoder::new(&current::converter())
}

/// What holds for every type, however it is spelled.
pub trait Plain {
    /// Whether the type is a `Result`, under whatever name.
    const IS_RESULT: bool = false;
    /// Whether the type is a context.
    const IS_CONTEXT: bool = false;

    /// What is chosen for a type that no other trait is for. [`Serialisable`] decides whether serde
    /// writes and reads it.
    fn payload(&self) -> BySerde {
        BySerde
    }

    /// The conversion of an error type without `#[derive(durably::Failure)]`.
    fn failure_by<Conversion>(&self, plain: Conversion) -> Conversion {
        plain
    }

    /// The conversion of a verdict whose error is a text.
    fn verdict_by<Conversion>(&self, plain: Conversion) -> Conversion {
        plain
    }

    /// What is chosen for a type of which an assertion refuses a `Result`.
    fn unless_result<Chosen>(&self, chosen: Chosen) -> Chosen {
        chosen
    }

    /// What is chosen for a type of which an assertion refuses a context.
    fn unless_context<Chosen>(&self, chosen: Chosen) -> Chosen {
        chosen
    }
}
impl<T> Plain for Spelled<T> {}

impl<T, E> Spelled<std::result::Result<T, E>> {
    /// It is.
    pub const IS_RESULT: bool = true;

    /// A `Result` under another name is refused.
    pub fn unless_result<Chosen>(&self, _: Chosen) -> Refused {
        Refused
    }
}

macro_rules! contexts {
    ($($context:ty)*) => { $(
        impl Spelled<$context> {
            /// It is.
            pub const IS_CONTEXT: bool = true;

            /// A context by value is refused.
            pub fn unless_context<Chosen>(&self, _: Chosen) -> Refused {
                Refused
            }
        }
    )* };
}
contexts! { Ctx View ActivityCtx }

/// Takes the state after an await.
#[inline(always)]
pub fn take<'r, W>(lease: &mut Lease<'r, W>) -> &'r mut W {
    lease.take()
}

/// Releases the state for an await, and records the caller's place as that of the await.
#[inline(always)]
#[track_caller]
pub fn give<'r, W>(lease: &mut Lease<'r, W>, state: &'r mut W) {
    lease.give(state);
}

/// The value of an awaited expression, in a call that gives the expression one span.
///
/// The result is named through a trait, so that rustc does not carry the type it expects into the
/// argument, where it would find fault with code of ours. The argument's type is known but for its
/// parameter, so types still flow backwards through an await, as through a plain one.
#[inline(always)]
pub fn value<V: Valued>(value: V) -> V::Type {
    value.unwrap()
}

/// What [`value`] takes.
pub struct Value<T>(pub T);

/// Holds a value.
pub trait Valued {
    /// Its type.
    type Type;
    /// The value.
    fn unwrap(self) -> Self::Type;
}

impl<T> Valued for Value<T> {
    type Type = T;
    #[inline(always)]
    fn unwrap(self) -> T {
        self.0
    }
}

/// The identity function; moves an awaited variable.
#[inline(always)]
pub fn moved<T>(value: T) -> T {
    value
}

/// `self` where a body only reads it.
#[inline(always)]
pub fn shared<W: ?Sized>(state: &W) -> &W {
    state
}

/// Runs the body of `#[durably::main]` on a multi-threaded runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the operating system gives the runtime its threads and its poller")
        .block_on(future)
}
