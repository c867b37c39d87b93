//! Synchronisation: state that threads share, and waits for other threads.

use super::Group;

pub(super) const GROUPS: &[Group] = &[Group {
    why: "waits for other threads, whose order replay cannot repeat",
    instead: "a field of `self` (one piece of workflow code runs at a time), `ctx.wait_until(..)` or \
              `durably::workflow::Lock`",
    functions: &[
        "std::sync/mpsc::channel",
        "std::sync/mpsc::sync_channel",
        "tokio::sync/mpsc::channel",
        "tokio::sync/mpsc::unbounded_channel",
        "tokio::sync/oneshot::channel",
        "tokio::sync/broadcast::channel",
        "tokio::sync/watch::channel",
    ],
    types: &[
        "std::sync/Mutex",
        "std::sync/RwLock",
        "std::sync/Condvar",
        "std/sync::Barrier",
        "std::sync/mpsc::Sender",
        "std::sync/mpsc::SyncSender",
        "std::sync/mpsc::Receiver",
        "tokio::sync/Mutex",
        "tokio::sync/RwLock",
        "tokio/sync::Barrier",
        "tokio/sync::Notify",
        "tokio/sync::Semaphore",
        "tokio/sync::OnceCell",
        "tokio::sync/mpsc::Sender",
        "tokio::sync/mpsc::Receiver",
        "tokio::sync/oneshot::Sender",
        "tokio::sync/oneshot::Receiver",
        "tokio::sync/broadcast::Sender",
        "tokio::sync/broadcast::Receiver",
        "tokio::sync/watch::Sender",
        "tokio::sync/watch::Receiver",
        "parking_lot/Mutex",
        "parking_lot/RwLock",
        "parking_lot/Condvar",
    ],
    ..Group::EMPTY
}];

/// Types with interior mutability, which make a static mutable at run time.
///
/// `LazyLock` and its like are absent: their value is computed once, by an initialiser that is checked
/// too.
const INTERIOR: &[&str] = &[
    "Mutex",
    "RwLock",
    "Cell",
    "RefCell",
    "UnsafeCell",
    "OnceCell",
    "OnceLock",
    "DashMap",
];

/// Methods that only types with interior mutability have.
const CHANGES: &[&str] = &[
    "fetch_add",
    "fetch_sub",
    "fetch_and",
    "fetch_or",
    "fetch_xor",
    "fetch_max",
    "fetch_min",
    "fetch_update",
    "compare_exchange",
    "compare_exchange_weak",
    "lock",
    "try_lock",
    "with_borrow",
    "with_borrow_mut",
    "get_or_init",
];

/// Whether a type has interior mutability.
pub(in crate::determinism) fn is_interior(name: &str) -> bool {
    INTERIOR.contains(&name) || name.starts_with("Atomic")
}

/// Whether a method of this name exists only on types with interior mutability.
pub(in crate::determinism) fn changes_by(method: &str) -> bool {
    CHANGES.contains(&method)
}
