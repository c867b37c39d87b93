//! Everything that can happen to a run.

use std::sync::Arc;

use durably_proto::api::common::v1::{
    Callback, Header, Link, Payloads, WorkerVersionStamp, WorkflowExecution,
};
use durably_proto::api::enums::v1::WorkflowTaskFailedCause;
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::update::v1::Request;
use durably_proto::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest;

use crate::id::{ActivityId, EventId, RequestId, RunId, Stamp, TimerId, UpdateId};

/// Everything that can happen to a run after its start.
#[derive(Clone, Debug)]
pub enum Input {
    /// A client, or another workflow, signals the workflow.
    Signal(Signal),
    /// A client's signal-with-start met this run; unlike a plain signal it ends the start delay.
    SignalWithStart(Signal),
    /// A client, or another workflow, asks the workflow to end itself.
    RequestCancel(RequestCancel),
    /// A client ends the workflow without asking it.
    Terminate(Terminate),
    /// A client sends an update.
    Update(UpdateRequest),
    /// A client's start request with the conflict policy `USE_EXISTING` met this run.
    Attach(Attach),
    /// A client repeats its eager start, because it may not have got the first task.
    RepeatEagerStart,
    /// A worker asks that the next task goes to the normal queue.
    ResetStickiness,
    /// A workflow task was handed to a poller.
    StartWorkflowTask(StartWorkflowTask),
    /// A worker completed its workflow task.
    CompleteWorkflowTask(Box<CompleteWorkflowTask>),
    /// A worker could not complete its workflow task.
    FailWorkflowTask(Box<FailWorkflowTask>),
    /// An activity task was handed to a poller.
    StartActivity(StartActivity),
    /// An activity reports that it is alive.
    Heartbeat(Heartbeat),
    /// An activity completed.
    CompleteActivity(CompleteActivity),
    /// An attempt at an activity failed.
    FailActivity(Box<FailActivity>),
    /// An activity gave in to a cancel request.
    CancelActivity(CancelActivity),
    /// A deadline armed by [`Effect::Arm`](crate::Effect::Arm) was reached.
    Due(Deadline),
}

/// A moment the run asked to be woken at. At most one is armed for each key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// The delay before the first workflow task is over.
    FirstWorkflowTask,
    /// The workflow task of this stamp: too long in a sticky queue, or too long with a worker.
    WorkflowTask(Stamp),
    /// A user timer fires.
    Timer(TimerId),
    /// The activity scheduled by this event: a timeout, or its next attempt is due.
    Activity(EventId),
    /// The run took too long, or the runs of the execution together.
    Run,
}

/// See [`Input::Signal`].
#[derive(Clone, Debug, Default)]
pub struct Signal {
    /// The signal's name.
    pub name: String,
    /// Its arguments.
    pub input: Option<Payloads>,
    /// Headers that travel with the arguments.
    pub header: Option<Header>,
    /// Who signals.
    pub identity: String,
    /// A signal with a request id that was seen before is not recorded again.
    pub request_id: RequestId,
    /// Links to what caused the signal.
    pub links: Vec<Link>,
    /// The signalling workflow, if it was one.
    pub external: Option<WorkflowExecution>,
}

/// See [`Input::RequestCancel`].
#[derive(Clone, Debug, Default)]
pub struct RequestCancel {
    /// Why.
    pub reason: String,
    /// Who asks.
    pub identity: String,
    /// Links to what caused the request.
    pub links: Vec<Link>,
    /// The first run of the execution the client means, if it said.
    pub first_run_id: Option<RunId>,
    /// The asking workflow and its initiated event, if it was one.
    pub external: Option<(WorkflowExecution, EventId)>,
}

/// See [`Input::Terminate`].
#[derive(Clone, Debug, Default)]
pub struct Terminate {
    /// Why.
    pub reason: String,
    /// Details for people and programs.
    pub details: Option<Payloads>,
    /// Who ends it.
    pub identity: String,
    /// Links to what caused it.
    pub links: Vec<Link>,
    /// The first run of the execution the client means, if it said.
    pub first_run_id: Option<RunId>,
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
    /// Callbacks to add.
    pub completion_callbacks: Vec<Callback>,
    /// Links to add.
    pub links: Vec<Link>,
    /// Who asks.
    pub identity: String,
}

