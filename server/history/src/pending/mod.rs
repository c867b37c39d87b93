//! What is pending in a run: one owner for each kind.
//!
//! An owner has the collection and its indices, which only its own methods change; each asserts that
//! they agree, in release builds, too: what follows from a broken index must not be committed. The
//! collection knows which of its entries the next commit must write.

pub(crate) mod activities;
pub(crate) mod children;
pub(crate) mod outgoing;
pub(crate) mod requests;
pub(crate) mod timers;
pub(crate) mod updates;
