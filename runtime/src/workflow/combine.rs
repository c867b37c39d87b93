//! Waiting for several things at once, in an order that replay repeats.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use futures::future;

/// What [`race`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first future finished first, or together with the second.
    First(A),
    /// The second one did.
    Second(B),
}

impl<A, B> Either<A, B> {
    /// What the first future gave, if it won.
    pub fn first(self) -> Option<A> {
        match self {
            Self::First(value) => Some(value),
            Self::Second(_) => None,
        }
    }

    /// What the second future gave, if it won.
    pub fn second(self) -> Option<B> {
        match self {
            Self::First(_) => None,
            Self::Second(value) => Some(value),
        }
    }
}

impl<T> Either<T, T> {
    /// What the winner gave.
    pub fn into_inner(self) -> T {
        match self {
            Self::First(value) | Self::Second(value) => value,
        }
    }
}

/// Both, polled in the order they are written.
///
/// It waits for both whatever they give; [`try_join`] stops at the first error.
pub async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    future::join(a, b).await
}

/// All of them, with the outputs in the order of the futures.
///
/// The futures are collected before the first is polled, so the iterator may borrow what changes
/// while they run.
pub async fn join_all<I: IntoIterator<Item: Future>>(all: I) -> Vec<<I::Item as Future>::Output> {
    future::join_all(all).await
}

/// Both, or the first error; the other is dropped then, and so cancelled.
pub async fn try_join<A, B, T, U, E>(a: A, b: B) -> Result<(T, U), E>
where
    A: Future<Output = Result<T, E>>,
    B: Future<Output = Result<U, E>>,
{
    future::try_join(a, b).await
}

/// All of them, or the first error; the others are dropped then, and so cancelled.
pub async fn try_join_all<I, T, E>(all: I) -> Result<Vec<T>, E>
where
    I: IntoIterator<Item: Future<Output = Result<T, E>>>,
{
    future::try_join_all(all).await
}

/// The first to finish; the other is dropped, and so cancelled.
///
/// If both finish at once, the first one written wins.
pub async fn race<A: Future, B: Future>(a: A, b: B) -> Either<A::Output, B::Output> {
    let mut a = pin!(a);
    let mut b = pin!(b);
    poll_fn(|cx| {
        if let Poll::Ready(value) = a.as_mut().poll(cx) {
            return Poll::Ready(Either::First(value));
        }
        b.as_mut().poll(cx).map(Either::Second)
    })
    .await
}

/// The first to finish, with its position; the others are dropped, and so cancelled.
///
/// If several finish at once, the first one given wins. Of no futures nothing ever comes.
pub async fn race_all<I: IntoIterator<Item: Future>>(
    all: I,
) -> (usize, <I::Item as Future>::Output) {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
    poll_fn(|cx| {
        for (at, future) in all.iter_mut().enumerate() {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready((at, value));
            }
        }
        Poll::Pending
    })
    .await
}
