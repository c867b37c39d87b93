//! What user code must be told.

use std::time::{Duration, SystemTime};

use crate::{FailureRecord, Header, Outcome, Payload, RetryPolicy, Seq, UpdateRequest};

/// One thing to tell user code.
///
/// The jobs of a slice are the same in the same order whether the slice happens now or is replayed:
/// `Advance`, `KnowPatch`, then what history tells in its order, each update after its sequencing
/// event, then `Settle`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Job {
    /// First job of every slice: workflow time moves.
    Advance {
        /// Workflow time during the slice.
        now: SystemTime,
        /// Whether the slice happened before; false only for the last slice of a task that asks for it.
        replaying: bool,
        /// Number of events in history.
        history_length: u32,
        /// Size of history in bytes.
        history_size: u64,
        /// The server finds history long enough.
        continue_as_new_suggested: bool,
    },
    /// History holds the marker of this patch, so `patched` is true although the run is replayed.
    KnowPatch {
        /// Id of the patch.
        id: String,
    },
    /// The run begins.
    Start(Box<StartJob>),
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
        outcome: Outcome,
    },
    /// Somebody asks the run to stop.
    CancelRequested {
        /// Why, in their words.
        reason: String,
    },
    /// All of this slice is told: poll user code until nothing moves.
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

/// How a run begins: its input, and what it may know about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct StartJob {
    /// Type of the workflow.
    pub workflow_type: String,
    /// Arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
    /// Seed of the run's random numbers; the same for every replay and after a retry of the task.
    pub randomness_seed: u64,
    /// Id of the workflow.
    pub workflow_id: String,
    /// This run.
    pub run_id: String,
    /// The run this one was before resets.
    pub original_run_id: String,
    /// First run of the chain of continuations and retries.
    pub first_run_id: String,
    /// The run this one continues, empty if none.
    pub continued_from: String,
    /// Number of the attempt under the run's retry policy; the first is 1.
    pub attempt: u32,
    /// Task queue the run's tasks are on.
    pub task_queue: String,
    /// When the run started.
    pub started_at: SystemTime,
    /// Time for the whole chain; none is no limit.
    pub execution_timeout: Option<Duration>,
    /// Time for this run; none is no limit.
    pub run_timeout: Option<Duration>,
    /// Time for one task.
    pub task_timeout: Option<Duration>,
    /// How the run is tried again.
    pub retry: Option<RetryPolicy>,
    /// Cron schedule, empty if none.
    pub cron: String,
    /// The workflow that started this one as its child.
    pub parent: Option<RunRef>,
    /// The workflow at the top of the tree of children.
    pub root: Option<RunRef>,
    /// Result of the last run of a cron or continued chain.
    pub last_completion: Vec<Payload>,
    /// Failure of the previous run of the chain.
    pub last_failure: Option<FailureRecord>,
    /// Notes kept with the run.
    pub memo: Header,
    /// Indexed attributes of the run.
    pub search_attributes: Header,
    /// Who started it.
    pub identity: String,
    /// How urgent the run's tasks are.
    pub priority: Priority,
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
