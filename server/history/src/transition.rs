//! What an input led to: events, effects and an answer.

use std::ops::Range;
use std::sync::Arc;

use durably_proto::api::common::v1::{ActivityType, Header, Payloads, Priority, RetryPolicy};
use durably_proto::api::enums::v1::{WorkflowExecutionStatus, WorkflowTaskFailedCause};
use durably_proto::api::history::v1::HistoryEvent;
use durably_proto::api::protocol::v1::Message;
use durably_proto::api::update::v1;
use durably_proto::wkt;

use crate::id::{ActivityId, EventId, UpdateId};
use crate::input::{ActivityTaskKey, Deadline, WorkflowTaskKey, WorkflowTaskToken};
use crate::queue::TaskQueue;
use crate::start::Start;
use crate::time::Time;

/// What an accepted input led to. The driver commits the run and the new events, then does the
/// effects in order, then answers.
#[derive(Debug)]
pub struct Transition {
    /// The new events, as places in [`Run::events`](crate::Run::events).
    pub events: Range<usize>,
    /// What must be done after the commit, in order.
    pub effects: Vec<Effect>,
    /// What the asker is told.
    pub reply: Reply,
}

/// What the driver must do once the outcome is committed.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Offer a workflow task to the pollers of a queue. A task that is offered again under a new
    /// ticket makes the old ticket worthless.
    DispatchWorkflowTask {
        /// Names the task when a poller takes it.
        task_key: WorkflowTaskKey,
        /// Where.
        queue: TaskQueue,
        /// It carries updates only and leaves no trace if all are rejected; keep it in memory.
        speculative: bool,
    },
    /// Offer an attempt at an activity to the pollers of a queue.
    DispatchActivity {
        /// Names the attempt when a poller takes it.
        task_key: ActivityTaskKey,
        /// Where.
        queue: Arc<str>,
    },
    /// Give [`Input::Due`](crate::Input::Due) with this deadline at that time; replaces the
    /// earlier time of the same deadline.
    Arm {
        /// Which.
        deadline: Deadline,
        /// When.
        at: Time,
    },
    /// The deadline no longer matters. (One that is given all the same is refused as stale.)
    Disarm(Deadline),
    /// Start the next run of the same execution, in the same commit.
    StartNext(Box<Start>),
    /// The run is closed. Its deadlines and offered tasks no longer matter.
    Closed(WorkflowExecutionStatus),
    /// An update went a stage further; wake those who wait for it.
    UpdateReached(UpdateStatus),
    /// Something that lists and descriptions show has changed.
    VisibilityChanged,
}

/// What the asker is told.
#[derive(Debug)]
pub enum Reply {
    /// Nothing but that it is done.
    Done,
    /// The request had been done before; nothing was changed.
    AlreadyDone,
    /// Where an update stands.
    Update(UpdateStatus),
    /// The workflow task that was started (also the first one, of an eager start).
    WorkflowTask(Box<StartedWorkflowTask>),
    /// A workflow task was completed.
    WorkflowTaskCompleted(Box<CompletedWorkflowTask>),
    /// The worker's commands were refused, and its workflow task has been failed for it: events
    /// and effects count, and the worker is answered `INVALID_ARGUMENT` with this message.
    WorkflowTaskRefused {
        /// Why, in one word.
        cause: WorkflowTaskFailedCause,
        /// Why, in full.
        message: String,
    },
    /// The worker prolonged its workflow task too often; it is answered `NOT_FOUND`.
    WorkflowTaskHeartbeatTimeout,
    /// The attempt at an activity that was started.
    Activity(Box<StartedActivity>),
    /// What a heartbeat learns.
    Heartbeat {
        /// The workflow asked the activity to end.
        cancel_requested: bool,
    },
}

/// A workflow task in a worker's hands.
#[derive(Debug)]
pub struct StartedWorkflowTask {
    /// Goes into the task token.
    pub token: WorkflowTaskToken,
    /// The `WorkflowTaskStarted` event of the last task that completed.
    pub previous_started: EventId,
    /// The events to send, as places in [`Run::events`](crate::Run::events).
    pub history: Range<usize>,
    /// Events to send after them that are not recorded yet: those of a transient or speculative task.
    pub transient: Vec<HistoryEvent>,
    /// Updates to deliver.
    pub messages: Vec<Message>,
    /// The task came by a sticky queue: `history` starts where the worker's cache ends.
    pub sticky: bool,
    /// When it was scheduled.
    pub scheduled_at: Time,
    /// When it was started.
    pub started_at: Time,
}

/// A workflow task that was completed.
#[derive(Debug, Default)]
pub struct CompletedWorkflowTask {
    /// The next task, started already, because the worker asked for it.
    pub next: Option<StartedWorkflowTask>,
    /// Activities started already, because the worker asked for them.
    pub activities: Vec<StartedActivity>,
    /// The task has vanished; the worker forgets all events after this one.
    pub reset_to: Option<EventId>,
}

/// An attempt at an activity in a worker's hands.
#[derive(Clone, Debug)]
pub struct StartedActivity {
    /// Goes into the task token.
    pub task_key: ActivityTaskKey,
    /// The activity's id.
    pub activity_id: ActivityId,
    /// The activity's type.
    pub activity_type: Option<ActivityType>,
    /// Headers that travel with the arguments.
    pub header: Option<Header>,
    /// The arguments.
    pub input: Option<Payloads>,
    /// What the last heartbeat of the attempts before said.
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

/// Where an update stands.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateStatus {
    /// Which.
    pub id: UpdateId,
    /// How far.
    pub stage: UpdateStage,
}

/// How far an update has come.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateStage {
    /// The worker has not answered yet.
    Admitted,
    /// The worker's validator let it through, and it is being worked on.
    Accepted,
    /// It is done: what it returned, how it failed, or why the validator rejected it.
    Completed(Box<v1::Outcome>),
    /// The run ended before the worker saw it.
    Aborted(UpdateAbort),
}

/// Why an update can come no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateAbort {
    /// The workflow is closed: answered `NOT_FOUND`.
    Closed,
    /// The workflow goes on in another run; the client should try again.
    Continued,
}
