//! State of one run: its configuration, history and pending work.

use std::sync::Arc;
use std::time::Duration;

use durably_proto::api::common::v1::{
    Callback, Payload, Payloads, Priority, WorkerVersionStamp, WorkflowExecution,
};
use durably_proto::api::enums::v1::{EventType, WorkflowExecutionStatus};
use durably_proto::api::history::v1::HistoryEvent;
use durably_proto::api::sdk::v1::UserMetadata;
use durably_proto::api::workflow::v1::ResetPointInfo;

use crate::cron::CronSchedule;
use crate::event_log::EventLog;
use crate::id::{EventId, RequestId, RunId, Stamp, WorkflowId};
use crate::pending::activities::Activities;
use crate::pending::children::Children;
use crate::pending::outgoing::OutgoingMessages;
use crate::pending::requests::Requests;
use crate::pending::timers::Timers;
use crate::pending::updates::Updates;
use crate::queue::{StickyQueue, TaskQueue};
use crate::random::Random;
use crate::retry::RetryPolicy;
use crate::start::{Parent, Timeouts};
use crate::time::Time;
use crate::tracked::Tracked;
use crate::versioning::{Route, Versioning};
use crate::virtual_time::VirtualTime;
use crate::{limits, priority};

/// The state of one run with its history. The crate documentation describes how it is driven.
#[derive(Debug)]
pub struct Run {
    /// Decided at the start; immutable.
    pub(crate) config: Box<RunConfig>,
    /// All recorded events; only grows.
    pub(crate) events: EventLog,
    /// Encoded bytes of `events`; grows with them.
    pub(crate) history_size: usize,
    /// Events buffered until the started workflow task ends.
    pub(crate) buffered: Tracked<u64, HistoryEvent>,
    /// Running, or closed with status and time; changes once.
    pub(crate) phase: Phase,
    /// The current workflow task, at most one; changes when a task is scheduled, started or ends.
    pub(crate) task: WorkflowTask,
    /// The attempt of the current or next workflow task; 1 unless the last one failed.
    pub(crate) task_attempt: u32,
    /// The stamp of the last workflow task; counts them all.
    pub(crate) last_stamp: Stamp,
    /// The sticky queue; set when its worker completes a task, cleared when one fails or another
    /// worker takes one.
    pub(crate) sticky: Option<StickyQueue>,
    /// The started event of the last completed workflow task; moves with every completion.
    pub(crate) last_completed_started: EventId,
    /// The workflow tried to close over buffered events; until its next task ends.
    pub(crate) close_attempted: bool,
    /// Pending user timers; added by `StartTimer`, removed when fired or cancelled.
    pub(crate) timers: Timers,
    /// Pending activities; added by `ScheduleActivityTask`, removed when closed.
    pub(crate) activities: Activities,
    /// Children; added by `StartChildWorkflowExecution`, removed when their end is recorded.
    pub(crate) children: Children,
    /// Messages to other executions; removed when they are delivered.
    pub(crate) outgoing: OutgoingMessages,
    /// A child's first workflow task waits until its parent has recorded the start; until then.
    pub(crate) awaits_parent: bool,
    /// Updates that are admitted, accepted or completed; a rejected one is removed.
    pub(crate) updates: Updates,
    /// Whether a cancel request is recorded; later ones record nothing.
    pub(crate) cancel_requested: bool,
    /// Whether the run is to be removed once it is closed and its messages are delivered; set by
    /// [`Input::Delete`](crate::Input::Delete), which also closes it.
    pub(crate) deletion_requested: bool,
    /// The run that the last reset of this one has started; the run is closed then.
    pub(crate) reset_run: Option<RunId>,
    /// Ids of recorded requests.
    pub(crate) requests: Requests,
    /// Callbacks to call when the execution closes; grows when a start request attaches to the run.
    pub(crate) callbacks: Tracked<u64, Callback>,
    /// The memo; changes with `ModifyWorkflowProperties`.
    pub(crate) memo: Tracked<String, Payload>,
    /// Search attributes; change with `UpsertWorkflowSearchAttributes`.
    pub(crate) search_attributes: Tracked<String, Payload>,
    /// The first task that each build completed; grows with every new build.
    pub(crate) reset_points: Tracked<u64, ResetPointInfo>,
    /// The build of the last completed workflow task.
    pub(crate) last_worker_version: Option<WorkerVersionStamp>,
    /// Versions of worker deployments; changes when workers take and complete workflow tasks.
    pub(crate) versioning: Versioning,
    /// What the run has skipped of its time; none if it was never configured to.
    pub(crate) virtual_time: Option<Box<VirtualTime>>,
    /// The priority that a client has set since the start, if any did.
    pub(crate) updated_priority: Option<Priority>,
    /// Number of state transitions, as descriptions show it.
    pub(crate) transitions: i64,
    /// Source of the ids of later runs and tasks.
    pub(crate) random: Random,
    /// What the last commit has of the parts that are not entries of a collection.
    pub(crate) taken: Taken,
}

