//! The state of one run, lent to one piece of code at a time. The only module with `unsafe` code.
//!
//! `run` and the handlers of a workflow share one value of the user's type. Each of them works on a
//! plain `&mut W` and gives it back at every `.await`, where the others may take it:
//!
//! ```text
//!   StateCell --Root::new--> Root --Lease::new--> Lease --take--> &'r mut W
//!   (the run)                (one body)           (of it)  <-give--
//! ```
//!
//! # Why this is sound
//!
//! Two live `&mut W` into one cell must be impossible, also for code that misuses these types.
//!
//! * `take` succeeds only while `lent` is false and sets it, so between a `take` and the reset of
//!   `lent` no second reference is made.
//! * `lent` is reset in two places only. `give` consumes the reference by value; it asks for exactly
//!   `&'r mut W`, and `Lease<'r, _>` is invariant in `'r`, so whatever was borrowed through it must
//!   be dead: a reborrow that is still used keeps the reference borrowed and cannot be given. The
//!   other place is the drop of the `Root`, which `'r` borrows, so no `&'r mut W` can be used
//!   afterwards.
//! * A lease borrows its `Root` exclusively: a second one, to which a shorter reborrow could be given
//!   while the reference it came from lives on, does not exist before `'r` is over.
//! * A reference of another cell cannot be given: `give` compares addresses. A zero-sized state may
//!   share its address with another one, but has no byte to alias, and `give` also asks that this
//!   root holds the state.
//! * The value lives in an `Rc` that the `Root` keeps borrowed through its `StateCell`.
//! * Everything is `!Send` and `!Sync`, so `Cell` is enough for the flags.
//! * A forgotten `Root` leaves `lent` set for good: later takes panic, nothing aliases.

#![expect(
    unsafe_code,
    reason = "one exclusive reference out of an `UnsafeCell`; the argument is in the module's doc"
)]

use std::{
    cell::{Cell, UnsafeCell},
    marker::PhantomData,
    panic::Location,
    ptr,
    rc::Rc,
};

use super::current;

/// The state of one run, shared by its run method and its handlers.
pub struct StateCell<W>(Rc<Inner<W>>);

struct Inner<W> {
    /// Whether a `&mut W` exists: set by `take`, reset by `give` and by the drop of the root.
    lent: Cell<bool>,
    /// The `.await` for which some body gave the state back last.
    awaits: Cell<Option<&'static Location<'static>>>,
    state: UnsafeCell<W>,
}

impl<W> StateCell<W> {
    /// The cell of a new run.
    pub fn new(state: W) -> Self {
        Self(Rc::new(Inner {
            lent: Cell::new(false),
            awaits: Cell::new(None),
            state: UnsafeCell::new(state),
        }))
    }

    /// Runs `body` on the state.
    ///
    /// # Panics
    ///
    /// If some body holds the state; see [`is_lent`](Self::is_lent).
    pub fn with<R>(&self, body: impl FnOnce(&mut W) -> R) -> R {
        let mut root = Root::new(self);
        body(Lease::new(&mut root).take())
    }

    /// Whether some body holds the state. While every future of the run is suspended it must not:
    /// then an await that `#[workflow]` could not see kept `self`.
    pub fn is_lent(&self) -> bool {
        self.0.lent.get()
    }

    /// The `.await` for which the state was given back last.
    pub(crate) fn awaits(&self) -> Option<&'static Location<'static>> {
        self.0.awaits.get()
    }

    /// Code that waits at this `.await` is about to be polled.
    pub(crate) fn set_awaits(&self, place: Option<&'static Location<'static>>) {
        self.0.awaits.set(place);
    }
}

impl<W> Clone for StateCell<W> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

/// Lives in the body that uses `self`: nothing borrowed from the state can outlive it, and its drop
/// gives the state back on return, `?`, panic and cancellation.
pub struct Root<'c, W> {
    cell: &'c StateCell<W>,
    /// Whether the state is lent to this body.
    holds: Cell<bool>,
}

impl<'c, W> Root<'c, W> {
    /// The root of a body that works on `cell`.
    pub fn new(cell: &'c StateCell<W>) -> Self {
        Self {
            cell,
            holds: Cell::new(false),
        }
    }
}

impl<W> Drop for Root<'_, W> {
    fn drop(&mut self) {
        if self.holds.get() {
            self.cell.0.lent.set(false);
        }
    }
}

