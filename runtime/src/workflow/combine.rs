//! Deterministic combinators: futures are polled in the order they are written.

use std::future::Future;

/// What [`race`] gives.
pub enum Either<A, B> {
    /// The first future finished first.
    First(A),
    /// The second one did.
    Second(B),
}
/// Both, polled in order.
pub async fn join<A: Future, B: Future>(_a: A, _b: B) -> (A::Output, B::Output) {
    unimplemented!()
}
/// All, polled in order.
pub async fn join_all<I: IntoIterator<Item: Future>>(_all: I) -> Vec<<I::Item as Future>::Output> {
    unimplemented!()
}
/// The first to finish; the other is dropped, and so cancelled.
pub async fn race<A: Future, B: Future>(_a: A, _b: B) -> Either<A::Output, B::Output> {
    unimplemented!()
}
