//! Polls the coroutines of a run until nothing moves.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use durably_engine::Payload;
use futures::future::LocalBoxFuture;
use tracing::Span;

use super::Live;
use crate::{
    definition::{Unfinished, Workflow},
    driver::instance::TaskFailure,
    error::Result,
    instance::{
        core::{Core, NewCoroutine},
        coroutine::CoroutineId,
        current::{self, Name, Place, Who},
        panics,
        state::StateCell,
        waker::{CoroutineWaker, RunWaker},
    },
    telemetry::spans,
};

/// An async handler that did not end.
pub(crate) struct Handler {
    pub(crate) kind: HandlerKind,
    pub(crate) unfinished: Unfinished,
    pub(crate) coroutine: Coroutine<Result<Payload>>,
    /// Around its code, in every poll; none until it is polled outside of a replay, which logs nothing.
    pub(crate) span: Span,
}

/// A future of the run.
pub(crate) struct Coroutine<T> {
    id: CoroutineId,
    future: LocalBoxFuture<'static, T>,
    waker: CoroutineWaker,
    /// The `.await` it is suspended at, as far as a body of the workflow shows it.
    awaits: Option<Place>,
}

impl<T> Coroutine<T> {
    /// A future that is polled for the first time in its turn.
    pub(crate) fn new(
        future: LocalBoxFuture<'static, T>,
        id: CoroutineId,
        core: &Core,
        run: &Arc<RunWaker>,
    ) -> Self {
        core.turns.schedule(id);
        Self {
            id,
            future,
            waker: CoroutineWaker::new(run, id),
            awaits: None,
        }
    }
}

/// A spawned future that did not end.
pub(crate) struct Spawned {
    place: Place,
    coroutine: Coroutine<()>,
}

/// What a handler handles.
pub(crate) enum HandlerKind {
    Signal {
        name: Name,
        /// The identity of the client or workflow that sent it.
        sender: String,
    },
    Update {
        name: Name,
        id: String,
    },
}

impl<W: Workflow> Live<W> {
    /// Polls the run until nothing moves, and ends it if it has an end that no handler holds back.
    pub(crate) fn settle(&mut self) -> Result<(), TaskFailure> {
        self.poll_until_still()?;
        if self.hold_end()? {
            // What was dropped may have been waited for.
            self.poll_until_still()?;
        }
        match self.ending.take() {
            Some(ending) if !self.is_waited_for() => self.over(ending),
            ending => {
                self.ending = ending;
                self.refuse_foreign_wake()?;
                self.refuse_endless_wait()?;
            }
        }
        Ok(())
    }

    /// Polls handlers, the run method and spawned futures, in this order and each in the order in
    /// which they began, until nothing moves. A coroutine is passed over if a poll would change nothing.
    fn poll_until_still(&mut self) -> Result<(), TaskFailure> {
        self.refuse_foreign_wake()?;
        // Jobs have changed the state, and the time.
        self.core.changed();
        // Whether nested conditions are checked once more, after the last change.
        let mut checking = false;
        loop {
            let fresh = std::mem::take(&mut self.fresh);
            self.core.moved.set(false);
            self.wake.take_own();
            self.poll_coroutines(CoroutineId::START, CoroutineId::END_OF_HANDLERS)?;
            self.poll_coroutines(CoroutineId::END_OF_HANDLERS, CoroutineId::Run)?;
            self.begin_spawned();
            self.poll_coroutines(CoroutineId::Run, CoroutineId::END)?;
            let woken = self.wake.take_own();
            // A coroutine that a channel woke may change the state and end nothing that durably knows.
            let due = self.core.turns.take_any_scheduled() && self.core.is_check_due();
            let moved = fresh || self.core.moved.get();
            if moved {
                checking = false;
                self.core.waits.borrow_mut().end_checks();
            }
            if woken || due || moved && self.may_affect_others() {
                // A loop over awaits that do not wait, `ctx.sleep(secs(0))` for one, comes by here.
                if current::is_given_up() {
                    return Err(TaskFailure::fault(
                        "the run was given up: it blocked its thread",
                    ));
                }
                continue;
            }
            // Nothing moves any more, but combinators that poll only the futures that were woken have not had
            // their conditions checked. They may wake the run for reasons of their own, so a check that moves
            // nothing is the last one.
            let check = match checking {
                true => self.core.continue_checks(),
                false => self.core.begin_checks(),
            };
            if !check {
                break;
            }
            checking = true;
        }
        self.core.waits.borrow_mut().end_checks();
        Ok(())
    }

