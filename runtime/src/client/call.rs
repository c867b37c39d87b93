//! Requests to the server as futures: built by setters, sent by the first poll.

use std::{
    future::Future,
    marker,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;

use crate::{
    error::RpcError,
    hints::awaited::{self, Answer},
    time::span::Span,
};

/// A request about to be sent; `.await` sends it and returns the response.
///
/// Made by the methods of handles and clients that have no options of their own.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let handle = client.handle("order-1");
/// let status = handle.describe().timeout(secs(2)).await?.status;
/// match handle.result::<u64>().timeout(mins(5)).await {
///     Err(error) if error.is_timeout() => println!("{error}; it is {status}"),
///     result => println!("{}", result?),
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "the request is sent when this is awaited"]
pub struct Call<T, E> {
    request: Request<Prepared<T, E>, Result<T, E>>,
    #[expect(dead_code, reason = "its name and its type are for rustc's advice")]
    r#await: Result<Answer<T>, E>,
}

struct Prepared<T, E> {
    send: Box<Send<T, E>>,
    timeout: Option<Duration>,
}

/// Sends the request, and waits for the response as long as the argument allows.
type Send<T, E> =
    dyn FnOnce(Option<Duration>) -> BoxFuture<'static, Result<T, E>> + marker::Send + Sync;

impl<T, E> Call<T, E> {
    /// Runs `send` at the first poll, with the timeout that is set until then.
    pub(crate) fn new<F>(
        send: impl FnOnce(Option<Duration>) -> F + marker::Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<T, E>> + marker::Send + 'static,
    {
        Self {
            request: Request::new(Prepared {
                send: Box::new(move |timeout| Box::pin(send(timeout))),
                timeout: None,
            }),
            r#await: awaited::pending(),
        }
    }

    pub(crate) fn limited_to(mut self, timeout: Option<Duration>) -> Self {
        self.request.new_mut().timeout = timeout;
        self
    }

    /// How long to wait for the response, retries included, from the first poll on, by the clock of the
    /// caller's tokio runtime. If not set, what waits for a workflow (a result, an update) waits without
    /// limit, and what the server answers at once for about ten seconds.
    ///
    /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds. The server may have
    /// received the request all the same, and may still carry it out.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }
}

impl<T, E: Unpin> Future for Call<T, E> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |it: Prepared<T, E>| (it.send)(it.timeout);
        self.get_mut().request.poll(cx, send)
    }
}

/// Waits for `response`, at most `timeout`; `what` names it in the error.
pub(crate) async fn within<T, E: From<RpcError>>(
    timeout: Option<Duration>,
    what: impl FnOnce() -> String,
    response: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let Some(timeout) = timeout else {
        return response.await;
    };
    match tokio::time::timeout(timeout, response).await {
        Ok(response) => response,
        Err(_) => {
            let message = format!("no {} within {timeout:?}", what());
            Err(RpcError::Timeout { message }.into())
        }
    }
}

/// The state of a call: `T` until it is polled, then the exchange with the server.
///
/// Calls are futures themselves, not only convertible into one, so that `join_all`, `JoinSet` and
/// `tokio::spawn` take them.
pub(crate) enum Request<T, O> {
    New(T),
    /// Only reached through `&mut`; the lock is there because a future need not be `Sync`, and a call
    /// that is kept somewhere may have to be.
    Sent(Mutex<BoxFuture<'static, O>>),
    /// Between the two.
    Empty,
}

impl<T, O> Request<T, O> {
    pub(crate) const fn new(request: T) -> Self {
        Self::New(request)
    }

    /// The request, for a setter.
    pub(crate) fn new_mut(&mut self) -> &mut T {
        match self {
            Self::New(request) => request,
            Self::Sent(_) | Self::Empty => {
                unreachable!("setters take the call by value, so it is not polled yet")
            }
        }
    }

    /// The request, for a call that becomes another one.
    pub(crate) fn into_new(self) -> T {
        match self {
            Self::New(request) => request,
            Self::Sent(_) | Self::Empty => {
                unreachable!("calls are taken by value, so this one is not polled yet")
            }
        }
    }

    /// Sends the request at the first poll, then waits.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        send: impl FnOnce(T) -> BoxFuture<'static, O>,
    ) -> Poll<O> {
        *self = match std::mem::replace(self, Self::Empty) {
            Self::New(request) => Self::Sent(Mutex::new(send(request))),
            other => other,
        };
        match self {
            Self::Sent(sent) => {
                let sent = sent.get_mut().unwrap_or_else(PoisonError::into_inner);
                sent.as_mut().poll(cx)
            }
            Self::New(_) | Self::Empty => unreachable!("it was sent just now"),
        }
    }
}
