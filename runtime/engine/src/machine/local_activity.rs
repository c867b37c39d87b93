//! Local activity: runs in the worker of the run, and records its end as a marker.
//!
//! ```text
//!   Waiting --request--> Running --result------> Marked ---MarkerRecorded--> Done   job: ActivityResolved
//!      |                    |--cancel (try)----> Marked, the worker stops it         job at once
//!      |                    |--cancel (abandon)> Marked, the worker forgets it       job at once
//!      |                    '--result, retried after a timer--> BackingOff
//!      '--- its marker is in history ----------> Marked, or BackingOff
//!
//!   BackingOff --MarkerRecorded, TimerStarted, TimerFired--> Waiting, the next attempt
//!       '--cancel--> Stopping --TimerCanceled--> Done                                job at once
//! ```
//!
//! In a replay it waits for its marker, which is found ahead of its event (`run/local.rs`). One that has no
//! marker when the replay ends runs again: the worker that ran it is gone.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use super::{Cancel, Machine, Outbox, Step};
use crate::{
    ActivityOutcome, ActivityTimeouts, Answer, CancellationType, Command, CommandEvent,
    CommandSummary, EventId, FailureInfo, FailureRecord, Header, Job, Payload, Place, RetryPolicy,
    RetryState, Seq, TimeoutKind,
};

/// A local activity to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScheduleLocalActivity {
    /// The activity.
    pub seq: Seq,
    /// Id of the activity; its number among the activities of the run if not given.
    pub activity_id: Option<String>,
    /// Type of the activity.
    pub activity_type: String,
    /// Arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
    /// When to give up; there are no heartbeats.
    pub timeouts: ActivityTimeouts,
    /// How it is tried again; without limit if not given.
    pub retry: Option<RetryPolicy>,
    /// A longer pause before the next attempt is a timer in history; the worker's default if not given.
    pub local_retry_threshold: Option<Duration>,
    /// What cancelling means.
    pub cancellation: CancellationType,
    /// What it does, for people; a JSON string.
    pub summary: Option<Payload>,
}

/// A local activity that the worker is to run now, with its attempts as far as no timer is between them.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalActivityTask {
    /// The activity.
    pub seq: Seq,
    /// Id of the activity.
    pub activity_id: String,
    /// Type of the activity.
    pub activity_type: String,
    /// Arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
    /// When to give up.
    pub timeouts: ActivityTimeouts,
    /// How it is tried again.
    pub retry: Option<RetryPolicy>,
    /// A longer pause before the next attempt is a timer in history.
    pub local_retry_threshold: Option<Duration>,
    /// The number of its next attempt; the first is 1.
    pub attempt: u32,
    /// When the first attempt was scheduled; none for the first.
    pub first_scheduled: Option<SystemTime>,
    /// It was asked to stop before it began.
    pub cancelled: bool,
}

/// Request to the worker of the run.
#[derive(Clone, Debug, PartialEq)]
pub enum LocalRequest {
    /// Run it; answered by [`Run::resolve_local`](crate::Run::resolve_local).
    Run(Box<LocalActivityTask>),
    /// Ask it to stop. Its result is still taken.
    Cancel {
        /// The activity.
        seq: Seq,
    },
    /// The run goes on without its result; let it run.
    Abandon {
        /// The activity.
        seq: Seq,
    },
}

/// Result of a local activity, from the worker.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalActivityResult {
    /// The activity.
    pub seq: Seq,
    /// Its last attempt.
    pub attempt: u32,
    /// How long it took, since it was requested.
    pub took: Duration,
    /// When the first attempt was scheduled.
    pub first_scheduled: SystemTime,
    /// How its last attempt ended.
    pub end: LocalActivityEnd,
}

/// How the last attempt of a local activity ended.
#[derive(Clone, Debug, PartialEq)]
pub enum LocalActivityEnd {
    /// With a result.
    Completed(Vec<Payload>),
    /// With a failure, also a timeout or a cancellation, after which it is not tried again.
    Failed(FailureRecord),
    /// With a failure, after which it is tried again when a timer has fired.
    Backoff {
        /// What went wrong.
        failure: FailureRecord,
        /// Time of the timer.
        pause: Duration,
    },
}

