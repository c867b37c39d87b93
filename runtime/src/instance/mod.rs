//! The state of one run that its driver and the API of workflow code share.

pub(crate) mod children;
pub(crate) mod core;
pub(crate) mod coroutine;
pub(crate) mod current;
pub(crate) mod generator;
mod numbered;
pub(crate) mod ops;
pub(crate) mod outbound;
pub(crate) mod panics;
pub(crate) mod patches;
#[cfg(test)]
pub(crate) mod probe;
pub(crate) mod randomness;
pub(crate) mod side_effects;
pub(crate) mod site;
pub(crate) mod state;
pub(crate) mod turns;
mod upserts;
pub(crate) mod waits;
pub(crate) mod waker;
