//! Waits on events inside the run: a condition becomes true, a spawned coroutine ends.
//!
//! A change of the state costs as much as the waits that it may end, not as all waits. Waits for one condition
//! are of one [`Kind`]: the first of them is polled, and the next one only if the condition held, after what the
//! first one's end changed. The result of a condition that captures something is known for its own wait alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Excluded, Included},
    rc::Rc,
    task::{Context, Waker},
};

use super::{
    core::Core,
    coroutine::{CoroutineId, Waiter},
    current::Place,
    numbered::Numbered,
};

/// The waits that are pending, in the order in which they began.
#[derive(Default)]
pub(crate) struct Waits {
    pending: Numbered<Wait>,
    /// The conditions that depend on the state alone; few, as there is one for a place in the source.
    conditions: Vec<Condition>,
    /// Conditions that coroutines wait for, with the version of the state at which each was last false.
    of_coroutines: BTreeMap<(Kind, CoroutineId, u32), Version>,
    /// Waits in combinators that poll only the futures that were woken; those that have not been woken.
    nested: BTreeSet<(Kind, u32)>,
    /// The last wait that had begun when the latest check of nested waits did.
    last_checked: u32,
}

/// Counts what may have changed the state of the run.
pub(crate) type Version = u64;

/// One of the waits.
pub(crate) struct Wait {
    pub(crate) what: &'static str,
    pub(crate) place: Place,
    kind: Kind,
    /// None once it was woken, until it is polled.
    waiter: Option<Waiter>,
}

/// The kind of event that ends a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An event that notifies its waits.
    Event,
    /// An event that has notified this wait.
    Ended,
    /// A condition of its own.
    Alone,
    /// A condition that all waits of this kind wait for.
    Shared(u32),
}

struct Condition {
    /// Where it is written.
    site: usize,
    place: Place,
    /// The version of the state at which it was last false.
    false_at: Version,
    /// The last of its nested waits that was woken, during a check.
    woken_to: Option<u32>,
    /// Whether one of those has found the condition false.
    found_false: bool,
}

/// So many nested waits of one kind are woken at once. Mostly the first that is polled finds the condition false,
/// and the others need no poll.
const WINDOW: usize = 64;

#[cfg(not(test))]
const fn window() -> usize {
    WINDOW
}

#[cfg(test)]
fn window() -> usize {
    super::probe::WINDOW.get().unwrap_or(WINDOW)
}

impl Waits {
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    pub(crate) fn pending(&self) -> impl Iterator<Item = &Wait> {
        self.pending.values()
    }

    /// The kind of waits at `place` for the condition that is written at `site`.
    pub(crate) fn shared(&mut self, site: usize, place: Place) -> Kind {
        let known = self.conditions.iter();
        let mut known = known.map(|it| it.site == site && it.place == place);
        let at = known.position(|same| same).unwrap_or_else(|| {
            self.conditions.push(Condition {
                site,
                place,
                false_at: 0,
                woken_to: None,
                found_false: false,
            });
            self.conditions.len() - 1
        });
        Kind::Shared(at as u32)
    }

    /// The first coroutine of those after `after`, up to `upto`, that waits for a condition that was not
    /// false at `version`.
    pub(crate) fn next_check(
        &self,
        after: CoroutineId,
        upto: CoroutineId,
        version: Version,
    ) -> Option<Check> {
        let waits_of = |kind| {
            let range = (
                Excluded((kind, after, u32::MAX)),
                Included((kind, upto, u32::MAX)),
            );
            self.of_coroutines.range(range)
        };
        let alone = waits_of(Kind::Alone).find(|(_, false_at)| **false_at != version);
        let shared = self.conditions.iter().zip(0..);
        let shared = shared
            .filter(|(condition, _)| condition.false_at != version)
            .filter_map(|(_, at)| waits_of(Kind::Shared(at)).next());
        let all = alone.into_iter().chain(shared);
        all.map(|(&(kind, coroutine, wait), _)| Check {
            coroutine,
            kind,
            wait,
        })
        .min_by_key(|check| check.coroutine)
    }

    /// The coroutine is polled for this check. A coroutine that does not poll the wait now polls it before it
    /// waits for it again.
    pub(crate) fn take_check(&mut self, check: Check) {
        self.of_coroutines
            .remove(&(check.kind, check.coroutine, check.wait));
    }

    /// Begins a check of nested waits: wakes those that may end, in the order in which they began.
    pub(crate) fn begin_checks(&mut self) -> Vec<Waker> {
        self.last_checked = self.pending.last();
        let mut woken = BTreeSet::new();
        woken.extend(self.nested_of(Kind::Ended, 0));
        woken.extend(self.nested_of(Kind::Event, 0).take(window()));
        woken.extend(self.nested_of(Kind::Alone, 0));
        for at in 0..self.conditions.len() {
            self.widen(at, 0, &mut woken);
        }
        self.take_wakers(woken)
    }

    /// Continues a check in which nothing ended. Waits that are not polled now do not show whether the others end.
    pub(crate) fn continue_checks(&mut self) -> Vec<Waker> {
        let mut woken = BTreeSet::new();
        for at in 0..self.conditions.len() {
            let condition = &self.conditions[at];
            if let (Some(to), false) = (condition.woken_to, condition.found_false) {
                self.widen(at, to, &mut woken);
            }
        }
        self.take_wakers(woken)
    }

    /// Adds the next waits for a condition to those that are woken.
    fn widen(&mut self, condition: usize, after: u32, woken: &mut BTreeSet<u32>) {
        let next = self.nested_of(Kind::Shared(condition as u32), after);
        let next: Vec<u32> = next.take(window()).collect();
        #[cfg(test)]
        if next.len() == window() {
            super::probe::CUT.set(true);
        }
        if let Some(last) = next.last() {
            self.conditions[condition].woken_to = Some(*last);
        }
        woken.extend(next);
    }

