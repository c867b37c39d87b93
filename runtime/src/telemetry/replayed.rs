//! Suppresses the `tracing` events of workflow code while it is replayed, so that each is logged once.

use std::cell::Cell;

use tracing::{Dispatch, dispatcher};

thread_local! {
    static SUPPRESSED: Cell<bool> = const { Cell::new(false) };
}

/// Runs code of a workflow; its `tracing` events and the log lines of the SDK about it are dropped while it is
/// replayed.
///
/// Queries do not come here, and no validator runs while replaying: neither is ever repeated.
pub(crate) fn suppressed_if<R>(replaying: bool, user_code: impl FnOnce() -> R) -> R {
    if !replaying {
        return user_code();
    }
    let _restore = Restore(SUPPRESSED.replace(true));
    dispatcher::with_default(&Dispatch::none(), user_code)
}

/// Whether this thread replays events that were logged before.
pub(crate) fn is_suppressed() -> bool {
    SUPPRESSED.get()
}

/// Restores the earlier value, also when the code panics.
struct Restore(bool);

impl Drop for Restore {
    fn drop(&mut self) {
        SUPPRESSED.set(self.0);
    }
}
