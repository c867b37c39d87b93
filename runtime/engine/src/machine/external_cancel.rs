//! Request to cancel another workflow: one `RequestCancelExternalWorkflowExecution` command, ended by
//! its delivery.
//!
//! ```text
//!   Scheduled --Initiated--> Sent --ExternalWorkflowExecutionCancelRequested, Failed--> Done   job
//!       '--- cancelled before the command left ----------------------------------------> Done   job at once
//! ```
//! One that was sent is not taken back: cancelling it does nothing. A request to cancel a child belongs
//! to the machine of the child.

use super::{Cancel, Machine, Outbox, Step};
use crate::{
    Answer, Command, CommandEvent, CommandSummary, EventId, ExternalOutcome, Job, Seq, Target,
};

/// A request to cancel another workflow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CancelExternal {
    /// The request.
    pub seq: Seq,
    /// The workflow that it is sent to.
    pub target: Target,
    /// Why, for people; may be empty.
    pub reason: String,
}

#[derive(Debug)]
pub(crate) struct ExternalCancel {
    /// The intent of user code.
    asked: Box<CancelExternal>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Scheduled,
    Sent,
    Done,
}

impl ExternalCancel {
    pub(crate) const fn new(asked: Box<CancelExternal>) -> Self {
        Self {
            asked,
            state: State::Scheduled,
        }
    }

    fn resolution(&self, outcome: ExternalOutcome) -> Job {
        Job::ExternalResolved {
            seq: self.asked.seq,
            outcome,
        }
    }
}

impl Machine for ExternalCancel {
    fn summary(&self, _step: Step) -> CommandSummary {
        CommandSummary::CancelWorkflow {
            workflow_id: self.asked.target.workflow_id.clone(),
            child: self.asked.target.child,
        }
    }

    fn command(&mut self, _step: Step) -> Command {
        let reason = std::mem::take(&mut self.asked.reason);
        Command::CancelExternal(Box::new(CancelExternal {
            seq: self.asked.seq,
            target: self.asked.target.clone(),
            reason,
        }))
    }

    fn record(&mut self, step: Step, _: EventId, event: CommandEvent) -> Result<(), CommandEvent> {
        match (step, self.state, event) {
            (
                Step::Open,
                State::Scheduled,
                CommandEvent::ExternalCancelInitiated { workflow_id, child },
            ) if workflow_id == self.asked.target.workflow_id
                && child == self.asked.target.child =>
            {
                self.asked.reason = String::new();
                self.state = State::Sent;
                Ok(())
            }
            (_, _, other) => Err(other),
        }
    }

    fn resolve(&mut self, answer: Answer, out: &mut Outbox) -> Result<(), Answer> {
        match (self.state, answer) {
            (State::Sent, Answer::ExternalCancel(answer)) => {
                out.job(self.resolution(answer.into()));
                self.state = State::Done;
                Ok(())
            }
            (_, other) => Err(other),
        }
    }

    fn cancel(&mut self, _reason: String, out: &mut Outbox) -> Cancel {
        if let State::Scheduled = self.state {
            self.state = State::Done;
            out.job_before_settle(self.resolution(ExternalOutcome::Cancelled));
        }
        Cancel::Quiet
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}
