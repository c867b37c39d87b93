//! Ends a run, and logs its unfinished handlers.

use durably_engine::{EndRun, Intent, Payload};

use super::{
    Live,
    rounds::{Handler, HandlerKind},
};
use crate::{
    definition::{Unfinished, Workflow},
    driver::instance::TaskFailure,
    error::{Meaning, NextRun, Result},
    instance::{core::Phase, current::Who, panics},
    telemetry::log,
};

impl<W: Workflow> Live<W> {
    /// How the run ends by what its run method, or a signal handler, gave.
    pub(crate) fn ending_of(
        &self,
        who: Who,
        result: Result<Payload>,
    ) -> Result<EndRun, TaskFailure> {
        let error = match result {
            Ok(payload) => {
                return Ok(EndRun::Complete(vec![payload]));
            }
            Err(error) => error,
        };
        match error.meaning() {
            Meaning::Cancelled | Meaning::OtherCancelled if self.core.is_cancelled() => {
                return Ok(EndRun::Cancel(Vec::new()));
            }
            Meaning::ContinueAsNew(next) => {
                let mut next = next.request().map_err(TaskFailure::own)?;
                let outbound = &self.core.worker.outbound;
                let changed = outbound.apply(|hook| hook.continue_as_new(&self.core, &mut next));
                changed.map_err(TaskFailure::fault)?;
                return Ok(EndRun::ContinueAsNew(Box::new(next)));
            }
            Meaning::Failure if error.lacks_key() => return Err(self.lacking_key(&error)),
            Meaning::Cancelled
            | Meaning::OtherCancelled
            | Meaning::CompleteLater
            | Meaning::Failure => {}
        }
        let failure = error.to_record(self.core.converter());
        let type_name = error.type_name();
        // The run would fail for good, though its code requested the next run.
        if NextRun::is_dropped_with(error) {
            return Err(TaskFailure::fault(format!(
                "{who} returned a `{type_name}` that holds a continue-as-new, but its `source()` \
                 does not return it; mark the field with `#[from]` or `#[source]`, or return it \
                 from `Error::source`",
            )));
        }
        Ok(EndRun::Fail(failure.into()))
    }

    /// The handlers of one policy that run.
    fn handlers_that(&self, unfinished: Unfinished) -> impl Iterator<Item = &Handler> {
        let handlers = self.handlers.values();
        handlers.filter(move |handler| handler.unfinished == unfinished)
    }

    /// Whether a handler runs that the end of the run waits for.
    pub(super) fn is_waited_for(&self) -> bool {
        self.handlers_that(Unfinished::Wait).next().is_some()
    }

    /// Records that the end of the run is held back, if it is; returns whether that dropped the run method.
    ///
    /// The run method still runs if a signal handler has failed, and must do nothing more then. What it waited for
    /// is cancelled, as with every future that is dropped.
    pub(super) fn hold_end(&mut self) -> Result<bool, TaskFailure> {
        self.is_held = self.ending.is_some() && self.is_waited_for();
        let Some(main) = self.main.take_if(|_| self.is_held) else {
            return Ok(false);
        };
        panics::catch(|| drop(main))
            .map_err(|panicked| TaskFailure::panicked(Who::Run(W::NAME), panicked, None))?;
        Ok(true)
    }

    /// What holds back the end of the run, for people.
    pub(super) fn held_end(&self) -> Option<String> {
        let ending = self.ending.as_ref().filter(|_| self.is_held)?;
        let handlers = self.handlers_that(Unfinished::Wait);
        let handlers: Vec<_> = handlers.map(|it| it.kind.who().to_string()).collect();
        let how = match ending {
            EndRun::Complete(_) => "completion",
            EndRun::Fail(_) => "failure",
            EndRun::Cancel(_) => "cancellation",
            EndRun::ContinueAsNew(_) => "continue-as-new",
        };
        Some(format!(
            "the {how} of the run waits for {}",
            handlers.join(", ")
        ))
    }

    /// Ends the run. What still runs is dropped without a trace, as the other SDKs do.
    pub(super) fn over(&mut self, end: EndRun) {
        self.warn_of_unfinished();
        self.core.issue(Intent::EndRun(end), None);
        self.core.phase.set(Phase::Over);
        self.main = None;
        self.handlers.clear();
        self.spawned.clear();
        self.core.open_handlers.set(0);
    }

    fn warn_of_unfinished(&self) {
        for handler in self.handlers_that(Unfinished::Warn) {
            let who = handler.kind.who();
            match &handler.kind {
                HandlerKind::Signal { name, sender } => log::on_run!(
                    log::warning,
                    self,
                    signal = name.as_str(),
                    sender,
                    "the workflow ended while {who} was running. Mark it `#[signal(unfinished = \"wait\")]` \
                     to have the end wait for it, or `#[signal(unfinished = \"abandon\")]`",
                ),
                HandlerKind::Update { name, id } => log::on_run!(
                    log::warning,
                    self,
                    update = name.as_str(),
                    update_id = id,
                    "the workflow ended while {who} was running, and its caller gets an error. Mark it \
                     `#[update(unfinished = \"wait\")]` to have the end wait for it, or \
                     `#[update(unfinished = \"abandon\")]`",
                ),
            }
        }
        for signal in &self.unhandled {
            log::on_run!(
                log::warning,
                self,
                %signal,
                "the workflow ended, and nobody handled this signal"
            );
        }
    }
}
