//! End-to-end tests, one binary: each body runs on the embedded server and on a real Temporal
//! server.

mod cli;
mod client;
mod histories;
mod interceptors;
mod interop;
mod replay;
mod server;
mod tidy;
mod worker;
mod workflow;
