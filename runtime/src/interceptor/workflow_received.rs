//! What workflows receive, as interceptors see it.

use crate::{
    data::{Args, Headers, Outgoing, Output},
    error::{DataError, Result},
};

/// The start of a run.
///
/// ```
/// use durably::{interceptor::{LocalNext, Output, ReceivedStart, WorkflowInterceptor}, prelude::*};
///
/// /// Trims the first argument of a workflow, and logs how its runs end.
/// struct Orders;
///
/// impl WorkflowInterceptor for Orders {
///     fn init(&self, view: &View, start: &mut ReceivedStart) -> Result<()> {
///         if view.workflow_type() == "Order" {
///             let item: String = start.args.get(0)?;
///             start.args.set(0, item.trim())?;
///         }
///         Ok(())
///     }
///
///     async fn execute(
///         &self,
///         ctx: &Ctx,
///         start: ReceivedStart,
///         next: LocalNext<ReceivedStart>,
///     ) -> Result<Output> {
///         let tenant = start.headers.get::<String>("tenant")?;
///         let output = next.run(start).await;
///         tracing::info!("{} of {tenant:?} has completed: {}", ctx.workflow_id(), output.is_ok());
///         output
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedStart {
    /// The workflow's arguments. `init` changes them for `#[init]` and the run method, `execute` for the run method
    /// alone.
    pub args: Args,
    /// The headers of the start. Workflow code reads them as they were received, by
    /// [`View::headers`](crate::View::headers).
    pub headers: Headers,
}

/// A signal.
///
/// ```
/// use durably::{interceptor::{LocalNext, ReceivedSignal, WorkflowInterceptor}, prelude::*};
///
/// struct Log;
///
/// impl WorkflowInterceptor for Log {
///     async fn signal(&self, _ctx: &Ctx, signal: ReceivedSignal, next: LocalNext<ReceivedSignal>) -> Result<()> {
///         let (name, sender) = (signal.name.clone(), signal.sender.clone());
///         next.run(signal).await?;
///         tracing::info!("{name} of {sender} is handled");
///         Ok(())
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedSignal {
    /// The name of the signal.
    pub name: String,
    /// Its arguments.
    pub args: Args,
    /// Its headers.
    pub headers: Headers,
    /// The identity of the client or workflow that sent it.
    pub sender: String,
}

/// An update.
///
/// ```
/// use durably::interceptor::{LocalNext, Output, ReadNext, ReceivedUpdate, WorkflowInterceptor};
/// use durably::prelude::*;
///
/// /// Rejects updates without a tenant.
/// struct Authorize;
///
/// impl WorkflowInterceptor for Authorize {
///     fn validate(&self, _: &View, update: ReceivedUpdate, next: ReadNext<'_, ReceivedUpdate>) -> Result<()> {
///         if update.headers.get::<String>("tenant")?.is_none() {
///             bail!("no tenant was sent");
///         }
///         next.run(update)
///     }
///
///     async fn update(
///         &self,
///         _ctx: &Ctx,
///         update: ReceivedUpdate,
///         next: LocalNext<ReceivedUpdate>,
///     ) -> Result<Output> {
///         tracing::info!("update {} of id {}", update.name, update.id);
///         next.run(update).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedUpdate {
    /// The id of the update.
    pub id: String,
    /// The name of the update.
    pub name: String,
    /// Its arguments.
    pub args: Args,
    /// Its headers.
    pub headers: Headers,
    /// The identity of the client that sent it.
    pub sender: String,
}

/// A query.
///
/// ```
/// use durably::{interceptor::{Output, ReadNext, ReceivedQuery, WorkflowInterceptor}, prelude::*};
///
/// struct Log;
///
/// impl WorkflowInterceptor for Log {
///     fn query(&self, view: &View, query: ReceivedQuery, next: ReadNext<'_, ReceivedQuery>) -> Result<Output> {
///         tracing::info!("query {} of {}", query.name, view.workflow_id());
///         next.run(query)
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedQuery {
    /// The name of the query.
    pub name: String,
    /// Its arguments.
    pub args: Args,
    /// Its headers.
    pub headers: Headers,
}

macro_rules! outputs {
    ($($received:ty),*) => { $(
        impl $received {
            /// A result of this value, for an interceptor that does not call `next`.
            ///
            /// # Errors
            /// The value cannot be serialised.
            pub fn output<T: Outgoing>(&self, value: T) -> Result<Output, DataError> {
                Output::of(&value, self.args.converter())
            }
        }
    )* };
}
outputs! { ReceivedStart, ReceivedUpdate, ReceivedQuery }
