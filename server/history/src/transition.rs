//! Transitions: the result of an accepted input.

use std::ops::Range;
use std::sync::Arc;

use durably_proto::api::activity::v1::ActivityOptions;
use durably_proto::api::common::v1::{ActivityType, Header, Payloads, Priority, RetryPolicy};
use durably_proto::api::enums::v1::{WorkflowExecutionStatus, WorkflowTaskFailedCause};
use durably_proto::api::history::v1::HistoryEvent;
use durably_proto::api::protocol::v1::Message;
use durably_proto::api::update::v1;
use durably_proto::api::workflow::v1::WorkflowExecutionOptions;
use durably_proto::wkt;

use crate::id::{ActivityId, EventId, OutgoingKey, UpdateId};
use crate::input::{ActivityTaskKey, ActivityTaskToken, WorkflowTaskKey, WorkflowTaskToken};
use crate::queue::TaskQueue;
use crate::start::Start;
use crate::time::Time;

/// Result of an accepted input. The caller commits the run and the new events, then executes the
/// effects in order, then sends the reply.
#[derive(Debug)]
pub struct Transition {
    /// The new events, as indices into [`Run::events`](crate::Run::events).
    pub events: Range<usize>,
    /// The effects, in the order of their execution.
    pub effects: Vec<Effect>,
    /// The reply to the sender of the input.
    pub reply: Reply,
}

/// What the caller must do after the commit.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Offer a workflow task to the pollers of a queue. Offering it again under a new key makes the
    /// old key stale.
    DispatchWorkflowTask {
        /// Identifies the task when a poll takes it.
        task_key: WorkflowTaskKey,
        /// The queue.
        queue: TaskQueue,
        /// Whether the task is speculative and need not be durable.
        speculative: bool,
    },
    /// Offer an attempt at an activity to the pollers of a queue. Offering it again under a new key
    /// makes the old key stale.
    DispatchActivity {
        /// Identifies the attempt when a poll takes it.
        task_key: ActivityTaskKey,
        /// The queue.
        queue: Arc<str>,
    },
    /// Start the next run of the same execution, in the same commit.
    StartNext(Box<Start>),
    /// Deliver a message to another execution, then apply
    /// [`Input::Delivered`](crate::Input::Delivered). A delivery may be repeated.
    Deliver(OutgoingKey),
    /// The run is closed; its offered tasks are void.
    Closed(WorkflowExecutionStatus),
    /// The run is to be deleted and has nothing left to do: remove it from the store. A removal may be
    /// repeated.
    Remove,
    /// An update reached a stage; notify its waiters.
    UpdateReached(UpdateStatus),
    /// Whether the run skips time, or its fast-forward, has changed; the event that says so may be buffered.
    TimeSkippingChanged,
    /// A field of the visibility index has changed.
    VisibilityChanged,
}

/// Reply to the sender of an input.
#[derive(Debug)]
pub enum Reply {
    /// The input was applied.
    Done,
    /// The input is a repetition; nothing was changed.
    AlreadyDone,
    /// The status of an update.
    Update(UpdateStatus),
    /// The started workflow task, for an eager start too.
    WorkflowTask(Box<StartedWorkflowTask>),
    /// The workflow task was completed.
    WorkflowTaskCompleted(Box<CompletedWorkflowTask>),
    /// The commands are invalid, and the workflow task failed: events and effects count, and the
    /// worker receives `INVALID_ARGUMENT` with this message.
    WorkflowTaskRefused {
        /// The cause.
        cause: WorkflowTaskFailedCause,
        /// The message.
        message: String,
    },
    /// The worker prolonged its workflow task for too long and receives `NOT_FOUND`.
    WorkflowTaskHeartbeatTimeout,
    /// The started activity attempt.
    Activity(Box<StartedActivity>),
    /// The reply to a heartbeat.
    Heartbeat(HeartbeatReply),
    /// The options of the run after their update.
    WorkflowOptions {
        /// The options, as the request gives them.
        options: Box<WorkflowExecutionOptions>,
        /// Whether they were others before.
        changed: bool,
    },
    /// The options of an activity after their update.
    ActivityOptions(Box<ActivityOptions>),
}

/// See [`Reply::Heartbeat`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeartbeatReply {
    /// Whether cancellation of the activity was requested.
    pub cancel_requested: bool,
    /// Whether it was paused.
    pub paused: bool,
    /// Whether it was reset.
    pub reset: bool,
}

/// A started workflow task, as the worker receives it.
#[derive(Debug)]
pub struct StartedWorkflowTask {
    /// Content of the task token.
    pub token: WorkflowTaskToken,
    /// The `WorkflowTaskStarted` event of the last task that completed.
    pub previous_started: EventId,
    /// The recorded events to send, as indices into [`Run::events`](crate::Run::events).
    pub history: Range<usize>,
    /// Unrecorded events to send after them: those of a transient or speculative task.
    pub transient: Vec<HistoryEvent>,
    /// Updates to deliver.
    pub messages: Vec<Message>,
    /// Whether the task was polled from a sticky queue: `history` then starts where the worker's
    /// cache ends.
    pub sticky: bool,
    /// When it was scheduled.
    pub scheduled_at: Time,
    /// When it was started.
    pub started_at: Time,
}

/// Result of a workflow task completion.
#[derive(Debug, Default)]
pub struct CompletedWorkflowTask {
    /// The next task, started at once at the worker's request.
    pub next: Option<StartedWorkflowTask>,
    /// Activities started at once at the worker's request.
    pub activities: Vec<StartedActivity>,
    /// The task left no events; the worker must discard the events after this one.
    pub reset_to: Option<EventId>,
}

/// A started activity attempt, as the worker receives it.
#[derive(Clone, Debug)]
pub struct StartedActivity {
    /// Content of the task token.
    pub token: ActivityTaskToken,
    /// The activity's id.
    pub activity_id: ActivityId,
    /// The activity's type.
    pub activity_type: Option<ActivityType>,
    /// Headers of the activity.
    pub header: Option<Header>,
    /// The arguments.
    pub input: Option<Payloads>,
    /// Details of the last heartbeat of earlier attempts.
    pub heartbeat_details: Option<Payloads>,
    /// When the activity was scheduled.
    pub scheduled_at: Time,
    /// When this attempt was scheduled.
    pub attempt_scheduled_at: Time,
    /// When this attempt was started.
    pub started_at: Time,
    /// Schedule-to-close timeout, zero for none.
    pub schedule_to_close_timeout: Option<wkt::Duration>,
    /// Start-to-close timeout.
    pub start_to_close_timeout: Option<wkt::Duration>,
    /// Heartbeat timeout, zero for none.
    pub heartbeat_timeout: Option<wkt::Duration>,
    /// How the activity is retried.
    pub retry_policy: Option<RetryPolicy>,
    /// Its priority.
    pub priority: Option<Priority>,
}

/// Status of an update.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateStatus {
    /// The update.
    pub id: UpdateId,
    /// Its stage.
    pub stage: UpdateStage,
}

/// Stage of an update.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateStage {
    /// Not accepted or rejected yet.
    Admitted,
    /// Accepted by the worker's validator, and in progress.
    Accepted,
    /// Completed with a result, a failure, or the validator's rejection.
    Completed(Box<v1::Outcome>),
    /// The run closed before the worker received it.
    Aborted(UpdateAbort),
}

/// Why an update was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateAbort {
    /// The workflow is closed; the client receives `NOT_FOUND`.
    Closed,
    /// The workflow continues in another run; the client should retry.
    Continued,
}
