//! Waiting for several things at once, in an order that replay repeats.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use futures::{TryFuture, future};

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
/// The futures are collected when this is called, so the iterator may borrow what changes while
/// they run.
pub fn join_all<I: IntoIterator<Item: Future>>(all: I) -> JoinAll<I::Item> {
    JoinAll(future::join_all(all))
}

/// What [`join_all`] gives: it borrows nothing but what the futures borrow.
#[must_use = "nothing runs until this is awaited"]
pub struct JoinAll<F: Future>(future::JoinAll<F>);

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
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
///
/// The futures are collected when this is called, as by [`join_all`].
pub fn try_join_all<I, T, E>(all: I) -> TryJoinAll<I::Item>
where
    I: IntoIterator<Item: Future<Output = Result<T, E>>>,
{
    TryJoinAll(future::try_join_all(all))
}

/// What [`try_join_all`] gives: it borrows nothing but what the futures borrow.
#[must_use = "nothing runs until this is awaited"]
pub struct TryJoinAll<F: TryFuture>(future::TryJoinAll<F>);

impl<F: TryFuture> Future for TryJoinAll<F> {
    type Output = Result<Vec<F::Ok>, F::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
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
/// If several finish at once, the first one given wins. Of no futures nothing ever comes. The
/// futures are collected when this is called, as by [`join_all`].
///
/// `race_all(&mut calls)` races calls by reference and drops none of them: the losers keep running, and
/// can race again. This runs many activities with a limit on how many at once:
///
/// ```
/// # use durably::prelude::*;
/// # #[activity(start_to_close = "10s")]
/// # async fn price(item: u32) -> u64 { u64::from(item) * 10 }
/// # async fn prices(ctx: &Ctx, items: Vec<u32>) -> Result<u64> {
/// let mut total = 0;
/// let mut running = Vec::new();
/// for item in items {
///     if running.len() == 20 {
///         let (first, price) = race_all(&mut running).await;
///         drop(running.swap_remove(first));
///         total += price?;
///     }
///     running.push(price::call(ctx, item).start());
/// }
/// for price in join_all(running).await {
///     total += price?;
/// }
/// # Ok(total)
/// # }
/// ```
pub fn race_all<I: IntoIterator<Item: Future>>(all: I) -> RaceAll<I::Item> {
    RaceAll(all.into_iter().map(Box::pin).collect())
}

/// What [`race_all`] gives: it borrows nothing but what the futures borrow.
#[must_use = "nothing runs until this is awaited"]
pub struct RaceAll<F>(Vec<Pin<Box<F>>>);

impl<F: Future> Future for RaceAll<F> {
    type Output = (usize, F::Output);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        for (at, future) in self.0.iter_mut().enumerate() {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready((at, value));
            }
        }
        Poll::Pending
    }
}
