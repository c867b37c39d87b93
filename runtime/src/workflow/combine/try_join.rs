//! Waiting for all of several futures, or for the first error.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{TryFuture, future};

use super::bounded::BoundedTryJoinAll;

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

/// Writes the variants of `try_join` for more futures.
macro_rules! try_joins {
    ($($(#[$lint:meta])? $name:ident: $how_many:literal, $($future:ident $output:ident $value:ident),+;)*) => {$(
        #[doc = concat!(
            "As [`try_join`], of ", $how_many, " futures.\n\n```\n# use durably::prelude::*;\n",
            "# use durably::workflow::", stringify!($name), ";\n",
            "# async fn naps(ctx: &Ctx) -> Result<()> {\n", stringify!($name),
            "(", $("ctx.sleep(secs(1)), ", nothing!($future),)+ ").await?;\n",
            "# Ok(())\n# }\n```"
        )]
        $(#[$lint])?
        pub async fn $name<Error, $($output, $value),+>($($future: $output),+) -> Result<($($value),+), Error>
        where
            $($output: Future<Output = Result<$value, Error>>),+
        {
            futures::try_join!($($future),+)
        }
    )*};
}

try_joins! {
    try_join3: "three", a A T, b B U, c C V;
    try_join4: "four", a A T, b B U, c C V, d D W;
    try_join5: "five", a A T, b B U, c C V, d D W, e E X;
    try_join6: "six", a A T, b B U, c C V, d D W, e E X, f F Y;
    try_join7: "seven", a A T, b B U, c C V, d D W, e E X, f F Y, g G Z;
    #[expect(clippy::too_many_arguments, reason = "one for each future")]
    try_join8: "eight", a A T, b B U, c C V, d D W, e E X, f F Y, g G Z, h H S;
}

/// All of them, or the first error; the others are dropped then, and so cancelled.
///
/// The futures are collected when this is called, as by [`join_all`](super::join_all).
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
    TryJoinAll(State::New(all.into_iter().collect()))
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
pub struct TryJoinAll<F: TryFuture>(State<F>);

enum State<F: TryFuture> {
    New(Vec<F>),
    Running(future::TryJoinAll<F>),
}

impl<F: TryFuture> TryJoinAll<F> {
    /// Runs at most `limit` of them at once; the next one begins when one of those that run has ended.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # #[activity(start_to_close = "10s")]
    /// # async fn price(item: u32) -> u64 { u64::from(item) * 10 }
    /// # async fn total(ctx: &Ctx, items: Vec<u32>) -> Result<u64> {
    /// let calls = items.into_iter().map(|item| price::call(ctx, item));
    /// let prices = try_join_all(calls).buffered(20).await?;
    /// # Ok(prices.iter().sum())
    /// # }
    /// ```
    ///
    /// # Panics
    /// If `limit` is 0: nothing would ever run. In a workflow the panic fails the workflow task.
    #[track_caller]
    pub fn buffered(self, limit: usize) -> BoundedTryJoinAll<F> {
        match self.0 {
            State::New(futures) => BoundedTryJoinAll::new(futures, limit),
            State::Running(_) => {
                panic!("`buffered` comes before the first await of `try_join_all`")
            }
        }
    }
}

/// The futures are never pinned in place: they move to the heap before they are polled.
impl<F: TryFuture> Unpin for TryJoinAll<F> {}

impl<F: TryFuture> Future for TryJoinAll<F> {
    type Output = Result<Vec<F::Ok>, F::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let state = &mut self.0;
        if let State::New(futures) = state {
            *state = State::Running(future::try_join_all(std::mem::take(futures)));
        }
        match state {
            State::Running(all) => Pin::new(all).poll(cx),
            State::New(_) => Poll::Pending,
        }
    }
}
