//! Requests of user code to the engine.

use std::time::Duration;

use crate::{
    CancelExternal, EndRun, FailureRecord, Header, Payload, RecordSideEffect, ScheduleActivity,
    ScheduleLocalActivity, Seq, SignalExternal, StartChild,
};

/// One request of user code; the engine receives them in the order in which they are issued.
#[derive(Clone, Debug, PartialEq)]
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
    /// A wait with a limit ended before its timer was started. The timer is counted all the same: other SDKs start
    /// it first and then cancel it.
    SkipTimer,
    /// Answered by [`Job::ActivityResolved`](crate::Job::ActivityResolved).
    ScheduleActivity(Box<ScheduleActivity>),
    /// Answered by [`Job::ActivityResolved`](crate::Job::ActivityResolved). The activity runs in the worker of
    /// the run, which [`Run::take_local_requests`](crate::Run::take_local_requests) informs.
    ScheduleLocalActivity(Box<ScheduleLocalActivity>),
    /// Asks an activity, local or not, to stop, in the way its
    /// [`CancellationType`](crate::CancellationType) says.
    CancelActivity {
        /// The activity.
        seq: Seq,
    },
    /// Answered by [`Job::ChildStarted`](crate::Job::ChildStarted), unless it does not start, and
    /// [`Job::ChildResolved`](crate::Job::ChildResolved).
    StartChild(Box<StartChild>),
    /// Asks a child to stop, in the way its
    /// [`ChildCancellationType`](crate::ChildCancellationType) says.
    CancelChild {
        /// The child.
        seq: Seq,
        /// Why, for people; may be empty.
        reason: String,
    },
    /// Answered by [`Job::ExternalResolved`](crate::Job::ExternalResolved).
    SignalExternal(Box<SignalExternal>),
    /// Answered by [`Job::ExternalResolved`](crate::Job::ExternalResolved).
    CancelExternal(Box<CancelExternal>),
    /// The signal or the request to cancel is no longer wanted. One that was sent is not taken back.
    WithdrawExternal {
        /// The signal or the request.
        seq: Seq,
    },
    /// A value from outside of the run was used.
    RecordSideEffect(Box<RecordSideEffect>),
    /// `patched` was called for the first time in this run, and is true.
    SetPatch {
        /// Id of the patch.
        id: String,
        /// The code before the patch is gone.
        deprecated: bool,
    },
    /// Search attributes are set or removed; the next run of a chain begins with what is left.
    UpsertSearchAttributes {
        /// By name; an empty value removes one.
        attributes: Header,
    },
    /// Memos are set or removed; the next run of a chain begins with what is left.
    UpsertMemo {
        /// By name; an empty value removes one.
        memo: Header,
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
    /// The run ends; the first end counts.
    EndRun(EndRun),
}
