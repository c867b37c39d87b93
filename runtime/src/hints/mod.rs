//! Items that exist only for what a person reads: names that other SDKs have, answered with ours, and
//! bounds that say in words what rustc would say in traits.

pub(crate) mod awaited;
mod calls;
mod client;
pub(crate) mod converted;
pub(crate) mod hash_order;
pub(crate) mod local_activity;
pub(crate) mod outside;
pub(crate) mod random;
pub(crate) mod returned;
mod time;
#[cfg(not(feature = "server"))]
pub(crate) mod without_server;
mod worker;
pub(crate) mod workflow;
