//! One cached run's user code, as the worker drives it.

use std::{panic::Location, sync::Arc};

use durably_engine::{FailureRecord, Intent, Job, Payload};

use crate::Workflow;

/// User code of one run: takes what the engine tells, gives what the workflow asks for.
///
/// The worker tells every [`Job`] of the engine's in order, queries excepted, which go to
/// [`query`](Self::query). A [`TaskFailure`] means that the run must be dropped and replayed later.
pub(crate) trait Instance {
    /// Tells user code one thing, and collects what it asks for meanwhile.
    fn handle(&mut self, job: Job, intents: &mut Vec<Intent>) -> Result<(), TaskFailure>;

    /// Answers a query; it changes nothing.
    fn query(&mut self, name: &str, input: Vec<Payload>) -> Result<Payload, FailureRecord>;

    /// Where the workflow was seen last: the place of the latest durable wait it polled.
    fn last_seen(&self) -> Option<&'static Location<'static>>;
}

/// Why user code could not go on: the workflow task fails, and the server tries it again later.
#[derive(Clone, Debug)]
pub(crate) struct TaskFailure {
    /// What is reported to the server.
    pub(crate) failure: FailureRecord,
    /// Whether user code did what replay cannot repeat; a bug or a panic otherwise.
    pub(crate) nondeterminism: bool,
}

/// How a worker makes instances of one workflow type.
#[derive(Clone, Copy)]
pub(crate) struct WorkflowEntry {
    /// Name of the type.
    pub(crate) name: &'static str,
    /// The task queue declared on the type.
    pub(crate) task_queue: Option<&'static str>,
    /// Makes the instance of a run, before any of its jobs is told.
    pub(crate) start: fn(Host) -> Box<dyn Instance>,
}

/// What a run may know of its worker.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// The namespace the worker polls.
    pub(crate) namespace: Arc<str>,
}

impl WorkflowEntry {
    /// The entry of `W`.
    pub(crate) fn of<W: Workflow>() -> Self {
        Self {
            name: W::NAME,
            task_queue: W::TASK_QUEUE,
            start: |host| Box::new(Unborn { host }),
        }
    }
}

struct Unborn {
    host: Host,
}

impl Instance for Unborn {
    fn handle(&mut self, _job: Job, _intents: &mut Vec<Intent>) -> Result<(), TaskFailure> {
        let _ = &self.host.namespace;
        Ok(())
    }
    fn query(&mut self, _name: &str, _input: Vec<Payload>) -> Result<Payload, FailureRecord> {
        Ok(Payload::null())
    }
    fn last_seen(&self) -> Option<&'static Location<'static>> {
        None
    }
}
