//! Waiting for the first of several futures.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

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

/// Writes the variants of `race` for more futures.
macro_rules! races {
    ($($(#[$lint:meta])? $name:ident $output:ident: $how_many:literal, $($nth:literal $variant:ident $future:ident $type:ident),+;)*) => {$(
        #[doc = concat!(
            "The output of [`", stringify!($name), "`].\n\n```\nuse durably::workflow::", stringify!($output),
            ";\n\nlet won: ", stringify!($output), "<", $("u32, ", nothing!($future),)+ "> = ",
            stringify!($output), "::Third(3);\nassert!(matches!(won, ", stringify!($output),
            "::Third(3)));\n```"
        )]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $output<$($type),+> {
            $(
                #[doc = concat!("The ", $nth, " future finished first, or together with later ones.")]
                $variant($type),
            )+
        }

        #[doc = concat!(
            "As [`race`], of ", $how_many, " futures.\n\n```\n# use durably::prelude::*;\n",
            "# use durably::workflow::{", stringify!($name), ", ", stringify!($output), "};\n",
            "# async fn naps(ctx: &Ctx) -> bool {\nlet won = ", stringify!($name),
            "(", $("ctx.sleep(secs(1)), ", nothing!($future),)+ ").await;\n",
            "matches!(won, ", stringify!($output), "::Third(Ok(())))\n# }\n```"
        )]
        $(#[$lint])?
        pub async fn $name<$($type: Future),+>($($future: $type),+) -> $output<$($type::Output),+> {
            $(let mut $future = pin!($future);)+
            poll_fn(|cx| {
                $(if let Poll::Ready(value) = $future.as_mut().poll(cx) {
                    return Poll::Ready($output::$variant(value));
                })+
                Poll::Pending
            })
            .await
        }
    )*};
}

races! {
    race3 Either3: "three", "first" First a A, "second" Second b B, "third" Third c C;
    race4 Either4: "four", "first" First a A, "second" Second b B, "third" Third c C, "fourth" Fourth d D;
    race5 Either5: "five", "first" First a A, "second" Second b B, "third" Third c C, "fourth" Fourth d D,
        "fifth" Fifth e E;
    race6 Either6: "six", "first" First a A, "second" Second b B, "third" Third c C, "fourth" Fourth d D,
        "fifth" Fifth e E, "sixth" Sixth f F;
    race7 Either7: "seven", "first" First a A, "second" Second b B, "third" Third c C, "fourth" Fourth d D,
        "fifth" Fifth e E, "sixth" Sixth f F, "seventh" Seventh g G;
    #[expect(clippy::too_many_arguments, reason = "one for each future")]
    race8 Either8: "eight", "first" First a A, "second" Second b B, "third" Third c C, "fourth" Fourth d D,
        "fifth" Fifth e E, "sixth" Sixth f F, "seventh" Seventh g G, "eighth" Eighth h H;
}

/// The first to finish, with its position; the others are dropped, and so cancelled.
///
/// If several finish at once, the first one in order wins. Without futures it never completes. The
/// futures are collected when this is called, as by [`join_all`](super::join_all).
///
/// `race_all(&mut calls)` races calls by reference and drops none of them: the losers keep running, and
/// can race again. [`FutureSet`](super::FutureSet) does so without polling all of them each time.
///
/// ```
/// # use durably::prelude::*;
/// # #[activity(start_to_close = "10s")]
/// # async fn quote(supplier: String) -> u64 { supplier.len() as u64 }
/// # async fn soonest(ctx: &Ctx, suppliers: Vec<String>) -> Result<u64> {
/// let (_position, cents) = race_all(suppliers.iter().map(|supplier| quote::call(ctx, supplier))).await;
/// # Ok(cents?)
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
