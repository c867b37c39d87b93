//! Panics in user code become values: message and place, without noise on stderr.

use std::{
    cell::{Cell, RefCell},
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use crate::error::panic_text;

/// A panic of user code, caught.
#[derive(Clone, Debug)]
pub(crate) struct Panicked {
    /// What the panic said.
    pub(crate) message: String,
    /// File, line and column; none if the hook was replaced.
    pub(crate) place: Option<String>,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "panicked at {place}: {}", self.message),
            None => write!(f, "panicked: {}", self.message),
        }
    }
}

impl std::error::Error for Panicked {}

/// Runs user code; returns a panic in it as an error.
pub(crate) fn catch<R>(user_code: impl FnOnce() -> R) -> Result<R, Panicked> {
    install_hook();
    let outer = CATCHING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(user_code));
    CATCHING.set(outer);
    result.map_err(|payload| Panicked {
        message: panic_text(payload.as_ref())
            .unwrap_or("a panic without a text")
            .to_owned(),
        place: PLACE.take(),
    })
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The hook of the process stays in force for all panics that are not caught here.
fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let process_hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                PLACE.set(info.location().map(ToString::to_string));
            } else {
                process_hook(info);
            }
        }));
    });
}
