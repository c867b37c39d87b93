//! The rest of a chain of interceptors of workflows.

use std::{future::Future, sync::Arc};

use futures::future::LocalBoxFuture;

use super::{next::Chain, workflow_chain::ErasedWorkflowInterceptor};
use crate::{
    error::Result,
    workflow::{Ctx, View},
};

/// What a workflow receives, and async code handles; closed for other crates.
///
/// For functions that serve several methods of an interceptor:
/// ```
/// use durably::{interceptor::{Inbound, LocalNext}, prelude::*};
///
/// async fn logged<R: Inbound>(what: &str, received: R, next: LocalNext<R>) -> Result<R::Response> {
///     let response = next.run(received).await;
///     tracing::info!("{what} succeeded: {}", response.is_ok());
///     response
/// }
/// ```
pub trait Inbound: Sized + 'static {
    /// What the code returns.
    type Response: 'static;
    #[doc(hidden)]
    fn pass(
        self,
        interceptor: Arc<dyn ErasedWorkflowInterceptor>,
        ctx: Ctx,
        next: LocalNext<Self>,
    ) -> LocalBoxFuture<'static, Result<Self::Response>>;
}

/// What a workflow receives, and code handles that only reads; closed for other crates.
///
/// For functions that serve several methods of an interceptor:
/// ```
/// use durably::{interceptor::{InboundRead, ReadNext}, prelude::*};
///
/// fn logged<R: InboundRead>(what: &str, received: R, next: ReadNext<'_, R>) -> Result<R::Response> {
///     let response = next.run(received);
///     tracing::info!("{what} succeeded: {}", response.is_ok());
///     response
/// }
/// ```
pub trait InboundRead: Sized {
    /// What the code returns.
    type Response;
    #[doc(hidden)]
    fn pass(
        self,
        interceptor: &dyn ErasedWorkflowInterceptor,
        view: &View,
        next: ReadNext<'_, Self>,
    ) -> Result<Self::Response>;
}

type Last<R> = Box<dyn FnOnce(R) -> LocalBoxFuture<'static, Result<<R as Inbound>::Response>>>;

/// The interceptors of a workflow after this one, and the workflow's own code: [`run`](Self::run) passes what was
/// received on.
///
/// An interceptor that does not call `run` takes the place of the workflow's code: a signal is dropped, and a run or
/// an update ends with what the interceptor returns.
///
/// ```
/// use durably::{interceptor::{LocalNext, ReceivedSignal, WorkflowInterceptor}, prelude::*};
///
/// /// Drops signals of other tenants.
/// struct Tenant;
///
/// impl WorkflowInterceptor for Tenant {
///     async fn signal(&self, ctx: &Ctx, signal: ReceivedSignal, next: LocalNext<ReceivedSignal>) -> Result<()> {
///         let own: Option<String> = ctx.headers().get("tenant")?;
///         if signal.headers.get::<String>("tenant")? != own {
///             return Ok(());
///         }
///         next.run(signal).await
///     }
/// }
/// ```
#[must_use = "without `next.run(..)` the workflow's own code does not run"]
pub struct LocalNext<R: Inbound> {
    chain: Chain<dyn ErasedWorkflowInterceptor>,
    /// The next interceptor.
    position: usize,
    ctx: Ctx,
    last: Last<R>,
}

impl<R: Inbound> LocalNext<R> {
    pub(super) fn new(
        chain: &Chain<dyn ErasedWorkflowInterceptor>,
        ctx: &Ctx,
        last: impl FnOnce(R) -> LocalBoxFuture<'static, Result<R::Response>> + 'static,
    ) -> Self {
        Self {
            chain: Arc::clone(chain),
            position: 0,
            ctx: ctx.clone(),
            last: Box::new(last),
        }
    }

    /// Passes what was received to the next interceptor, and after the last one to the workflow's code.
    ///
    /// # Errors
    /// That of the workflow's code, or of an interceptor after this one.
    pub fn run(mut self, received: R) -> impl Future<Output = Result<R::Response>> + use<R> {
        match self.chain.get(self.position).cloned() {
            Some(interceptor) => {
                self.position += 1;
                let ctx = self.ctx.clone();
                received.pass(interceptor, ctx, self)
            }
            None => (self.last)(received),
        }
    }
}

/// The interceptors of a query or of a validator after this one, and the workflow's own code: [`run`](Self::run)
/// passes what was received on.
///
/// ```
/// use durably::{interceptor::{Output, ReadNext, ReceivedQuery, WorkflowInterceptor}, prelude::*};
///
/// /// Answers queries of other tenants with an error.
/// struct Tenant;
///
/// impl WorkflowInterceptor for Tenant {
///     fn query(&self, view: &View, query: ReceivedQuery, next: ReadNext<'_, ReceivedQuery>) -> Result<Output> {
///         let own: Option<String> = view.headers().get("tenant")?;
///         if query.headers.get::<String>("tenant")? != own {
///             bail!("{} belongs to another tenant", view.workflow_id());
///         }
///         next.run(query)
///     }
/// }
/// ```
#[must_use = "without `next.run(..)` the workflow's own code does not run"]
pub struct ReadNext<'a, R: InboundRead> {
    chain: &'a [Arc<dyn ErasedWorkflowInterceptor>],
    view: &'a View,
    last: Box<dyn FnOnce(R) -> Result<R::Response> + 'a>,
}

impl<'a, R: InboundRead> ReadNext<'a, R> {
    pub(super) fn new(
        chain: &'a [Arc<dyn ErasedWorkflowInterceptor>],
        view: &'a View,
        last: impl FnOnce(R) -> Result<R::Response> + 'a,
    ) -> Self {
        Self {
            chain,
            view,
            last: Box::new(last),
        }
    }

    /// Passes what was received to the next interceptor, and after the last one to the workflow's code.
    ///
    /// # Errors
    /// That of the workflow's code, or of an interceptor after this one.
    pub fn run(self, received: R) -> Result<R::Response> {
        match self.chain.split_first() {
            Some((interceptor, chain)) => {
                let view = self.view;
                received.pass(&**interceptor, view, Self { chain, ..self })
            }
            None => (self.last)(received),
        }
    }
}
