//! An embedded Temporal server. Every Temporal client and worker reaches it through gRPC on
//! loopback; a client in the same process calls it without a socket.
//!
//! ```
//! # async fn start() -> Result<(), durably_server::StartError> {
//! let server = durably_server::Server::start().await?;
//! println!("listening on {:?}", server.address());
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! Every request takes the same path: the gRPC frontend converts the message into an input, the
//! backend locks the execution, the history core (the crate `durably-history`, without IO) applies
//! the input, and the store commits the transition. Only then are the effects executed: tasks are
//! offered to pollers, timers are armed, the visibility index is updated.

mod backend;
mod batch;
mod batch_runner;
mod clock;
mod deployment;
mod due_queue;
mod error;
mod execution;
mod grpc;
mod ids;
mod matching;
mod name;
mod namespace;
mod outbox;
mod queue_config;
mod schedule;
mod server;
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation;
mod store;
mod visibility;
mod worker_registry;

pub use crate::backend::advance::AdvanceError;
pub use crate::clock::{Clock, ClockHold, SkipsTime};
#[cfg(feature = "sqlite")]
pub use crate::error::DatabaseProblem;
pub use crate::error::{ServerFailed, StartError};
pub use crate::server::Server;
pub use crate::server::builder::ServerBuilder;