    /// Whether a change by one coroutine may affect another one, or a wait of the same coroutine.
    fn may_affect_others(&self) -> bool {
        let coroutines =
            usize::from(self.main.is_some()) + self.handlers.len() + self.spawned.len();
        let waits = !self.core.waits.borrow().is_empty();
        coroutines > 1 || waits || !self.core.spawned.borrow().is_empty()
    }

    /// Polls the coroutines after `after`, up to `upto`, that a poll may change.
    fn poll_coroutines(
        &mut self,
        mut after: CoroutineId,
        upto: CoroutineId,
    ) -> Result<(), TaskFailure> {
        while let Some(coroutine) = self.next_turn(after, upto) {
            after = coroutine;
            match coroutine {
                CoroutineId::Handler(number) => self.poll_handler(number)?,
                CoroutineId::Run => self.poll_main()?,
                CoroutineId::Spawned(number) => self.poll_spawned(number)?,
            }
        }
        Ok(())
    }

    fn next_turn(&self, after: CoroutineId, upto: CoroutineId) -> Option<CoroutineId> {
        for coroutine in self.wake.take_woken() {
            self.core.turns.schedule(coroutine);
        }
        #[cfg(test)]
        if crate::instance::probe::EVERYTHING.get() {
            return self.next_of_all(after, upto);
        }
        self.core.next_turn(after, upto)
    }

    /// As `next_turn`, without leaving out any coroutine: what the turns leave out must change nothing.
    #[cfg(test)]
    fn next_of_all(&self, after: CoroutineId, upto: CoroutineId) -> Option<CoroutineId> {
        let number = |coroutine| match coroutine {
            CoroutineId::Handler(number) | CoroutineId::Spawned(number) => number,
            CoroutineId::Run => 0,
        };
        let handlers = self.handlers.range(number(after).saturating_add(1)..);
        let spawned = self.spawned.range(number(after).saturating_add(1)..);
        match upto {
            CoroutineId::END_OF_HANDLERS => handlers.map(|it| it.1.coroutine.id).next(),
            CoroutineId::Run => self.main.iter().map(|it| it.id).find(|it| after < *it),
            _ => spawned.map(|it| it.1.coroutine.id).next(),
        }
    }

    pub(crate) fn poll_handler(&mut self, number: u32) -> Result<(), TaskFailure> {
        let replaying = self.core.facts.get().replaying;
        let Some(Handler {
            kind,
            coroutine,
            span,
            ..
        }) = self.handlers.get_mut(&number)
        else {
            return Ok(());
        };
        if span.is_none() && !replaying {
            *span = kind.span();
        }
        let polled = span.in_scope(|| poll(&self.core, &self.cell, coroutine, kind.who()))?;
        if let Poll::Ready(result) = polled
            && let Some(handler) = self.handlers.remove(&number)
        {
            let Handler {
                kind, unfinished, ..
            } = handler;
            self.core.open_handlers.set(self.handlers.len() as u32);
            let who = kind.who();
            match kind {
                HandlerKind::Signal { .. } => self.signal_ended(who, unfinished, result)?,
                HandlerKind::Update { id, .. } => self.update_ended(who, id, result)?,
            }
        }
        Ok(())
    }

    fn poll_main(&mut self) -> Result<(), TaskFailure> {
        let Some(main) = &mut self.main else {
            return Ok(());
        };
        let who = Who::Run(W::NAME);
        let polled = poll(&self.core, &self.cell, main, who.clone())?;
        if let Poll::Ready(result) = polled {
            self.main = None;
            let ending = self.ending_of(who, result)?;
            self.ending.get_or_insert(ending);
        }
        Ok(())
    }

    /// Schedules new futures.
    fn begin_spawned(&mut self) {
        for NewCoroutine { future, place } in self.core.spawned.take() {
            self.last_spawned += 1;
            let id = CoroutineId::Spawned(self.last_spawned);
            let coroutine = Coroutine::new(future, id, &self.core, &self.wake);
            self.spawned
                .insert(self.last_spawned, Spawned { place, coroutine });
        }
    }

    fn poll_spawned(&mut self, number: u32) -> Result<(), TaskFailure> {
        let Some(Spawned { place, coroutine }) = self.spawned.get_mut(&number) else {
            return Ok(());
        };
        let polled = poll(&self.core, &self.cell, coroutine, Who::Spawned(place))?;
        if polled.is_ready() {
            drop(self.spawned.remove(&number));
        }
        Ok(())
    }

