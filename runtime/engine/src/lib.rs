//! Replay of one Temporal workflow run, without IO.
//!
//! The engine is told what the server told, and says what user code must be told and what the
//! server must be asked. It has no clock, no thread, no randomness and no wire format of its own.
//!
//! A driver calls it in this order:
//!
//! 1. [`Run::handle_task`] with what the server sent;
//! 2. [`Run::poll_job`] until it returns `None`, telling each [`Job`] to user code, and calling
//!    [`Run::issue`] with every [`Intent`] of user code and [`Run::answer`] with the answer to every
//!    [`Job::Query`] before the next job is polled;
//! 3. [`Run::finish`], whose [`Completion`] is sent to the server.

#![forbid(unsafe_code)]

mod book;
mod command;
mod error;
mod event;
mod failure;
mod flags;
mod id;
mod intent;
mod job;
mod machine;
mod mismatch;
pub mod payload;
mod random;
mod retry;
mod run;
mod slab;
mod slice;
mod task;

pub use command::{Command, Completion, Message, MessageBody, QueryAnswer, TaskCompletion};
pub use error::EngineError;
pub use event::{
    ActivityCanceled, ActivityFailed, ActivityScheduled, Ending, Event, EventKind, RunStarted,
    SdkMetadata, Signaled, TaskStarted, UpdateAccepted,
};
pub use failure::{FailureCategory, FailureInfo, FailureRecord, RetryState, TimeoutKind};
pub use id::{EventId, Seq};
pub use intent::{ActivityTimeouts, CancellationType, ContinueAsNew, Intent, ScheduleActivity};
pub use job::{Job, Outcome, Priority, RunRef, StartJob, UpdateRequest};
pub use mismatch::Mismatch;
pub use payload::{Header, Payload};
pub use retry::RetryPolicy;
pub use run::Run;
pub use task::{Queries, QueryRequest, Task, UpdateMessage};
