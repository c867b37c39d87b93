//! Activity: one `ScheduleActivityTask` command, ended by how its last attempt ended.
//!
//! ```text
//!   Scheduled --ActivityTaskScheduled--> Running --Completed, Failed, TimedOut, Canceled--> Done   job
//!       |                                   |--cancel (try)-----> Stopping, resolved -end-> Done   job at once
//!       |                                   |--cancel (wait)----> Stopping ------ended----> Done   job
//!       |                                   '--cancel (abandon)-> Abandoned -----ended----> Done   job at once
//!       '--- cancelled before the command left -------------------------------------------> Done   job at once
//! ```

use std::time::Duration;

use super::{Cancel, Machine, Outbox, Step};
use crate::{
    Answer, Command, CommandEvent, CommandSummary, EventId, FailureInfo, FailureRecord, Header,
    Job, Payload, Priority, RetryPolicy, RetryState, Seq,
};

/// An activity to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScheduleActivity {
    /// The activity.
    pub seq: Seq,
    /// Id of the activity, unique among those open; its number among the activities of the run if not given.
    pub activity_id: Option<String>,
    /// Type of the activity.
    pub activity_type: String,
    /// Arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
    /// Task queue of its workers; the run's own if not given.
    pub task_queue: Option<String>,
    /// When to give up.
    pub timeouts: ActivityTimeouts,
    /// How it is tried again; the server's default if not given.
    pub retry: Option<RetryPolicy>,
    /// What cancelling means.
    pub cancellation: CancellationType,
    /// The worker may take it at once, without a poll.
    pub eager: bool,
    /// What it does, for people; a JSON string.
    pub summary: Option<Payload>,
    /// How urgent it is.
    pub priority: Priority,
}

/// When to give up on an activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActivityTimeouts {
    /// All attempts together.
    pub schedule_to_close: Option<Duration>,
    /// Waiting for a worker.
    pub schedule_to_start: Option<Duration>,
    /// One attempt.
    pub start_to_close: Option<Duration>,
    /// Between two heartbeats.
    pub heartbeat: Option<Duration>,
}

/// What cancelling an activity means to the run.
///
/// ```
/// use durably_engine::CancellationType;
///
/// assert_eq!(CancellationType::default(), CancellationType::TryCancel);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CancellationType {
    /// Ask it to stop, and go on at once as if it had.
    #[default]
    TryCancel,
    /// Ask it to stop, and wait for how it ends.
    WaitCompleted,
    /// Do not ask, and go on at once.
    Abandon,
}

/// An activity was scheduled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityScheduled {
    /// Id of the activity.
    pub activity_id: String,
    /// Type of the activity.
    pub activity_type: String,
}

/// An activity failed or ran out of time.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityFailed {
    /// Event that started its last attempt; 0 if none did.
    pub started: EventId,
    /// Worker of the last attempt.
    pub identity: String,
    /// What went wrong.
    pub failure: FailureRecord,
    /// Why it is not tried again.
    pub retry_state: RetryState,
}

/// An activity stopped as asked.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityCanceled {
    /// Event that started its last attempt; 0 if none did.
    pub started: EventId,
    /// Worker of the last attempt.
    pub identity: String,
    /// What the activity attached.
    pub details: Vec<Payload>,
}

/// How an activity ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ActivityOutcome {
    /// With a result.
    Completed(Vec<Payload>),
    /// With a failure that names the activity and wraps its cause.
    Failed(FailureRecord),
    /// Cancelled, as the run asked.
    Cancelled(FailureRecord),
}

#[derive(Debug)]
pub(crate) struct Activity {
    /// The intent of user code; arguments and the like leave with the command.
    asked: Box<ScheduleActivity>,
    /// The number of its id, unless user code chose one.
    number: u64,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Scheduled,
    Running {
        scheduled: EventId,
    },
    /// `resolved`: user code already knows that it is cancelled.
    Stopping {
        scheduled: EventId,
        resolved: bool,
    },
    Abandoned,
    Done,
}

/// What history says of the attempt that ended an activity.
#[derive(Default)]
struct LastAttempt {
    scheduled: EventId,
    started: EventId,
    identity: String,
    retry_state: RetryState,
}

impl Activity {
    pub(crate) const fn new(asked: Box<ScheduleActivity>, number: u64) -> Self {
        Self {
            asked,
            number,
            state: State::Scheduled,
        }
    }

    fn seq(&self) -> Seq {
        self.asked.seq
    }

    fn id(&self) -> String {
        match &self.asked.activity_id {
            Some(id) => id.clone(),
            None => self.number.to_string(),
        }
    }

    /// Drops what is of no use once the command is recorded.
    fn forget_arguments(&mut self) {
        self.asked.input = Vec::new();
        self.asked.header = Header::new();
        self.asked.retry = None;
        self.asked.summary = None;
    }

    fn cancelled(&self, attempt: LastAttempt, details: Vec<Payload>) -> ActivityOutcome {
        let cause = FailureRecord::new("", FailureInfo::Canceled { details });
        ActivityOutcome::Cancelled(self.failure("Activity cancelled", attempt, cause))
    }

    /// Wraps what went wrong in a failure that names the activity.
    fn failure(&self, message: &str, attempt: LastAttempt, cause: FailureRecord) -> FailureRecord {
        let info = FailureInfo::Activity {
            scheduled: attempt.scheduled,
            started: attempt.started,
            identity: attempt.identity,
            activity_type: self.asked.activity_type.clone(),
            activity_id: self.id(),
            retry_state: attempt.retry_state,
        };
        FailureRecord::new(message, info).caused_by(cause)
    }

