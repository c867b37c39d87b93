//! What workflow code tells `tracing` is heard once, not again at each replay.

use tracing::{Dispatch, dispatcher};

/// Runs code of a workflow; whatever it tells `tracing` is lost if it only repeats what it did.
///
/// Queries and validators do not come here: they are never repeated.
pub(super) fn silent_if<R>(replaying: bool, user_code: impl FnOnce() -> R) -> R {
    match replaying {
        true => dispatcher::with_default(&Dispatch::none(), user_code),
        false => user_code(),
    }
}
