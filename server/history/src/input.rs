//! Inputs: what changes a run after its start.

use std::sync::Arc;
use std::time::Duration;

use durably_proto::api::activity::v1::ActivityOptions;
use durably_proto::api::common::v1::{
    Header, Link, Payloads, WorkerVersionStamp, WorkflowExecution,
};
use durably_proto::api::enums::v1::{
    CancelExternalWorkflowExecutionFailedCause, RetryState,
    SignalExternalWorkflowExecutionFailedCause, StartChildWorkflowExecutionFailedCause,
    WorkflowTaskFailedCause,
};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::update::v1::Request;
use durably_proto::api::workflow::v1::WorkflowExecutionOptions;
use durably_proto::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest;
use durably_proto::wkt::FieldMask;

use crate::id::{ActivityId, EventId, OutgoingKey, RequestId, RunId, Stamp, TimerId, UpdateId};
use crate::versioning::PolledBy;

/// An input of a run after its start.
#[derive(Clone, Debug)]
pub enum Input {
    /// A signal of a client or another workflow.
    Signal(Signal),
    /// A signal-with-start that found this run; unlike a plain signal it ends the start delay.
    SignalWithStart(Signal),
    /// A cancel request of a client or another workflow.
    RequestCancel(RequestCancel),
    /// A termination request.
    Terminate(Terminate),
    /// A request to delete the run, which is terminated first if it is running.
    Delete,
    /// The reset of this run or an earlier one: another run goes on.
    EndForReset(EndForReset),
    /// An update request.
    Update(UpdateRequest),
    /// A start request with the conflict policy `USE_EXISTING` that found this run.
    Attach(Attach),
    /// A repeated eager start: its client may not have received the first task.
    RepeatEagerStart,
    /// A request to send the next task to the normal queue.
    ResetStickiness,
    /// A poll took a workflow task.
    StartWorkflowTask(StartWorkflowTask),
    /// A worker completed its workflow task.
    CompleteWorkflowTask(Box<CompleteWorkflowTask>),
    /// A worker failed its workflow task.
    FailWorkflowTask(Box<FailWorkflowTask>),
    /// A poll took an activity task.
    StartActivity(StartActivity),
    /// A heartbeat of an activity.
    Heartbeat(Heartbeat),
    /// An activity completed.
    CompleteActivity(CompleteActivity),
    /// An attempt at an activity failed.
    FailActivity(Box<FailActivity>),
    /// An activity accepted its cancellation.
    CancelActivity(CancelActivity),
    /// A request to dispatch no attempts of activities.
    PauseActivities(PauseActivities),
    /// A request to dispatch attempts of paused activities again.
    UnpauseActivities(UnpauseActivities),
    /// A request to count the attempts of activities from 1 again.
    ResetActivities(ResetActivities),
    /// A request to change options of the run.
    UpdateOptions(Box<UpdateOptions>),
    /// A request to change options of activities.
    UpdateActivityOptions(Box<UpdateActivityOptions>),
    /// The parent has recorded the start of this child.
    BeginFirstTask(BeginFirstTask),
    /// A child has closed.
    ChildClosed(Box<ChildClosed>),
    /// A message to another execution was delivered; see
    /// [`Effect::Deliver`](crate::Effect::Deliver).
    Delivered(Delivered),
    /// A deadline is due; see [`Run::next_deadline`](crate::Run::next_deadline).
    Due(Deadline),
}

/// Key of a deadline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// The end of the start delay.
    FirstWorkflowTask,
    /// A timeout of the workflow task of this stamp: schedule-to-start or start-to-close.
    WorkflowTask(Stamp),
    /// A user timer.
    Timer(TimerId),
    /// A timeout or the next attempt of the activity scheduled by this event.
    Activity(EventId),
    /// The target of a fast-forward.
    FastForward,
    /// The run or execution timeout.
    Run,
}

/// See [`Input::Signal`].
#[derive(Clone, Debug, Default)]
pub struct Signal {
    /// The signal's name.
    pub name: String,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// Headers of the signal.
    pub header: Option<Header>,
    /// Identity of the sender.
    pub identity: String,
    /// A signal with a request id that was seen before is not recorded again.
    pub request_id: RequestId,
    /// Links to the cause of the signal.
    pub links: Vec<Link>,
    /// The signalling workflow, if it was one.
    pub external: Option<WorkflowExecution>,
    /// Whether the signal is only for a child of `external`.
    pub child_only: bool,
}

