//! Waiting for all of several futures.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures::future;

use super::bounded::BoundedJoinAll;

/// Both, polled in the order they are written.
///
/// It waits for both, also if one fails; [`try_join`](super::try_join) returns at the first error.
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
pub async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) /* of three: `join(a, join(b, c))`, or `join_all` */
{
    future::join(a, b).await
}

/// Writes the variants of `join` for more futures.
macro_rules! joins {
    ($($(#[$lint:meta])? $name:ident: $how_many:literal, $($future:ident $output:ident),+;)*) => {$(
        #[doc = concat!(
            "As [`join`], of ", $how_many, " futures.\n\n```\n# use durably::prelude::*;\n",
            "# use durably::workflow::", stringify!($name), ";\n",
            "# async fn naps(ctx: &Ctx) {\nlet outputs = ", stringify!($name),
            "(", $("ctx.sleep(secs(1)), ", nothing!($future),)+ ").await;\n",
            "# let _ = outputs;\n# }\n```"
        )]
        $(#[$lint])?
        pub async fn $name<$($output: Future),+>($($future: $output),+) -> ($($output::Output),+) {
            // A tuple is polled in order, each future until it has ended.
            futures::join!($($future),+)
        }
    )*};
}

joins! {
    join3: "three", a A, b B, c C;
    join4: "four", a A, b B, c C, d D;
    join5: "five", a A, b B, c C, d D, e E;
    join6: "six", a A, b B, c C, d D, e E, f F;
    join7: "seven", a A, b B, c C, d D, e E, f F, g G;
    #[expect(clippy::too_many_arguments, reason = "one for each future")]
    join8: "eight", a A, b B, c C, d D, e E, f F, g G, h H;
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
    JoinAll(State::New(all.into_iter().collect()))
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
pub struct JoinAll<F: Future>(State<F>);

enum State<F: Future> {
    New(Vec<F>),
    Running(future::JoinAll<F>),
}

impl<F: Future> JoinAll<F> {
    /// Runs at most `limit` of them at once; the next one begins when one of those that run has ended.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # #[activity(start_to_close = "10s")]
    /// # async fn price(item: u32) -> u64 { u64::from(item) * 10 }
    /// # async fn cheap(ctx: &Ctx, items: Vec<u32>) -> usize {
    /// let prices = join_all(items.into_iter().map(|item| price::call(ctx, item))).buffered(20).await;
    /// prices.iter().filter(|price| matches!(price, Ok(0..100))).count()
    /// # }
    /// ```
    ///
    /// # Panics
    /// If `limit` is 0: nothing would ever run. In a workflow the panic fails the workflow task.
    #[track_caller]
    pub fn buffered(self, limit: usize) -> BoundedJoinAll<F> {
        match self.0 {
            State::New(futures) => BoundedJoinAll::new(futures, limit),
            State::Running(_) => panic!("`buffered` comes before the first await of `join_all`"),
        }
    }
}

/// The futures are never pinned in place: they move to the heap before they are polled.
impl<F: Future> Unpin for JoinAll<F> {}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let state = &mut self.0;
        if let State::New(futures) = state {
            *state = State::Running(future::join_all(std::mem::take(futures)));
        }
        match state {
            State::Running(all) => Pin::new(all).poll(cx),
            State::New(_) => Poll::Pending,
        }
    }
}
