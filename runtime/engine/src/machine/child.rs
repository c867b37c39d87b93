//! Child workflow: one `StartChildWorkflowExecution` command, ended by how the child ended.
//!
//! ```text
//!   Scheduled --Initiated--> Starting --Started--> Running --Completed, Failed, ..--> Closed   job
//!       |                        '--------StartFailed--------------------------------> Closed   job
//!       '--- cancelled before the command left --------------------------------------> Closed   job at once
//! ```
//! A request to cancel is a command of its own, and answered on its own; it may be answered after the
//! child has closed. With `TryCancel` and `Abandon` user code learns of the cancellation at once, with
//! `WaitRequested` when the child has the request, and with `WaitCompleted` when the child closes. What
//! the child does afterwards is read, and ignored.
//!
//! The server delivers the request and starts the child side by side. A request that comes first fails, because
//! there is no such workflow; it is repeated, once, when the child has started.

use std::time::Duration;

use super::{Cancel, Machine, Outbox, Step};
use crate::{
    Answer, CancelExternal, Command, CommandEvent, CommandSummary, EventId, ExternalFault,
    FailureInfo, FailureRecord, Header, Job, Payload, Priority, RetryPolicy, RetryState, Seq,
    Target, TimeoutKind,
};

/// A child workflow to start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StartChild {
    /// The child.
    pub seq: Seq,
    /// Id of its workflow.
    pub id: ChildId,
    /// Its type.
    pub workflow_type: String,
    /// The namespace of the run, which is that of the child too.
    pub namespace: String,
    /// Arguments.
    pub input: Vec<Payload>,
    /// Header fields.
    pub header: Header,
    /// Task queue of its workers; the run's own if not given.
    pub task_queue: Option<String>,
    /// Time for the whole chain of its runs; none is no limit.
    pub execution_timeout: Option<Duration>,
    /// Time for one of its runs; none is no limit.
    pub run_timeout: Option<Duration>,
    /// Time for one of its tasks; the server's default if not given.
    pub task_timeout: Option<Duration>,
    /// How it is tried again; not at all if not given.
    pub retry: Option<RetryPolicy>,
    /// How urgent its tasks are; what is not given is as in the run's own.
    pub priority: Priority,
    /// Cron schedule, empty if none.
    pub cron: String,
    /// Whether the id of a closed workflow may be used again.
    pub id_reuse: IdReusePolicy,
    /// Its end if the run ends first.
    pub parent_close: ParentClose,
    /// Notes kept with it.
    pub memo: Header,
    /// Indexed attributes.
    pub search_attributes: Header,
    /// How it is cancelled.
    pub cancellation: ChildCancellationType,
    /// A summary for people; a JSON string.
    pub summary: Option<Payload>,
    /// Details for people; a JSON string.
    pub details: Option<Payload>,
}

/// Id of a child's workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildId {
    /// Chosen by user code; replay compares it.
    Chosen(String),
    /// Generated for the child. Replay uses the one that history records, which another SDK may have
    /// generated otherwise.
    Generated(String),
}

/// How a child ends if the workflow that started it ends first.
///
/// ```
/// use durably_engine::ParentClose;
///
/// assert_eq!(ParentClose::default(), ParentClose::Terminate);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParentClose {
    /// The server terminates it.
    #[default]
    Terminate,
    /// Nothing: it continues.
    Abandon,
    /// The server requests its cancellation.
    RequestCancel,
}

/// How a child is cancelled.
///
/// ```
/// use durably_engine::ChildCancellationType;
///
/// assert_eq!(ChildCancellationType::default(), ChildCancellationType::WaitCompleted);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChildCancellationType {
    /// Request its cancellation, and count it as cancelled at once.
    TryCancel,
    /// Request its cancellation, and count it as cancelled once the request has arrived.
    WaitRequested,
    /// Request its cancellation, and wait for how it ends.
    #[default]
    WaitCompleted,
    /// Request nothing, and count it as cancelled at once.
    Abandon,
}

/// Whether the id of a closed workflow may be used again.
///
/// ```
/// use durably_engine::IdReusePolicy;
///
/// assert_eq!(IdReusePolicy::default(), IdReusePolicy::AllowDuplicate);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdReusePolicy {
    /// Yes.
    #[default]
    AllowDuplicate,
    /// Only if the closed one did not complete.
    AllowDuplicateFailedOnly,
    /// No.
    RejectDuplicate,
}

