//! Polling everything until nothing moves, and what a run ends with.

use std::task::{Context, Poll};

use durably_engine::Intent;

use super::Live;
use crate::{
    Error, Payload, Result, Workflow,
    definition::LocalBoxFuture,
    error::{Meaning, NextRun},
    notice,
    workflow::{
        core::{Core, Phase},
        inside::{self, Place, Who},
        instance::TaskFailure,
        panics, spawn,
        state::StateCell,
    },
};

/// An async handler that did not end.
pub(super) struct Handler {
    pub(super) of: Of,
    pub(super) task: Task<Result<Payload>>,
}

/// A future of the run.
pub(super) struct Task<T> {
    future: LocalBoxFuture<T>,
    /// The `.await` it is suspended at, as far as a body of the workflow shows it.
    awaits: Option<Place>,
}

impl<T> Task<T> {
    pub(super) fn new(future: LocalBoxFuture<T>) -> Self {
        let awaits = None;
        Self { future, awaits }
    }
}

/// A spawned future that did not end.
pub(super) struct Spawned {
    place: Place,
    task: Task<()>,
}

impl From<spawn::New> for Spawned {
    fn from(spawn::New { future, place }: spawn::New) -> Self {
        let task = Task::new(future);
        Self { place, task }
    }
}

/// What a handler handles.
pub(super) enum Of {
    Signal { name: &'static str },
    Update { name: &'static str, id: String },
}

impl<W: Workflow> Live<W> {
    /// Polls handlers, the run method and spawned futures, in this order and each in the order in
    /// which they began, until nothing moves.
    pub(super) fn settle(&mut self) -> Result<(), TaskFailure> {
        self.refuse_foreign_wake()?;
        let waker = self.waker.clone();
        let mut cx = Context::from_waker(&waker);
        // Whether nested conditions look again because of a change that nothing came after.
        let mut looking = false;
        loop {
            let fresh = std::mem::take(&mut self.fresh);
            self.core.moved.set(false);
            self.wake.take_own();
            self.poll_handlers(&mut cx)?;
            self.poll_main(&mut cx)?;
            self.poll_spawned(&mut cx)?;
            let woken = self.wake.take_own();
            let moved = fresh || self.core.moved.get();
            looking &= !moved;
            if woken || moved && self.has_onlookers() {
                // A loop over awaits that do not wait, `ctx.sleep(secs(0))` for one, comes by here.
                if inside::is_given_up() {
                    return Err(TaskFailure::fault(
                        "the run was given up: it blocked its thread",
                    ));
                }
                continue;
            }
            // All is quiet, but combinators that poll only who was woken kept their conditions
            // from looking. They may wake the run for reasons of their own, so a look that moves
            // nothing is the last one.
            if looking || !self.core.wake_waits() {
                break;
            }
            looking = true;
        }
        match self.ending.take() {
            Some(ending) => self.over(ending),
            None => {
                self.refuse_foreign_wake()?;
                self.refuse_endless_wait()?;
            }
        }
        Ok(())
    }

    /// Whether what one task did may matter to another one, or to a wait of the same task.
    fn has_onlookers(&self) -> bool {
        let tasks = usize::from(self.main.is_some()) + self.handlers.len() + self.spawned.len();
        let waits = !self.core.waits.borrow().pending().is_empty();
        tasks > 1 || waits || !self.core.spawned.borrow().is_empty()
    }

    fn poll_handlers(&mut self, cx: &mut Context<'_>) -> Result<(), TaskFailure> {
        let mut at = 0;
        while let Some(Handler { of, task }) = self.handlers.get_mut(at) {
            match poll(&self.core, &self.cell, task, cx, of.who())? {
                Poll::Pending => at += 1,
                Poll::Ready(result) => {
                    let Handler { of, .. } = self.handlers.remove(at);
                    self.core.open_handlers.set(self.handlers.len() as u32);
                    self.core.moved.set(true);
                    let who = of.who();
                    match of {
                        Of::Signal { .. } => self.signal_ended(who, result)?,
                        Of::Update { id, .. } => self.update_ended(who, id, result)?,
                    }
                }
            }
        }
        Ok(())
    }

    fn poll_main(&mut self, cx: &mut Context<'_>) -> Result<(), TaskFailure> {
        let Some(main) = &mut self.main else {
            return Ok(());
        };
        let who = Who::Run(W::NAME);
        let polled = poll(&self.core, &self.cell, main, cx, who)?;
        if let Poll::Ready(result) = polled {
            self.main = None;
            self.core.moved.set(true);
            let ending = self.ending_of(who, result)?;
            self.ending.get_or_insert(ending);
        }
        Ok(())
    }

    fn poll_spawned(&mut self, cx: &mut Context<'_>) -> Result<(), TaskFailure> {
        let new = self.core.spawned.take();
        self.spawned.extend(new.into_iter().map(Spawned::from));
        let mut at = 0;
        while let Some(Spawned { place, task }) = self.spawned.get_mut(at) {
            match poll(&self.core, &self.cell, task, cx, Who::Spawned(place))? {
                Poll::Pending => at += 1,
                Poll::Ready(()) => {
                    drop(self.spawned.remove(at));
                    self.core.moved.set(true);
                }
            }
        }
        Ok(())
    }

    /// How the run ends by what its run method, or a signal handler, gave.
    pub(super) fn ending_of(
        &self,
        who: Who,
        result: Result<Payload>,
    ) -> Result<Intent, TaskFailure> {
        let error = match result {
            Ok(payload) => {
                let result = vec![payload];
                return Ok(Intent::CompleteRun { result });
            }
            Err(error) => error,
        };
        match error.meaning() {
            Meaning::Cancelled | Meaning::OtherCancelled if self.core.is_cancelled() => {
                let details = Vec::new();
                return Ok(Intent::CancelRun { details });
            }
            Meaning::ContinueAsNew(next) => {
                return match next.request() {
                    Ok(next) => Ok(Intent::ContinueAsNew(Box::new(next))),
                    Err(error) => Err(TaskFailure::error(&Error::from(error))),
                };
            }
            Meaning::Cancelled | Meaning::OtherCancelled | Meaning::Failure => {}
        }
        let failure = error.to_record();
        let type_name = error.type_name();
        // The run would fail for good, though its code asked for the next run.
        if NextRun::is_dropped_with(error) {
            return Err(TaskFailure::fault(format!(
                "{who} returned a `{type_name}` that holds a continue-as-new, but its `source()` \
                 does not return it; mark the field with `#[from]` or `#[source]`, or return it \
                 from `Error::source`",
            )));
        }
        Ok(Intent::FailRun { failure })
    }

    /// Ends the run. What still runs is dropped without a trace, as the other SDKs do.
    fn over(&mut self, ending: Intent) {
        self.warn_of_unfinished();
        self.core.issue(ending, None);
        self.core.phase.set(Phase::Over);
        self.main = None;
        self.handlers.clear();
        self.spawned.clear();
        self.core.open_handlers.set(0);
    }

    fn warn_of_unfinished(&self) {
        for handler in &self.handlers {
            notice::on_run!(
                notice::warning,
                self,
                "the workflow ended while {} was running; wait for `ctx.handlers_finished()` first",
                handler.of.who(),
            );
        }
        for (signal, _) in &self.unhandled {
            notice::on_run!(
                notice::warning,
                self,
                %signal,
                "the workflow ended, and nobody handled this signal"
            );
        }
    }

    /// Refuses a future that something outside of the run woke.
    fn refuse_foreign_wake(&self) -> Result<(), TaskFailure> {
        match self.wake.was_foreign() {
            true => Err(TaskFailure::nondeterminism(self.foreign_wake())),
            false => Ok(()),
        }
    }

    /// What to say of a wake from outside of the run.
    pub(super) fn foreign_wake(&self) -> String {
        format!(
            "`{}` awaits a future that something outside of the workflow woke, such as a timer or \
             a channel of another thread; replay cannot repeat that. Use `ctx.sleep`, \
             `ctx.wait_until`, an activity or a signal instead{}",
            W::NAME,
            self.whereabouts(),
        )
    }

    /// Refuses a wait that no event of history can ever end.
    ///
    /// With signals or updates the wait may be on something that a handler does, a channel for
    /// example, so it is left alone.
    fn refuse_endless_wait(&self) -> Result<(), TaskFailure> {
        let handled = !self.definition.signals.is_empty() || !self.definition.updates.is_empty();
        if handled
            || self.core.ops.borrow().pending().next().is_some()
            || !self.core.waits.borrow().pending().is_empty()
        {
            return Ok(());
        }
        Err(TaskFailure::nondeterminism(format!(
            "`{}` waits for a future that durably does not know, and for nothing else, so nothing \
             in its history can wake it. Use `ctx.sleep`, `ctx.wait_until` or an activity \
             instead{}",
            W::NAME,
            self.whereabouts(),
        )))
    }

    /// Where the code of the run waits; what other libraries poll is not known any closer.
    pub(super) fn whereabouts(&self) -> String {
        let main = self
            .main
            .iter()
            .map(|task| (Who::Run(W::NAME), task.awaits));
        let handlers = self.handlers.iter();
        let handlers = handlers.map(|handler| (handler.of.who(), handler.task.awaits));
        let shown = main.chain(handlers).filter_map(|(who, awaits)| {
            let place = awaits?;
            Some(format!("; {who} waits at {place}"))
        });
        let spawned = self.spawned.iter();
        let spawned = spawned.map(|it| format!("; {} waits too", Who::Spawned(it.place)));
        let text: String = shown.chain(spawned).collect();
        match (text.is_empty(), self.core.last_seen()) {
            (false, _) => text,
            (true, Some(place)) => format!("; the last durable wait before it is at {place}"),
            (true, None) => "; there was no durable wait before it".to_owned(),
        }
    }
}

/// Polls one future of the run, and looks at what it did besides.
fn poll<W: Workflow, T>(
    core: &Core,
    cell: &StateCell<W>,
    task: &mut Task<T>,
    cx: &mut Context<'_>,
    who: Who,
) -> Result<Poll<T>, TaskFailure> {
    inside::resumes(who, task.awaits);
    cell.set_awaits(task.awaits);
    let seen_before = core.forget_seen();
    let polled = panics::catch(|| task.future.as_mut().poll(cx));
    let seen = core.last_seen();
    core.remember_seen(seen_before);
    task.awaits = cell.awaits();
    let polled = polled.map_err(|panicked| TaskFailure::panicked(who, panicked, task.awaits))?;
    if let Some(fault) = core.take_fault() {
        return Err(TaskFailure::fault(fault));
    }
    if cell.is_lent() {
        let place = match (seen, task.awaits) {
            (Some(place), _) => format!("; the durable wait it polled last is at {place}"),
            (None, Some(place)) => format!("; the last await before it is at {place}"),
            (None, None) => String::new(),
        };
        return Err(TaskFailure::fault(format!(
            "{who} kept `self` while suspended: an `.await` is hidden in a macro that `#[workflow]` \
             cannot look into. Write the `.await` outside of the macro{place}",
        )));
    }
    Ok(polled)
}

impl Of {
    fn who(&self) -> Who {
        match self {
            Self::Signal { name } => Who::Signal(name),
            Self::Update { name, .. } => Who::Update(name),
        }
    }
}
