//! Facts of history, as complete types: what replay needs of them, nothing optional that is not.

use std::time::{Duration, SystemTime};

use crate::{
    ActivityCanceled, ActivityFailed, ActivityScheduled, ChildAnswer, ChildInitiated, Ending,
    EventId, ExternalFault, ExternalSignalInitiated, FailureRecord, Header, LocalActivityMarked,
    Payload, Priority, RetryPolicy, RunRef, SideEffect, UpdateAccepted, UpdateRequest,
};

/// One event of history.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its position.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
}

/// The kind of an event, by how replay processes it.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// An event of a workflow task; it ends the commands of the task before.
    Task(TaskEvent),
    /// The event of a command of the run; replay pairs it with a command that the run attempts.
    Command(CommandEvent),
    /// The answer to the command whose event is `opened`.
    Answer {
        /// The event that opened the command.
        opened: EventId,
        /// The answer.
        answer: Answer,
    },
    /// An event that belongs to no task and to no command.
    Fact(Fact),
}

/// An event of a workflow task.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskEvent {
    /// The server put a task on the queue.
    Scheduled,
    /// A worker took the task.
    Started(TaskStarted),
    /// The worker answered the task; the commands follow.
    Completed {
        /// What its SDK recorded of itself, if that is new.
        sdk: Option<Box<SdkMetadata>>,
        /// The version of the worker, if it has one.
        version: Option<Box<WorkerVersion>>,
    },
    /// The worker did not answer in time.
    TimedOut,
    /// The worker reported that it cannot, or the run was reset.
    Failed {
        /// The new run, if this is the mark of a reset.
        reset_to_run: Option<String>,
    },
}

/// An event that a command of the run left.
#[derive(Clone, Debug, PartialEq)]
pub enum CommandEvent {
    /// An activity.
    ActivityScheduled(ActivityScheduled),
    /// A request to cancel an activity.
    ActivityCancelRequested {
        /// Event that scheduled it.
        scheduled: EventId,
    },
    /// A timer.
    TimerStarted {
        /// Id of the timer.
        timer_id: String,
        /// Time until it fires.
        after: Duration,
    },
    /// The timer is not wanted any more.
    TimerCanceled {
        /// Event that started it.
        started: EventId,
    },
    /// A child workflow.
    ChildInitiated(ChildInitiated),
    /// A signal to another workflow.
    ExternalSignalInitiated(Box<ExternalSignalInitiated>),
    /// A request to cancel another workflow.
    ExternalCancelInitiated {
        /// Id of the other workflow.
        workflow_id: String,
        /// The other workflow must be a child.
        child: bool,
    },
    /// The marker of a patch.
    PatchMarked {
        /// Id of the patch.
        id: String,
        /// The code before the patch was gone.
        deprecated: bool,
    },
    /// The marker of a local activity: how it ended.
    LocalActivityMarked(Box<LocalActivityMarked>),
    /// The marker of a side effect. Its value is gone once it is a job.
    SideEffectMarked(Box<SideEffect>),
    /// A marker of another kind.
    MarkerRecorded {
        /// Name of the marker.
        name: String,
    },
    /// Indexed attributes.
    SearchAttributesUpserted {
        /// Nothing but the list of patches, which the engine writes by itself.
        only_change_version: bool,
    },
    /// Memos.
    MemoUpserted,
    /// An update passed its validator.
    UpdateAccepted(Box<UpdateAccepted>),
    /// The handler of an update completed.
    UpdateCompleted {
        /// Id of the update.
        id: String,
    },
    /// The run ended.
    RunEnded(Ending),
}

/// The answer to a command that is open.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// An activity completed.
    ActivityCompleted {
        /// The result.
        result: Vec<Payload>,
    },
    /// An activity failed for good.
    ActivityFailed(Box<ActivityFailed>),
    /// An activity timed out for good.
    ActivityTimedOut(Box<ActivityFailed>),
    /// An activity was cancelled as requested.
    ActivityCanceled(Box<ActivityCanceled>),
    /// A timer fired.
    TimerFired,
    /// What a child did.
    Child(Box<ChildAnswer>),
    /// Another workflow received a signal, or did not.
    ExternalSignal(Result<(), ExternalFault>),
    /// Another workflow received a request to cancel it, or did not.
    ExternalCancel(Result<(), ExternalFault>),
}