    pub(crate) fn end_checks(&mut self) {
        for condition in &mut self.conditions {
            condition.woken_to = None;
            condition.found_false = false;
        }
    }

    pub(crate) fn has_nested(&self) -> bool {
        !self.nested.is_empty()
    }

    /// All waiters, in the order in which the waits began.
    pub(crate) fn take_all(&mut self) -> Vec<Waiter> {
        self.nested.clear();
        self.of_coroutines.clear();
        let all = self.pending.values_mut();
        all.filter_map(|wait| wait.waiter.take()).collect()
    }

    /// Ends a wait; returns the coroutine to poll for it, unless the wait is nested.
    pub(crate) fn end(&mut self, id: u32) -> Option<CoroutineId> {
        let wait = self.pending.get_mut(id)?;
        match wait.waiter {
            Some(Waiter::Coroutine(coroutine)) => Some(coroutine),
            Some(Waiter::Nested(_)) => {
                self.nested.remove(&(wait.kind, id));
                wait.kind = Kind::Ended;
                self.nested.insert((wait.kind, id));
                None
            }
            None => None,
        }
    }

    /// Nested waits that had begun when the check did.
    fn nested_of(&self, kind: Kind, after: u32) -> impl Iterator<Item = u32> {
        let range = (Excluded((kind, after)), Included((kind, u32::MAX)));
        let of_kind = self.nested.range(range).map(|(_, id)| *id);
        of_kind.take_while(|id| *id <= self.last_checked)
    }

    fn take_wakers(&mut self, waits: BTreeSet<u32>) -> Vec<Waker> {
        waits
            .into_iter()
            .filter_map(|id| self.take_waker(id))
            .collect()
    }

    /// Takes the waker of a nested wait.
    fn take_waker(&mut self, id: u32) -> Option<Waker> {
        let wait = self.pending.get_mut(id)?;
        self.nested.remove(&(wait.kind, id));
        let waiter = wait.waiter.take_if(|it| matches!(it, Waiter::Nested(_)))?;
        match waiter {
            Waiter::Nested(waker) => Some(waker),
            Waiter::Coroutine(_) => None,
        }
    }

    fn park(&mut self, id: Option<u32>, wait: Wait, version: Version) -> u32 {
        if let Kind::Shared(at) = wait.kind {
            let condition = &mut self.conditions[at as usize];
            condition.false_at = version;
            let before = id.and_then(|id| self.pending.get(id));
            condition.found_false |= before.is_some_and(|before| before.waiter.is_none());
        }
        let id = match id {
            Some(id) => {
                self.unlist(id);
                if let Some(before) = self.pending.get_mut(id) {
                    *before = wait;
                }
                id
            }
            None => self.pending.add(wait),
        };
        self.list(id, version);
        id
    }

    /// Removes a wait; returns the waker of the next one, which may have ended too.
    fn leave(&mut self, id: u32) -> Option<Waker> {
        self.unlist(id);
        let wait = self.pending.remove(id)?;
        let Kind::Shared(at) = wait.kind else {
            return None;
        };
        if matches!(wait.waiter, Some(Waiter::Coroutine(_))) {
            return None;
        }
        // The condition held, so it may hold for the next one.
        let to = self.conditions[at as usize].woken_to?;
        let next = self.nested_of(wait.kind, to).next()?;
        self.conditions[at as usize].woken_to = Some(next);
        self.take_waker(next)
    }

    fn list(&mut self, id: u32, version: Version) {
        let Some(wait) = self.pending.get(id) else {
            return;
        };
        match (&wait.waiter, wait.kind) {
            (Some(Waiter::Coroutine(_)), Kind::Event | Kind::Ended) | (None, _) => {}
            (Some(Waiter::Coroutine(coroutine)), kind) => {
                self.of_coroutines.insert((kind, *coroutine, id), version);
            }
            (Some(Waiter::Nested(_)), kind) => {
                self.nested.insert((kind, id));
            }
        }
    }

    fn unlist(&mut self, id: u32) {
        let Some(wait) = self.pending.get(id) else {
            return;
        };
        match &wait.waiter {
            Some(Waiter::Coroutine(coroutine)) => {
                self.of_coroutines.remove(&(wait.kind, *coroutine, id));
            }
            Some(Waiter::Nested(_)) => {
                self.nested.remove(&(wait.kind, id));
            }
            None => {}
        }
    }
}

/// The check of a condition that a coroutine waits for.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    pub(crate) coroutine: CoroutineId,
    kind: Kind,
    wait: u32,
}

/// The place of one future among the waits of its run, from its first poll until it is dropped.
#[derive(Default)]
pub(crate) struct Entry(Option<(Rc<Core>, u32)>);

impl Entry {
    /// Records that the future is pending; returns its number.
    pub(crate) fn park(
        &mut self,
        core: &Rc<Core>,
        what: &'static str,
        place: Place,
        kind: Kind,
        cx: &Context<'_>,
    ) -> u32 {
        core.seen(place);
        let wait = Wait {
            what,
            place,
            kind,
            waiter: Some(core.park(cx)),
        };
        let before = self.0.as_ref().map(|(_, id)| *id);
        let id = core
            .waits
            .borrow_mut()
            .park(before, wait, core.version.get());
        if before.is_none() {
            self.0 = Some((core.clone(), id));
        }
        id
    }

    /// Records that the future ended.
    pub(crate) fn leave(&mut self) {
        if let Some((core, id)) = self.0.take() {
            core.moved.set(true);
            let next = core.waits.borrow_mut().leave(id);
            if let Some(waker) = next {
                waker.wake();
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.leave();
    }
}
