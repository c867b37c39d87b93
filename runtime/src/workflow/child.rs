//! Children and other running workflows.
//!
//! The types are here so that programs that name them compile; the commands behind them come with a
//! later version. Code that awaits one fails its workflow task with a message that says so; the run
//! resumes on a worker that has them.

use std::{marker::PhantomData, ops::Deref, panic::Location};

use super::context::Ctx;
use crate::{
    data::{ArgsEncoder, EncodedArgs, Text},
    definition::{MethodsOf, Via, Workflow},
    error::{Cancelled, ChildError},
    hints::unsupported::Unsupported,
    options::setters::{doc_of, setters, value_of},
};

/// A child workflow about to start: `.await` returns its result, [`start`](Self::start) a handle.
///
/// ```
/// # use durably::prelude::*;
/// # #[derive(Default)]
/// # struct Greeting;
/// # #[workflow(task_queue = "greetings")]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> String {
/// #         greeting
/// #     }
/// #     #[signal]
/// #     fn submit_greeting(&mut self, name: String) {}
/// # }
/// # async fn example(ctx: &Ctx) -> Result<()> {
/// let greeting = Greeting::child(ctx, "Hello").id("greeting-1").await?;
///
/// // Started, and given a signal.
/// let child = Greeting::child(ctx, "Hello").start().await?;
/// child.submit_greeting("Bob").await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the child starts when the call is awaited"]
pub struct ChildCall<W> {
    ctx: Ctx,
    options: ChildOptions,
    place: &'static Location<'static>,
    workflow: PhantomData<fn() -> W>,
}

/// How a child is started.
#[derive(Default)]
struct ChildOptions {
    id: Option<String>,
}

impl<W: Workflow> ChildCall<W> {
    #[doc(hidden)]
    #[track_caller]
    pub fn new(ctx: &Ctx, _args: EncodedArgs) -> Self {
        Self {
            ctx: ctx.clone(),
            options: ChildOptions::default(),
            place: Location::caller(),
            workflow: PhantomData,
        }
    }

    setters! {
        fn id(id: impl Text) -> Self;
    }

    fn set(&mut self, change: impl FnOnce(&mut ChildOptions)) {
        change(&mut self.options);
    }

    /// Starts the child, without waiting for its result.
    pub fn start(self) -> Unsupported<Result<ChildHandle<W>, ChildError>> {
        let what = format!("starting `{}` as a child workflow", W::NAME);
        Unsupported::new(self.ctx.core(), what, self.place)
    }
}

impl<W: Workflow> IntoFuture for ChildCall<W> {
    type Output = Result<W::Output, ChildError>;
    type IntoFuture = Unsupported<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let what = format!("running `{}` as a child workflow", W::NAME);
        Unsupported::new(self.ctx.core(), what, self.place)
    }
}

/// A started child; its signals are methods.
///
/// ```
/// use durably::{prelude::*, workflow::ChildHandle};
///
/// # #[derive(Default)]
/// # struct Greeting;
/// # #[workflow(task_queue = "greetings")]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> String {
/// #         greeting
/// #     }
/// #     #[signal]
/// #     fn submit_greeting(&mut self, name: String) {}
/// # }
///
/// async fn invite(child: &ChildHandle<Greeting>) -> Result<()> {
///     child.submit_greeting("Bob").await?;
///     tracing::info!("invited to {}", child.id());
///     Ok(())
/// }
/// ```
pub struct ChildHandle<W: Workflow> {
    methods: W::Methods<FromWorkflow>,
    id: String,
}

impl<W: Workflow> ChildHandle<W> {
    /// The workflow id of the child.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl<W: Workflow> Deref for ChildHandle<W> {
    type Target = W::Methods<FromWorkflow>;
    fn deref(&self) -> &Self::Target {
        &self.methods
    }
}

/// Another running workflow; its signals are methods.
///
/// ```
/// use durably::{prelude::*, workflow::ExternalHandle};
///
/// # #[derive(Default)]
/// # struct Greeting;
/// # #[workflow(task_queue = "greetings")]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> String {
/// #         greeting
/// #     }
/// #     #[signal]
/// #     fn submit_greeting(&mut self, name: String) {}
/// # }
///
/// async fn invite(ctx: &Ctx) -> Result<()> {
///     let greeting: ExternalHandle<Greeting> = Greeting::external(ctx, "greeting-1");
///     greeting.submit_greeting("Bob").await?;
///     tracing::info!("invited to {}", greeting.id());
///     Ok(())
/// }
/// ```
pub struct ExternalHandle<W: Workflow> {
    methods: W::Methods<FromWorkflow>,
    id: String,
}

impl<W: Workflow> ExternalHandle<W> {
    #[doc(hidden)]
    pub fn new(ctx: &Ctx, id: String) -> Self {
        Self {
            methods: MethodsOf::new(FromWorkflow { ctx: ctx.clone() }),
            id,
        }
    }

    /// The workflow id of the other workflow.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl<W: Workflow> Deref for ExternalHandle<W> {
    type Target = W::Methods<FromWorkflow>;
    fn deref(&self) -> &Self::Target {
        &self.methods
    }
}

/// The transport of handles inside workflows.
pub struct FromWorkflow {
    ctx: Ctx,
}

impl Via for FromWorkflow {
    type Signal = Unsupported<Result<(), Cancelled>>;
    type Update<R> = Unsupported<Result<R, Cancelled>>;

    fn arguments(&self) -> ArgsEncoder {
        self.ctx.__arguments()
    }

    #[track_caller]
    fn signal(&self, name: &'static str, _args: EncodedArgs) -> Self::Signal {
        let what = format!("sending signal `{name}` to another workflow");
        Unsupported::new(self.ctx.core(), what, Location::caller())
    }
}
