//! Waiting for several things at once, in an order that replay repeats.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use futures::{TryFuture, future};

/// The output of [`race`].
///
/// ```
/// use durably::Either;
///
/// let won: Either<u32, &str> = Either::First(3);
/// assert_eq!(won.first(), Some(3));
///
/// let same: Either<u32, u32> = Either::Second(4);
/// assert_eq!(same.into_inner(), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first future finished first, or together with the second.
    First(A),
    /// The second one did.
    Second(B),
}

impl<A, B> Either<A, B> {
    /// The output of the first future, if it finished first.
    pub fn first(self) -> Option<A> {
        match self {
            Self::First(value) => Some(value),
            Self::Second(_) => None,
        }
    }

    /// The output of the second future, if it finished first.
    ///
    /// ```
    /// use durably::Either;
    ///
    /// let late: Either<u32, &str> = Either::Second("timed out");
    /// assert_eq!(late.second(), Some("timed out"));
    /// ```
    pub fn second(self) -> Option<B> {
        match self {
            Self::First(_) => None,
            Self::Second(value) => Some(value),
        }
    }
}

impl<T> Either<T, T> {
    /// The output of the future that finished first.
    pub fn into_inner(self) -> T {
        match self {
            Self::First(value) | Self::Second(value) => value,
        }
    }
}

/// Both, polled in the order they are written.
///
/// It waits for both, also if one fails; [`try_join`] returns at the first error.
///
/// ```
/// # use durably::prelude::*;
/// # #[activity(start_to_close = "10s")]
/// # async fn price(item: u32) -> u64 { u64::from(item) * 10 }
/// # async fn both(ctx: &Ctx) -> Result<u64> {
/// let (first, second) = join(price::call(ctx, 1), price::call(ctx, 2)).await;
/// # Ok(first? + second?)
/// # }
/// ```
pub async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    future::join(a, b).await
}

/// All of them, with the outputs in the order of the futures.
///
/// The futures are collected when this is called, so the iterator may borrow what changes while
/// they run.
///
/// ```
/// # use durably::prelude::*;
/// # #[activity(start_to_close = "10s")]
/// # async fn price(item: u32) -> u64 { u64::from(item) * 10 }
/// # async fn cheap(ctx: &Ctx, items: Vec<u32>) -> usize {
/// let prices = join_all(items.into_iter().map(|item| price::call(ctx, item))).await;
/// prices.iter().filter(|price| matches!(price, Ok(0..100))).count()
/// # }
/// ```
pub fn join_all<I: IntoIterator<Item: Future>>(all: I) -> JoinAll<I::Item> {
    JoinAll(future::join_all(all))
}

/// The future of [`join_all`]: it borrows nothing but what the futures borrow.
///
/// ```
/// use durably::{prelude::*, workflow::{JoinAll, Sleep}};
///
/// fn naps(ctx: &Ctx) -> JoinAll<Sleep> {
///     join_all((1..=3).map(|n| ctx.sleep(mins(n))))
/// }
/// ```
#[must_use = "nothing runs until this is awaited"]
pub struct JoinAll<F: Future>(future::JoinAll<F>);

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// Both, or the first error; the other is dropped then, and so cancelled.
///
/// ```
/// # use durably::prelude::*;
/// # #[activity(start_to_close = "10s")]
/// # async fn price(item: u32) -> u64 { u64::from(item) * 10 }
/// # async fn both(ctx: &Ctx) -> Result<u64> {
/// let (first, second) = try_join(price::call(ctx, 1), price::call(ctx, 2)).await?;
/// # Ok(first + second)
/// # }
/// ```
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
///
/// ```
/// # use durably::prelude::*;
/// # #[activity(start_to_close = "10s")]
/// # async fn price(item: u32) -> u64 { u64::from(item) * 10 }
/// # async fn total(ctx: &Ctx, items: Vec<u32>) -> Result<u64> {
/// let prices = try_join_all(items.into_iter().map(|item| price::call(ctx, item))).await?;
/// # Ok(prices.iter().sum())
/// # }
/// ```
pub fn try_join_all<I, T, E>(all: I) -> TryJoinAll<I::Item>
where
    I: IntoIterator<Item: Future<Output = Result<T, E>>>,
{
    TryJoinAll(future::try_join_all(all))
}

/// The future of [`try_join_all`]: it borrows nothing but what the futures borrow.
///
/// ```
/// use durably::{prelude::*, workflow::{Sleep, TryJoinAll}};
///
/// fn naps(ctx: &Ctx) -> TryJoinAll<Sleep> {
///     try_join_all((1..=3).map(|n| ctx.sleep(mins(n))))
/// }
/// ```
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
///
/// ```
/// # use durably::prelude::*;
/// # #[activity(start_to_close = "10m")]
/// # async fn price(item: u32) -> u64 { u64::from(item) * 10 }
/// # async fn soon(ctx: &Ctx) -> Result<Option<u64>> {
/// match race(price::call(ctx, 1), ctx.sleep(secs(30))).await {
///     Either::First(price) => Ok(Some(price?)),
///     Either::Second(_elapsed) => Ok(None),
/// }
/// # }
/// ```
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
/// If several finish at once, the first one in order wins. Without futures it never completes. The
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

/// The future of [`race_all`]: it borrows nothing but what the futures borrow.
///
/// ```
/// use durably::{prelude::*, workflow::{RaceAll, Sleep}};
///
/// fn naps(ctx: &Ctx) -> RaceAll<Sleep> {
///     race_all((1..=3).map(|n| ctx.sleep(mins(n))))
/// }
/// ```
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
