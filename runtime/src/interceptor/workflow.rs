//! The trait of interceptors of workflows.

use std::future::Future;

use super::{
    local::{LocalNext, ReadNext},
    workflow_received::{ReceivedQuery, ReceivedSignal, ReceivedStart, ReceivedUpdate},
    workflow_requests::{
        ActivityRequest, ChildRequest, ExternalSignalRequest, LocalActivityRequest, NextRunRequest,
        TimerRequest,
    },
};
use crate::{
    data::Output,
    error::Result,
    workflow::{Ctx, View},
};

/// Wraps what the workflows of a worker receive, and changes what they request: reads and writes headers, logs,
/// checks.
///
/// It is given to [`Worker::workflow_interceptor`](crate::Worker::workflow_interceptor). By default its methods
/// change nothing. Several form a chain, of which the first is the outermost.
///
/// # Determinism
/// Interceptors are workflow code: they run again when a run is replayed, and must do the same then. The async
/// methods have a [`Ctx`] and may await what workflow code may await, and nothing else; the methods for requests have a
/// [`View`] and cannot await. Effects on the outside belong behind
/// [`is_replaying`](View::is_replaying), `tracing` events are dropped in replay anyway. The same value serves all
/// runs, on several threads; what belongs to one run stands in its [`headers`](View::headers).
///
/// Headers are not compared in a replay. What else an interceptor changes in a request, such as a timer's duration, is
/// part of the workflow, and changes as [workflow code does](crate::guide).
///
/// # What does not pass
/// Cancellation requests, received or sent to a child or another workflow, side effects, patches, changes of search
/// attributes and of the memo, and messages for which the workflow has no handler.
///
/// # Errors
/// An error that `execute`, `signal`, `update`, `validate` or `query` returns is one of the run method, or of the
/// handler. One of `init` fails the workflow task, as one of `#[init]` does, and so does one of the methods for
/// requests: the task is retried until the interceptor lets the request pass. A panic fails the workflow task.
///
/// ```
/// use durably::{interceptor::{ActivityRequest, ChildRequest, WorkflowInterceptor}, prelude::*};
///
/// /// Sends the tenant of a run along to its activities and children.
/// struct Tenant;
///
/// impl WorkflowInterceptor for Tenant {
///     fn start_activity(&self, view: &View, request: &mut ActivityRequest) -> Result<()> {
///         if let Some(tenant) = view.headers().payload("tenant") {
///             request.headers.set_payload("tenant", tenant.clone());
///         }
///         Ok(())
///     }
///
///     fn start_child(&self, view: &View, request: &mut ChildRequest) -> Result<()> {
///         if let Some(tenant) = view.headers().payload("tenant") {
///             request.headers.set_payload("tenant", tenant.clone());
///         }
///         Ok(())
///     }
/// }
///
/// # fn example(client: &Client) {
/// let worker = Worker::new(client, "orders").workflow_interceptor(Tenant);
/// # }
/// ```
///
/// All methods, each with what it is given:
/// ```
/// use durably::{interceptor::*, prelude::*};
///
/// struct Log;
///
/// impl WorkflowInterceptor for Log {
///     fn init(&self, view: &View, start: &mut ReceivedStart) -> Result<()> {
///         tracing::info!("{} with {} arguments", view.workflow_type(), start.args.len());
///         Ok(())
///     }
///     async fn execute(
///         &self,
///         ctx: &Ctx,
///         start: ReceivedStart,
///         next: LocalNext<ReceivedStart>,
///     ) -> Result<Output> {
///         let output = next.run(start).await;
///         tracing::info!("{} has completed: {}", ctx.workflow_id(), output.is_ok());
///         output
///     }
///     async fn signal(&self, _: &Ctx, it: ReceivedSignal, next: LocalNext<ReceivedSignal>) -> Result<()> {
///         tracing::info!("signal {}", it.name);
///         next.run(it).await
///     }
///     fn validate(&self, _: &View, it: ReceivedUpdate, next: ReadNext<'_, ReceivedUpdate>) -> Result<()> {
///         tracing::info!("validation of {}", it.name);
///         next.run(it)
///     }
///     async fn update(&self, _: &Ctx, it: ReceivedUpdate, next: LocalNext<ReceivedUpdate>) -> Result<Output> {
///         tracing::info!("update {}", it.name);
///         next.run(it).await
///     }
///     fn query(&self, _: &View, it: ReceivedQuery, next: ReadNext<'_, ReceivedQuery>) -> Result<Output> {
///         tracing::info!("query {}", it.name);
///         next.run(it)
///     }
///     fn start_activity(&self, _: &View, it: &mut ActivityRequest) -> Result<()> {
///         tracing::info!("activity {}", it.activity_type);
///         Ok(())
///     }
///     fn start_local_activity(&self, _: &View, it: &mut LocalActivityRequest) -> Result<()> {
///         tracing::info!("local activity {}", it.activity_type);
///         Ok(())
///     }
///     fn start_child(&self, _: &View, it: &mut ChildRequest) -> Result<()> {
///         tracing::info!("child {}", it.workflow_type);
///         Ok(())
///     }
///     fn signal_external(&self, _: &View, it: &mut ExternalSignalRequest) -> Result<()> {
///         tracing::info!("signal {} for {}", it.name, it.workflow_id);
///         Ok(())
///     }
///     fn start_timer(&self, _: &View, it: &mut TimerRequest) -> Result<()> {
///         tracing::info!("timer of {:?}", it.duration);
///         Ok(())
///     }
///     fn continue_as_new(&self, view: &View, it: &mut NextRunRequest) -> Result<()> {
///         tracing::info!("{} continues with {} arguments", view.workflow_id(), it.args.len());
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interceptor of workflows",
    label = "implement `WorkflowInterceptor` for it",
    note = "an `ActivityInterceptor` is given to `.activity_interceptor(..)` of the worker, a `ClientInterceptor` to `.interceptor(..)` of the client's builder"
)]
pub trait WorkflowInterceptor: Send + Sync + 'static {
    /// Is called before the state of a run is made, and may change the arguments, which `#[init]` and the run method
    /// take.
    ///
    /// # Errors
    /// Fails the workflow task, which is retried.
    fn init(&self, view: &View, start: &mut ReceivedStart) -> Result<()> {
        let _ = (view, start);
        Ok(())
    }

    /// Runs a workflow: its run method.
    fn execute(
        &self,
        ctx: &Ctx,
        start: ReceivedStart,
        next: LocalNext<ReceivedStart>,
    ) -> impl Future<Output = Result<Output>> {
        let _ = ctx;
        next.run(start)
    }

    /// Runs the handler of a signal. It is called where the signal arrives, and polled once there, so that a handler
    /// that is not async has run before what comes next in history.
    ///
    /// A signal for which the workflow has no handler does not pass.
    fn signal(
        &self,
        ctx: &Ctx,
        signal: ReceivedSignal,
        next: LocalNext<ReceivedSignal>,
    ) -> impl Future<Output = Result<()>> {
        let _ = ctx;
        next.run(signal)
    }

    /// Validates an update, before it is accepted; it is not called in a replay. Arguments that it changes are those
    /// of the validator alone.
    ///
    /// An update for which the workflow has no handler does not pass: it is rejected before.
    fn validate(
        &self,
        view: &View,
        update: ReceivedUpdate,
        next: ReadNext<'_, ReceivedUpdate>,
    ) -> Result<()> {
        let _ = view;
        next.run(update)
    }

    /// Runs the handler of an update, which was accepted. An update for which the workflow has no handler is rejected
    /// before, and does not pass.
    fn update(
        &self,
        ctx: &Ctx,
        update: ReceivedUpdate,
        next: LocalNext<ReceivedUpdate>,
    ) -> impl Future<Output = Result<Output>> {
        let _ = ctx;
        next.run(update)
    }

    /// Answers a query, of which history has no trace. A query for which the workflow has no handler, and those that
    /// every workflow answers, such as `__stack_trace`, do not pass.
    fn query(
        &self,
        view: &View,
        query: ReceivedQuery,
        next: ReadNext<'_, ReceivedQuery>,
    ) -> Result<Output> {
        let _ = view;
        next.run(query)
    }

    /// Changes an activity that is about to be scheduled.
    fn start_activity(&self, view: &View, request: &mut ActivityRequest) -> Result<()> {
        let _ = (view, request);
        Ok(())
    }

    /// Changes a local activity that is about to be started.
    fn start_local_activity(&self, view: &View, request: &mut LocalActivityRequest) -> Result<()> {
        let _ = (view, request);
        Ok(())
    }

    /// Changes a child workflow that is about to be started.
    fn start_child(&self, view: &View, request: &mut ChildRequest) -> Result<()> {
        let _ = (view, request);
        Ok(())
    }

    /// Changes a signal that is about to be sent to a child or to another workflow.
    fn signal_external(&self, view: &View, request: &mut ExternalSignalRequest) -> Result<()> {
        let _ = (view, request);
        Ok(())
    }

    /// Changes a timer that is about to be started: that of a `ctx.sleep(..)`, or of a wait with a timeout.
    fn start_timer(&self, view: &View, request: &mut TimerRequest) -> Result<()> {
        let _ = (view, request);
        Ok(())
    }

    /// Changes the next run, as which the workflow is about to continue.
    fn continue_as_new(&self, view: &View, request: &mut NextRunRequest) -> Result<()> {
        let _ = (view, request);
        Ok(())
    }
}