/// See [`Input::RequestCancel`].
#[derive(Clone, Debug, Default)]
pub struct RequestCancel {
    /// The reason.
    pub reason: String,
    /// Identity of the client.
    pub identity: String,
    /// Links to the cause.
    pub links: Vec<Link>,
    /// The first run of the execution the client means, if it said.
    pub first_run_id: Option<RunId>,
    /// The asking workflow, if it was one.
    pub external: Option<WorkflowExecution>,
    /// Its initiated event, if it has one.
    pub external_initiated: EventId,
    /// Whether the request is only for a child of `external`.
    pub child_only: bool,
}

/// See [`Input::Terminate`].
#[derive(Clone, Debug, Default)]
pub struct Terminate {
    /// The reason.
    pub reason: String,
    /// Details for people and programs.
    pub details: Option<Payloads>,
    /// Identity of the client.
    pub identity: String,
    /// Links to the cause.
    pub links: Vec<Link>,
    /// The first run of the execution the client means, if it said.
    pub first_run_id: Option<RunId>,
    /// The closed parent, if the termination is only for its child.
    pub child_of: Option<WorkflowExecution>,
}

/// See [`Input::BeginFirstTask`].
#[derive(Clone, Debug)]
pub struct BeginFirstTask {
    /// The parent.
    pub parent: WorkflowExecution,
    /// The event there that initiated the child.
    pub initiated: EventId,
}

/// See [`Input::ChildClosed`].
#[derive(Clone, Debug)]
pub struct ChildClosed {
    /// The event of the parent that initiated the child.
    pub initiated: EventId,
    /// The child's last run.
    pub child: WorkflowExecution,
    /// The first run of the child's chain.
    pub first_run_id: RunId,
    /// How it ended.
    pub end: ChildEnd,
}

/// How a child ended.
#[derive(Clone, Debug)]
pub enum ChildEnd {
    /// It returned a result.
    Completed(Option<Payloads>),
    /// It failed.
    Failed(Option<Box<Failure>>, RetryState),
    /// It accepted its cancellation.
    Canceled(Option<Payloads>),
    /// It was terminated.
    Terminated,
    /// It timed out.
    TimedOut(RetryState),
}

/// See [`Input::Delivered`]. An answer to a message that the run does not have any more changes
/// nothing.
#[derive(Clone, Debug)]
pub enum Delivered {
    /// The child has started.
    ChildStarted {
        /// The event that initiated it.
        initiated: EventId,
        /// Its first run.
        run_id: RunId,
    },
    /// The child could not be started.
    StartChildFailed {
        /// The event that initiated it.
        initiated: EventId,
        /// Why not.
        cause: StartChildWorkflowExecutionFailedCause,
    },
    /// The other workflow has the signal.
    Signaled {
        /// The event that initiated the signal.
        initiated: EventId,
    },
    /// The signal could not be delivered.
    SignalFailed {
        /// The event that initiated the signal.
        initiated: EventId,
        /// Why not.
        cause: SignalExternalWorkflowExecutionFailedCause,
    },
    /// The other workflow has the cancel request.
    CancelRequested {
        /// The event that initiated the request.
        initiated: EventId,
    },
    /// The cancel request could not be delivered.
    RequestCancelFailed {
        /// The event that initiated the request.
        initiated: EventId,
        /// Why not.
        cause: CancelExternalWorkflowExecutionFailedCause,
    },
    /// A message without an answer was delivered.
    Done(OutgoingKey),
}

/// See [`Input::Update`].
#[derive(Clone, Debug)]
pub struct UpdateRequest {
    /// The update's name among the updates of this run.
    pub id: UpdateId,
    /// The client's request, delivered to the worker as it is.
    pub request: Request,
}

/// See [`Input::Attach`].
#[derive(Clone, Debug, Default)]
pub struct Attach {
    /// The start request to remember.
    pub request_id: Option<RequestId>,
    /// Links to add.
    pub links: Vec<Link>,
}