/// The marker of a local activity.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalActivityMarked {
    /// The number of the activity among those of the run, local or not, from 1. One that is tried again after a
    /// timer has another number, as in other SDKs.
    pub number: u32,
    /// Its last attempt.
    pub attempt: u32,
    /// Id of the activity.
    pub activity_id: String,
    /// Type of the activity.
    pub activity_type: String,
    /// Workflow time when it ended.
    pub complete_time: Option<SystemTime>,
    /// It is tried again after this time.
    pub backoff: Option<Duration>,
    /// When the first attempt was scheduled, by the clock of the worker.
    pub first_scheduled: Option<SystemTime>,
    /// How often user code had been polled in the task before the end was passed to it, as the shared core of other
    /// SDKs counts; earlier versions of that did not record it. Activities of one number end together.
    pub activation: Option<u64>,
    /// Its result, or the failure of its last attempt, which does not name the activity.
    pub result: Result<Vec<Payload>, FailureRecord>,
}

/// How a local activity ended, as far as a replay compares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalActivityEndKind {
    /// With a result.
    Completed,
    /// With a failure or a timeout.
    Failed,
    /// As cancelled.
    Cancelled,
}

impl fmt::Display for LocalActivityEndKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

impl LocalActivityMarked {
    /// How the activity ended, or its last attempt if a timer follows.
    pub fn end_kind(&self) -> LocalActivityEndKind {
        match &self.result {
            Ok(_) => LocalActivityEndKind::Completed,
            Err(failure) if is_cancelled(failure) => LocalActivityEndKind::Cancelled,
            Err(_) => LocalActivityEndKind::Failed,
        }
    }

    /// Takes the result out of a marker that is read ahead. What its event is compared by stays, which includes the
    /// kind of its end.
    pub(crate) fn take_result(&mut self) -> Self {
        let info = match self.end_kind() {
            LocalActivityEndKind::Completed => None,
            LocalActivityEndKind::Failed => Some(FailureInfo::Unset),
            LocalActivityEndKind::Cancelled => Some(FailureInfo::Canceled {
                details: Vec::new(),
            }),
        };
        let stripped = match info {
            None => Ok(Vec::new()),
            Some(info) => Err(FailureRecord::new("", info)),
        };
        let result = std::mem::replace(&mut self.result, stripped);
        Self {
            result,
            ..self.clone()
        }
    }
}

/// Whether the failure of a marker, which may name the activity, is a cancellation.
fn is_cancelled(failure: &FailureRecord) -> bool {
    let cause = match (&failure.info, &failure.cause) {
        (FailureInfo::Activity { .. }, Some(cause)) => cause,
        _ => failure,
    };
    matches!(cause.info, FailureInfo::Canceled { .. })
}

/// What follows for the run from the end of a local activity.
#[derive(Debug)]
pub(crate) struct Resolution {
    /// Workflow time when it ended.
    pub(crate) complete_time: Option<SystemTime>,
    /// None if it is tried again after a timer.
    pub(crate) outcome: Option<ActivityOutcome>,
}

#[derive(Debug)]
pub(crate) struct LocalActivity(Box<Call>);

