//! The rest of a chain of interceptors, and what stands at its end.

use std::{future::Future, pin::Pin, sync::Arc, task::Poll};

use futures::future::BoxFuture;

use crate::{
    error::{AppError, Error, Result},
    instance::panics,
};

/// Interceptors in the order in which they were given: the first is the outermost.
pub(crate) type Chain<I> = Arc<[Arc<I>]>;

/// A request that passes a chain of interceptors; closed for other crates, because the calls are.
///
/// For functions that serve several methods of an interceptor:
/// ```
/// use durably::{interceptor::{Next, Operation}, prelude::*};
///
/// async fn logged<R: Operation>(what: &str, request: R, next: Next<R>) -> Result<R::Response> {
///     let response = next.run(request).await;
///     if let Err(error) = &response {
///         tracing::warn!("{what}: {error}");
///     }
///     response
/// }
/// ```
pub trait Operation: Send + Sized + 'static {
    /// What the call returns.
    type Response: Send + 'static;
    #[doc(hidden)]
    type Interceptor: ?Sized + Send + Sync + 'static;
    #[doc(hidden)]
    fn pass(
        self,
        interceptor: Arc<Self::Interceptor>,
        next: Next<Self>,
    ) -> BoxFuture<'static, Result<Self::Response>>;
}

/// Sends the request.
type Last<R> = Box<dyn FnOnce(R) -> BoxFuture<'static, Result<<R as Operation>::Response>> + Send>;

/// The interceptors after this one, and the call itself: [`run`](Self::run) passes the request on.
///
/// An interceptor that does not call `run` answers the call by itself: with an error, or with a response of its own.
///
/// ```
/// use durably::{error::RpcError, interceptor::{ClientInterceptor, Next, TerminateRequest}, prelude::*};
///
/// /// Refuses to terminate workflows.
/// struct Careful;
///
/// impl ClientInterceptor for Careful {
///     async fn terminate(&self, request: TerminateRequest, next: Next<TerminateRequest>) -> Result<()> {
///         if !request.workflow_id.starts_with("test-") {
///             let message = format!("`{}` is not a test", request.workflow_id);
///             return Err(RpcError::PermissionDenied { message }.into());
///         }
///         next.run(request).await
///     }
/// }
/// ```
#[must_use = "without `next.run(request)` the call is not made"]
pub struct Next<R: Operation> {
    chain: Chain<R::Interceptor>,
    /// The next interceptor.
    position: usize,
    last: Last<R>,
}

impl<R: Operation> Next<R> {
    pub(crate) fn new(
        chain: &Chain<R::Interceptor>,
        last: impl FnOnce(R) -> BoxFuture<'static, Result<R::Response>> + Send + 'static,
    ) -> Self {
        Self {
            chain: Arc::clone(chain),
            position: 0,
            last: Box::new(last),
        }
    }

    /// Passes the request to the next interceptor, and after the last one makes the call.
    ///
    /// # Errors
    /// That of the call, which `error.downcast_ref::<StartError>()` and its like find, or of an interceptor after
    /// this one.
    pub fn run(mut self, request: R) -> impl Future<Output = Result<R::Response>> + Send + use<R> {
        match self.chain.get(self.position).cloned() {
            Some(interceptor) => {
                self.position += 1;
                request.pass(interceptor, self)
            }
            None => (self.last)(request),
        }
    }

    /// As [`run`](Self::run), for the outermost interceptor: a panic is an error, of `whose` interceptor.
    pub(crate) async fn run_caught(self, request: R, whose: &str) -> Result<R::Response> {
        let panicked = |panic| Error::from(panicked(whose, &panic));
        let running = panics::catch(|| Box::pin(self.run(request))).map_err(panicked)?;
        let mut running: Pin<Box<_>> = running;
        std::future::poll_fn(|cx| match panics::catch(|| running.as_mut().poll(cx)) {
            Ok(polled) => polled,
            Err(panic) => Poll::Ready(Err(panicked(panic))),
        })
        .await
    }
}

fn panicked(whose: &str, panic: &panics::Panicked) -> AppError {
    AppError::new("Panic", format!("an interceptor of the {whose} {panic}"))
}