/// Key of a scheduled workflow task, in [`Effect::DispatchWorkflowTask`](crate::Effect).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowTaskKey {
    /// The scheduled event, which an unrecorded task does not have yet.
    pub scheduled: EventId,
    /// Distinguishes tasks with the same event id.
    pub stamp: Stamp,
}

/// Identifies a started workflow task; the task token contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowTaskToken {
    /// The scheduled event, which an unrecorded task does not have yet.
    pub scheduled: EventId,
    /// The started event, which an unrecorded task does not have yet.
    pub started: EventId,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Distinguishes tasks with the same event ids.
    pub stamp: Stamp,
}

/// See [`Input::StartWorkflowTask`].
#[derive(Clone, Debug)]
pub struct StartWorkflowTask {
    /// The task.
    pub task_key: WorkflowTaskKey,
    /// Id of the poll; a repeated poll starts the same task again.
    pub request_id: RequestId,
    /// The queue that was polled; the sticky one receives only what is new.
    pub queue: Arc<str>,
    /// Identity of the worker.
    pub identity: String,
    /// The worker's build.
    pub worker_version: Option<WorkerVersionStamp>,
    /// The worker's version.
    pub polled_by: PolledBy,
}

/// See [`Input::CompleteWorkflowTask`].
#[derive(Clone, Debug)]
pub struct CompleteWorkflowTask {
    /// The task, out of the task token.
    pub token: WorkflowTaskToken,
    /// The worker's request; its token bytes are ignored.
    pub response: RespondWorkflowTaskCompletedRequest,
    /// The namespace of the run.
    pub namespace: RunNamespace,
    /// A command whose search attributes the namespace does not accept.
    pub refused: Option<BadSearchAttributes>,
    /// Whether it continues as new in a task queue that the worker's version does not poll.
    pub leaves_version: bool,
}

/// The namespace of a run, as its events name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunNamespace {
    /// Its name.
    pub name: Arc<str>,
    /// Its id.
    pub id: Arc<str>,
}

/// A command whose search attributes the namespace does not accept; this crate does not know the
/// namespace's attributes.
#[derive(Clone, Debug)]
pub struct BadSearchAttributes {
    /// Index of the command.
    pub place: usize,
    /// The real server's text.
    pub message: String,
    /// The kind of error; commands word it differently.
    pub problem: SearchAttributeProblem,
}

/// Kind of error in search attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchAttributeProblem {
    /// The namespace has none of that name.
    Unknown,
    /// The value has another type than the attribute, or only the server sets the attribute.
    Wrong,
    /// A value is too large; a retry cannot help, so the run is terminated.
    TooLarge,
}

/// See [`Input::FailWorkflowTask`].
#[derive(Clone, Debug)]
pub struct FailWorkflowTask {
    /// The task, out of the task token.
    pub token: WorkflowTaskToken,
    /// The cause.
    pub cause: WorkflowTaskFailedCause,
    /// The failure.
    pub failure: Option<Failure>,
    /// Identity of the worker.
    pub identity: String,
    /// The worker's binary.
    pub binary_checksum: String,
}

/// Key of an activity attempt on offer, in [`Effect::DispatchActivity`](crate::Effect).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityTaskKey {
    /// The event that scheduled the activity.
    pub scheduled: EventId,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Distinguishes offers of the same attempt: only the latest one counts.
    pub stamp: Stamp,
}

/// Identifies a started activity attempt; the task token contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityTaskToken {
    /// The event that scheduled the activity.
    pub scheduled: EventId,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// How a report names its activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityRef {
    /// By the task token of one attempt.
    Token(ActivityTaskToken),
    /// By the activity's own id, whatever the attempt (the `...ById` requests).
    Id(ActivityId),
}

/// See [`Input::StartActivity`].
#[derive(Clone, Debug)]
pub struct StartActivity {
    /// The attempt.
    pub task_key: ActivityTaskKey,
    /// Id of the poll; a repeated poll starts the same task again.
    pub request_id: RequestId,
    /// Identity of the worker.
    pub identity: String,
    /// The worker's build.
    pub worker_version: Option<WorkerVersionStamp>,
    /// The worker's version.
    pub polled_by: PolledBy,
}

