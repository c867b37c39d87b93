//! Temporal workflows in Rust, declared on ordinary structs.
//!
//! A workflow is an `impl` block: its state is the struct, its body the `#[run]` method, and signals,
//! queries and updates are methods beside it. Activities are functions. A [`Worker`] runs both for a
//! Temporal server, and a [`Client`] starts workflows and talks to them, with the types of the
//! methods it calls.
//!
//! ```no_run
//! use durably::prelude::*;
//!
//! #[activity(start_to_close = "10s")]
//! async fn greet(greeting: String, name: String) -> String {
//!     format!("{greeting}, {name}!")
//! }
//!
//! #[derive(Default)]
//! struct Greeting {
//!     names: Vec<String>,
//!     greetings: Vec<String>,
//!     finished: bool,
//! }
//!
//! #[workflow]
//! impl Greeting {
//!     #[run]
//!     async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<Vec<String>> {
//!         loop {
//!             ctx.wait_until(|| self.finished || !self.names.is_empty()).await?;
//!             let Some(name) = self.names.pop() else {
//!                 return Ok(self.greetings.clone());
//!             };
//!             self.greetings.push(greet::call(ctx, &greeting, name).await?);
//!         }
//!     }
//!
//!     #[signal]
//!     fn submit_greeting(&mut self, name: String) {
//!         self.names.push(name);
//!     }
//!
//!     #[signal]
//!     fn finish(&mut self) {
//!         self.finished = true;
//!     }
//!
//!     #[query]
//!     fn greetings(&self) -> Vec<String> {
//!         self.greetings.clone()
//!     }
//! }
//!
//! #[durably::main]
//! async fn main() -> Result<()> {
//!     let client = Client::connect("localhost:7233").await?;
//!     let worker = Worker::new(&client, "greetings")
//!         .workflow::<Greeting>()
//!         .activity::<greet>()
//!         .spawn()
//!         .await?;
//!
//!     let handle = Greeting::start(&client, "Hello").task_queue("greetings").await?;
//!     handle.submit_greeting("Bob").await?;
//!     handle.finish().await?;
//!     println!("{:?}", handle.result().await?);
//!
//!     worker.shutdown().await
//! }
//! ```
//!
//! `&mut self` in an async method is yours *between* awaits: at each `.await` it goes back to the
//! signal, query and update handlers, and afterwards you hold it again. What you learnt about `self`
//! before an await may have changed after it; the borrow checker refuses references that would
//! notice. The [`guide`] has the rest of what workflow code may rely on.
//!
//! # Features
//! - `server`: the embedded server (`Server`), and `Client::development`, which starts one if no
//!   other is named;
//! - `replay`: reads histories that the `temporal` CLI and the UI export, and replays them against
//!   your code;
//! - `jiff`, `chrono`: [`Time`] converts from and into the times of jiff 1 and chrono 0.4.

#![warn(missing_debug_implementations)]

extern crate self as durably;

mod activity;
pub mod client;
pub mod clippy_toml;
mod data;
mod debug;
mod definition;
mod driver;
pub mod error;
mod hints;
mod instance;
mod options;
#[cfg(feature = "server")]
mod server;
mod setters;
mod telemetry;
#[cfg(feature = "replay")]
mod testing;
#[cfg(test)]
mod texts;
mod time;
mod transport;
mod wire;
mod worker;
mod workflow;

#[doc(hidden)]
#[path = "definition/private.rs"]
pub mod __private;
pub mod guide;
pub mod prelude;

pub use activity::{ActivityCtx, ActivityInfo, CancelReason, TestActivity};
pub use client::{
    Client, DynHandle, DynStart, Handle, History, QueryCall, RunCall, SignalCall, StartCall,
    UpdateCall, UpdateHandle,
};
pub use data::{Bytes, Data, Known, Outgoing, Text};
pub use definition::{
    Activity, ActivitySet, AsClient, AsCtx, FreeActivity, HasQueue, HasTimeout, NoQueue, NoTimeout,
    QueueSet, TimeoutSet, Workflow,
};
pub use durably_engine::CancellationType;
pub use durably_engine::Payload;
pub use durably_macros::{
    activities, activity, allow_nondeterminism, data, init, main, query, run, signal, update,
    workflow,
};
#[cfg(feature = "server")]
pub use error::AdvanceError;
pub use error::{
    ActivityError, AppError, Cancelled, ChildError, ConnectError, ContinueAsNew, DataError, Error,
    Failure, HandleError, QueryError, Result, ResultError, RetryState, RpcError, RunError,
    SignalError, StartError, TimeoutKind, UpdateError,
};
pub use hints::unsupported::Unsupported;
pub use options::{ActivityOptions, InvalidOptions, Retry};
#[cfg(feature = "server")]
pub use server::{ClockHold, Server, ServerBuilder};
#[cfg(feature = "replay")]
pub use testing::replay;
#[cfg(any(feature = "chrono", feature = "jiff"))]
pub use time::TimeOutOfRange;
pub use time::{
    Time,
    span::{Span, days, hours, millis, mins, secs},
};
pub use worker::{Worker, WorkerError, WorkerGuard, WorkerHandle};
pub use workflow::{
    ActivityCall, ActivityHandle, CancelWait, ChildCall, ChildHandle, Ctx, Either, ExternalHandle,
    FromWorkflow, JoinAll, RaceAll, Random, Saga, Scope, Sleep, Spawned, TryJoinAll, Untyped, View,
    WaitUntil, WaitUntilTimeout, WorkflowRef, join, join_all, race, race_all, try_join,
    try_join_all,
};

/// The server's own requests and messages, for what has no method here.
///
/// They follow the versions of Temporal's API, not this crate's.
pub mod raw {
    pub use durably_proto::api;
    pub use tonic::{Code, Status};

    pub use crate::transport::rpc::RawClient;
}

/// A `HashMap` whose iteration order is the same in every process, so workflow code may use it.
pub type HashMap<K, V> =
    std::collections::HashMap<K, V, std::hash::BuildHasherDefault<std::hash::DefaultHasher>>;
/// A `HashSet` whose iteration order is the same in every process, so workflow code may use it.
pub type HashSet<T> =
    std::collections::HashSet<T, std::hash::BuildHasherDefault<std::hash::DefaultHasher>>;

/// The programs of README.md and of docs/guide.md, compiled.
#[cfg(all(doctest, feature = "server"))]
mod pages {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/guide.md")]
    mod guide {}
}
