//! Interceptors of the activities of a worker.

use std::{fmt, future::Future, sync::Arc};

use durably_engine::Payload;
use futures::future::BoxFuture;

use super::next::{Chain, Next, Operation};
use crate::{
    activity::{ActivityCtx, ActivityInfo, HeartbeatHook},
    data::{Args, Converter, Headers, Incoming, Outgoing, Output, type_name},
    error::{DataError, Result},
};

/// Wraps the activities of a worker: reads headers, logs, checks, changes arguments and results.
///
/// It is given to [`Worker::activity_interceptor`](crate::Worker::activity_interceptor), and runs for local
/// activities, too. By default its methods change nothing. Several form a chain, of which the first is the outermost.
///
/// # Errors
/// An error that `execute` returns fails the attempt, as one of the activity does, and so does a panic.
///
/// ```
/// use durably::{interceptor::{ActivityInterceptor, Next, Output, ReceivedActivity}, prelude::*};
///
/// /// Runs activities for tenants only.
/// struct Authorize;
///
/// impl ActivityInterceptor for Authorize {
///     async fn execute(&self, request: ReceivedActivity, next: Next<ReceivedActivity>) -> Result<Output> {
///         let Some(tenant) = request.headers.get::<String>("tenant")? else {
///             return Err(AppError::new("NoTenant", "no tenant was sent").non_retryable().into());
///         };
///         tracing::info!("{} for {tenant}", request.info().activity_type);
///         next.run(request).await
///     }
/// }
///
/// # fn example(client: &Client) {
/// let worker = Worker::new(client, "orders").activity_interceptor(Authorize);
/// # }
/// ```
///
/// Heartbeats:
/// ```
/// use durably::interceptor::{ActivityInterceptor, Heartbeat};
///
/// struct Count(std::sync::atomic::AtomicU64);
///
/// impl ActivityInterceptor for Count {
///     fn heartbeat(&self, _heartbeat: &mut Heartbeat<'_>) {
///         self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interceptor of activities",
    label = "implement `ActivityInterceptor` for it",
    note = "a `WorkflowInterceptor` is given to `.workflow_interceptor(..)` of the worker, a `ClientInterceptor` to `.interceptor(..)` of the client's builder"
)]
pub trait ActivityInterceptor: Send + Sync + 'static {
    /// Runs one attempt of an activity.
    fn execute(
        &self,
        request: ReceivedActivity,
        next: Next<ReceivedActivity>,
    ) -> impl Future<Output = Result<Output>> + Send {
        next.run(request)
    }

    /// Is called for each heartbeat of the activity, whose details it may change, before
    /// [`ActivityCtx::heartbeat`] returns.
    fn heartbeat(&self, heartbeat: &mut Heartbeat<'_>) {
        let _ = heartbeat;
    }
}

/// An attempt of an activity about to run.
///
/// ```
/// use durably::{interceptor::{ActivityInterceptor, Next, Output, ReceivedActivity}, prelude::*};
///
/// /// Trims the argument of an activity, and does not run it for nobody.
/// struct Trim;
///
/// impl ActivityInterceptor for Trim {
///     async fn execute(&self, mut request: ReceivedActivity, next: Next<ReceivedActivity>) -> Result<Output> {
///         if request.info().activity_type == "greet" {
///             let name: String = request.args.get(0)?;
///             match name.trim() {
///                 "" => return Ok(request.output("Hello, nobody!")?),
///                 name => request.args.set(0, name)?,
///             }
///         }
///         let ctx = request.ctx().clone();
///         let output = next.run(request).await;
///         tracing::info!("attempt {} is cancelled: {}", ctx.attempt(), ctx.is_cancelled());
///         output
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ReceivedActivity {
    /// Its arguments.
    pub args: Args,
    /// The headers that the workflow's interceptors have set. The activity reads them as they were received, by
    /// [`ActivityCtx::headers`].
    pub headers: Headers,
    ctx: ActivityCtx,
    /// The rest of the chain, while a service of `tower` has the request.
    #[cfg(feature = "tower")]
    pub(super) next: Option<Next<Self>>,
}

impl ReceivedActivity {
    /// Facts about the attempt.
    pub fn info(&self) -> &ActivityInfo {
        self.ctx.info()
    }

    /// The context of the attempt.
    pub fn ctx(&self) -> &ActivityCtx {
        &self.ctx
    }

    /// A result of this value, for an interceptor that does not call `next`.
    ///
    /// # Errors
    /// The value cannot be serialised.
    pub fn output<T: Outgoing>(&self, value: T) -> Result<Output, DataError> {
        Output::of(&value, self.args.converter())
    }
}