/// The server accepted to start a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildInitiated {
    /// Id of its workflow.
    pub workflow_id: String,
    /// Its type.
    pub workflow_type: String,
}

/// An answer of history to the start of a child.
#[derive(Clone, Debug, PartialEq)]
pub enum ChildAnswer {
    /// It started.
    Started {
        /// The event that says so.
        started: EventId,
        /// Its first run.
        run_id: String,
    },
    /// It could not be started.
    NotStarted(ChildStartFault),
    /// It completed.
    Completed {
        /// The result.
        result: Vec<Payload>,
    },
    /// It failed for good.
    Failed {
        /// What went wrong.
        failure: Box<FailureRecord>,
        /// Why it is not tried again.
        retry_state: RetryState,
    },
    /// It was cancelled.
    Canceled {
        /// What the child attached.
        details: Vec<Payload>,
    },
    /// It took too long.
    TimedOut {
        /// Why it is not tried again.
        retry_state: RetryState,
    },
    /// It was terminated.
    Terminated,
}

/// Why a child could not be started.
///
/// ```
/// use durably_engine::ChildStartFault;
///
/// for fault in [ChildStartFault::AlreadyStarted, ChildStartFault::Other(9)] {
///     assert_eq!(ChildStartFault::from_kind(&fault.kind()), Some(fault));
/// }
/// assert_eq!(ChildStartFault::from_kind("SoldOut"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildStartFault {
    /// A workflow of that id is running, or its id may not be used again.
    AlreadyStarted,
    /// The namespace does not exist.
    NamespaceNotFound,
    /// The version that was chosen for it is not valid.
    InvalidVersioningOverride,
    /// A reason this version does not know, by its number.
    Other(i32),
}

/// A child started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChildStarted {
    /// Id of its workflow, as history records it.
    pub workflow_id: String,
    /// Its first run.
    pub run_id: String,
}

/// How a child ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ChildOutcome {
    /// With a result.
    Completed(Vec<Payload>),
    /// With a failure that names the child and wraps its cause; or it could not be started.
    Failed(FailureRecord),
    /// Cancelled.
    Cancelled(FailureRecord),
}

#[derive(Debug)]
pub(crate) struct Child {
    /// The intent of user code; arguments and the like leave with the command.
    asked: Box<StartChild>,
    state: State,
    request: Request,
    /// How many requests to cancel it history records.
    requests: usize,
    /// User code knows how it ended, or that it counts as cancelled.
    resolved: bool,
}

#[derive(Debug)]
enum State {
    Scheduled,
    Starting {
        initiated: EventId,
    },
    Running {
        initiated: EventId,
        started: EventId,
        run_id: Box<str>,
    },
    Closed,
}

/// The request to cancel the child.
#[derive(Debug)]
enum Request {
    None,
    /// User code asks; the command is to be sent.
    Attempted {
        reason: Box<str>,
    },
    /// History records the request; its answer is to come.
    Recorded {
        /// The reason, if the child had not started.
        early: Option<Box<str>>,
    },
    /// The request failed, and was recorded before the child had started.
    Early {
        reason: Box<str>,
    },
    Answered,
}

impl Default for ChildId {
    fn default() -> Self {
        Self::Generated(String::new())
    }
}

impl ChildId {
    /// The id.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Chosen(id) | Self::Generated(id) => id,
        }
    }

    fn chosen(&self) -> Option<&String> {
        match self {
            Self::Chosen(id) => Some(id),
            Self::Generated(_) => None,
        }
    }
}

impl From<ChildId> for String {
    fn from(id: ChildId) -> Self {
        match id {
            ChildId::Chosen(id) | ChildId::Generated(id) => id,
        }
    }
}

impl ChildStartFault {
    const ALREADY_STARTED: &str = "WorkflowExecutionAlreadyStarted";
    const NAMESPACE_NOT_FOUND: &str = "NamespaceNotFound";
    const INVALID_VERSIONING_OVERRIDE: &str = "InvalidVersioningOverride";
    const OTHER: &str = "StartChildWorkflowExecutionFailed";

