//! Silences the `tracing` events of workflow code while it is replayed, so that each is logged once.

use std::cell::Cell;

use tracing::{Dispatch, dispatcher};

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Runs code of a workflow; its `tracing` events are dropped if it only repeats what it did, and
/// so is what the SDK has to say of it.
///
/// Queries do not come here, and no validator runs while replaying: neither is ever repeated.
pub(crate) fn silent_if<R>(replaying: bool, user_code: impl FnOnce() -> R) -> R {
    if !replaying {
        return user_code();
    }
    let _silence = Silence(SILENT.replace(true));
    dispatcher::with_default(&Dispatch::none(), user_code)
}

/// Whether this thread repeats what was heard before.
pub(crate) fn is_silent() -> bool {
    SILENT.get()
}

/// Puts back what was, also when the code panics.
struct Silence(bool);

impl Drop for Silence {
    fn drop(&mut self) {
        SILENT.set(self.0);
    }
}
