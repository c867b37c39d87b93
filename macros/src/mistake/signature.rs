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
    DynamicHandlerArguments(Marker),
    DynamicArguments(Marker),
    DynamicRemote,
}

impl fmt::Display for SignatureMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunNotAsync => {
                f.write_str("`#[run]` is the body of the workflow, which awaits; write `async fn`")
            }
            Self::RunReceiver => f.write_str(
                "`#[run]` changes the workflow's state; take `&mut self`",
            ),
            Self::InitReceiver => f.write_str(
                "`#[init]` constructs the workflow's state, so there is no `self` yet; write `fn new(args..) -> Self`",
            ),
            Self::InitAsync => f.write_str(
                "`#[init]` constructs the workflow's state and cannot await; drop `async`, and await in `#[run]`",
            ),
            Self::InitGives => f.write_str(
                "`#[init]` constructs the workflow's state; return `Self` (code that can fail belongs in `#[run]`)",
            ),
            Self::QueryAsync => f.write_str(
                "a `#[query]` only reads the workflow's state and cannot await; drop `async`, or make this an `#[update]` if it must await",
            ),
            Self::QueryExclusive => f.write_str(
                "a `#[query]` only reads the workflow's state; take `&self`, or make this an `#[update]` if it must change the state",
            ),
            Self::QueryReceiver => f.write_str("a `#[query]` only reads the workflow's state; take `&self`"),
            Self::QueryGivesNothing => f.write_str(
                "a `#[query]` returns a value; add a return type, or make this a `#[signal]` if it only sends a value",
            ),
            Self::SignalGivesValue => f.write_str(
                "a `#[signal]` cannot return a value to its sender; make this an `#[update]` (a `Result<()>` is allowed: its `Err` fails the workflow)",
            ),
            Self::HandlerReceiver(marker) => write!(
                f,
                "`{marker}` changes the workflow's state; take `&mut self`"
            ),
            Self::ActivityReceiver => {
                f.write_str("activities run concurrently and share one value; take `&self`")
            }
            Self::MethodActivity => f.write_str(
                "an activity that takes `self` is a method of an `#[activities] impl` block; put `#[activities]` on the block",
            ),
            Self::TraitActivity => f.write_str(
                "a method of a trait cannot be an activity, because each implementation would have its name; write it in the `#[activities] impl` block of a struct",
            ),
            Self::NotCallable(marker) => write!(
                f,
                "the SDK calls a `{marker}` function, so it cannot be `unsafe` or `extern`; write a plain `fn`"
            ),
            Self::GenericMethod(marker) => write!(
                f,
                "`{marker}` has one payload format, so it cannot be generic; write concrete types"
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
                "`{marker}` arguments are decoded from payloads, so they cannot be `impl Trait` or `dyn Trait`; use a concrete type"
            ),
            Self::ArgumentWithoutName(marker) => write!(
                f,
                "`{marker}` arguments need a plain name, which callers see; destructure the argument in the body"
            ),
            Self::UnnamedArgument(marker) => write!(
                f,
                "`{marker}` arguments need a plain name, which callers see; write `_name` for an unused one"
            ),
            Self::UnsizedArgument(marker, instead) => write!(
                f,
                "`{marker}` arguments are decoded from payloads, so they cannot be unsized; use `{instead}`"
            ),
            Self::UnsizedResult(marker, instead) => write!(
                f,
                "`{marker}` results are encoded into payloads, so they cannot be unsized; return `{instead}`"
            ),
            Self::BorrowedClient(marker) => write!(
                f,
                "`{marker}` arguments are decoded from payloads, so a client cannot be one; keep it in the struct of an `#[activities] impl` block"
            ),
            Self::ConditionalArgument => f.write_str(
                "arguments are the same for all callers, so they cannot depend on a `cfg`; put the condition on the whole method or function",
            ),
            Self::BorrowedResult(marker, Some(instead)) => write!(
                f,
                "`{marker}` results are encoded into payloads, so they cannot be borrowed; return `{instead}`"
            ),
            Self::BorrowedResult(marker, None) => write!(
                f,
                "`{marker}` results are encoded into payloads, so they cannot be borrowed; return an owned value"
            ),
            Self::OpaqueResult(marker) => write!(
                f,
                "`{marker}` results are encoded into payloads, so they cannot be `impl Trait` or `dyn Trait`; return a concrete type"
            ),
            Self::NeverResult(marker) => write!(
                f,
                "`{marker}` results are encoded into payloads, so they cannot be `!`; remove the return type, or return `Result<()>`"
            ),
            Self::ContextNotFirst => f.write_str(
                "the context is the first argument, by reference; move it to the front",
            ),
            Self::ExclusiveContext => {
                f.write_str("the context is shared; take it by `&`, without `mut`")
            }
            Self::WrappedContext => f.write_str(
                "the context is the first argument, by reference; write `ctx: &Ctx`",
            ),
            Self::StaticContext => f.write_str(
                "the context is borrowed while the method runs; drop the lifetime (a clone of the context may be kept)",
            ),
            Self::HeartbeatWithoutContext => f.write_str(
                "this activity has no context to heartbeat with and would time out; take `ctx: &ActivityCtx` first and call `ctx.heartbeat(..)`, or remove `heartbeat`",
            ),
            Self::DynamicHandlerArguments(marker) => write!(
                f,
                "a dynamic {} takes the name that it was called by, and all arguments; write `name: String, args: Args`",
                marker.word()
            ),
            Self::DynamicArguments(Marker::Activity) => f.write_str(
                "a dynamic activity takes all arguments in one; write `args: Args` (`ctx.info().activity_type` is the name)",
            ),
            Self::DynamicArguments(marker) => write!(
                f,
                "the `{marker}` of a dynamic workflow takes all arguments in one; write `args: Args` (`ctx.workflow_type()` is the name)"
            ),
            Self::DynamicRemote => f.write_str(
                "a dynamic activity serves names that nobody declares, so it has a body; call one of another worker by its name: `ctx.activity::<R>(\"name\", (..,))`",
            ),
            Self::BodyMissing => f.write_str(
                "an activity without a body is implemented by another worker; write `#[activity(remote, ..)]`",
            ),
            Self::RemoteBody => f.write_str(
                "a `remote` activity is implemented by another worker; replace the body with `;`, or remove `remote`",
            ),
        }
    }
}
