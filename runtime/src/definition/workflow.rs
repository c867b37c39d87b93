//! A workflow type, and the table of its methods that a worker calls.

use durably_engine::Payload;
use futures::future::LocalBoxFuture;

use super::{MethodsOf, Via};
use crate::{
    definition::private::{Args, PayloadOf},
    error::Result,
    instance::state::StateCell,
    wire::deployment::Versioning,
    workflow::{Ctx, View},
};

/// A workflow type; implemented by `#[workflow]`.
///
/// ```
/// use durably::{prelude::*, workflow::Workflow};
///
/// # #[derive(Default)]
/// # struct Greeting;
/// # #[workflow(task_queue = "greetings")]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> String {
/// #         greeting
/// #     }
/// # }
///
/// assert_eq!(Greeting::NAME, "Greeting");
/// assert_eq!(Greeting::TASK_QUEUE, Some("greetings"));
///
/// /// Prints the result of a workflow of any type.
/// async fn print<W: Workflow>(handle: Handle<W>) -> Result<()>
/// where
///     W::Output: std::fmt::Display,
/// {
///     println!("{} {} returned {}", W::NAME, handle.id(), handle.result().await?);
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a workflow",
    label = "not a workflow type",
    note = "a workflow is a type with a `#[workflow] impl` block"
)]
pub trait Workflow: Sized + 'static {
    /// The name of the workflow type on the server; of a dynamic workflow that of the Rust type.
    const NAME: &'static str;
    /// Whether a worker runs every type with it that has no workflow of its own.
    #[doc(hidden)]
    const __IS_DYNAMIC: bool = false;
    /// The task queue declared on the type.
    const TASK_QUEUE: Option<&'static str>;
    /// Which versions of a worker run it once it has started, if the type declares that; see
    /// [`Worker::deployment`](crate::Worker::deployment).
    const VERSIONING: Option<Versioning> = None;
    /// The result of a completed run.
    type Output: 'static;
    /// [`QueueSet`](super::QueueSet) if a task queue was declared, else [`NoQueue`](super::NoQueue).
    type Queue;
    /// Signals, queries and updates as methods, over a transport.
    type Methods<V: Via>: MethodsOf<V>;
    // A bound on `Output` would be checked in the implementation's head, where rustc speaks of
    // serde's traits. Required here, its message is about the payload.
    #[doc(hidden)]
    fn __output() -> PayloadOf<Self::Output>;
    #[doc(hidden)]
    fn __definition() -> &'static Definition<Self>;
}

/// A handler or run method, called: finished at once, or still running.
pub enum Called {
    /// A sync handler: it ran to its end.
    Done(Result<Payload>),
    /// An async one.
    Running(LocalBoxFuture<'static, Result<Payload>>),
}

/// The policy of an async handler that runs when its run is about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// The run ends, with a warning in the log.
    Warn,
    /// The run ends.
    Abandon,
    /// The run ends after the handler.
    Wait,
}

/// Starts a run method, a signal or an update handler. An error means that an argument could not be
/// decoded; the handler was not called.
pub type CallFn<W> = fn(StateCell<W>, Ctx, Args) -> Result<Called>;

/// The registration table of one workflow type.
pub struct Definition<W: 'static> {
    /// Makes the state from the workflow's arguments.
    pub init: fn(&View, Args) -> Result<W>,
    /// The workflow's body.
    pub run: CallFn<W>,
    /// Signals by wire name.
    pub signals: &'static [Signal<W>],
    /// Queries by wire name.
    pub queries: &'static [(&'static str, QueryFn<W>)],
    /// Updates by wire name.
    pub updates: &'static [Update<W>],
    // Lists of one at most, so that an expansion can put a `cfg` on the element.
    /// Serves the signals that no other handler does.
    pub dynamic_signal: &'static [Signal<W>],
    /// Serves the queries that no other handler does.
    pub dynamic_query: &'static [QueryFn<W>],
    /// Serves the updates that no other handler does.
    pub dynamic_update: &'static [Update<W>],
}

/// Answers a query.
pub type QueryFn<W> = fn(&W, &View, Args) -> Result<Payload>;

/// Says whether an update is accepted.
pub type ValidateFn<W> = fn(&W, &View, Args) -> Result<()>;

/// One signal handler.
pub struct Signal<W: 'static> {
    /// Its wire name; empty for a dynamic one.
    pub name: &'static str,
    /// The policy for a running handler when the run is about to end.
    pub unfinished: Unfinished,
    /// Runs it.
    pub call: CallFn<W>,
}

/// One update handler.
pub struct Update<W: 'static> {
    /// Its wire name; empty for a dynamic one.
    pub name: &'static str,
    /// The policy for a running handler when the run is about to end.
    pub unfinished: Unfinished,
    /// Refuses it before it leaves a trace in history.
    pub validate: Option<ValidateFn<W>>,
    /// Runs it.
    pub call: CallFn<W>,
}

/// A state that is there without arguments.
#[diagnostic::on_unimplemented(
    message = "a run of `{Self}` has no initial state",
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
