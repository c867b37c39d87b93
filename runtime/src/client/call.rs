//! A request that is built by setters and sent by the first poll.

use std::{
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use futures::future::BoxFuture;

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
