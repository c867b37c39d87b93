//! Waiting for all of many futures, of which only some run at once.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    vec,
};

use futures::{Stream, TryFuture, stream::FuturesUnordered};

/// The future of [`JoinAll::buffered`](super::JoinAll::buffered).
///
/// ```
/// use durably::{prelude::*, workflow::{BoundedJoinAll, Sleep}};
///
/// fn naps(ctx: &Ctx) -> BoundedJoinAll<Sleep> {
///     join_all((1..=30).map(|n| ctx.sleep(mins(n)))).buffered(3)
/// }
/// ```
#[must_use = "nothing runs until this is awaited"]
pub struct BoundedJoinAll<F: Future> {
    running: Running<F>,
    outputs: Vec<Option<F::Output>>,
}

/// The future of [`TryJoinAll::buffered`](super::TryJoinAll::buffered).
///
/// ```
/// use durably::{prelude::*, workflow::{BoundedTryJoinAll, Sleep}};
///
/// fn naps(ctx: &Ctx) -> BoundedTryJoinAll<Sleep> {
///     try_join_all((1..=30).map(|n| ctx.sleep(mins(n)))).buffered(3)
/// }
/// ```
#[must_use = "nothing runs until this is awaited"]
pub struct BoundedTryJoinAll<F: TryFuture> {
    running: Running<F>,
    values: Vec<Option<F::Ok>>,
}

/// Futures of which at most `limit` run at once.
struct Running<F> {
    waiting: vec::IntoIter<F>,
    /// How many have begun.
    begun: usize,
    running: FuturesUnordered<Numbered<F>>,
    limit: usize,
}

/// A future with its position.
struct Numbered<F> {
    position: usize,
    future: Pin<Box<F>>,
}

impl<F: Future> BoundedJoinAll<F> {
    #[track_caller]
    pub(super) fn new(futures: Vec<F>, limit: usize) -> Self {
        Self {
            outputs: futures.iter().map(|_| None).collect(),
            running: Running::new(futures, limit),
        }
    }
}

impl<F: TryFuture> BoundedTryJoinAll<F> {
    #[track_caller]
    pub(super) fn new(futures: Vec<F>, limit: usize) -> Self {
        Self {
            values: futures.iter().map(|_| None).collect(),
            running: Running::new(futures, limit),
        }
    }
}

impl<F> Running<F> {
    #[track_caller]
    fn new(futures: Vec<F>, limit: usize) -> Self {
        assert!(limit > 0, "`buffered(0)` would never run anything");
        Self {
            waiting: futures.into_iter(),
            begun: 0,
            running: FuturesUnordered::new(),
            limit,
        }
    }
}

impl<F: Future> Running<F> {
    /// The next output and its position; none once all have ended.
    ///
    /// Outputs come in the order of the wakes, which is that of history.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, F::Output)>> {
        while self.running.len() < self.limit
            && let Some(future) = self.waiting.next()
        {
            self.running.push(Numbered {
                position: self.begun,
                future: Box::pin(future),
            });
            self.begun += 1;
        }
        Pin::new(&mut self.running).poll_next(cx)
    }
}

impl<F: Future> Future for Numbered<F> {
    type Output = (usize, F::Output);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let position = self.position;
        let output = self.future.as_mut().poll(cx);
        output.map(|output| (position, output))
    }
}

/// The futures that run are on the heap, and the outputs are never pinned.
impl<F: Future> Unpin for BoundedJoinAll<F> {}

impl<F: Future> Future for BoundedJoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while let Poll::Ready(next) = this.running.poll_next(cx) {
            match next {
                Some((position, output)) => this.outputs[position] = Some(output),
                None => {
                    let outputs = std::mem::take(&mut this.outputs);
                    return Poll::Ready(outputs.into_iter().flatten().collect());
                }
            }
        }
        Poll::Pending
    }
}

/// The futures that run are on the heap, and the values are never pinned.
impl<F: TryFuture> Unpin for BoundedTryJoinAll<F> {}

impl<F, T, E> Future for BoundedTryJoinAll<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while let Poll::Ready(next) = this.running.poll_next(cx) {
            match next {
                Some((position, Ok(value))) => this.values[position] = Some(value),
                Some((_, Err(error))) => {
                    // Cancelled now, whenever this future is dropped.
                    this.running.running.clear();
                    this.running.waiting = Vec::new().into_iter();
                    return Poll::Ready(Err(error));
                }
                None => {
                    let values = std::mem::take(&mut this.values);
                    return Poll::Ready(Ok(values.into_iter().flatten().collect()));
                }
            }
        }
        Poll::Pending
    }
}
