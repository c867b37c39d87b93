//! Layers of `tower` around activities.

use std::{
    error::Error as StdError,
    fmt,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use futures::future::{BoxFuture, poll_fn};
use tower_layer::Layer;
use tower_service::Service;

use super::{ActivityInterceptor, Next, Output, ReceivedActivity};
use crate::error::{AppError, Error, Result};

/// The innermost service of the layers around activities: it runs the attempt, and the interceptors and layers that
/// were given to the worker later.
///
/// [`Worker::activity_layer`](crate::Worker::activity_layer) passes it to the layer. It is always ready; a request runs
/// once.
///
/// ```
/// use std::{future::Future, pin::Pin, task::{Context, Poll}};
///
/// use durably::{interceptor::{ActivityService, Output, ReceivedActivity}, prelude::*};
/// use tower_layer::layer_fn;
/// use tower_service::Service;
///
/// /// Logs what runs.
/// #[derive(Clone)]
/// struct Log<S>(S);
///
/// impl<S: Service<ReceivedActivity>> Service<ReceivedActivity> for Log<S> {
///     type Response = S::Response;
///     type Error = S::Error;
///     type Future = S::Future;
///
///     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
///         self.0.poll_ready(cx)
///     }
///
///     fn call(&mut self, request: ReceivedActivity) -> S::Future {
///         tracing::info!("{}", request.info().activity_type);
///         self.0.call(request)
///     }
/// }
///
/// # fn example(client: &Client) {
/// let worker = Worker::new(client, "orders").activity_layer(layer_fn(|inner: ActivityService| Log(inner)));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ActivityService;

impl Service<ReceivedActivity> for ActivityService {
    type Response = Output;
    type Error = ActivityServiceError;
    type Future = BoxFuture<'static, Result<Output, ActivityServiceError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ActivityServiceError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: ReceivedActivity) -> Self::Future {
        match request.next.take() {
            Some(next) => {
                let running = next.run(request);
                Box::pin(async move { running.await.map_err(ActivityServiceError) })
            }
            None => {
                let text =
                    "the request of a layer runs once, in the service that the layer was given";
                let error = AppError::new("LayerFault", text);
                let error = ActivityServiceError(error.into());
                Box::pin(std::future::ready(Err(error)))
            }
        }
    }
}

/// The error of an attempt, as layers of `tower` see it: many of them need a [`std::error::Error`], which
/// [`Error`](crate::Error) is not.
///
/// A layer that returns it, boxed or not, leaves the attempt's failure as it is: its type, its details and whether it
/// is retried.
///
/// ```
/// use durably::{interceptor::ActivityServiceError, prelude::*};
///
/// fn is_worth_another_call(error: &ActivityServiceError) -> bool {
///     error.get().app().is_none_or(|app| !app.non_retryable)
/// }
/// ```
#[derive(Debug)]
pub struct ActivityServiceError(Error);

impl ActivityServiceError {
    /// The error itself.
    pub fn get(&self) -> &Error {
        &self.0
    }
}

impl fmt::Display for ActivityServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for ActivityServiceError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.as_std().source()
    }
}

/// A service around activities, as an interceptor.
pub(crate) struct Layered<S>(
    /// Each attempt has a clone. Of services, only clones may be used at the same time.
    Mutex<S>,
);

impl<S> Layered<S>
where
    S: Service<ReceivedActivity, Response = Output, Error: Into<Box<dyn StdError + Send + Sync>>>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    pub(crate) fn new(layer: &impl Layer<ActivityService, Service = S>) -> Self {
        Self(Mutex::new(layer.layer(ActivityService)))
    }
}

impl<S> ActivityInterceptor for Layered<S>
where
    S: Service<ReceivedActivity, Response = Output, Error: Into<Box<dyn StdError + Send + Sync>>>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    async fn execute(
        &self,
        mut request: ReceivedActivity,
        next: Next<ReceivedActivity>,
    ) -> Result<Output> {
        request.next = Some(next);
        let mut service = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let ready = poll_fn(|cx| service.poll_ready(cx)).await;
        ready.map_err(error)?;
        service.call(request).await.map_err(error)
    }
}

/// The error of an attempt stays what it is; that of a layer has no type that is known here.
fn error(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    match error.into().downcast::<ActivityServiceError>() {
        Ok(error) => error.0,
        Err(error) => Error::from_boxed(error),
    }
}
