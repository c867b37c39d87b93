//! Interceptors of clients, workflows and activities, on both servers.

mod activities;
mod client;
mod headers;
mod operators;
mod traces;
mod workflows;
