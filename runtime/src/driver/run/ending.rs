//! How a run ends, and what is logged of the handlers that its end cuts off.

use durably_engine::{EndRun, Intent, Payload};

use super::{Live, rounds::HandlerKind};
use crate::{
    definition::Workflow,
    driver::instance::TaskFailure,
    error::{Meaning, NextRun, Result},
    instance::{core::Phase, current::Who},
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
        let handlers = self.handlers.values();
        let handlers = handlers.filter(|handler| handler.unfinished.warns());
        for handler in handlers {
            let who = handler.kind.who();
            match &handler.kind {
                HandlerKind::Signal { name, sender } => log::on_run!(
                    log::warning,
                    self,
                    signal = name.as_str(),
                    sender,
                    "the workflow ended while {who} was running. Wait for `ctx.handlers_finished()` \
                     first, or mark it `#[signal(unfinished = \"abandon\")]`",
                ),
                HandlerKind::Update { name, id } => log::on_run!(
                    log::warning,
                    self,
                    update = name.as_str(),
                    update_id = id,
                    "the workflow ended while {who} was running, and its caller gets an error. Wait for \
                     `ctx.handlers_finished()` first, or mark it `#[update(unfinished = \"abandon\")]`",
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
