//! Where a condition is written that decides by the state alone.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

/// Stands for one condition in the source. An expansion has a `static` of it in the condition, whose
/// address no other condition has.
#[derive(Debug)]
pub struct Site {
    /// Two statics without a byte, or that cannot change, might share their address.
    seen: AtomicBool,
}

thread_local! {
    static LAST: Cell<usize> = const { Cell::new(NOWHERE) };
}

/// No condition is here: sites are addresses.
const NOWHERE: usize = 0;

impl Site {
    /// A condition.
    #[expect(clippy::new_without_default, reason = "a static is not a default")]
    pub const fn new() -> Self {
        Self {
            seen: AtomicBool::new(false),
        }
    }

    /// The condition is evaluated.
    pub fn is_here(&'static self) {
        self.seen.store(true, Relaxed);
        LAST.set(std::ptr::from_ref(self).addr());
    }
}

/// Evaluates a condition; also tells where it is written, if it decides by the state alone.
///
/// A condition reaches the state by a reference, so one that has the size of a reference has captured
/// nothing else.
pub(crate) fn evaluate<F: FnMut() -> bool>(condition: &mut F) -> (bool, Option<usize>) {
    LAST.set(NOWHERE);
    let holds = condition();
    let site = LAST.get();
    let alone = site != NOWHERE && size_of::<F>() == size_of::<&()>();
    (holds, alone.then_some(site))
}
