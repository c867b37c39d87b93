//! Polling everything until nothing moves, and what a run ends with.

use std::{
    borrow::Cow,
    task::{Context, Poll},
};

use durably_engine::Intent;

use super::Live;
use crate::{
    ContinueAsNew, Error, Payload, Result, Workflow,
    definition::LocalBoxFuture,
    notice,
    workflow::{
        core::{Core, Phase},
        instance::TaskFailure,
        panics,
        state::StateCell,
    },
};

/// An async handler that did not end.
pub(super) struct Handler {
    pub(super) of: Of,
    pub(super) future: LocalBoxFuture<Result<Payload>>,
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
        while let Some(Handler { of, future }) = self.handlers.get_mut(at) {
            match poll(&self.core, &self.cell, future, cx, || of.describe())? {
                Poll::Pending => at += 1,
                Poll::Ready(result) => {
                    let Handler { of, .. } = self.handlers.remove(at);
                    self.core.open_handlers.set(self.handlers.len() as u32);
                    self.core.moved.set(true);
                    match of {
                        Of::Signal { .. } => self.signal_ended(result)?,
                        Of::Update { id, .. } => self.update_ended(id, result)?,
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
        let polled = poll(&self.core, &self.cell, main, cx, || {
            format!("`{}`", W::NAME).into()
        })?;
        if let Poll::Ready(result) = polled {
            self.main = None;
            self.core.moved.set(true);
            let ending = self.ending_of(result)?;
            self.ending.get_or_insert(ending);
        }
        Ok(())
    }

    fn poll_spawned(&mut self, cx: &mut Context<'_>) -> Result<(), TaskFailure> {
        self.spawned.append(&mut self.core.spawned.borrow_mut());
        let mut at = 0;
        while let Some(future) = self.spawned.get_mut(at) {
            match poll(&self.core, &self.cell, future, cx, || {
                "a spawned future".into()
            })? {
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
    pub(super) fn ending_of(&self, result: Result<Payload>) -> Result<Intent, TaskFailure> {
        let error = match result {
            Ok(payload) => {
                let result = vec![payload];
                return Ok(Intent::CompleteRun { result });
            }
            Err(error) => error,
        };
        if error.is_cancelled() && self.core.is_cancelled() {
            let details = Vec::new();
            return Ok(Intent::CancelRun { details });
        }
        match error.downcast::<ContinueAsNew>() {
            Ok(next) => match next.into_intent() {
                Ok(next) => Ok(Intent::ContinueAsNew(Box::new(next))),
                Err(error) => Err(TaskFailure::error(&Error::from(error))),
            },
            Err(error) => Ok(Intent::FailRun {
                failure: error.to_record(),
            }),
        }
    }

    /// Ends the run. What still runs is dropped without a trace, as the other SDKs do.
    fn over(&mut self, ending: Intent) {
        if !self.core.facts.get().replaying {
            self.warn_of_unfinished();
        }
        self.core.issue(ending);
        self.core.phase.set(Phase::Over);
        self.main = None;
        self.handlers.clear();
        self.spawned.clear();
        self.core.open_handlers.set(0);
    }

    fn warn_of_unfinished(&self) {
        let (workflow_type, workflow_id) = (W::NAME, self.ctx.workflow_id());
        for handler in &self.handlers {
            notice::warning!(
                workflow_type,
                workflow_id,
                "the workflow ended while {} was running; wait for `ctx.handlers_finished()` first",
                handler.of.describe(),
            );
        }
        for (signal, _) in &self.unhandled {
            notice::warning!(
                workflow_type,
                workflow_id,
                %signal,
                "the workflow ended, and nobody handled this signal"
            );
        }
    }

    /// Refuses a future that something outside of the run woke.
    fn refuse_foreign_wake(&self) -> Result<(), TaskFailure> {
        if !self.wake.was_foreign() {
            return Ok(());
        }
        Err(TaskFailure::nondeterminism(format!(
            "`{}` awaits a future that something outside of the workflow woke, such as a timer or \
             a channel of another thread; replay cannot repeat that. Use `ctx.sleep`, \
             `ctx.wait_until`, an activity or a signal instead{}",
            W::NAME,
            self.place(),
        )))
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
            self.place(),
        )))
    }

    fn place(&self) -> String {
        match self.core.last_seen() {
            Some(place) => format!("; the last durable wait before it is at {place}"),
            None => "; there was no durable wait before it".to_owned(),
        }
    }
}

/// Polls one future of the run, and looks at what it did besides.
fn poll<W: Workflow, T>(
    core: &Core,
    cell: &StateCell<W>,
    future: &mut LocalBoxFuture<T>,
    cx: &mut Context<'_>,
    who: impl Fn() -> Cow<'static, str>,
) -> Result<Poll<T>, TaskFailure> {
    let polled = panics::catch(|| future.as_mut().poll(cx))
        .map_err(|panicked| TaskFailure::panicked(&who(), panicked))?;
    if let Some(fault) = core.take_fault() {
        return Err(TaskFailure::fault(fault));
    }
    if cell.is_lent() {
        let place = match core.last_seen() {
            Some(place) => format!("; the last durable wait it polled is at {place}"),
            None => String::new(),
        };
        return Err(TaskFailure::fault(format!(
            "{} kept `self` while suspended: an `.await` is hidden in a macro that `#[workflow]` \
             cannot look into{place}",
            who(),
        )));
    }
    Ok(polled)
}

impl Of {
    fn describe(&self) -> Cow<'static, str> {
        match self {
            Self::Signal { name } => format!("signal handler `{name}`").into(),
            Self::Update { name, .. } => format!("update handler `{name}`").into(),
        }
    }
}
