//! Notifications of the engine to user code.

use std::time::SystemTime;

use crate::{
    ActivityOutcome, ChildOutcome, ChildStarted, ContinueAsNewReasons, ExternalOutcome, Header,
    Payload, RunStarted, Seq, SideEffect, UpdateRequest, WorkerVersion,
};

/// One notification to user code.
///
/// The jobs of a slice are the same in the same order whether the slice happens now or is replayed:
/// `Advance`, in a replay `WorkerVersion`, `PatchMarked` and `SideEffectMarked`, then the jobs of history's events in
/// their order, each update after its sequencing event, then `Settle`. Then come the local activities that end in the slice, in the order
/// of their markers, each with a `Settle` of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// First job of every slice: workflow time moves. It moves once more when a local activity ends.
    Advance(Advance),
    /// From here on this version of a worker completed the tasks that are replayed; none if history does not say. A
    /// task that happens now is completed by the version of its own worker.
    WorkerVersion(Option<Box<WorkerVersion>>),
    /// History holds the marker of this patch, so `patched` is true although the run is replayed.
    PatchMarked {
        /// Id of the patch.
        id: String,
    },
    /// History holds the marker of this side effect: its value is what the run used.
    SideEffectMarked(Box<SideEffect>),
    /// The run begins.
    Start(StartJob),
    /// The run was reset: from here on random numbers come from another seed.
    Reseed {
        /// The new seed.
        randomness_seed: u64,
    },
    /// A signal arrived.
    Signal {
        /// Name of the signal.
        name: String,
        /// Its arguments.
        input: Vec<Payload>,
        /// What travels beside them.
        header: Header,
        /// Who sent it.
        identity: String,
    },
    /// An update arrived; answered by intents.
    Update(UpdateRequest),
    /// A timer ran out.
    TimerFired {
        /// The timer.
        seq: Seq,
    },
    /// An activity came to its end.
    ActivityResolved {
        /// The activity.
        seq: Seq,
        /// How.
        outcome: ActivityOutcome,
    },
    /// A child started.
    ChildStarted {
        /// The child.
        seq: Seq,
        /// What history says of it.
        started: ChildStarted,
    },
    /// A child came to its end, or did not start.
    ChildResolved {
        /// The child.
        seq: Seq,
        /// How.
        outcome: ChildOutcome,
    },
    /// A signal to another workflow, or a request to cancel one, came to its end.
    ExternalResolved {
        /// The signal or the request.
        seq: Seq,
        /// How.
        outcome: ExternalOutcome,
    },
    /// Somebody asks the run to stop.
    CancelRequested {
        /// Why, in their words.
        reason: String,
    },
    /// The slice has no further job: poll user code until nothing moves.
    Settle,
    /// Somebody asks; answered by [`Run::answer`](crate::Run::answer), and by nothing else.
    Query {
        /// Id of the query within the task.
        id: String,
        /// Name of the query.
        name: String,
        /// Its arguments.
        input: Vec<Payload>,
        /// What travels beside them.
        header: Header,
    },
}

/// What changes from slice to slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advance {
    /// Workflow time during the slice.
    pub now: SystemTime,
    /// Whether the slice happened before; false only for the last slice of a task that asks for it.
    pub replaying: bool,
    /// Number of events in history.
    pub history_length: u32,
    /// Size of history in bytes.
    pub history_size: u64,
    /// The server finds history long enough.
    pub continue_as_new_suggested: bool,
    /// Why it does.
    pub continue_as_new_reasons: ContinueAsNewReasons,
    /// The run is pinned to a version, and new work goes to another.
    pub target_version_changed: bool,
}

/// How a run begins.
#[derive(Clone, Debug, PartialEq)]
pub struct StartJob {
    /// Seed of the run's random numbers; the same for every replay and after a retry of the task.
    pub randomness_seed: u64,
    /// Id of this run. The event has the id that the run had before resets.
    pub run_id: String,
    /// The first event of history, with the workflow's id in any case.
    pub event: Box<RunStarted>,
}

/// Another run, by its names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunRef {
    /// Namespace; empty for the run's own.
    pub namespace: String,
    /// Id of the workflow.
    pub workflow_id: String,
    /// Run of the workflow.
    pub run_id: String,
}

/// How urgent tasks are, and how they share a queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Priority {
    /// Smaller goes first; 0 is "not given".
    pub key: i32,
    /// Tasks of one fairness key share the queue evenly with those of another.
    pub fairness_key: String,
    /// Weight of the fairness key; 0 is "not given".
    pub fairness_weight: f32,
}
