//! What a run has going: one machine for each open command, one file for each kind.
//!
//! A new kind is one more file with an `impl Machine`, and one more line in `machines!`.

pub(crate) mod activity;
pub(crate) mod child;
pub(crate) mod end_run;
pub(crate) mod external;
pub(crate) mod external_cancel;
pub(crate) mod external_signal;
pub(crate) mod local_activity;
mod once;
mod patch;
pub(crate) mod side_effect;
mod timer;
pub(crate) mod update;
mod upsert;

use std::collections::VecDeque;

pub(crate) use activity::Activity;
pub(crate) use child::Child;
pub(crate) use end_run::EndRun;
pub(crate) use external_cancel::ExternalCancel;
pub(crate) use external_signal::ExternalSignal;
pub(crate) use local_activity::{LocalActivity, Resolution};
pub(crate) use once::{AnyOnce, Once};
pub(crate) use patch::{Patch, PatchList, Patches};
pub(crate) use side_effect::SideEffectMarker;
pub(crate) use timer::Timer;
pub(crate) use update::{OpenUpdate, UpdateStep, Updates};
pub(crate) use upsert::{MemoUpsert, SearchAttributeUpsert};

use crate::{Answer, Command, CommandEvent, CommandSummary, EventId, Job, LocalRequest};

/// What a command that is answered later does with what history says about it.
pub(crate) trait Machine {
    /// The command of `step`, by what replay compares.
    fn summary(&self, step: Step) -> CommandSummary;

    /// The command of `step`, to be sent now.
    fn command(&mut self, step: Step) -> Command;

    /// Takes the event that the command of `step` left, and its id; returns it if it is another's.
    fn record(&mut self, step: Step, id: EventId, event: CommandEvent) -> Result<(), CommandEvent>;

    /// Takes the answer to the command; returns it if it makes no sense now.
    fn resolve(&mut self, answer: Answer, out: &mut Outbox) -> Result<(), Answer>;

    /// User code asks to stop; the reason is for people, and may be empty.
    fn cancel(&mut self, reason: String, out: &mut Outbox) -> Cancel;

    /// Nothing of it will come any more.
    fn is_done(&self) -> bool;

    /// Whether the command that asks to stop has an answer of its own.
    fn answers_cancel(&self) -> bool {
        false
    }

    /// How many of its events history answers.
    fn events(&self) -> usize {
        1
    }
}

/// Which of its commands a machine is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The one that opens it.
    Open,
    /// The one that asks to stop.
    Cancel,
}

/// The command that stopping a machine takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancel {
    /// Nothing.
    Quiet,
    /// One that informs the server.
    Command,
    /// One that opens something of the machine: the marker of a local activity.
    Open,
    /// None, and the machine's last command that has no event yet is not sent.
    Retract,
}

/// The jobs of the slice in hand, and what the worker has to do about local activities.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    jobs: VecDeque<Job>,
    /// How often user code was polled in the slice.
    settled: u64,
    requests: Vec<LocalRequest>,
}

impl Outbox {
    /// Tells user code, in the order of calls.
    pub(crate) fn job(&mut self, job: Job) {
        self.jobs.push_back(job);
    }

    /// Adds jobs that follow from user code's own intents: after those of history, and again
    /// until nothing moves.
    pub(crate) fn job_before_settle(&mut self, job: Job) {
        self.jobs.pop_back_if(|last| matches!(last, Job::Settle));
        self.jobs.push_back(job);
        self.jobs.push_back(Job::Settle);
    }

    /// Asks the worker to stop a local activity, or to forget it.
    pub(crate) fn request(&mut self, request: LocalRequest) {
        self.requests.push(request);
    }

    pub(crate) fn take_requests(&mut self) -> Vec<LocalRequest> {
        std::mem::take(&mut self.requests)
    }

    pub(crate) fn begin_slice(&mut self) {
        self.settled = 0;
    }

    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }

    pub(crate) fn poll(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front()?;
        self.settled += u64::from(matches!(job, Job::Settle));
        Some(job)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.jobs.clear();
    }

    /// Gives all memory back: a cached run waits much longer than it works.
    pub(crate) fn shrink(&mut self) {
        self.jobs.shrink_to_fit();
    }
}

/// The enum of all machines, which only delegates: no box, no table of functions.
macro_rules! machines {
    ($($(#[$doc:meta])* $kind:ident),* $(,)?) => {
        #[derive(Debug)]
        pub(crate) enum AnyMachine {
            $($(#[$doc])* $kind($kind),)*
        }

        impl Machine for AnyMachine {
            fn summary(&self, step: Step) -> CommandSummary {
                match self { $(Self::$kind(it) => it.summary(step),)* }
            }

            fn command(&mut self, step: Step) -> Command {
                match self { $(Self::$kind(it) => it.command(step),)* }
            }

            fn record(
                &mut self,
                step: Step,
                id: EventId,
                event: CommandEvent,
            ) -> Result<(), CommandEvent> {
                match self { $(Self::$kind(it) => it.record(step, id, event),)* }
            }

            fn resolve(&mut self, answer: Answer, out: &mut Outbox) -> Result<(), Answer> {
                match self { $(Self::$kind(it) => it.resolve(answer, out),)* }
            }

            fn cancel(&mut self, reason: String, out: &mut Outbox) -> Cancel {
                match self { $(Self::$kind(it) => it.cancel(reason, out),)* }
            }

            fn is_done(&self) -> bool {
                match self { $(Self::$kind(it) => it.is_done(),)* }
            }

            fn answers_cancel(&self) -> bool {
                match self { $(Self::$kind(it) => it.answers_cancel(),)* }
            }

            fn events(&self) -> usize {
                match self { $(Self::$kind(it) => it.events(),)* }
            }
        }
    };
}

machines! {
    /// `sleep`, and every wait with a deadline.
    Timer,
    /// A call of an activity.
    Activity,
    /// A child workflow.
    Child,
    /// A signal to another workflow.
    ExternalSignal,
    /// A request to cancel another workflow.
    ExternalCancel,
    /// A call of a local activity.
    LocalActivity,
}