#[derive(Debug)]
struct Call {
    /// The intent of user code; kept until the end, because the activity may run again.
    schedule: Box<ScheduleLocalActivity>,
    place: Option<Place>,
    /// Its number among the activities of the run; changes with each timer.
    number: u32,
    /// Its number after the timer, once that is known to come.
    next_number: u32,
    /// The number in the id of that timer.
    timer: u64,
    /// Its next attempt, the first of those that the worker makes for one request.
    attempt: u32,
    /// When the first attempt was scheduled; set by the first marker.
    first_scheduled: Option<SystemTime>,
    /// Workflow time of the call, or of the request after a timer. How long the activity took is added to it, as
    /// other SDKs do.
    scheduled: Option<SystemTime>,
    /// User code asked it to stop, and waits for its end.
    cancelled: bool,
    /// The marker to send; taken when it is sent.
    marker: Option<Box<LocalActivityMarked>>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Neither requested nor found in history.
    Waiting,
    /// The worker runs it.
    Running,
    /// It ended; the event of its marker is to come, and has to record the same end.
    Marked(LocalActivityEndKind),
    /// An attempt failed; the event of its marker is to come, and then that of the timer.
    Marking(Duration),
    /// The event of the timer is to come.
    BackingOff(Duration),
    /// The timer runs.
    Sleeping {
        started: EventId,
        id: String,
    },
    /// The timer is no longer wanted.
    Stopping {
        started: EventId,
        id: String,
    },
    Done,
}

impl LocalActivity {
    pub(crate) fn new(
        schedule: Box<ScheduleLocalActivity>,
        number: u32,
        now: Option<SystemTime>,
        place: Option<Place>,
    ) -> Self {
        Self(Box::new(Call {
            schedule,
            place,
            number,
            next_number: number,
            timer: 0,
            attempt: 1,
            first_scheduled: None,
            scheduled: now,
            cancelled: false,
            marker: None,
            state: State::Waiting,
        }))
    }

    pub(crate) fn number(&self) -> u32 {
        self.0.number
    }

    /// Whether it has ended, and the event of its marker is to come.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.0.state, State::Marked(_))
    }

    /// Whether it is neither requested from the worker nor found in history.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.0.state, State::Waiting)
    }

    pub(crate) fn place(&self) -> Option<Place> {
        self.0.place
    }

    /// Whether the worker runs it, and its end is of interest.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.0.state, State::Running)
    }

    /// Whether the marker is of this activity, whose end is not known yet.
    pub(crate) fn awaits(&self, marked: &LocalActivityMarked) -> bool {
        matches!(self.0.state, State::Waiting) && self.0.is_of(marked)
    }

    /// Whether user code goes on at once when it cancels the activity.
    pub(crate) fn ends_when_cancelled(&self) -> bool {
        match self.0.schedule.cancellation {
            CancellationType::TryCancel | CancellationType::Abandon => true,
            CancellationType::WaitCompleted => false,
        }
    }

    /// Requests the activity from the worker, unless it runs or has ended; `now` is workflow time.
    pub(crate) fn request(&mut self, now: Option<SystemTime>) -> Option<LocalRequest> {
        let call = &mut *self.0;
        let State::Waiting = call.state else {
            return None;
        };
        call.state = State::Running;
        call.scheduled = call.scheduled.or(now);
        let schedule = &call.schedule;
        Some(LocalRequest::Run(Box::new(LocalActivityTask {
            seq: schedule.seq,
            activity_id: call.id(),
            activity_type: schedule.activity_type.clone(),
            input: schedule.input.clone(),
            header: schedule.header.clone(),
            timeouts: schedule.timeouts,
            retry: schedule.retry.clone(),
            local_retry_threshold: schedule.local_retry_threshold,
            attempt: call.attempt,
            first_scheduled: call.first_scheduled,
            cancelled: call.cancelled,
        })))
    }

    /// Takes the result of the worker; none if the run has gone on without it.
    pub(crate) fn end(&mut self, result: LocalActivityResult, settled: u64) -> Option<Resolution> {
        let call = &mut *self.0;
        let State::Running = call.state else {
            return None;
        };
        let (result_or_failure, backoff) = match result.end {
            LocalActivityEnd::Completed(result) => (Ok(result), None),
            LocalActivityEnd::Failed(failure) => (Err(failure), None),
            // A cancelled one is not tried again. The worker may have ended the attempt before it knew.
            LocalActivityEnd::Backoff { failure, .. } if call.cancelled => (Err(failure), None),
            LocalActivityEnd::Backoff { failure, pause } => (Err(failure), Some(pause)),
        };
        let complete_time = call.scheduled.and_then(|at| at.checked_add(result.took));
        let marked = LocalActivityMarked {
            attempt: result.attempt,
            complete_time,
            backoff,
            first_scheduled: Some(result.first_scheduled),
            activation: Some(settled),
            ..call.marked(result_or_failure)
        };
        call.ended(&marked);
        let outcome = match backoff {
            Some(_) => None,
            None => Some(outcome(call.named(marked.clone()).result)),
        };
        call.marker = Some(Box::new(marked));
        Some(Resolution {
            complete_time,
            outcome,
        })
    }

    /// Takes the marker that history holds.
    pub(crate) fn find(&mut self, marked: LocalActivityMarked) -> Resolution {
        self.0.ended(&marked);
        Resolution {
            complete_time: marked.complete_time,
            outcome: match marked.backoff {
                Some(_) => None,
                None => Some(outcome(self.0.named(marked).result)),
            },
        }
    }

    /// Whether the timer of its backoff is to be started: as its command after the marker.
    pub(crate) fn backs_off(&self) -> bool {
        matches!(self.0.state, State::Marking(_))
    }

    /// The number that it has after the timer of its backoff, and the number of that timer's id.
    pub(crate) fn renumber(&mut self, number: u32, timer: u64) {
        self.0.next_number = number;
        self.0.timer = timer;
    }
}

