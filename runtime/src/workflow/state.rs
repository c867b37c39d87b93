//! The state cell: the only module with `unsafe` code.

use std::{marker::PhantomData, rc::Rc};

/// The state of one run, shared by its run method and its handlers.
pub struct StateCell<W>(Rc<W>);
impl<W> Clone for StateCell<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
impl<W> StateCell<W> {
    /// Runs `f` with the state.
    pub fn with<R>(&self, _f: impl FnOnce(&mut W) -> R) -> R {
        unimplemented!()
    }
}
/// Lives in the body that uses `self`; nothing borrowed from the state can outlive it.
pub struct Root<'c, W> {
    _cell: &'c StateCell<W>,
}
impl<'c, W> Root<'c, W> {
    /// Of this cell.
    pub fn new(_cell: &'c StateCell<W>) -> Self {
        unimplemented!()
    }
}
/// Takes the state and gives it back.
pub struct Lease<'r, W> {
    _root: &'r Root<'r, W>,
    _invariant: PhantomData<fn(&'r ()) -> &'r ()>,
}
impl<'r, W> Lease<'r, W> {
    /// Of this root.
    pub fn new(_root: &'r Root<'r, W>) -> Self {
        unimplemented!()
    }
    /// The state, exclusively.
    pub fn take(&mut self) -> &'r mut W {
        unimplemented!()
    }
    /// Back to the handlers.
    pub fn give(&mut self, _state: &'r mut W) {
        unimplemented!()
    }
}