    /// Refuses a future that something outside of the run woke.
    fn refuse_foreign_wake(&self) -> Result<(), TaskFailure> {
        match self.wake.was_foreign() {
            true => Err(TaskFailure::nondeterminism(self.foreign_wake())),
            false => Ok(()),
        }
    }

    /// What to say of a wake from outside of the run.
    pub(crate) fn foreign_wake(&self) -> String {
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
        let handled = !self.definition.signals.is_empty()
            || !self.definition.updates.is_empty()
            || !self.definition.dynamic_signal.is_empty()
            || !self.definition.dynamic_update.is_empty();
        if handled
            || self.core.side_effects.is_missed()
            || self.core.ops.borrow().pending().next().is_some()
            || !self.core.waits.borrow().is_empty()
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

    /// What runs, and the place where it waits, as far as a body of the workflow shows it.
    pub(crate) fn coroutines(&self) -> Vec<(Who, Place)> {
        let main = self.main.iter();
        let main = main.map(|main| (Who::Run(W::NAME), main.awaits));
        let handlers = self.handlers.values();
        let handlers = handlers.map(|handler| (handler.kind.who(), handler.coroutine.awaits));
        let spawned = self.spawned.values();
        let spawned = spawned.map(|it| {
            let awaits = it.coroutine.awaits.unwrap_or(it.place);
            (Who::Spawned(it.place), Some(awaits))
        });
        let all = main.chain(handlers).chain(spawned);
        all.filter_map(|(who, awaits)| Some((who, awaits?)))
            .collect()
    }

    /// Where the code of the run waits; what other libraries poll is not known any closer.
    pub(crate) fn whereabouts(&self) -> String {
        let main = self
            .main
            .iter()
            .map(|coroutine| (Who::Run(W::NAME), coroutine.awaits));
        let handlers = self.handlers.values();
        let handlers = handlers.map(|handler| (handler.kind.who(), handler.coroutine.awaits));
        let shown = main.chain(handlers).filter_map(|(who, awaits)| {
            let place = awaits?;
            Some(format!("; {who} waits at {place}"))
        });
        let spawned = self.spawned.values();
        let spawned = spawned.map(|it| format!("; {} waits too", Who::Spawned(it.place)));
        let text: String = shown.chain(spawned).collect();
        match (text.is_empty(), self.core.last_seen()) {
            (false, _) => text,
            (true, Some(place)) => format!("; the last durable wait before it is at {place}"),
            (true, None) => "; there was no durable wait before it".to_owned(),
        }
    }
}

/// Polls one future of the run, and records what it changed.
pub(super) fn poll<W: Workflow, T>(
    core: &Core,
    cell: &StateCell<W>,
    coroutine: &mut Coroutine<T>,
    who: Who,
) -> Result<Poll<T>, TaskFailure> {
    current::resumes(who.clone(), coroutine.awaits);
    cell.set_awaits(coroutine.awaits);
    let seen_before = core.forget_seen();
    let moved_before = core.moved.replace(false);
    let waker = coroutine.waker.begin_poll();
    let in_turn = core.turns.begin(coroutine.id, waker);
    let mut cx = Context::from_waker(waker);
    let polled = panics::catch(|| coroutine.future.as_mut().poll(&mut cx));
    let ended = !matches!(polled, Ok(Poll::Pending));
    core.turns
        .end(coroutine.id, ended || coroutine.waker.is_shared());
    // A coroutine that found its condition false did nothing else.
    let moved = core.moved.get() || ended;
    if in_turn || moved {
        core.changed();
    }
    core.moved.set(moved || moved_before);
    let seen = core.last_seen();
    core.remember_seen(seen_before);
    coroutine.awaits = cell.awaits();
    let polled = polled
        .map_err(|panicked| TaskFailure::panicked(who.clone(), panicked, coroutine.awaits))?;
    if let Some(fault) = core.take_fault() {
        return Err(TaskFailure::fault(fault));
    }
    if cell.is_lent() {
        let place = match (seen, coroutine.awaits) {
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

impl HandlerKind {
    fn span(&self) -> Span {
        match self {
            Self::Signal { name, .. } => spans::signal(name.as_str()),
            Self::Update { name, id } => spans::update(name.as_str(), id),
        }
    }

    pub(super) fn who(&self) -> Who {
        match self {
            Self::Signal { name, .. } => Who::Signal(name.clone()),
            Self::Update { name, .. } => Who::Update(name.clone()),
        }
    }
}
