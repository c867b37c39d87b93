//! One cached run's user code, as the worker drives it.

use std::sync::Arc;

use durably_engine::{FailureRecord, Job, Payload, QueryRequest};

use super::{local::LocalActivities, run::RunCode};
use crate::{
    data::{Converter, Text},
    definition::Workflow,
    error::{AppError, Error},
    instance::{
        core::{Issued, WorkerFacts},
        current::{Place, Who},
        panics::Panicked,
        waker::ExecutorWaker,
    },
    interceptor::WorkflowChain,
    wire::deployment::Versioning,
};

/// User code of one run: handles the engine's jobs, and issues intents.
///
/// The driver passes every [`Job`] of the engine in order, queries excepted, which go to
/// [`query`](Self::query). A [`TaskFailure`] means that the run must be dropped and replayed later.
pub(crate) trait Instance {
    /// Handles one job, and appends the intents that user code issues meanwhile.
    fn handle(&mut self, job: Job, intents: &mut Vec<Issued>) -> Result<(), TaskFailure>;

    /// Answers a query, which changes nothing.
    fn query(&mut self, query: QueryRequest) -> Result<Payload, Box<FailureRecord>>;

    /// Logs, once, a wake from outside of the run that came between its tasks.
    fn log_foreign_wake(&self);
}

/// Why user code could not go on: the workflow task fails, and the server retries it.
#[derive(Clone, Debug)]
pub(crate) struct TaskFailure {
    /// What is reported to the server.
    pub(crate) failure: Box<FailureRecord>,
    /// Whether user code did what replay cannot repeat; a bug or a panic otherwise.
    pub(crate) nondeterminism: bool,
}

/// How a worker creates instances of one workflow type.
#[derive(Clone, Copy)]
pub(crate) struct WorkflowEntry {
    /// Name of the type.
    pub(crate) name: &'static str,
    /// The versioning that it declares.
    pub(crate) versioning: Option<Versioning>,
    /// Creates the instance of a run, before its first job.
    pub(crate) start: fn(WorkerInfo) -> Box<dyn Instance>,
}

/// What a run knows of its worker.
#[derive(Clone)]
pub(crate) struct WorkerInfo {
    pub(crate) facts: Arc<WorkerFacts>,
    /// Runs the run's local activities.
    pub(crate) local: Arc<dyn LocalActivities>,
    /// Wakes the run's executor thread.
    pub(crate) executor: ExecutorWaker,
    /// Wraps what the run receives.
    pub(crate) interceptors: WorkflowChain,
}

impl WorkflowEntry {
    /// The entry of `W`.
    pub(crate) fn of<W: Workflow>() -> Self {
        Self {
            name: W::NAME,
            versioning: W::VERSIONING,
            start: |host| Box::new(RunCode::<W>::new(host)),
        }
    }
}

/// What tokio says where it does not run; users of other crates meet it too.
const NO_REACTOR: &str = "there is no reactor running";
/// What an activity says that is called without `call`.
const PLAIN_CALL: &str = "was called as a plain function inside a workflow";

impl TaskFailure {
    /// User code returned an error where it may not, or its arguments cannot be read.
    pub(crate) fn error(error: &Error, converter: &Converter) -> Self {
        Self {
            failure: Box::new(error.to_record(converter)),
            nondeterminism: false,
        }
    }

    /// The failure is an error of durably's own.
    pub(crate) fn own(error: impl Into<Error>) -> Self {
        Self {
            failure: Box::new(error.into().to_own_record()),
            nondeterminism: false,
        }
    }

    /// User code has a bug, described in `text`.
    pub(crate) fn fault(text: impl Text) -> Self {
        Self::own(AppError::new("WorkflowFault", text))
    }

    /// `who` panicked.
    ///
    /// Where the place of a panic is not the mistake's, the text names the `.await` before it too.
    pub(crate) fn panicked(who: Who, panicked: Panicked, awaits: Option<Place>) -> Self {
        let mut text = format!("{who} {panicked}");
        if text.contains(NO_REACTOR) {
            text += ". Workflow code runs outside of tokio: wait with `ctx.sleep(..)`, and move sockets, files and tasks into an activity";
        }
        if let Some(place) = awaits
            && (text.contains(NO_REACTOR) || text.contains(PLAIN_CALL))
        {
            text += &format!("; the last await before it is at {place}");
        }
        Self::own(AppError::new("Panic", text))
    }

    /// User code did what replay cannot repeat.
    pub(crate) fn nondeterminism(text: String) -> Self {
        Self {
            nondeterminism: true,
            ..Self::own(AppError::new("Nondeterminism", text))
        }
    }

    /// The engine and the workflow disagree about what can happen; a bug of durably.
    pub(crate) fn out_of_order(job: &str) -> Self {
        Self::fault(format!(
            "the run cannot be told this now: {job}; this is a bug of durably"
        ))
    }
}
