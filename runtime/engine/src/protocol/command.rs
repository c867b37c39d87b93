//! The completion of a workflow task: commands, update messages and query results for the server.

use std::time::Duration;

use crate::{
    CancelExternal, EndRun, EventId, FailureRecord, Header, LocalActivityMarked, Message, Payload,
    ScheduleActivity, SdkMetadata, SideEffect, SignalExternal, StartChild,
};

/// The answer to a task.
#[derive(Clone, Debug, PartialEq)]
pub enum Completion {
    /// The answer to a task that moves the run.
    Task(TaskCompletion),
    /// The answer to a task that only asks a query.
    Query(QueryAnswer),
}

/// The answer to a task that moves the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskCompletion {
    /// What the server is asked to do, in this order.
    pub commands: Vec<Command>,
    /// Acceptances, rejections and results of updates.
    pub messages: Vec<Message>,
    /// Answers to the queries of the task.
    pub answers: Vec<QueryAnswer>,
    /// What history records of this SDK.
    pub sdk: SdkMetadata,
    /// One of the commands ends the run.
    pub ends_run: bool,
}

/// One thing the server is asked to do; each leaves one event.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Leaves `TimerStarted`.
    StartTimer {
        /// Id of the timer.
        timer_id: String,
        /// Time until it fires.
        after: Duration,
        /// What it waits for, for people.
        summary: Option<Payload>,
    },
    /// Leaves `TimerCanceled`.
    CancelTimer {
        /// Id of the timer.
        timer_id: String,
    },
    /// Leaves `ActivityTaskScheduled`; the id is always given.
    ScheduleActivity(Box<ScheduleActivity>),
    /// Leaves `ActivityTaskCancelRequested`.
    CancelActivity {
        /// Event that scheduled it.
        scheduled: EventId,
    },
    /// Leaves `StartChildWorkflowExecutionInitiated`.
    StartChild(Box<StartChild>),
    /// Leaves `SignalExternalWorkflowExecutionInitiated`.
    SignalExternal(Box<SignalExternal>),
    /// Leaves `RequestCancelExternalWorkflowExecutionInitiated`, also for a child.
    CancelExternal(Box<CancelExternal>),
    /// Leaves `MarkerRecorded`.
    MarkLocalActivity {
        /// How the activity ended.
        marked: Box<LocalActivityMarked>,
        /// What it does, for people; a JSON string.
        summary: Option<Payload>,
    },
    /// Leaves `MarkerRecorded`.
    MarkSideEffect {
        /// Its value.
        effect: Box<SideEffect>,
        /// What it is, for people; a JSON string.
        summary: Option<Payload>,
    },
    /// Leaves `MarkerRecorded`.
    MarkPatch {
        /// Id of the patch.
        id: String,
        /// The code before the patch is gone.
        deprecated: bool,
    },
    /// Leaves `UpsertWorkflowSearchAttributes` with the list of all patches of the run.
    UpsertPatches {
        /// Their ids, sorted.
        ids: Vec<String>,
    },
    /// Leaves `UpsertWorkflowSearchAttributes`.
    UpsertSearchAttributes {
        /// By name; an empty value removes one.
        attributes: Header,
    },
    /// Leaves `WorkflowPropertiesModified`.
    UpsertMemo {
        /// By name; an empty value removes one.
        memo: Header,
    },
    /// The place of a [`Message`] among the commands.
    ProtocolMessage {
        /// Id of the message.
        message_id: String,
    },
    /// Ends the run; always the last command of its task.
    EndRun(EndRun),
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryAnswer {
    /// Id of the query within the task.
    pub id: String,
    /// What it returned.
    pub result: Result<Payload, FailureRecord>,
}