    /// The kind of application failure that stands for it in a chain of causes.
    pub fn kind(self) -> String {
        match self {
            Self::AlreadyStarted => Self::ALREADY_STARTED.to_owned(),
            Self::NamespaceNotFound => Self::NAMESPACE_NOT_FOUND.to_owned(),
            Self::InvalidVersioningOverride => Self::INVALID_VERSIONING_OVERRIDE.to_owned(),
            Self::Other(cause) => format!("{}{cause}", Self::OTHER),
        }
    }

    /// Reads it from such a failure.
    pub fn from_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            Self::ALREADY_STARTED => Self::AlreadyStarted,
            Self::NAMESPACE_NOT_FOUND => Self::NamespaceNotFound,
            Self::INVALID_VERSIONING_OVERRIDE => Self::InvalidVersioningOverride,
            other => Self::Other(other.strip_prefix(Self::OTHER)?.parse().ok()?),
        })
    }

    fn record(self) -> FailureRecord {
        let message = match self {
            Self::AlreadyStarted => "Workflow execution already started".to_owned(),
            Self::NamespaceNotFound => "Namespace not found".to_owned(),
            Self::InvalidVersioningOverride => "Invalid versioning override".to_owned(),
            Self::Other(cause) => format!("The server gives cause {cause}"),
        };
        let info = FailureInfo::Application {
            kind: self.kind(),
            non_retryable: false,
            details: Vec::new(),
            next_retry_delay: None,
            category: Default::default(),
        };
        FailureRecord::new(message, info)
    }
}

impl Child {
    pub(crate) const fn new(asked: Box<StartChild>) -> Self {
        Self {
            asked,
            state: State::Scheduled,
            request: Request::None,
            requests: 0,
            resolved: false,
        }
    }

    fn seq(&self) -> Seq {
        self.asked.seq
    }

    /// Drops what is of no use once the command is recorded.
    fn forget_arguments(&mut self) {
        let asked = &mut self.asked;
        asked.input = Vec::new();
        asked.header = Header::new();
        asked.memo = Header::new();
        asked.search_attributes = Header::new();
        asked.retry = None;
        asked.summary = None;
        asked.details = None;
        asked.cron = String::new();
    }

    /// Wraps what went wrong in a failure that names the child.
    fn failure(
        &self,
        message: impl Into<String>,
        retry_state: RetryState,
        cause: FailureRecord,
    ) -> FailureRecord {
        let none = EventId(0);
        let (initiated, started, run_id) = match &self.state {
            State::Scheduled | State::Closed => (none, none, ""),
            State::Starting { initiated } => (*initiated, none, ""),
            State::Running {
                initiated,
                started,
                run_id,
            } => (*initiated, *started, &**run_id),
        };
        let info = FailureInfo::ChildWorkflow {
            namespace: self.asked.namespace.clone(),
            workflow_id: self.asked.id.as_str().to_owned(),
            run_id: run_id.to_owned(),
            workflow_type: self.asked.workflow_type.clone(),
            initiated,
            started,
            retry_state,
        };
        FailureRecord::new(message, info).caused_by(cause)
    }

    fn cancelled(&self, message: impl Into<String>, details: Vec<Payload>) -> ChildOutcome {
        let cause = FailureRecord::new("", FailureInfo::Canceled { details });
        // The retry state is the one that other SDKs give.
        let failure = self.failure(message, RetryState::NonRetryableFailure, cause);
        ChildOutcome::Cancelled(failure)
    }

    fn resolution(&mut self, outcome: ChildOutcome) -> Job {
        self.resolved = true;
        Job::ChildResolved {
            seq: self.seq(),
            outcome,
        }
    }

    /// Resolves the child for user code at once: it counts as cancelled.
    fn resolve_cancelled(&mut self, message: impl Into<String>, out: &mut Outbox) {
        let outcome = self.cancelled(message, Vec::new());
        out.job_before_settle(self.resolution(outcome));
    }

