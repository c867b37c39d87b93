//! What people look for on a [`Time`]: what would read the clock of the machine.

use std::time::Duration;

use crate::time::Time;

/// A point in time that reads the clock: no type is.
#[diagnostic::on_unimplemented(
    message = "a workflow's `Time` has no `elapsed`, which would read the clock of the machine",
    label = "subtract from the workflow's own time: `ctx.now() - start`"
)]
pub trait Ticking {
    #[doc(hidden)]
    fn never<T>() -> T;
}

// No type has the trait. `for<'a>` lets a bound stand that is known not to hold.
#[doc(hidden)]
impl Time {
    pub fn elapsed(self) -> Duration
    where
        for<'a> Self: Ticking,
    {
        Self::never()
    }
}
