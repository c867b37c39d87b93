//! Temporal workflows in Rust, declared on ordinary structs.
//!
//! A workflow is an `impl` block: its state is the struct, its body the `#[run]` method, and signals,
//! queries and updates are other methods of the block. Activities are functions. A [`Worker`] runs both
//! for a Temporal server, and a [`Client`] starts workflows and sends them messages, with the types of
//! these methods.
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
//! `&mut self` in an async method is yours *between* awaits: at each `.await` the signal, query and
//! update handlers borrow it, and afterwards it is yours again. What you read from `self` before an
//! await may have changed after it; the borrow checker refuses references that live across an await.
//! The [`guide`] has the rest of what workflow code may rely on.
//!
//! # Where things are
//! [`prelude`] has what most files of workflows import. The names of a first program (the macros,
//! [`Client`], [`Worker`], [`Ctx`], [`Error`], ..) are at the root too; all others are in the module that
//! they are about:
//!
//! | module | |
//! |---|---|
//! | [`workflow`](mod@workflow) | what workflow code may do: contexts, calls, waits, combinators |
//! | [`activity`](mod@activity) | the context of activities, their options, and a test of one |
//! | [`client`] | connections, starts, handles and what they return |
//! | [`worker`] | workers, their options and their shutdown |
//! | [`error`] | what goes wrong, by operation |
//! | [`data`](mod@data) | what can be serialised: arguments, results, bytes |
//! | [`codec`] | encryption, compression and other transformations of payloads |
//! | [`interceptor`] | code around the calls of clients, workflows and activities; headers |
//! | [`schedule`] | schedules: when and how the server starts workflows |
//! | [`search`] | search attributes with types, and list filters |
//! | [`telemetry`] | metrics of workers and clients, and of your own |
//! | [`time`] | durations with units, workflow time |
//! | `server` | the embedded server (feature `server`) |
//! | `replay` | replay of recorded histories (feature `replay`) |
//! | [`raw`] | Temporal's own messages, for what has no method here |
//! | [`clippy_toml`] | a configuration for clippy |
//! | [`guide`] | from a first workflow to a service in production |
//!
//! # Features
//! - `server`: the embedded server (`Server`), and `Client::development`, which starts one if no
//!   other is named;
//! - `sqlite`: `Server::builder().database(..)`, an embedded server that keeps its data in a file;
//! - `tls`: connections over TLS, and `ClientBuilder::tls`;
//! - `health`: an HTTP endpoint for probes of a worker's liveness and readiness
//!   (`worker::HealthEndpoint`);
//! - `prometheus`, `opentelemetry`: where metrics go
//!   ([`telemetry::Prometheus`](telemetry), [`telemetry::OpenTelemetry`](telemetry)), and with
//!   `opentelemetry` traces, too ([`interceptor::Traces`](interceptor));
//! - `replay`: reads histories that the `temporal` CLI and the UI export, and replays them against
//!   your code;
//! - `encryption`, `compression`, `claim-check`, `codec-server`: parts of [`codec`](mod@codec);
//! - `remote-codec`: [`client::RemoteCodec`](client), payloads that a codec endpoint encodes and decodes;
//! - `tower`: `Worker::activity_layer`, layers of tower around activities;
//! - `anyhow`, `eyre`: `?` from [`Error`] into `anyhow::Error` (on by default) and `eyre::Report`;
//! - `jiff`, `chrono`: [`Time`] converts from and into the times of jiff 1 and chrono 0.4.

#![warn(missing_debug_implementations)]

extern crate self as durably;

pub mod activity;
pub mod client;
pub mod clippy_toml;
pub mod codec;
pub mod data;
mod debug;
mod definition;
mod driver;
pub mod error;
mod hints;
mod instance;
pub mod interceptor;
mod options;
pub mod schedule;
pub mod search;
#[cfg(feature = "server")]
pub mod server;
pub mod telemetry;
#[cfg(feature = "replay")]
mod testing;
mod text;
#[cfg(test)]
mod texts;
pub mod time;
mod transport;
mod wire;
pub mod worker;
pub mod workflow;

pub mod guide;
pub mod prelude;

// At the root stands what a program of an hour's work names: what it starts from, what its methods
// take and return, and what it writes in their bodies. All else is in the module that it is about.
pub use activity::{ActivityCtx, Priority, Retry};
pub use client::{Client, Handle};
pub use data::{Args, Bytes, Encoding, Value};
#[doc(hidden)]
pub use definition::private as __private;
pub use durably_macros::{
    Failure, activities, activity, allow_nondeterminism, data, init, main, query, run, signal,
    update, workflow,
};
pub use error::{ActivityError, AppError, Cancelled, ContinueAsNew, Error, Result};
// rustc names these where a type lacks them, and prefers a path without a hidden module.
#[doc(hidden)]
pub use __private::{
    ActivityCtxArg, AllArguments, AsBinaryProto, AsJsonProto, CalledInside, CalledName,
    CalledThroughHandle, CalledWithoutName, CanQuery, CanUpdate, CtxArg, Initial, Nothing, Outcome,
    OwnedError, Refusal, Serialisable, StateCell, Verdict, ViewArg,
};
#[cfg(feature = "server")]
pub use server::Server;
#[cfg(feature = "replay")]
pub use testing::replay;
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub use testing::simulation as __simulation;
pub use time::{Time, days, hours, millis, mins, secs};
pub use worker::Worker;
pub use workflow::{
    Ctx, Either, ParentClose, Patch, Saga, View, join, join_all, race, race_all, try_join,
    try_join_all,
};

/// The server's own requests and messages, for what has no method here.
///
/// They follow the versions of Temporal's API, not this crate's.
pub mod raw {
    pub use durably_proto::{api, wkt};
    pub use tonic::{Code, Status};

    pub use crate::transport::rpc::RawClient;
}

/// A `HashMap` whose iteration order is the same in every process, so workflow code may use it.
///
/// ```
/// let mut stock: durably::HashMap<&str, u32> = durably::HashMap::default();
/// stock.insert("unicorn", 3);
/// assert_eq!(stock["unicorn"], 3);
/// ```
pub type HashMap<K, V> =
    std::collections::HashMap<K, V, std::hash::BuildHasherDefault<std::hash::DefaultHasher>>;
/// A `HashSet` whose iteration order is the same in every process, so workflow code may use it.
///
/// ```
/// let seen: durably::HashSet<u32> = [1, 2, 1].into_iter().collect();
/// assert_eq!(seen.len(), 2);
/// ```
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
