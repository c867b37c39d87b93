//! The one binary of end-to-end tests.

mod client;
mod interop;
mod replay;
mod server;
mod tidy;
mod worker;
mod workflow;