/// Takes the state and gives it back, any number of times.
///
/// Invariant in `'r`: `give` ends the very borrow that `take` began, not a shorter one.
///
/// There is one lease of a root at a time, or a shorter one would take a reborrow for the reference:
///
/// ```compile_fail,E0499
/// use durably::__private::{Lease, Root, StateCell};
///
/// let cell = StateCell::new(vec![1]);
/// let mut root = Root::new(&cell);
/// let mut lease = Lease::new(&mut root);
/// let state = lease.take();
/// Lease::new(&mut root).give(&mut *state);
/// cell.with(|other| other.clear());
/// state.push(2);
/// ```
pub struct Lease<'r, W> {
    root: &'r Root<'r, W>,
    invariant: PhantomData<fn(&'r ()) -> &'r ()>,
}

impl<'r, W> Lease<'r, W> {
    /// A lease within the body of `root`.
    pub fn new<'c: 'r>(root: &'r mut Root<'c, W>) -> Self {
        Self {
            root,
            invariant: PhantomData,
        }
    }

    /// The cell that the state is lent from.
    pub fn cell(&self) -> &'r StateCell<W> {
        self.root.cell
    }

    /// The state, exclusively, until it is given back.
    ///
    /// # Panics
    ///
    /// If it is lent already: a future was polled by something else than the worker while the body
    /// around it held `self`.
    pub fn take(&mut self) -> &'r mut W {
        let inner = &self.root.cell.0;
        assert!(
            !inner.lent.replace(true),
            "the workflow's state is in use: an `.await` hidden inside a macro, or an executor \
             inside the workflow, kept `self`"
        );
        self.root.holds.set(true);
        // SAFETY: `lent` was false, so no other reference into the cell is live, and none is made
        // until `give` has consumed this one or the root it borrows from is gone.
        unsafe { &mut *inner.state.get() }
    }

    /// Hands the state back to the handlers, for an `.await` where this is called.
    #[track_caller]
    pub fn give(&mut self, state: &'r mut W) {
        let inner = &self.root.cell.0;
        assert!(
            self.root.holds.get() && ptr::eq(state, inner.state.get()),
            "a lease gives back what it has taken"
        );
        self.root.holds.set(false);
        inner.lent.set(false);
        let place = Location::caller();
        inner.awaits.set(Some(place));
        // An await that never waits is not polled by us; a loop over it must be found all the same.
        current::seen(place);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{Lease, Root, StateCell};

    fn taken_twice(cell: &StateCell<Vec<u8>>) -> bool {
        catch_unwind(AssertUnwindSafe(|| cell.with(|_| cell.with(|_| ())))).is_err()
    }

    #[test]
    fn others_take_the_state_between_give_and_take() {
        let cell = StateCell::new(vec![1]);
        let mut root = Root::new(&cell);
        let mut lease = Lease::new(&mut root);
        let state = lease.take();
        state.push(2);
        assert!(cell.is_lent());
        lease.give(state);
        assert!(!cell.is_lent());
        cell.with(|state| state.push(3));
        assert_eq!(*lease.take(), [1, 2, 3]);
    }

    #[test]
    fn a_second_take_panics_and_the_first_holder_keeps_the_state() {
        let cell = StateCell::new(vec![]);
        assert!(taken_twice(&cell));
        assert!(!cell.is_lent());
        cell.with(|state| state.push(1));
    }

    #[test]
    fn a_body_that_ends_while_it_holds_gives_back() {
        let cell = StateCell::new(vec![1]);
        let mut root = Root::new(&cell);
        Lease::new(&mut root).take().push(2);
        assert!(cell.is_lent());
        drop(root);
        assert!(!cell.is_lent());
    }

    #[test]
    fn a_panicking_body_gives_back() {
        let cell = StateCell::new(vec![1]);
        let panicked = catch_unwind(AssertUnwindSafe(|| cell.with(|state| state[7])));
        assert!(panicked.is_err());
        assert!(!cell.is_lent());
    }

    #[test]
    fn a_root_that_never_took_gives_nothing_back() {
        let cell = StateCell::new(vec![1]);
        cell.with(|_| drop(Root::new(&cell)));
        assert!(!cell.is_lent());
        let mut holder = Root::new(&cell);
        let state = Lease::new(&mut holder).take();
        drop(Root::new(&cell));
        assert!(cell.is_lent());
        state.push(2);
    }

    #[test]
    #[should_panic(expected = "gives back what it has taken")]
    fn the_state_of_another_cell_is_refused() {
        let (one, two) = (StateCell::new(1), StateCell::new(2));
        let (mut first, mut second) = (Root::new(&one), Root::new(&two));
        let (mut a, mut b) = (Lease::new(&mut first), Lease::new(&mut second));
        let (mine, _other) = (a.take(), b.take());
        b.give(mine);
    }

    #[test]
    fn a_state_without_bytes_is_still_lent_once() {
        let cell = StateCell::new(());
        let mut root = Root::new(&cell);
        let _held = Lease::new(&mut root).take();
        assert!(catch_unwind(AssertUnwindSafe(|| cell.with(|_| ()))).is_err());
    }
}
