//! Async methods that are not of the `#[workflow]` block and are awaited in it.

/// A future that borrows nothing of the workflow's state. The future of an `async fn` borrows all of its
/// arguments, and is never `Unpin`; the SDK's own futures and boxed ones are.
#[diagnostic::on_unimplemented(
    message = "an async method of another impl block keeps `self` while it waits, when the handlers need it",
    label = "move this method into the `#[workflow]` block",
    note = "an async method of a trait runs on a value that is not `self`: move a field out for it (`let mut cart = std::mem::take(&mut self.cart);`), and back after the `.await`",
    note = "a future that borrows nothing of `self` is awaited in a statement of its own: `let call = self.method(..);`, then `call.await`"
)]
pub trait FreeOfState: Sized {
    #[doc(hidden)]
    fn free_of_state(self) -> Self {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<F: IntoFuture + Unpin> FreeOfState for F {}
