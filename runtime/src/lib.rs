//! Temporal workflows in Rust, declared on ordinary structs.

extern crate self as durably;

mod activity;
pub mod client;
mod data;
mod definition;
mod duration;
pub mod error;
#[cfg(feature = "server")]
mod server;
mod wire;
mod worker;
mod workflow;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod guide;
pub mod prelude;
#[cfg(feature = "replay")]
pub mod replay;

pub use activity::{
    ActivityCtx, ActivityInfo, ActivityOptions, CancelReason, InvalidOptions, Retry, TestActivity,
};
pub use client::{
    Client, DynHandle, DynStart, Handle, History, QueryCall, SignalCall, StartCall, UpdateCall,
    UpdateHandle,
};
pub use data::{Bytes, Data, Text};
pub use definition::{
    Activity, ActivitySet, FreeActivity, HasQueue, HasTimeout, NoQueue, NoTimeout, QueueSet,
    TimeoutSet, Workflow,
};
pub use durably_engine::CancellationType;
pub use durably_engine::Payload;
pub use durably_macros::{
    activities, activity, allow_nondeterminism, data, init, main, query, run, signal, update,
    workflow,
};
pub use duration::{days, hours, millis, mins, secs};
pub use error::{
    ActivityError, AppError, Cancelled, ChildError, ConnectError, ContinueAsNew, DataError, Error,
    Failure, HandleError, QueryError, Result, ResultError, RetryState, RpcError, RunError,
    SignalError, StartError, TimeoutKind, UpdateError,
};
#[cfg(feature = "server")]
pub use server::{Server, ServerBuilder};
pub use worker::{Worker, WorkerError, WorkerGuard, WorkerHandle};
pub use workflow::{
    ActivityCall, ActivityHandle, CancelWait, ChildCall, ChildHandle, Ctx, Either, ExternalHandle,
    FromWorkflow, JoinAll, RaceAll, Random, Saga, Scope, Sleep, Spawned, Time, TryJoinAll,
    Unsupported, Untyped, View, WaitUntil, WaitUntilTimeout, WorkflowRef, join, join_all, race,
    race_all, try_join, try_join_all,
};

/// The server's own requests and messages, for what has no method here.
///
/// They follow the versions of Temporal's API, not this crate's.
pub mod raw {
    pub use durably_proto::api;
    pub use tonic::{Code, Status};

    pub use crate::client::RawClient;
}

/// A `HashMap` whose iteration order is the same in every process, so workflow code may use it.
pub type HashMap<K, V> =
    std::collections::HashMap<K, V, std::hash::BuildHasherDefault<std::hash::DefaultHasher>>;
/// A `HashSet` whose iteration order is the same in every process, so workflow code may use it.
pub type HashSet<T> =
    std::collections::HashSet<T, std::hash::BuildHasherDefault<std::hash::DefaultHasher>>;