    fn answered(&mut self, answer: ChildAnswer, out: &mut Outbox) -> Result<(), ChildAnswer> {
        let outcome = match (&self.state, answer) {
            (State::Starting { initiated }, ChildAnswer::Started { started, run_id }) => {
                self.state = State::Running {
                    initiated: *initiated,
                    started,
                    run_id: run_id.clone().into(),
                };
                if !self.resolved {
                    out.job(Job::ChildStarted {
                        seq: self.seq(),
                        started: ChildStarted {
                            workflow_id: self.asked.id.as_str().to_owned(),
                            run_id,
                        },
                    });
                }
                return Ok(());
            }
            (State::Starting { .. }, ChildAnswer::NotStarted(fault)) => {
                ChildOutcome::Failed(self.failure(
                    "Child Workflow execution could not be started",
                    RetryState::NonRetryableFailure,
                    fault.record(),
                ))
            }
            (State::Running { .. }, ChildAnswer::Completed { result }) => {
                ChildOutcome::Completed(result)
            }
            (
                State::Running { .. },
                ChildAnswer::Failed {
                    failure,
                    retry_state,
                },
            ) => {
                let message = "Child Workflow execution failed";
                ChildOutcome::Failed(self.failure(message, retry_state, *failure))
            }
            (State::Running { .. }, ChildAnswer::Canceled { details }) => {
                self.cancelled(CANCELLED, details)
            }
            (State::Running { .. }, ChildAnswer::TimedOut { retry_state }) => {
                let info = FailureInfo::Timeout {
                    kind: TimeoutKind::StartToClose,
                    last_heartbeat_details: Vec::new(),
                };
                let cause = FailureRecord::new("Timed out", info);
                let message = "Child Workflow execution timed out";
                ChildOutcome::Failed(self.failure(message, retry_state, cause))
            }
            (State::Running { .. }, ChildAnswer::Terminated) => {
                let cause = FailureRecord::new("Terminated", FailureInfo::Terminated);
                let message = "Child Workflow execution terminated";
                let retry_state = RetryState::NonRetryableFailure;
                ChildOutcome::Failed(self.failure(message, retry_state, cause))
            }
            (_, other) => return Err(other),
        };
        self.state = State::Closed;
        if !self.resolved {
            out.job(self.resolution(outcome));
        }
        Ok(())
    }

    /// Whether the child runs after a request to cancel it failed that was recorded before its start.
    pub(crate) fn was_cancelled_early(&self) -> bool {
        matches!(
            (&self.state, &self.request),
            (State::Running { .. }, Request::Early { .. })
        )
    }

    /// Repeats the request if [it came early](Self::was_cancelled_early); returns whether it is to be sent.
    pub(crate) fn repeat_cancel_request(&mut self) -> bool {
        match (&self.state, &mut self.request) {
            (State::Running { .. }, Request::Early { reason }) => {
                let reason = std::mem::take(reason);
                self.request = Request::Attempted { reason };
                true
            }
            _ => false,
        }
    }

    /// The request has arrived at the child, or found no running one. In the second case history
    /// says by itself how the child ended, or the request came before the start of the child.
    fn request_answered(
        &mut self,
        answer: Result<(), ExternalFault>,
        early: Option<Box<str>>,
        out: &mut Outbox,
    ) {
        let is_closed = matches!(self.state, State::Closed);
        self.request = match (answer, early) {
            (Err(ExternalFault::NotFound), Some(reason)) if !is_closed => Request::Early { reason },
            (Err(_), _) if !is_closed => Request::None,
            (Ok(()) | Err(_), _) => Request::Answered,
        };
        let waited = self.asked.cancellation == ChildCancellationType::WaitRequested;
        if answer.is_ok() && waited && !self.resolved && !is_closed {
            let outcome = self.cancelled(CANCELLED, Vec::new());
            out.job(self.resolution(outcome));
        }
    }
}

impl Machine for Child {
    fn summary(&self, step: Step) -> CommandSummary {
        match step {
            Step::Open => CommandSummary::StartChild {
                workflow_type: self.asked.workflow_type.clone(),
                workflow_id: self.asked.id.chosen().cloned(),
            },
            Step::Cancel => CommandSummary::CancelWorkflow {
                workflow_id: self.asked.id.as_str().to_owned(),
                child: true,
            },
        }
    }

