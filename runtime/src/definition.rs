//! What the macros implement and the runtime reads: workflows, activities and their tables.

use std::{future::Future, pin::Pin, sync::Arc};

use crate::{
    __private::{Args, ArgsEncoder, EncodedArgs},
    ActivityCtx, ActivityOptions, Ctx, Payload, QueryCall, Result, View,
    data::Data,
    workflow::state::StateCell,
};

/// A workflow type; implemented by `#[workflow]`.
pub trait Workflow: Sized + 'static {
    /// The name the server knows the type by.
    const NAME: &'static str;
    /// The task queue declared on the type.
    const TASK_QUEUE: Option<&'static str>;
    /// What a completed run gives.
    type Output: Data;
    /// [`QueueSet`] if a task queue was declared, else [`NoQueue`].
    type Queue;
    /// Signals, queries and updates as methods, over a transport.
    type Methods<V: Via>: MethodsOf<V>;
    #[doc(hidden)]
    fn __definition() -> &'static Definition<Self>;
}

/// An activity as workflows call it; implemented by `#[activity]`.
pub trait Activity: 'static {
    /// The name the server knows the activity by.
    const NAME: &'static str;
    /// What a completed attempt gives.
    type Output: Data;
    #[doc(hidden)]
    fn __defaults() -> ActivityOptions;
}

/// An activity that is a function, so that a worker can register it by its type.
pub trait FreeActivity: Activity {
    #[doc(hidden)]
    fn __invoke(ctx: ActivityCtx, args: Args) -> Invocation;
}

/// The activities of one impl block; implemented by `#[activities]`.
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

/// Starts a run method, a signal or an update handler.
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

/// One update handler.
pub struct Update<W: 'static> {
    /// Its wire name.
    pub name: &'static str,
    /// Refuses it before it leaves a trace in history.
    pub validate: Option<fn(&W, &View, Args) -> Result<()>>,
    /// Runs it.
    pub call: CallFn<W>,
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
    #[doc(hidden)]
    fn signal(&self, name: &'static str, args: EncodedArgs) -> Self::Signal;
}

/// A transport that can update; only a client can.
pub trait CanUpdate: Via {
    /// What sending an update gives.
    type Update<R: Data>;
    #[doc(hidden)]
    fn update<R: Data>(&self, name: &'static str, args: EncodedArgs) -> Self::Update<R>;
}

/// A transport that can query; only a client can.
#[diagnostic::on_unimplemented(
    message = "queries can only be asked by a client, not from inside a workflow"
)]
pub trait CanQuery: CanUpdate {
    #[doc(hidden)]
    fn query<R: Data>(&self, name: &'static str, args: EncodedArgs) -> QueryCall<R>;
}

/// No timeout chosen yet.
pub struct NoTimeout;
/// `start_to_close` or `schedule_to_close` is known.
pub struct TimeoutSet;
/// Whether an activity call has a timeout.
#[diagnostic::on_unimplemented(
    message = "this activity call has no timeout: Temporal needs `start_to_close` or `schedule_to_close`",
    label = "add `.start_to_close(secs(10))` before `.await`",
    note = "or declare it once where the activity is defined: `#[activity(start_to_close = \"10s\")]`"
)]
pub trait HasTimeout {}
impl HasTimeout for TimeoutSet {}

/// No task queue chosen yet.
pub struct NoQueue;
/// The task queue is known.
pub struct QueueSet;
/// Whether a workflow start has a task queue.
#[diagnostic::on_unimplemented(
    message = "no task queue chosen for this workflow start",
    label = "add `.task_queue(\"..\")` before `.await`",
    note = "or declare it once on the workflow: `#[workflow(task_queue = \"..\")]`"
)]
pub trait HasQueue {}
impl HasQueue for QueueSet {}

const _: fn() -> ArgsEncoder = ArgsEncoder::default;
