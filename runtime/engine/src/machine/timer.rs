//! Timer: one `StartTimer` command, ended by `TimerFired` or `TimerCanceled`.
//!
//! ```text
//!   Scheduled --TimerStarted--> Running --TimerFired-----------------> Done   job: TimerFired
//!       |                          '--cancel--> Stopping --TimerCanceled--> Done
//!       '--- cancelled before the command left --------------------> Done   no command leaves
//! ```

use std::time::Duration;

use super::{Cancel, Machine, Outbox, Step};
use crate::{Answer, Command, CommandEvent, CommandSummary, EventId, Job, Payload, Seq};

#[derive(Debug)]
pub(crate) struct Timer {
    seq: Seq,
    /// The number of its id.
    number: u64,
    after: Duration,
    /// Sent with the command and then gone.
    summary: Option<Payload>,
    state: State,
}

#[derive(Debug)]
enum State {
    Scheduled,
    /// `id` is the one history records, which another SDK may have chosen otherwise.
    Running {
        started: EventId,
        id: String,
    },
    Stopping {
        started: EventId,
        id: String,
    },
    Done,
}

impl Timer {
    pub(crate) const fn new(
        seq: Seq,
        number: u64,
        after: Duration,
        summary: Option<Payload>,
    ) -> Self {
        Self {
            seq,
            number,
            after,
            summary,
            state: State::Scheduled,
        }
    }
}

impl Machine for Timer {
    fn summary(&self, step: Step) -> CommandSummary {
        match (step, &self.state) {
            (Step::Cancel, State::Running { started, .. } | State::Stopping { started, .. }) => {
                CommandSummary::CancelTimer { started: *started }
            }
            (Step::Open, _) | (Step::Cancel, State::Scheduled | State::Done) => {
                CommandSummary::StartTimer { after: self.after }
            }
        }
    }

    fn command(&mut self, step: Step) -> Command {
        match (step, &mut self.state) {
            (Step::Cancel, State::Running { id, .. } | State::Stopping { id, .. }) => {
                Command::CancelTimer {
                    timer_id: std::mem::take(id),
                }
            }
            _ => Command::StartTimer {
                timer_id: self.number.to_string(),
                after: self.after,
                summary: self.summary.take(),
            },
        }
    }

    fn record(&mut self, step: Step, id: EventId, event: CommandEvent) -> Result<(), CommandEvent> {
        match (step, &self.state, event) {
            (Step::Open, State::Scheduled, CommandEvent::TimerStarted { timer_id, .. }) => {
                self.state = State::Running {
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
                self.state = State::Done;
                Ok(())
            }
            (_, _, other) => Err(other),
        }
    }

    fn resolve(&mut self, answer: Answer, out: &mut Outbox) -> Result<(), Answer> {
        match (&self.state, answer) {
            (State::Running { .. }, Answer::TimerFired) => {
                out.job(Job::TimerFired { seq: self.seq });
                self.state = State::Done;
                Ok(())
            }
            (_, other) => Err(other),
        }
    }

    fn cancel(&mut self, _reason: String, _out: &mut Outbox) -> Cancel {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Running { started, id } => {
                self.state = State::Stopping { started, id };
                Cancel::Command
            }
            State::Stopping { started, id } => {
                self.state = State::Stopping { started, id };
                Cancel::Quiet
            }
            State::Scheduled | State::Done => Cancel::Quiet,
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}