    fn command(&mut self, step: Step) -> Command {
        match (step, &mut self.request) {
            (Step::Cancel, Request::Attempted { reason }) => {
                Command::CancelExternal(Box::new(CancelExternal {
                    seq: self.asked.seq,
                    target: Target {
                        namespace: self.asked.namespace.clone(),
                        workflow_id: self.asked.id.as_str().to_owned(),
                        // Whichever run is the latest: the child may have continued as new.
                        run_id: String::new(),
                        child: true,
                    },
                    reason: reason.clone().into(),
                }))
            }
            _ => {
                let asked = &mut self.asked;
                Command::StartChild(Box::new(StartChild {
                    seq: asked.seq,
                    id: asked.id.clone(),
                    workflow_type: asked.workflow_type.clone(),
                    namespace: asked.namespace.clone(),
                    input: std::mem::take(&mut asked.input),
                    header: std::mem::take(&mut asked.header),
                    task_queue: asked.task_queue.take(),
                    execution_timeout: asked.execution_timeout,
                    run_timeout: asked.run_timeout,
                    task_timeout: asked.task_timeout,
                    retry: asked.retry.take(),
                    priority: std::mem::take(&mut asked.priority),
                    cron: std::mem::take(&mut asked.cron),
                    id_reuse: asked.id_reuse,
                    parent_close: asked.parent_close,
                    memo: std::mem::take(&mut asked.memo),
                    search_attributes: std::mem::take(&mut asked.search_attributes),
                    cancellation: asked.cancellation,
                    summary: asked.summary.take(),
                    details: asked.details.take(),
                }))
            }
        }
    }

    fn record(&mut self, step: Step, id: EventId, event: CommandEvent) -> Result<(), CommandEvent> {
        match (step, &self.state, &self.request, event) {
            (Step::Open, State::Scheduled, _, CommandEvent::ChildInitiated(it))
                if it.workflow_type == self.asked.workflow_type
                    && self
                        .asked
                        .id
                        .chosen()
                        .is_none_or(|id| *id == it.workflow_id) =>
            {
                self.forget_arguments();
                self.asked.id = ChildId::Chosen(it.workflow_id);
                self.state = State::Starting { initiated: id };
                Ok(())
            }
            (
                Step::Cancel,
                _,
                Request::Attempted { reason },
                CommandEvent::ExternalCancelInitiated { workflow_id, child },
            ) if child && workflow_id == self.asked.id.as_str() => {
                let early = matches!(self.state, State::Starting { .. }).then(|| reason.clone());
                self.request = Request::Recorded { early };
                self.requests += 1;
                Ok(())
            }
            (_, _, _, other) => Err(other),
        }
    }

    fn resolve(&mut self, answer: Answer, out: &mut Outbox) -> Result<(), Answer> {
        match (answer, &mut self.request) {
            (Answer::Child(answer), _) => self
                .answered(*answer, out)
                .map_err(|answer| Answer::Child(Box::new(answer))),
            (Answer::ExternalCancel(answer), Request::Recorded { early }) => {
                let early = early.take();
                self.request_answered(answer, early, out);
                Ok(())
            }
            (other, _) => Err(other),
        }
    }

    fn cancel(&mut self, reason: String, out: &mut Outbox) -> Cancel {
        if self.resolved || !matches!(self.request, Request::None | Request::Early { .. }) {
            return Cancel::Quiet;
        }
        if let State::Scheduled = self.state {
            self.state = State::Closed;
            let message = format!("Child Workflow execution cancelled before scheduled: {reason}");
            self.resolve_cancelled(message, out);
            return Cancel::Quiet;
        }
        match self.asked.cancellation {
            ChildCancellationType::Abandon => {
                self.resolve_cancelled(CANCELLED, out);
                return Cancel::Quiet;
            }
            ChildCancellationType::TryCancel => self.resolve_cancelled(CANCELLED, out),
            ChildCancellationType::WaitRequested | ChildCancellationType::WaitCompleted => {}
        }
        self.request = Request::Attempted {
            reason: reason.into(),
        };
        Cancel::Command
    }

    fn is_done(&self) -> bool {
        let answered = match self.request {
            Request::None | Request::Early { .. } | Request::Answered => true,
            Request::Attempted { .. } | Request::Recorded { .. } => false,
        };
        matches!(self.state, State::Closed) && answered
    }

    fn answers_cancel(&self) -> bool {
        true
    }

    fn events(&self) -> usize {
        1 + self.requests
    }
}

/// The message of other SDKs.
const CANCELLED: &str = "Child Workflow execution cancelled";
