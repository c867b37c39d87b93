//! An embedded Temporal server: every Temporal client reaches it by gRPC on loopback, and a client
//! in the same process without a socket.
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
//! A request goes one way: [`grpc`](self) turns the message into an input, the engine locks the
//! execution, the history core (the crate `durably-history`, without IO) decides, the store commits,
//! and only then the effects act: tasks are offered to pollers, deadlines are armed, lists change.

mod backend;
mod clock;
mod due_queue;
mod error;
mod execution;
mod grpc;
mod ids;
mod matching;
mod namespace;
mod server;
mod store;
mod visibility;

pub use crate::backend::advance::AdvanceError;
pub use crate::clock::{Clock, ClockHold, SkipsTime};
pub use crate::error::StartError;
pub use crate::server::Server;
pub use crate::server::builder::ServerBuilder;