/// Names one workflow task of a run; carried by [`Effect::DispatchWorkflowTask`](crate::Effect) to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowTaskKey {
    /// The event that scheduled it, or will have.
    pub scheduled: EventId,
    /// Tells it from others with the same event id.
    pub stamp: Stamp,
}

/// Names one started workflow task; travels to the worker and back inside the task token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowTaskToken {
    /// The event that scheduled it, or will have.
    pub scheduled: EventId,
    /// The event that started it, or will have.
    pub started: EventId,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Tells it from others with the same event ids.
    pub stamp: Stamp,
}

/// See [`Input::StartWorkflowTask`].
#[derive(Clone, Debug)]
pub struct StartWorkflowTask {
    /// The task.
    pub task_key: WorkflowTaskKey,
    /// The poll; the same poll may start the same task twice.
    pub request_id: RequestId,
    /// The queue that was polled; the sticky one receives only what is new.
    pub queue: Arc<str>,
    /// Who polls.
    pub identity: String,
    /// The worker's build.
    pub worker_version: Option<WorkerVersionStamp>,
}

/// See [`Input::CompleteWorkflowTask`].
#[derive(Clone, Debug)]
pub struct CompleteWorkflowTask {
    /// The task, out of the task token.
    pub token: WorkflowTaskToken,
    /// What the worker wants; the token bytes in it are not looked at.
    pub response: RespondWorkflowTaskCompletedRequest,
    /// A command whose search attributes the namespace does not accept.
    pub refused: Option<BadSearchAttributes>,
}

/// A command that breaks a rule of its namespace, which this crate does not know.
#[derive(Clone, Debug)]
pub struct BadSearchAttributes {
    /// Its place among the commands.
    pub place: usize,
    /// Why, in the platform's words.
    pub message: String,
    /// The kind of mistake, which commands word differently.
    pub problem: SearchAttributeProblem,
}

/// What is wrong with search attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchAttributeProblem {
    /// The namespace has none of that name.
    Unknown,
    /// The value is not of the attribute's type, or only the server sets the attribute.
    Wrong,
    /// A value is too large, and would be again: the run is terminated.
    TooLarge,
}

/// See [`Input::FailWorkflowTask`].
#[derive(Clone, Debug)]
pub struct FailWorkflowTask {
    /// The task, out of the task token.
    pub token: WorkflowTaskToken,
    /// Why, in one word.
    pub cause: WorkflowTaskFailedCause,
    /// Why, in full.
    pub failure: Option<Failure>,
    /// Who reports.
    pub identity: String,
    /// The worker's binary.
    pub binary_checksum: String,
}

/// Names one attempt at an activity; carried by [`Effect::DispatchActivity`](crate::Effect) to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityTaskKey {
    /// The event that scheduled the activity.
    pub scheduled: EventId,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// How a report names its activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityRef {
    /// By the task token of one attempt.
    Token(ActivityTaskKey),
    /// By the activity's own id, whatever the attempt (the `...ById` requests).
    Id(ActivityId),
}

/// See [`Input::StartActivity`].
#[derive(Clone, Debug)]
pub struct StartActivity {
    /// The attempt.
    pub task_key: ActivityTaskKey,
    /// The poll; the same poll may start the same task twice.
    pub request_id: RequestId,
    /// Who polls.
    pub identity: String,
    /// The worker's build.
    pub worker_version: Option<WorkerVersionStamp>,
}

/// See [`Input::Heartbeat`].
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// The activity.
    pub activity: ActivityRef,
    /// What the next attempt will be given.
    pub details: Option<Payloads>,
    /// Who reports.
    pub identity: String,
}

/// See [`Input::CompleteActivity`].
#[derive(Clone, Debug)]
pub struct CompleteActivity {
    /// The activity.
    pub activity: ActivityRef,
    /// What it returned.
    pub result: Option<Payloads>,
    /// Who reports.
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
    /// A last heartbeat that had not been sent.
    pub last_heartbeat_details: Option<Payloads>,
    /// Who reports.
    pub identity: String,
    /// The worker's build.
    pub worker_version: Option<WorkerVersionStamp>,
}

/// See [`Input::CancelActivity`].
#[derive(Clone, Debug)]
pub struct CancelActivity {
    /// The activity.
    pub activity: ActivityRef,
    /// What it had to say.
    pub details: Option<Payloads>,
    /// Who reports.
    pub identity: String,
    /// The worker's build.
    pub worker_version: Option<WorkerVersionStamp>,
}