/// See [`Input::Heartbeat`].
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// The activity.
    pub activity: ActivityRef,
    /// Details, for the next attempt too.
    pub details: Option<Payloads>,
    /// Identity of the worker.
    pub identity: String,
}

/// See [`Input::CompleteActivity`].
#[derive(Clone, Debug)]
pub struct CompleteActivity {
    /// The activity.
    pub activity: ActivityRef,
    /// What it returned.
    pub result: Option<Payloads>,
    /// Identity of the worker.
    pub identity: String,
    /// The worker's build.
    pub worker_version: Option<WorkerVersionStamp>,
}

/// See [`Input::FailActivity`].
#[derive(Clone, Debug)]
pub struct FailActivity {
    /// The activity.
    pub activity: ActivityRef,
    /// How it failed.
    pub failure: Option<Failure>,
    /// Details of a heartbeat that had not been sent.
    pub last_heartbeat_details: Option<Payloads>,
    /// Identity of the worker.
    pub identity: String,
    /// The worker's build.
    pub worker_version: Option<WorkerVersionStamp>,
}

/// See [`Input::CancelActivity`].
#[derive(Clone, Debug)]
pub struct CancelActivity {
    /// The activity.
    pub activity: ActivityRef,
    /// Details of the cancellation.
    pub details: Option<Payloads>,
    /// Identity of the worker.
    pub identity: String,
    /// The worker's build.
    pub worker_version: Option<WorkerVersionStamp>,
}

/// The pending activities that a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivitySelector {
    /// The activity of this id.
    Id(ActivityId),
    /// The activities of this type.
    Type(String),
    /// All.
    All,
}

/// See [`Input::PauseActivities`].
#[derive(Clone, Debug)]
pub struct PauseActivities {
    /// Which ones.
    pub selected: ActivitySelector,
    /// Identity of the client.
    pub identity: String,
    /// The reason.
    pub reason: String,
    /// An activity that the same request has paused stays as it is.
    pub request_id: RequestId,
}

/// See [`Input::UnpauseActivities`].
#[derive(Clone, Debug)]
pub struct UnpauseActivities {
    /// Which ones; those that are not paused stay as they are.
    pub selected: ActivitySelector,
    /// Whether their attempts are counted from 1 again.
    pub reset_attempts: bool,
    /// Whether their heartbeats are forgotten.
    pub reset_heartbeat: bool,
    /// The next attempts begin at random times within this.
    pub jitter: Duration,
}

/// See [`Input::ResetActivities`].
#[derive(Clone, Debug)]
pub struct ResetActivities {
    /// Which ones.
    pub selected: ActivitySelector,
    /// Whether their heartbeats are forgotten.
    pub reset_heartbeat: bool,
    /// Whether those that are paused stay so.
    pub keep_paused: bool,
    /// Whether they get the options back with which they were scheduled.
    pub restore_options: bool,
    /// The next attempts begin at random times within this.
    pub jitter: Duration,
}

/// See [`Input::UpdateActivityOptions`].
#[derive(Clone, Debug)]
pub struct UpdateActivityOptions {
    /// Which ones.
    pub selected: ActivitySelector,
    /// What their options become.
    pub change: OptionsChange,
}

/// What the options of an activity become.
#[derive(Clone, Debug)]
pub enum OptionsChange {
    /// The fields that the mask names are replaced.
    Replace {
        /// The new values.
        options: Option<Box<ActivityOptions>>,
        /// The fields.
        mask: Option<FieldMask>,
    },
    /// Those with which the activity was scheduled.
    Restore,
}

/// See [`Input::EndForReset`].
#[derive(Clone, Debug)]
pub struct EndForReset {
    /// Why the run is reset.
    pub reason: String,
    /// The run that the reset starts, if it is this run that it resets: it takes the children over. They are ended
    /// with this run if it is an earlier one.
    pub reset_run: Option<RunId>,
}

/// See [`Input::UpdateOptions`].
#[derive(Clone, Debug)]
pub struct UpdateOptions {
    /// The new values; an override has the version that [`Run::checked_override`](crate::Run::checked_override)
    /// found.
    pub options: WorkflowExecutionOptions,
    /// The fields to replace.
    pub mask: FieldMask,
    /// Identity of the client.
    pub identity: String,
}