impl Call {
    fn id(&self) -> String {
        match &self.schedule.activity_id {
            Some(id) => id.clone(),
            None => self.number.to_string(),
        }
    }

    fn is_of(&self, marked: &LocalActivityMarked) -> bool {
        let id = self.schedule.activity_id.as_ref();
        self.number == marked.number
            && self.schedule.activity_type == marked.activity_type
            && id.is_none_or(|id| *id == marked.activity_id)
    }

    /// A marker of this activity.
    fn marked(&self, result: Result<Vec<Payload>, FailureRecord>) -> LocalActivityMarked {
        LocalActivityMarked {
            number: self.number,
            attempt: self.attempt,
            activity_id: self.id(),
            activity_type: self.schedule.activity_type.clone(),
            complete_time: None,
            backoff: None,
            first_scheduled: self.first_scheduled,
            activation: None,
            result,
        }
    }

    /// Ends the activity, or its attempts up to a timer, as the marker says.
    fn ended(&mut self, marked: &LocalActivityMarked) {
        self.first_scheduled = marked.first_scheduled;
        self.state = match marked.backoff {
            Some(pause) => {
                // Nothing limits the number that a history holds.
                self.attempt = marked.attempt.saturating_add(1);
                State::Marking(pause)
            }
            None => State::Marked(marked.end_kind()),
        };
    }

    /// Names the activity in the failure of its marker, unless the failure does so. It is not recorded in this form:
    /// the shared core passes the failure of a marker to user code as it is, and code of other SDKs catches the
    /// application failure of a local activity.
    fn named(&self, mut marked: LocalActivityMarked) -> LocalActivityMarked {
        marked.result = match marked.result {
            Err(cause) if !matches!(cause.info, FailureInfo::Activity { .. }) => {
                let info = FailureInfo::Activity {
                    scheduled: EventId(0),
                    started: EventId(0),
                    identity: String::new(),
                    activity_type: marked.activity_type.clone(),
                    activity_id: marked.activity_id.clone(),
                    retry_state: self.retry_state(marked.attempt, &cause.info),
                };
                Err(FailureRecord::new(message(&cause.info), info).caused_by(cause))
            }
            result => result,
        };
        marked
    }

