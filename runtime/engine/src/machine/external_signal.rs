//! Signal to another workflow: one `SignalExternalWorkflowExecution` command, ended by its delivery.
//!
//! ```text
//!   Scheduled --Initiated--> Sent --ExternalWorkflowExecutionSignaled, Failed--> Done   job
//!       '--- cancelled before the command left ---------------------------------> Done   job at once
//! ```
//! One that was sent is not taken back: cancelling it does nothing.

use super::{Cancel, Machine, Outbox, Step};
use crate::{
    Answer, Command, CommandEvent, CommandSummary, EventId, ExternalOutcome, Header, Job, Payload,
    Seq, Target,
};

/// A signal to another workflow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignalExternal {
    /// The signal.
    pub seq: Seq,
    /// The workflow that it is sent to.
    pub target: Target,
    /// Its name.
    pub name: String,
    /// Arguments.
    pub input: Vec<Payload>,
    /// Header fields.
    pub header: Header,
}

/// The server accepted to send a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalSignalInitiated {
    /// Id of the other workflow.
    pub workflow_id: String,
    /// Name of the signal.
    pub name: String,
    /// The other workflow must be a child.
    pub child: bool,
}

#[derive(Debug)]
pub(crate) struct ExternalSignal {
    /// The intent of user code; arguments leave with the command.
    asked: Box<SignalExternal>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Scheduled,
    Sent,
    Done,
}

impl ExternalSignal {
    pub(crate) const fn new(asked: Box<SignalExternal>) -> Self {
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

impl Machine for ExternalSignal {
    fn summary(&self, _step: Step) -> CommandSummary {
        CommandSummary::SignalWorkflow {
            signal: self.asked.name.clone(),
            workflow_id: self.asked.target.workflow_id.clone(),
            child: self.asked.target.child,
        }
    }

    fn command(&mut self, _step: Step) -> Command {
        let asked = &mut self.asked;
        Command::SignalExternal(Box::new(SignalExternal {
            seq: asked.seq,
            target: asked.target.clone(),
            name: asked.name.clone(),
            input: std::mem::take(&mut asked.input),
            header: std::mem::take(&mut asked.header),
        }))
    }

    fn record(&mut self, step: Step, _: EventId, event: CommandEvent) -> Result<(), CommandEvent> {
        match (step, self.state, event) {
            (Step::Open, State::Scheduled, CommandEvent::ExternalSignalInitiated(it))
                if it.name == self.asked.name
                    && it.workflow_id == self.asked.target.workflow_id
                    && it.child == self.asked.target.child =>
            {
                self.asked.input = Vec::new();
                self.asked.header = Header::new();
                self.state = State::Sent;
                Ok(())
            }
            (_, _, other) => Err(other),
        }
    }

    fn resolve(&mut self, answer: Answer, out: &mut Outbox) -> Result<(), Answer> {
        match (self.state, answer) {
            (State::Sent, Answer::ExternalSignal(answer)) => {
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
