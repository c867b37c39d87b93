//! Items that exist only for the compiler's words: names that other SDKs have, answered with ours.

pub(crate) mod awaited;
mod client;
#[cfg(not(feature = "server"))]
pub(crate) mod without_server;
mod worker;
pub(crate) mod workflow;
