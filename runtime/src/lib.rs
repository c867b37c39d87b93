//! Temporal workflows in Rust, declared on ordinary structs.

extern crate self as durably;

mod activity;
mod client;
mod data;
mod definition;
mod duration;
mod error;
mod wire;
mod worker;
mod workflow;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod prelude;

pub use activity::{
    ActivityCtx, ActivityInfo, ActivityOptions, CancelReason, InvalidOptions, Retry, TestActivity,
};
pub use client::{
    Client, DynHandle, DynStart, Handle, QueryCall, SignalCall, StartCall, UpdateCall, UpdateHandle,
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
    ActivityError, AppError, Cancelled, ChildError, ContinueAsNew, DataError, DataFault, Error,
    Failure, OtherFailure, Result, RetryState, ServerFailure, TimeoutKind, WorkflowCancelled,
    WorkflowFailed, WorkflowTerminated, WorkflowTimedOut,
};
pub use worker::{Worker, WorkerError, WorkerGuard, WorkerHandle};
pub use workflow::{
    ActivityCall, ActivityHandle, CancelWait, ChildCall, ChildHandle, Ctx, Either, ExternalHandle,
    FromWorkflow, Random, Saga, Scope, Sleep, Spawned, Time, Unsupported, Untyped, View, WaitUntil,
    WaitUntilTimeout, WorkflowRef, join, join_all, race, race_all, try_join, try_join_all,
};

/// A `HashMap` whose iteration order is the same in every process, so workflow code may use it.
pub type HashMap<K, V> =
    std::collections::HashMap<K, V, std::hash::BuildHasherDefault<std::hash::DefaultHasher>>;
/// A `HashSet` whose iteration order is the same in every process, so workflow code may use it.
pub type HashSet<T> =
    std::collections::HashSet<T, std::hash::BuildHasherDefault<std::hash::DefaultHasher>>;
