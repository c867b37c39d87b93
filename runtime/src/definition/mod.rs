//! What the macros implement and the runtime reads: workflows, activities and their tables.

mod caller;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use durably_engine::Payload;

pub use self::caller::{AsClient, AsCtx};
use crate::{
    __private::{Args, EncodedArgs, PayloadOf},
    activity::{ActivityCtx, ActivityOptions, Retry},
    client::QueryCall,
    data::reject,
    error::Result,
    instance::state::StateCell,
    workflow::{Ctx, View},
};

/// A workflow type; implemented by `#[workflow]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no workflow",
    label = "not a workflow type",
    note = "a workflow is a type with a `#[workflow] impl` block"
)]
pub trait Workflow: Sized + 'static {
    /// The name the server knows the type by.
    const NAME: &'static str;
    /// The task queue declared on the type.
    const TASK_QUEUE: Option<&'static str>;
    /// What a completed run gives; it travels.
    type Output: 'static;
    /// [`QueueSet`] if a task queue was declared, else [`NoQueue`].
    type Queue;
    /// Signals, queries and updates as methods, over a transport.
    type Methods<V: Via>: MethodsOf<V>;
    // A bound on `Output` would be checked in the implementation's head, where rustc speaks of
    // serde's traits. Asked for here, it speaks of the payload.
    #[doc(hidden)]
    fn __output() -> PayloadOf<Self::Output>;
    #[doc(hidden)]
    fn __definition() -> &'static Definition<Self>;
}

/// An activity as workflows call it; implemented by `#[activity]`.
pub trait Activity: 'static {
    /// The name the server knows the activity by.
    const NAME: &'static str;
    /// What a completed attempt gives; it travels.
    type Output: 'static;
    #[doc(hidden)]
    fn __output() -> PayloadOf<Self::Output>;
    #[doc(hidden)]
    fn __defaults() -> ActivityOptions;
}

/// An activity that is a function, so that a worker can register it by its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no activity that a worker can register by its type",
    label = "not an activity function",
    note = "an activity is a function marked `#[activity]`, with a body; a set of them is registered by value: `.activities(Shop::default())`"
)]
pub trait FreeActivity: Activity {
    #[doc(hidden)]
    fn __invoke(ctx: ActivityCtx, args: Args) -> Invocation;
}

/// The activities of one impl block; implemented by `#[activities]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of activities",
    label = "no `#[activities] impl` for this type",
    note = "an activity that is a function is registered by its type: `.activity::<greet>()`"
)]
pub trait ActivitySet: Send + Sync + 'static {
    #[doc(hidden)]
    fn __register(self: Arc<Self>, add: &mut dyn FnMut(&'static str, ActivityFn));
}

/// One attempt of an activity, about to run.
pub enum Invocation {
    /// An `async fn`.
    Async(BoxFuture<Result<Payload>>),
    /// A plain `fn`: it runs on a thread that may block.
    Blocking(Box<dyn FnOnce() -> Result<Payload> + Send>),
}

/// What a worker calls for each attempt.
pub type ActivityFn = Arc<dyn Fn(ActivityCtx, Args) -> Invocation + Send + Sync>;
/// A boxed future that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// A boxed future that stays on the thread of its run.
pub type LocalBoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// A handler or run method, called: finished at once, or still running.
pub enum Called {
    /// A sync handler: it ran to its end.
    Done(Result<Payload>),
    /// An async one.
    Running(LocalBoxFuture<Result<Payload>>),
}

/// Starts a run method, a signal or an update handler. An error says that an argument could not be
/// decoded; the handler was not called.
pub type CallFn<W> = fn(StateCell<W>, Ctx, Args) -> Result<Called>;

/// The registration table of one workflow type.
pub struct Definition<W: 'static> {
    /// Makes the state from the workflow's arguments.
    pub init: fn(&View, Args) -> Result<W>,
    /// The workflow's body.
    pub run: CallFn<W>,
    /// Signals by wire name.
    pub signals: &'static [(&'static str, CallFn<W>)],
    /// Queries by wire name.
    pub queries: &'static [(&'static str, QueryFn<W>)],
    /// Updates by wire name.
    pub updates: &'static [Update<W>],
}

/// Answers a query.
pub type QueryFn<W> = fn(&W, &View, Args) -> Result<Payload>;

/// Says whether an update is accepted.
pub type ValidateFn<W> = fn(&W, &View, Args) -> Result<()>;

/// One update handler.
pub struct Update<W: 'static> {
    /// Its wire name.
    pub name: &'static str,
    /// Refuses it before it leaves a trace in history.
    pub validate: Option<ValidateFn<W>>,
    /// Runs it.
    pub call: CallFn<W>,
}

/// What `#[activity(..)]` declares of an activity's options.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// The longest one attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest an attempt may wait for a worker.
    pub schedule_to_start: Option<Duration>,
    /// The longest pause between two heartbeats.
    pub heartbeat: Option<Duration>,
    /// At most so many attempts.
    pub max_attempts: Option<u32>,
    /// The task queue of the workers that run it.
    pub task_queue: Option<&'static str>,
}

impl Declared {
    /// Nothing declared.
    pub const NOTHING: Self = Self {
        start_to_close: None,
        schedule_to_close: None,
        schedule_to_start: None,
        heartbeat: None,
        max_attempts: None,
        task_queue: None,
    };
}

