//! What user code asked for.

use std::time::Duration;

use crate::{FailureRecord, Header, Payload, Priority, RetryPolicy, Seq};

/// One thing user code asked for, in the order it asked.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Intent {
    /// Answered by [`Job::TimerFired`](crate::Job::TimerFired).
    StartTimer {
        /// The timer.
        seq: Seq,
        /// Time until it fires.
        after: Duration,
        /// What it waits for, for people; a JSON string.
        summary: Option<Payload>,
    },
    /// The timer is no longer wanted; it will not fire any more.
    CancelTimer {
        /// The timer.
        seq: Seq,
    },
    /// Answered by [`Job::ActivityResolved`](crate::Job::ActivityResolved).
    ScheduleActivity(Box<ScheduleActivity>),
    /// Asks an activity to stop, in the way its [`CancellationType`] says.
    CancelActivity {
        /// The activity.
        seq: Seq,
    },
    /// `patched` was called for the first time in this run, and is true.
    SetPatch {
        /// Id of the patch.
        id: String,
        /// The code before the patch is gone.
        deprecated: bool,
    },
    /// The update passed its validator.
    AcceptUpdate {
        /// Id of the update.
        id: String,
    },
    /// The update did not pass its validator; it leaves no trace.
    RejectUpdate {
        /// Id of the update.
        id: String,
        /// Why.
        failure: FailureRecord,
    },
    /// The handler of an accepted update came to its end.
    CompleteUpdate {
        /// Id of the update.
        id: String,
        /// What it returned.
        result: Result<Vec<Payload>, FailureRecord>,
    },
    /// The run ends with a result.
    CompleteRun {
        /// The result.
        result: Vec<Payload>,
    },
    /// The run ends with a failure.
    FailRun {
        /// The failure.
        failure: FailureRecord,
    },
    /// The run ends cancelled.
    CancelRun {
        /// What user code attached.
        details: Vec<Payload>,
    },
    /// The run ends, and the next one of its chain begins.
    ContinueAsNew(Box<ContinueAsNew>),
}

/// An activity to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScheduleActivity {
    /// The activity.
    pub seq: Seq,
    /// Id of the activity, unique among those open; the number if not given.
    pub activity_id: Option<String>,
    /// Type of the activity.
    pub activity_type: String,
    /// Arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
    /// Task queue of its workers; the run's own if not given.
    pub task_queue: Option<String>,
    /// When to give up.
    pub timeouts: ActivityTimeouts,
    /// How it is tried again; the server's default if not given.
    pub retry: Option<RetryPolicy>,
    /// What cancelling means.
    pub cancellation: CancellationType,
    /// The worker may take it at once, without a poll.
    pub eager: bool,
    /// What it does, for people; a JSON string.
    pub summary: Option<Payload>,
    /// How urgent it is.
    pub priority: Priority,
}

/// When to give up on an activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActivityTimeouts {
    /// All attempts together.
    pub schedule_to_close: Option<Duration>,
    /// Waiting for a worker.
    pub schedule_to_start: Option<Duration>,
    /// One attempt.
    pub start_to_close: Option<Duration>,
    /// Between two heartbeats.
    pub heartbeat: Option<Duration>,
}

/// What cancelling an activity means to the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CancellationType {
    /// Ask it to stop, and go on at once as if it had.
    #[default]
    TryCancel,
    /// Ask it to stop, and wait for how it ends.
    WaitCompleted,
    /// Do not ask, and go on at once.
    Abandon,
}

/// The next run of the chain. What is not given is taken over from this run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContinueAsNew {
    /// Type of the workflow.
    pub workflow_type: Option<String>,
    /// Arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
    /// Task queue of its tasks.
    pub task_queue: Option<String>,
    /// Time for the next run.
    pub run_timeout: Option<Duration>,
    /// Time for one of its tasks.
    pub task_timeout: Option<Duration>,
    /// How it is tried again.
    pub retry: Option<RetryPolicy>,
    /// Notes kept with the run.
    pub memo: Option<Header>,
    /// Indexed attributes of the run.
    pub search_attributes: Option<Header>,
}