    /// Why it is not tried again, derived from the failure of its last attempt.
    fn retry_state(&self, attempt: u32, cause: &FailureInfo) -> RetryState {
        let retry = self.schedule.retry.as_ref();
        let exhausted = retry.is_some_and(|it| (1..=attempt).contains(&it.maximum_attempts));
        match cause {
            FailureInfo::Canceled { .. } => RetryState::CancelRequested,
            FailureInfo::Timeout { kind, .. } => match kind {
                TimeoutKind::StartToClose if exhausted => RetryState::MaximumAttemptsReached,
                TimeoutKind::ScheduleToStart
                | TimeoutKind::ScheduleToClose
                | TimeoutKind::StartToClose
                | TimeoutKind::Heartbeat
                | TimeoutKind::Unspecified
                | TimeoutKind::Other(_) => RetryState::Timeout,
            },
            FailureInfo::Application {
                kind,
                non_retryable,
                ..
            } => {
                let refused = retry.is_some_and(|it| it.non_retryable_error_types.contains(kind));
                match (*non_retryable || refused, exhausted) {
                    (true, _) => RetryState::NonRetryableFailure,
                    (false, true) => RetryState::MaximumAttemptsReached,
                    (false, false) => RetryState::Timeout,
                }
            }
            FailureInfo::Unset
            | FailureInfo::Terminated
            | FailureInfo::Server { .. }
            | FailureInfo::ResetWorkflow { .. }
            | FailureInfo::Activity { .. }
            | FailureInfo::ChildWorkflow { .. }
            | FailureInfo::NexusOperation { .. }
            | FailureInfo::NexusHandler { .. } => match exhausted {
                true => RetryState::MaximumAttemptsReached,
                false => RetryState::NonRetryableFailure,
            },
        }
    }

    /// The activity counts as cancelled, for user code at once; returns the marker that says so.
    fn resolve_cancelled(&self, out: &mut Outbox) -> LocalActivityMarked {
        let marked = LocalActivityMarked {
            activation: Some(out.settled()),
            ..self.marked(Err(cancelled()))
        };
        out.job_before_settle(Job::ActivityResolved {
            seq: self.schedule.seq,
            outcome: outcome(self.named(marked.clone()).result),
        });
        marked
    }
}

impl Machine for LocalActivity {
    fn summary(&self, step: Step) -> CommandSummary {
        let call = &*self.0;
        match (step, &call.state) {
            (Step::Open, State::BackingOff(after)) => CommandSummary::StartTimer { after: *after },
            (Step::Cancel, State::Sleeping { started, .. } | State::Stopping { started, .. }) => {
                CommandSummary::CancelTimer { started: *started }
            }
            (Step::Open, _)
            | (
                Step::Cancel,
                State::Waiting
                | State::Running
                | State::Marked(_)
                | State::Marking(_)
                | State::BackingOff(_)
                | State::Done,
            ) => CommandSummary::MarkLocalActivity {
                activity_type: call.schedule.activity_type.clone(),
                activity_id: call.schedule.activity_id.clone(),
                number: call.number,
                end: match call.state {
                    State::Marked(end) => Some(end),
                    State::Waiting
                    | State::Running
                    | State::Marking(_)
                    | State::BackingOff(_)
                    | State::Sleeping { .. }
                    | State::Stopping { .. }
                    | State::Done => None,
                },
            },
        }
    }

    fn command(&mut self, step: Step) -> Command {
        let call = &mut *self.0;
        if let (Step::Open, Some(marked)) = (step, call.marker.take()) {
            return Command::MarkLocalActivity {
                marked,
                summary: call.schedule.summary.clone(),
            };
        }
        match (step, &mut call.state) {
            (Step::Cancel, State::Stopping { id, .. }) => Command::CancelTimer {
                timer_id: std::mem::take(id),
            },
            (_, State::Marking(after) | State::BackingOff(after)) => Command::StartTimer {
                timer_id: call.timer.to_string(),
                after: *after,
                summary: None,
            },
            (step, state) => unreachable!("a local activity has no command {step:?} in {state:?}"),
        }
    }