/// A heartbeat of an activity.
///
/// ```
/// use durably::{interceptor::{ActivityInterceptor, Heartbeat}, prelude::*};
///
/// /// Logs the progress of activities.
/// struct Progress;
///
/// impl ActivityInterceptor for Progress {
///     fn heartbeat(&self, heartbeat: &mut Heartbeat<'_>) {
///         if let Ok(Some(page)) = heartbeat.details::<u32>() {
///             tracing::info!("{} is at page {page}", heartbeat.info().activity_id);
///             if page > 10_000 && heartbeat.set_details(10_000).is_err() {
///                 tracing::warn!("the details stay as they are");
///             }
///         }
///     }
/// }
/// ```
pub struct Heartbeat<'a> {
    info: &'a ActivityInfo,
    details: &'a mut Option<Payload>,
    converter: &'a Converter,
}

impl Heartbeat<'_> {
    /// Facts about the attempt.
    pub fn info(&self) -> &ActivityInfo {
        self.info
    }

    /// The details; `None` if they could not be serialised, which will fail the attempt.
    ///
    /// # Errors
    /// They cannot be deserialised as a `T`.
    pub fn details<T: Incoming>(&self) -> Result<Option<T>, DataError> {
        let details = self.details.clone();
        let details = details.map(|payload| T::__decode(payload, self.converter));
        details
            .transpose()
            .map_err(|fault| DataError::read::<T>("the heartbeat details".to_owned(), fault))
    }

    /// Replaces the details.
    ///
    /// # Errors
    /// The value cannot be serialised; the details are as they were.
    pub fn set_details<T: Outgoing>(&mut self, details: T) -> Result<(), DataError> {
        let payload = details.__encode(self.converter).map_err(|fault| {
            let what = "the heartbeat details".to_owned();
            DataError::write(what, type_name::short::<T>(), fault)
        })?;
        *self.details = Some(payload);
        Ok(())
    }
}

impl fmt::Debug for Heartbeat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat")
            .field("info", self.info)
            .finish_non_exhaustive()
    }
}

/// The interceptors of a worker's activities; none of them, for most workers.
#[derive(Clone, Default)]
pub(crate) struct ActivityChain(Option<Chain<dyn ErasedActivityInterceptor>>);

impl ActivityChain {
    /// These, and another one within them.
    pub(crate) fn with(&self, interceptor: impl ActivityInterceptor) -> Self {
        let all = self.0.iter().flat_map(|chain| chain.iter().cloned());
        let interceptor: Arc<dyn ErasedActivityInterceptor> = Arc::new(interceptor);
        Self(Some(all.chain([interceptor]).collect()))
    }

    /// Whether activities are called at once.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Passes an attempt through the interceptors to `call`.
    pub(crate) async fn execute<F>(
        &self,
        ctx: ActivityCtx,
        args: Args,
        call: impl FnOnce(ActivityCtx, Args) -> F + Send + 'static,
    ) -> Result<Payload>
    where
        F: Future<Output = Result<Payload>> + Send + 'static,
    {
        let Some(chain) = &self.0 else {
            return call(ctx, args).await;
        };
        let request = ReceivedActivity {
            args,
            headers: ctx.headers().clone(),
            ctx,
            #[cfg(feature = "tower")]
            next: None,
        };
        let last = |request: ReceivedActivity| {
            let converter = request.args.converter().clone();
            let called = call(request.ctx, request.args);
            Box::pin(async move { Ok(Output::new(vec![called.await?], &converter)) })
                as BoxFuture<'static, _>
        };
        let output = Next::new(chain, last).run_caught(request, "worker").await?;
        Ok(output.into_payload())
    }

    /// What heartbeats pass.
    pub(crate) fn heartbeats(&self) -> Option<HeartbeatHook> {
        let chain = self.0.clone()?;
        Some(Arc::new(move |info, details, converter| {
            for interceptor in chain.iter() {
                interceptor.heartbeat(&mut Heartbeat {
                    info,
                    details,
                    converter,
                });
            }
        }))
    }
}

/// An [`ActivityInterceptor`] of any type.
pub trait ErasedActivityInterceptor: Send + Sync + 'static {
    #[doc(hidden)]
    fn execute(
        self: Arc<Self>,
        request: ReceivedActivity,
        next: Next<ReceivedActivity>,
    ) -> BoxFuture<'static, Result<Output>>;

    #[doc(hidden)]
    fn heartbeat(&self, heartbeat: &mut Heartbeat<'_>);
}

impl<I: ActivityInterceptor> ErasedActivityInterceptor for I {
    fn execute(
        self: Arc<Self>,
        request: ReceivedActivity,
        next: Next<ReceivedActivity>,
    ) -> BoxFuture<'static, Result<Output>> {
        Box::pin(async move { I::execute(&self, request, next).await })
    }

    fn heartbeat(&self, heartbeat: &mut Heartbeat<'_>) {
        I::heartbeat(self, heartbeat);
    }
}

impl Operation for ReceivedActivity {
    type Response = Output;
    type Interceptor = dyn ErasedActivityInterceptor;

    fn pass(
        self,
        interceptor: Arc<Self::Interceptor>,
        next: Next<Self>,
    ) -> BoxFuture<'static, Result<Output>> {
        interceptor.execute(self, next)
    }
}
