//! Mistakes in signatures of marked methods and functions.

use std::fmt;

use crate::syntax::marker::Marker;

pub(crate) enum SignatureMistake {
    RunNotAsync,
    RunReceiver,
    InitReceiver,
    InitAsync,
    InitGives,
    QueryAsync,
    QueryExclusive,
    QueryReceiver,
    QueryGivesNothing,
    SignalGivesValue,
    HandlerReceiver(Marker),
    ActivityReceiver,
    MethodActivity,
    TraitActivity,
    NotCallable(Marker),
    GenericMethod(Marker),
    BorrowedArgument(Marker, Option<&'static str>),
    OpaqueArgument(Marker),
    ArgumentWithoutName(Marker),
    UnnamedArgument(Marker),
    UnsizedArgument(Marker, &'static str),
    UnsizedResult(Marker, &'static str),
    BorrowedClient(Marker),
    ConditionalArgument,
    BorrowedResult(Marker, Option<&'static str>),
    OpaqueResult(Marker),
    NeverResult(Marker),
    ContextNotFirst,
    ExclusiveContext,
    StaticContext,
    WrappedContext,
    HeartbeatWithoutContext,
    BodyMissing,
    RemoteBody,
}

impl fmt::Display for SignatureMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunNotAsync => {
                f.write_str("`#[run]` is the workflow's body and waits for things: write `async fn`")
            }
            Self::RunReceiver => f.write_str(
                "`#[run]` takes `&mut self`, which is lent to the handlers at each `.await`",
            ),
            Self::InitReceiver => f.write_str(
                "`#[init]` constructs the state, so there is no `self` yet: `fn new(args..) -> Self`",
            ),
            Self::InitAsync => f.write_str(
                "`#[init]` makes the state before anything runs and cannot await; drop `async`, and wait in `#[run]`",
            ),
            Self::InitGives => f.write_str(
                "`#[init]` returns the workflow's state: `-> Self` (what can fail belongs in `#[run]`)",
            ),
            Self::QueryAsync => f.write_str(
                "a `#[query]` answers from the state it sees now and cannot await; drop `async`, or make this an `#[update]` if it must do work",
            ),
            Self::QueryExclusive => f.write_str(
                "a `#[query]` only reads the workflow's state: take `&self`, or make this an `#[update]` if it must change state",
            ),
            Self::QueryReceiver => f.write_str("a `#[query]` reads the workflow's state: take `&self`"),
            Self::QueryGivesNothing => f.write_str(
                "a `#[query]` must return a value; to tell the workflow something, make this a `#[signal]`",
            ),
            Self::SignalGivesValue => f.write_str(
                "a signal cannot return a value to its sender; make this an `#[update]` (a `Result<()>` is allowed: its `Err` fails the workflow)",
            ),
            Self::HandlerReceiver(marker) => write!(
                f,
                "`{marker}` handlers change the workflow's state: take `&mut self`"
            ),
            Self::ActivityReceiver => {
                f.write_str("activities run concurrently and share one value: take `&self`")
            }
            Self::MethodActivity => f.write_str(
                "an activity that takes `self` needs `#[activities]` on its impl block",
            ),
            Self::TraitActivity => f.write_str(
                "a method of a trait cannot be an activity, because its name would stand for several; write it in the `#[activities] impl` block of a struct",
            ),
            Self::NotCallable(marker) => write!(
                f,
                "the SDK calls a `{marker}` function itself, so it is a plain safe `fn`"
            ),
            Self::GenericMethod(marker) => write!(
                f,
                "`{marker}` has one payload format, so it takes no type parameters; write concrete types"
            ),
            Self::BorrowedArgument(marker, Some(instead)) => write!(
                f,
                "`{marker}` arguments are decoded from payloads, so they cannot be borrowed; use `{instead}`"
            ),
            Self::BorrowedArgument(marker, None) => write!(
                f,
                "`{marker}` arguments are decoded from payloads, so they cannot be borrowed; take them by value"
            ),
            Self::OpaqueArgument(marker) => write!(
                f,
                "`{marker}` arguments are decoded from payloads, so they need a concrete type, neither `impl Trait` nor `dyn Trait`"
            ),
            Self::ArgumentWithoutName(marker) => write!(
                f,
                "`{marker}` arguments need a plain name, which callers will see; take the pattern apart in the body"
            ),
            Self::UnnamedArgument(marker) => write!(
                f,
                "`{marker}` arguments need a plain name, which callers will see; write `_name` for one that is not used"
            ),
            Self::UnsizedArgument(marker, instead) => write!(
                f,
                "`{marker}` arguments are owned values of a known size; use `{instead}`"
            ),
            Self::UnsizedResult(marker, instead) => write!(
                f,
                "what `{marker}` returns is an owned value of a known size; return `{instead}`"
            ),
            Self::BorrowedClient(marker) => write!(
                f,
                "`{marker}` arguments are decoded from payloads, and no client is: workflow code reaches others through `ctx` and activities; keep a client in the struct of an `#[activities]` block"
            ),
            Self::ConditionalArgument => f.write_str(
                "arguments are a contract with callers elsewhere, so they cannot depend on a `cfg`",
            ),
            Self::BorrowedResult(marker, Some(instead)) => write!(
                f,
                "what `{marker}` returns becomes a payload, so it cannot be borrowed; return `{instead}`"
            ),
            Self::BorrowedResult(marker, None) => write!(
                f,
                "what `{marker}` returns becomes a payload, so it cannot be borrowed; return an owned value"
            ),
            Self::OpaqueResult(marker) => write!(
                f,
                "what `{marker}` returns becomes a payload, so it needs a concrete type, neither `impl Trait` nor `dyn Trait`"
            ),
            Self::NeverResult(marker) => write!(
                f,
                "what `{marker}` returns becomes a payload, and `!` never is one; leave it out, or return `Result<()>`"
            ),
            Self::ContextNotFirst => f.write_str(
                "the context comes first, once, and by reference: move it to the front",
            ),
            Self::ExclusiveContext => {
                f.write_str("a context is shared; take it by `&`, without `mut`")
            }
            Self::WrappedContext => f.write_str(
                "the context comes first and by itself: `ctx: &Ctx`",
            ),
            Self::StaticContext => f.write_str(
                "a context is lent for as long as the method runs; drop the lifetime (a clone of it may be kept)",
            ),
            Self::HeartbeatWithoutContext => f.write_str(
                "this activity cannot heartbeat and would always time out; take `ctx: &ActivityCtx` first and call `ctx.heartbeat(..)`, or drop `heartbeat`",
            ),
            Self::BodyMissing => f.write_str(
                "an activity without a body is implemented elsewhere: say `#[activity(remote, ..)]`",
            ),
            Self::RemoteBody => f.write_str(
                "a `remote` activity is implemented elsewhere: end its declaration with `;`, or drop `remote`",
            ),
        }
    }
}