    fn outcome(&self, scheduled: EventId, answer: Answer) -> Result<ActivityOutcome, Answer> {
        Ok(match answer {
            Answer::ActivityCompleted { result } => ActivityOutcome::Completed(result),
            Answer::ActivityFailed(it) => {
                let (attempt, cause) = attempt_of(scheduled, *it);
                ActivityOutcome::Failed(self.failure("Activity task failed", attempt, cause))
            }
            Answer::ActivityTimedOut(it) => {
                let (attempt, cause) = attempt_of(scheduled, *it);
                ActivityOutcome::Failed(self.failure("Activity task timed out", attempt, cause))
            }
            Answer::ActivityCanceled(it) => {
                let attempt = LastAttempt {
                    scheduled,
                    started: it.started,
                    identity: it.identity,
                    retry_state: RetryState::CancelRequested,
                };
                self.cancelled(attempt, it.details)
            }
            other @ (Answer::TimerFired
            | Answer::Child(_)
            | Answer::ExternalSignal(_)
            | Answer::ExternalCancel(_)) => return Err(other),
        })
    }

    /// Resolves the activity for user code at once: it counts as cancelled.
    fn resolve_cancelled(&self, scheduled: EventId, out: &mut Outbox) {
        let attempt = LastAttempt {
            scheduled,
            retry_state: RetryState::CancelRequested,
            ..LastAttempt::default()
        };
        out.job_before_settle(Job::ActivityResolved {
            seq: self.seq(),
            outcome: self.cancelled(attempt, Vec::new()),
        });
    }
}

impl Machine for Activity {
    fn summary(&self, step: Step) -> CommandSummary {
        let name = &self.asked.activity_type;
        match (step, self.state) {
            (Step::Cancel, State::Running { scheduled } | State::Stopping { scheduled, .. }) => {
                CommandSummary::CancelActivity {
                    scheduled,
                    activity_type: Some(name.clone()),
                }
            }
            (Step::Open, _) | (Step::Cancel, State::Scheduled | State::Abandoned | State::Done) => {
                CommandSummary::ScheduleActivity {
                    activity_type: name.clone(),
                    activity_id: self.asked.activity_id.clone(),
                }
            }
        }
    }

    fn command(&mut self, step: Step) -> Command {
        match (step, self.state) {
            (Step::Cancel, State::Stopping { scheduled, .. }) => {
                Command::CancelActivity { scheduled }
            }
            _ => {
                let id = self.id();
                let asked = &mut self.asked;
                Command::ScheduleActivity(Box::new(ScheduleActivity {
                    seq: asked.seq,
                    activity_id: Some(id),
                    activity_type: asked.activity_type.clone(),
                    input: std::mem::take(&mut asked.input),
                    header: std::mem::take(&mut asked.header),
                    task_queue: asked.task_queue.take(),
                    timeouts: asked.timeouts,
                    retry: asked.retry.take(),
                    cancellation: asked.cancellation,
                    eager: asked.eager,
                    summary: asked.summary.take(),
                    priority: std::mem::take(&mut asked.priority),
                }))
            }
        }
    }

    fn record(&mut self, step: Step, id: EventId, event: CommandEvent) -> Result<(), CommandEvent> {
        match (step, self.state, event) {
            (Step::Open, State::Scheduled, CommandEvent::ActivityScheduled(it))
                if it.activity_type == self.asked.activity_type
                    && self
                        .asked
                        .activity_id
                        .as_ref()
                        .is_none_or(|id| *id == it.activity_id) =>
            {
                self.forget_arguments();
                self.asked.activity_id = Some(it.activity_id);
                self.state = State::Running { scheduled: id };
                Ok(())
            }
            (
                Step::Cancel,
                State::Stopping { scheduled, .. },
                CommandEvent::ActivityCancelRequested {
                    scheduled: recorded,
                },
            ) if scheduled == recorded => Ok(()),
            (_, _, other) => Err(other),
        }
    }

    fn resolve(&mut self, answer: Answer, out: &mut Outbox) -> Result<(), Answer> {
        match self.state {
            State::Running { scheduled }
            | State::Stopping {
                scheduled,
                resolved: false,
            } => {
                let outcome = self.outcome(scheduled, answer)?;
                out.job(Job::ActivityResolved {
                    seq: self.seq(),
                    outcome,
                });
            }
            State::Stopping { resolved: true, .. } | State::Abandoned => {}
            State::Scheduled | State::Done => return Err(answer),
        }
        self.state = State::Done;
        Ok(())
    }

    fn cancel(&mut self, _reason: String, out: &mut Outbox) -> Cancel {
        match (self.state, self.asked.cancellation) {
            (State::Scheduled, _) => {
                self.state = State::Done;
                self.resolve_cancelled(EventId(0), out);
                Cancel::Quiet
            }
            (State::Running { scheduled }, CancellationType::TryCancel) => {
                self.state = State::Stopping {
                    scheduled,
                    resolved: true,
                };
                self.resolve_cancelled(scheduled, out);
                Cancel::Command
            }
            (State::Running { scheduled }, CancellationType::WaitCompleted) => {
                self.state = State::Stopping {
                    scheduled,
                    resolved: false,
                };
                Cancel::Command
            }
            (State::Running { scheduled }, CancellationType::Abandon) => {
                self.state = State::Abandoned;
                self.resolve_cancelled(scheduled, out);
                Cancel::Quiet
            }
            (State::Stopping { .. } | State::Abandoned | State::Done, _) => Cancel::Quiet,
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

fn attempt_of(scheduled: EventId, it: ActivityFailed) -> (LastAttempt, FailureRecord) {
    let attempt = LastAttempt {
        scheduled,
        started: it.started,
        identity: it.identity,
        retry_state: it.retry_state,
    };
    (attempt, it.failure)
}
