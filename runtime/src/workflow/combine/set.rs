//! A set of futures that grows while they run.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{Stream, stream::FuturesUnordered};

/// Futures that run together; [`join_next`](Self::join_next) returns the output of the one that ends first.
///
/// Futures can be added at any time, also between two calls of `join_next`. They run while it is awaited,
/// so one that was added begins with the next await; a call that was started
/// ([`ActivityCall::start`](crate::workflow::ActivityCall::start)) has begun before. If several have ended, they come
/// in the order of history. Those that are left are dropped with the set, and so cancelled.
///
/// Its work does not depend on how many futures there are.
///
/// ```
/// use durably::{prelude::*, workflow::FutureSet};
///
/// #[activity(start_to_close = "1m")]
/// async fn links(page: String) -> Vec<String> {
///     # _ = page;
///     vec![]
/// }
///
/// /// Visits all pages that can be reached, and returns their number.
/// async fn crawl(ctx: &Ctx, first: String) -> Result<usize> {
///     let mut seen = durably::HashSet::default();
///     let mut visits = FutureSet::new();
///     seen.insert(first.clone());
///     visits.push(links::call(ctx, first));
///     while let Some(found) = visits.join_next().await {
///         for page in found? {
///             if seen.insert(page.clone()) {
///                 visits.push(links::call(ctx, page));
///             }
///         }
///     }
///     assert!(visits.is_empty() && visits.len() == 0);
///     Ok(seen.len())
/// }
/// ```
pub struct FutureSet<F>(FuturesUnordered<F>);

impl<F> FutureSet<F> {
    /// A set without futures.
    pub fn new() -> Self {
        Self(FuturesUnordered::new())
    }

    /// Adds a future.
    pub fn push(&mut self, future: F) {
        self.0.push(future);
    }

    /// How many futures have not ended.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether all have ended.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<F: Future> FutureSet<F> {
    /// Waits for the next output; `None` if no future is left.
    pub fn join_next(&mut self) -> JoinNext<'_, F> {
        JoinNext(self)
    }
}

impl<F> Default for FutureSet<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F> Extend<F> for FutureSet<F> {
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        futures.into_iter().for_each(|future| self.push(future));
    }
}

impl<F> FromIterator<F> for FutureSet<F> {
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

/// The future of [`FutureSet::join_next`]. Dropping it cancels nothing.
///
/// ```
/// use durably::{prelude::*, workflow::{FutureSet, JoinNext, Sleep}};
///
/// fn next_alarm(alarms: &mut FutureSet<Sleep>) -> JoinNext<'_, Sleep> {
///     alarms.join_next()
/// }
/// ```
#[must_use = "nothing runs until this is awaited"]
pub struct JoinNext<'a, F>(&'a mut FutureSet<F>);

impl<F: Future> Future for JoinNext<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0.0).poll_next(cx)
    }
}