    fn record(&mut self, step: Step, id: EventId, event: CommandEvent) -> Result<(), CommandEvent> {
        let call = &mut *self.0;
        match (step, &call.state, event) {
            (Step::Open, State::Marked(end), CommandEvent::LocalActivityMarked(it))
                if call.is_of(&it) && *end == it.end_kind() =>
            {
                call.marker = None;
                call.state = State::Done;
                Ok(())
            }
            (Step::Open, State::Marking(pause), CommandEvent::LocalActivityMarked(it))
                if call.is_of(&it) =>
            {
                call.marker = None;
                call.state = State::BackingOff(*pause);
                Ok(())
            }
            (Step::Open, State::BackingOff(_), CommandEvent::TimerStarted { timer_id, .. }) => {
                call.state = State::Sleeping {
                    started: id,
                    id: timer_id,
                };
                Ok(())
            }
            (
                Step::Cancel,
                State::Stopping { started, .. },
                CommandEvent::TimerCanceled { started: recorded },
            ) if *started == recorded => {
                call.state = State::Done;
                Ok(())
            }
            (_, _, other) => Err(other),
        }
    }

    fn resolve(&mut self, answer: Answer, _out: &mut Outbox) -> Result<(), Answer> {
        match (&self.0.state, answer) {
            (State::Sleeping { .. }, Answer::TimerFired) => {
                self.0.state = State::Waiting;
                self.0.number = self.0.next_number;
                self.0.scheduled = None;
                Ok(())
            }
            (_, other) => Err(other),
        }
    }

    fn cancel(&mut self, _reason: String, out: &mut Outbox) -> Cancel {
        let call = &mut *self.0;
        let seq = call.schedule.seq;
        let running = matches!(call.state, State::Running);
        match (&mut call.state, call.schedule.cancellation) {
            (State::Waiting | State::Running, CancellationType::WaitCompleted) => {
                if running && !call.cancelled {
                    out.request(LocalRequest::Cancel { seq });
                }
                call.cancelled = true;
                Cancel::Quiet
            }
            (State::Waiting | State::Running, kind) => {
                match kind {
                    CancellationType::Abandon if running => {
                        out.request(LocalRequest::Abandon { seq });
                    }
                    CancellationType::TryCancel if running => {
                        out.request(LocalRequest::Cancel { seq });
                    }
                    CancellationType::Abandon
                    | CancellationType::TryCancel
                    | CancellationType::WaitCompleted => {}
                }
                call.state = State::Marked(LocalActivityEndKind::Cancelled);
                call.marker = Some(Box::new(call.resolve_cancelled(out)));
                Cancel::Open
            }
            (State::Marking(_), _) => {
                // The marker of the attempt leaves, and the timer does not.
                call.resolve_cancelled(out);
                call.state = State::Marked(LocalActivityEndKind::Failed);
                Cancel::Retract
            }
            (State::Sleeping { started, id }, _) => {
                call.state = State::Stopping {
                    started: *started,
                    id: std::mem::take(id),
                };
                call.resolve_cancelled(out);
                Cancel::Command
            }
            (State::BackingOff(_) | State::Marked(_) | State::Stopping { .. } | State::Done, _) => {
                Cancel::Quiet
            }
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.0.state, State::Done)
    }
}

/// The outcome of the activity for user code; its failure names the activity.
fn outcome(result: Result<Vec<Payload>, FailureRecord>) -> ActivityOutcome {
    match result {
        Ok(result) => ActivityOutcome::Completed(result),
        Err(failure) if is_cancelled(&failure) => ActivityOutcome::Cancelled(failure),
        Err(failure) => ActivityOutcome::Failed(failure),
    }
}

/// The failure of an activity that user code asked to stop.
fn cancelled() -> FailureRecord {
    FailureRecord::new(
        "Cancelled",
        FailureInfo::Canceled {
            details: Vec::new(),
        },
    )
}

/// What happened to an activity that ended with such a failure.
fn message(info: &FailureInfo) -> &'static str {
    match info {
        FailureInfo::Canceled { .. } => "Local Activity cancelled",
        FailureInfo::Timeout { .. } => "Local Activity timed out",
        FailureInfo::Application { .. }
        | FailureInfo::Unset
        | FailureInfo::Terminated
        | FailureInfo::Server { .. }
        | FailureInfo::ResetWorkflow { .. }
        | FailureInfo::Activity { .. }
        | FailureInfo::ChildWorkflow { .. }
        | FailureInfo::NexusOperation { .. }
        | FailureInfo::NexusHandler { .. } => "Local Activity failed",
    }
}