/// The parts that were taken for a commit; see [`Run::take_changes`].
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Whether the configuration was.
    pub config: bool,
    /// The core as it was last.
    pub core: Box<[u8]>,
}

/// Configuration of a run, decided at its start.
#[derive(Clone, Debug)]
pub(crate) struct RunConfig {
    pub workflow_id: WorkflowId,
    pub run_id: RunId,
    pub first_run_id: RunId,
    pub request_id: RequestId,
    pub workflow_type: String,
    pub task_queue: Arc<str>,
    pub timeouts: Timeouts,
    pub retry_policy: Option<RetryPolicy>,
    pub cron: Option<CronSchedule>,
    pub attempt: u32,
    pub started_at: Time,
    /// When the first workflow task may be dispatched; later than the start if it is delayed.
    pub executes_at: Time,
    pub run_expires_at: Option<Time>,
    pub execution_expires_at: Option<Time>,
    pub parent: Option<Parent>,
    /// The schedule that started the workflow; fixed.
    pub schedule: Option<Arc<str>>,
    pub root: Option<WorkflowExecution>,
    pub user_metadata: Option<UserMetadata>,
    pub priority: Option<Priority>,
    pub last_completion_result: Option<Payloads>,
}

/// Whether the run is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    Running,
    Closed {
        status: WorkflowExecutionStatus,
        at: Time,
    },
}

/// The workflow task of a run.
///
/// ```text
///   Idle --schedule--> Scheduled --start--> Started --complete / fail / time out--> Idle
///                          '---- too long in a sticky queue ------------------------^
/// ```
#[derive(Clone, Debug)]
pub(crate) enum WorkflowTask {
    Idle,
    Scheduled(ScheduledTask),
    Started(StartedTask),
}

#[derive(Clone, Debug)]
pub(crate) struct ScheduledTask {
    pub stamp: Stamp,
    /// The id of its scheduled event, or the id that event will have.
    pub scheduled: EventId,
    pub at: Time,
    /// When the first of a series of prolonged tasks was scheduled.
    pub original_at: Time,
    pub timeout: Duration,
    pub task_type: TaskType,
    /// When its schedule-to-start timeout expires, if it has one.
    pub waits_until: Option<Time>,
}

#[derive(Clone, Debug)]
pub(crate) struct StartedTask {
    pub task: ScheduledTask,
    pub started: EventId,
    pub at: Time,
    pub request_id: RequestId,
    pub identity: String,
    pub worker_version: Option<WorkerVersionStamp>,
    pub size: HistorySize,
    /// Whether the worker is informed that its run is pinned to another version than new ones.
    pub target_changed: bool,
}

/// Type of a workflow task; decides when its scheduled and started events are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskType {
    /// Recorded at once.
    Normal,
    /// Recorded when it completes: it repeats a failed task, and repeated failures record nothing.
    Transient,
    /// Recorded when it completes: it carries updates, and leaves no events if all are rejected.
    Speculative,
}

/// History size in `WorkflowTaskStarted`; kept, so that an event recorded later has the same
/// values.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HistorySize {
    pub bytes: usize,
    pub suggest: ContinueAsNewSuggestion,
}

/// Whether the worker is advised to continue as new, and why.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ContinueAsNewSuggestion {
    pub too_large: bool,
    pub too_many_events: bool,
    pub too_many_updates: bool,
}

impl Run {
    /// The execution's name.
    pub fn workflow_id(&self) -> &WorkflowId {
        &self.config.workflow_id
    }

    /// The run's name.
    pub fn run_id(&self) -> &RunId {
        &self.config.run_id
    }

    /// The first run of the execution's chain.
    pub fn first_run_id(&self) -> &RunId {
        &self.config.first_run_id
    }

    /// The request that started the run.
    pub fn start_request_id(&self) -> &RequestId {
        &self.config.request_id
    }

    /// The type of the event that came of a request, if this run has seen it.
    pub fn request_event(&self, id: &RequestId) -> Option<EventType> {
        self.requests.event(id).map(|(event_type, _)| event_type)
    }

    /// The workflow's type.
    pub fn workflow_type(&self) -> &str {
        &self.config.workflow_type
    }

    /// The normal queue of its tasks.
    pub fn task_queue(&self) -> &Arc<str> {
        &self.config.task_queue
    }

    /// The queue its next workflow task, or a query, would go to.
    pub fn current_task_queue(&self) -> TaskQueue {
        match &self.sticky {
            Some(sticky) => TaskQueue::Sticky(sticky.clone()),
            None => TaskQueue::Normal(self.config.task_queue.clone()),
        }
    }

    /// Which workers may take its tasks.
    pub fn route(&self) -> Route {
        self.versioning.route()
    }

    /// All events recorded so far, in order; the event with id `n` is at `n - 1`.
    pub fn events(&self) -> &EventLog {
        &self.events
    }

    /// The id the next event will have.
    pub fn next_event_id(&self) -> EventId {
        EventId(i64::try_from(self.events.len()).expect("memory ends first")).next()
    }

