//! The client API, on both servers.

mod collected;
mod errors;
mod handle;
mod repeated;
mod start;
mod timeouts;