impl From<Declared> for ActivityOptions {
    fn from(declared: Declared) -> Self {
        Self {
            start_to_close: declared.start_to_close,
            schedule_to_close: declared.schedule_to_close,
            schedule_to_start: declared.schedule_to_start,
            heartbeat: declared.heartbeat,
            retry: declared.max_attempts.map(Retry::attempts),
            task_queue: declared.task_queue.map(str::to_owned),
        }
    }
}

/// Wraps a transport into the generated methods.
pub trait MethodsOf<V> {
    #[doc(hidden)]
    fn new(via: V) -> Self;
}

/// How a message reaches a workflow: from a client, or from inside another workflow.
pub trait Via {
    /// What sending a signal gives: a future.
    type Signal;
    /// What sending an update gives, where [`CanUpdate`] holds.
    type Update<R>;
    #[doc(hidden)]
    fn signal(&self, name: &'static str, args: EncodedArgs) -> Self::Signal;
}

/// A transport that can update; only a client can.
#[diagnostic::on_unimplemented(
    message = "only a client can update a workflow, and this handle is one that workflow code holds",
    label = "Temporal has no command that updates another workflow",
    note = "send a signal instead, or let an activity with a `Client` send the update"
)]
pub trait CanUpdate: Via {
    #[doc(hidden)]
    fn update<R>(&self, name: &'static str, args: EncodedArgs) -> Self::Update<R>;
}

/// A transport that can query; only a client can.
#[diagnostic::on_unimplemented(
    message = "only a client can query a workflow, and this handle is one that workflow code holds",
    label = "Temporal has no command that queries another workflow",
    note = "let the other workflow send a signal with what you need, or ask in an activity with a `Client`"
)]
pub trait CanQuery: CanUpdate {
    #[doc(hidden)]
    fn query<R>(&self, name: &'static str, args: EncodedArgs) -> QueryCall<R>;
}

/// The context that may be the first parameter of an activity.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activity context",
    label = "an activity's context comes first and by reference: `ctx: &durably::ActivityCtx`",
    note = "arguments are decoded from payloads, so they cannot be borrowed: take them by value"
)]
pub trait ActivityCtxArg {
    #[doc(hidden)]
    fn of(ctx: &ActivityCtx) -> &Self;
}
#[diagnostic::do_not_recommend]
impl ActivityCtxArg for ActivityCtx {
    fn of(ctx: &ActivityCtx) -> &Self {
        ctx
    }
}

/// Splits a `Result` behind a type name that ends in `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named like a `Result` but is none",
    label = "a return type whose name ends in `Result` is taken for one",
    note = "return `durably::Result<{Self}>`, or import the type under another name"
)]
pub trait Outcome {
    /// The success.
    type Ok;
    /// The error.
    type Err;
    #[doc(hidden)]
    fn into_result(self) -> std::result::Result<Self::Ok, Self::Err>;
}
impl<T, E> Outcome for std::result::Result<T, E> {
    type Ok = T;
    type Err = E;
    fn into_result(self) -> Self {
        self
    }
}

/// A state that is there without arguments.
#[diagnostic::on_unimplemented(
    message = "a run of `{Self}` has no first state",
    label = "neither `Default` nor an `#[init]`",
    note = "put `#[derive(Default)]` on the type, or write `#[init] fn new(..) -> Self` in its `#[workflow]` block"
)]
pub trait Initial: Sized {
    #[doc(hidden)]
    fn initial() -> Self;
}
#[diagnostic::do_not_recommend]
impl<T: Default> Initial for T {
    fn initial() -> Self {
        Self::default()
    }
}

/// What a signal handler may give: nothing.
#[diagnostic::on_unimplemented(
    message = "a signal cannot return a value to its sender; make this an `#[update]`",
    label = "a `#[signal]` returns nothing or a `Result<()>`"
)]
pub trait Nothing {}
impl Nothing for () {}

/// What a validator says.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether an update is accepted",
    label = "a validator returns `Result<(), E>`, where `E` is `Display`"
)]
pub trait Verdict {
    #[doc(hidden)]
    fn into_verdict(self) -> Result<()>;
}
impl<E: Refusal> Verdict for std::result::Result<(), E> {
    fn into_verdict(self) -> Result<()> {
        reject(self)
    }
}

/// Why a validator refuses an update, in words for the sender.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell the sender why an update is refused",
    label = "the error of a validator implements `Display`",
    note = "return `Result<(), String>`, or an error type that implements `std::fmt::Display` (thiserror does)"
)]
pub trait Refusal: std::fmt::Display {}
#[diagnostic::do_not_recommend]
impl<E: std::fmt::Display> Refusal for E {}

/// No timeout chosen yet.
pub struct NoTimeout;
/// `start_to_close` or `schedule_to_close` is known.
pub struct TimeoutSet;
/// Whether an activity call has a timeout.
#[diagnostic::on_unimplemented(
    message = "this activity call has no timeout: Temporal needs `start_to_close` or `schedule_to_close`",
    label = "add `.start_to_close(secs(10))` to the call",
    note = "or declare it once where the activity is defined: `#[activity(start_to_close = \"10s\")]`"
)]
pub trait HasTimeout {}
#[diagnostic::do_not_recommend]
impl HasTimeout for TimeoutSet {}

/// No task queue chosen yet.
pub struct NoQueue;
/// The task queue is known.
pub struct QueueSet;
/// Whether a workflow start has a task queue.
#[diagnostic::on_unimplemented(
    message = "no task queue chosen for this workflow start",
    label = "add `.task_queue(\"..\")` to the call",
    note = "or declare it once on the workflow: `#[workflow(task_queue = \"..\")]`"
)]
pub trait HasQueue {}
#[diagnostic::do_not_recommend]
impl HasQueue for QueueSet {}