    /// Whether the run goes on.
    pub fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }

    /// Whether and how the run has ended.
    pub fn status(&self) -> WorkflowExecutionStatus {
        match self.phase {
            Phase::Running => WorkflowExecutionStatus::Running,
            Phase::Closed { status, .. } => status,
        }
    }

    /// When the run started, in the server's time.
    pub fn started_at(&self) -> Time {
        let skipped = self.virtual_time.as_ref().map(|time| time.initial);
        self.config.started_at.before(skipped.unwrap_or_default())
    }

    /// When the run ended, in the server's time.
    pub fn closed_at(&self) -> Option<Time> {
        self.virtual_closed_at().map(|at| self.server_time(at))
    }

    /// When the run ended, in its own time.
    pub(crate) fn virtual_closed_at(&self) -> Option<Time> {
        match self.phase {
            Phase::Running => None,
            Phase::Closed { at, .. } => Some(at),
        }
    }

    /// The next run of the same execution, once this one has ended in one.
    pub fn next_run_id(&self) -> Option<String> {
        use durably_proto::api::history::v1::history_event::Attributes as A;
        let id = match self.events.last()?.attributes {
            Some(A::WorkflowExecutionContinuedAsNewEventAttributes(a)) => a.new_execution_run_id,
            Some(A::WorkflowExecutionCompletedEventAttributes(a)) => a.new_execution_run_id,
            Some(A::WorkflowExecutionFailedEventAttributes(a)) => a.new_execution_run_id,
            Some(A::WorkflowExecutionTimedOutEventAttributes(a)) => a.new_execution_run_id,
            _ => return None,
        };
        Some(id).filter(|id| !id.is_empty())
    }

    /// Whether a workflow task waits in a queue or is with a worker.
    pub fn has_workflow_task(&self) -> bool {
        !matches!(self.task, WorkflowTask::Idle)
    }

    /// Whether a workflow task, a timer or an activity is pending.
    pub(crate) fn has_pending(&self) -> bool {
        self.has_workflow_task() || self.timers.len() + self.activities.len() > 0
    }

    /// Whether a workflow task is with a worker.
    pub fn has_started_workflow_task(&self) -> bool {
        matches!(self.task, WorkflowTask::Started(_))
    }

    /// Whether any workflow task has completed; before that a query has nothing to ask.
    pub fn has_completed_workflow_task(&self) -> bool {
        self.last_completed_started != EventId::NONE
    }

    /// Whether the workflow task failed several times in a row: until its code is repaired, a worker
    /// answers neither queries nor updates.
    pub fn has_failing_workflow_task(&self) -> bool {
        self.task_attempt >= limits::FAILING_ATTEMPT
    }

    /// The started event of the last completed workflow task.
    pub fn previous_started(&self) -> EventId {
        self.last_completed_started
    }

    /// Whether the first workflow task is still held back. A task that left no trace did not end the
    /// delay.
    pub fn is_delayed(&self) -> bool {
        self.config.executes_at > self.config.started_at
            && self.is_running()
            && !self.has_workflow_task()
            && !self.has_completed_workflow_task()
    }

    /// When the first workflow task may be dispatched, if it is still held back and waits for
    /// nothing else; in the server's time.
    pub fn delayed_until(&self) -> Option<Time> {
        self.held_back_until().map(|at| self.server_time(at))
    }

    /// As [`delayed_until`](Self::delayed_until), in the run's own time.
    pub(crate) fn held_back_until(&self) -> Option<Time> {
        let waits = self.is_delayed() && !self.awaits_parent;
        waits.then_some(self.config.executes_at)
    }

    /// Whether messages to other executions are not delivered.
    pub fn has_outgoing(&self) -> bool {
        self.outgoing.len() > 0
    }

    /// Whether the run is to be removed once its messages are delivered.
    pub fn is_deletion_requested(&self) -> bool {
        self.deletion_requested
    }

    /// Whether the run is to be deleted and has nothing left to do.
    pub fn is_removable(&self) -> bool {
        self.deletion_requested && !self.has_outgoing()
    }

    /// The run that started this one as its child, and the event there.
    pub fn parent(&self) -> Option<(&WorkflowExecution, EventId)> {
        let parent = self.config.parent.as_ref()?;
        Some((&parent.execution, parent.initiated))
    }

    /// The priority of the start, or the one that a client has set since.
    pub(crate) fn own_priority(&self) -> Option<&Priority> {
        self.updated_priority
            .as_ref()
            .or(self.config.priority.as_ref())
    }

    /// How urgent its workflow tasks are.
    pub fn priority(&self) -> Priority {
        self.own_priority().cloned().unwrap_or_default()
    }

    /// How urgent an activity is; that of the workflow once it is closed. It inherits what it does not set itself.
    pub fn activity_priority(&self, scheduled: EventId) -> Priority {
        let own = self.activities.get(scheduled);
        let own = own.and_then(|activity| activity.priority.as_ref());
        priority::merged(self.own_priority(), own).unwrap_or_default()
    }

    /// Whether an activity is with a worker or could be taken by one.
    pub fn has_runnable_activity(&self) -> bool {
        let mut activities = self.activities.iter();
        activities.any(|activity| activity.is_waiting() || activity.is_started())
    }
}
