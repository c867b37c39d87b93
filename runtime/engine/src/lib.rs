//! Replay of one Temporal workflow run, without IO.
//!
//! Consumes history events, queries and update requests; produces jobs for user code and commands for the
//! server. It has no clock, no thread, no randomness and no wire format of its own.
//!
//! A driver calls it in this order:
//!
//! 1. [`Run::handle_task`] with what the server sent;
//! 2. [`Run::poll_job`] until it returns `None`, passing each [`Job`] to user code, and calling
//!    [`Run::issue`] with every [`Intent`] of user code and [`Run::answer`] with the answer to every
//!    [`Job::Query`] before the next job is polled;
//! 3. [`Run::take_local_requests`] if the run [is live](Run::is_live); each local activity that is requested ends by
//!    one [`Run::resolve_local`], after which step 2 is repeated. The task may be finished before they have ended;
//! 4. [`Run::finish`], whose [`Completion`] is sent to the server.
//!
//! ```
//! use std::time::Duration;
//! use durably_engine::{Completion, EndRun, EngineError, Intent, Job, Run, Seq, Task};
//!
//! /// A workflow that sleeps for a day and then completes.
//! fn handle(run: &mut Run, task: Task) -> Result<Completion, EngineError> {
//!     run.handle_task(task)?;
//!     while let Some(job) = run.poll_job() {
//!         match job {
//!             Job::Start(_) => run.issue(
//!                 Intent::StartTimer {
//!                     seq: Seq(1),
//!                     after: Duration::from_secs(24 * 60 * 60),
//!                     summary: None,
//!                 },
//!                 None,
//!             ),
//!             Job::TimerFired { seq: Seq(1) } => {
//!                 run.issue(Intent::EndRun(EndRun::Complete(vec![])), None);
//!             }
//!             _ => {}
//!         }
//!     }
//!     run.finish()
//! }
//! # let empty = handle(&mut Run::new(), Task::default());
//! # assert!(matches!(empty, Err(EngineError::CacheMiss { .. })));
//! ```
//!
//! The same [`Run`] is given the following tasks of its workflow as long as it is cached; what a
//! task recorded is compared with what this run attempted when the next one arrives. Where to read
//! on: `slice.rs` says how history is cut into tasks, `commands.rs` pairs commands with events, and each
//! file of `machine/` is one kind of command, `machine/timer.rs` the simplest.

#![forbid(unsafe_code)]

mod commands;
mod error;
mod failure;
mod flags;
mod id;
mod machine;
mod mismatch;
mod numbers;
pub mod payload;
mod protocol;
mod random;
mod retry;
mod run;
mod slab;
mod slice;

pub use error::EngineError;
pub use failure::{FailureCategory, FailureInfo, FailureRecord, RetryState, TimeoutKind};
pub use flags::{SDK_NAME, SDK_VERSION};
pub use id::{EventId, Seq};
pub use machine::activity::{
    ActivityCanceled, ActivityFailed, ActivityOutcome, ActivityScheduled, ActivityTimeouts,
    CancellationType, ScheduleActivity,
};
pub use machine::child::{
    ChildAnswer, ChildCancellationType, ChildId, ChildInitiated, ChildOutcome, ChildStartFault,
    ChildStarted, IdReusePolicy, ParentClose, StartChild,
};
pub use machine::end_run::{ContinueAsNew, EndRun, Ending, InitialVersioning};
pub use machine::external::{ExternalFault, ExternalOutcome, Target};
pub use machine::external_cancel::CancelExternal;
pub use machine::external_signal::{ExternalSignalInitiated, SignalExternal};
pub use machine::local_activity::{
    LocalActivityEnd, LocalActivityEndKind, LocalActivityMarked, LocalActivityResult,
    LocalActivityTask, LocalRequest, ScheduleLocalActivity,
};
pub use machine::side_effect::{RecordSideEffect, SideEffect, SideEffectId};
pub use machine::update::{Message, MessageBody, UpdateAccepted, UpdateMessage, UpdateRequest};
pub use mismatch::{CommandSummary, Difference, Mismatch, Place};
pub use payload::{Header, Payload};
pub use protocol::command::{Command, Completion, QueryAnswer, TaskCompletion};
pub use protocol::event::{
    Answer, CommandEvent, ContinueAsNewReasons, Event, EventKind, Fact, RunStarted, SdkMetadata,
    Signaled, TaskEvent, TaskStarted, WorkerVersion,
};
pub use protocol::intent::Intent;
pub use protocol::job::{Advance, Job, Priority, RunRef, StartJob};
pub use protocol::task::{Queries, QueryRequest, Task};
pub use retry::RetryPolicy;
pub use run::Run;