/// An event that belongs to no task and to no command.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The run began.
    RunStarted(Box<RunStarted>),
    /// A signal arrived.
    Signaled(Box<Signaled>),
    /// A client requested the cancellation of the run.
    CancelRequested {
        /// Why, in their words.
        reason: String,
    },
    /// An update was put into history before a worker saw it.
    UpdateAdmitted(Box<UpdateRequest>),
    /// The run ended without its worker: terminated or timed out.
    RunStopped,
    /// Of no interest to workflow code.
    Ignored,
    /// A kind this version does not know.
    Unknown {
        /// Its name, or its number.
        name: String,
        /// The server says that a worker may pass over it.
        may_ignore: bool,
    },
}

impl From<TaskEvent> for EventKind {
    fn from(event: TaskEvent) -> Self {
        Self::Task(event)
    }
}

impl From<CommandEvent> for EventKind {
    fn from(event: CommandEvent) -> Self {
        Self::Command(event)
    }
}

impl From<Fact> for EventKind {
    fn from(fact: Fact) -> Self {
        Self::Fact(fact)
    }
}

impl EventKind {
    /// Whether a command of the run left this event.
    pub(crate) const fn is_command(&self) -> bool {
        matches!(self, Self::Command(_))
    }

    /// Whether a worker answered its task.
    pub(crate) const fn is_task_completed(&self) -> bool {
        matches!(self, Self::Task(TaskEvent::Completed { .. }))
    }

    /// Whether the event is of a workflow task, and so ends the commands of the one before.
    pub(crate) const fn is_task(&self) -> bool {
        matches!(self, Self::Task(_))
    }
}

/// A run began.
#[derive(Clone, Debug, PartialEq)]
pub struct RunStarted {
    /// When.
    pub time: SystemTime,
    /// Type of the workflow.
    pub workflow_type: String,
    /// Id of the workflow; empty in histories of old servers.
    pub workflow_id: String,
    /// The run this one was before resets.
    pub original_run_id: String,
    /// First run of the chain.
    pub first_run_id: String,
    /// The run this one continues, empty if none.
    pub continued_from: String,
    /// Arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
    /// Number of the attempt under the run's retry policy; the first is 1.
    pub attempt: u32,
    /// Task queue of the run.
    pub task_queue: String,
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
    /// The workflow that started this one.
    pub parent: Option<RunRef>,
    /// The top of the tree of children.
    pub root: Option<RunRef>,
    /// Result of the last run of the chain.
    pub last_completion: Vec<Payload>,
    /// Failure of the previous run of the chain.
    pub last_failure: Option<FailureRecord>,
    /// Notes kept with the run.
    pub memo: Header,
    /// Indexed attributes.
    pub search_attributes: Header,
    /// Who started it.
    pub identity: String,
    /// How urgent its tasks are.
    pub priority: Priority,
}

/// A worker took a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskStarted {
    /// When; workflow time during the task.
    pub time: SystemTime,
    /// Size of history in bytes.
    pub history_size: u64,
    /// The server finds history long enough.
    pub continue_as_new_suggested: bool,
    /// Why it does.
    pub continue_as_new_reasons: ContinueAsNewReasons,
    /// The run is pinned to a version, and new work goes to another.
    pub target_version_changed: bool,
}

/// Why the server finds history long enough. Older servers give no reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContinueAsNewReasons {
    /// History has many bytes.
    pub history_size: bool,
    /// History has many events.
    pub event_count: bool,
    /// History has many updates.
    pub update_count: bool,
}

/// The version of a worker: what it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerVersion {
    /// The worker deployment that the worker belongs to; empty if it belongs to none.
    pub deployment: String,
    /// The build.
    pub build_id: String,
}

/// What the SDK of a worker records of itself with each completed task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SdkMetadata {
    /// Name of the SDK; empty when it did not change since the last task.
    pub name: String,
    /// Version of the SDK; empty when it did not change since the last task.
    pub version: String,
    /// Behaviour switches of the common core of other SDKs.
    pub core_flags: Vec<u32>,
    /// Behaviour switches of the SDK, numbered by itself.
    pub lang_flags: Vec<u32>,
}

/// A signal arrived.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signaled {
    /// Name of the signal.
    pub name: String,
    /// Its arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
    /// Who sent it.
    pub identity: String,
}
