//! Interceptors of clients, workflows and activities, on both servers.

mod activities;
mod client;
mod headers;
mod workflows;
