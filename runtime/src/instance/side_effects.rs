//! Values that a run takes from outside of itself, once, and uses again in each replay.

use std::{cell::RefCell, collections::BTreeMap};

use durably_engine::{Payload, SideEffect, SideEffectId};

/// The side effects of a run. Boxed, because few runs have any.
#[derive(Default)]
pub(crate) struct SideEffects(RefCell<Option<Box<Effects>>>);

#[derive(Default)]
struct Effects {
    /// A replay called one whose value history lacks.
    missed: bool,
    /// How many that are recorded once the code has called.
    calls: u64,
    /// The values that history holds, and the code has not used yet.
    recorded: BTreeMap<u64, Vec<Payload>>,
    /// Those whose value changes, by name.
    mutable: BTreeMap<String, Mutable>,
}

/// A side effect whose value changes.
#[derive(Default)]
struct Mutable {
    calls: u64,
    /// The values that history holds, and the code has not used yet, by the call that recorded them.
    recorded: BTreeMap<u64, Vec<Payload>>,
    /// The value of the last call; none before the first.
    value: Option<Payload>,
}

/// A call of a side effect, and what is known of its value.
pub(crate) struct Called {
    pub(crate) id: SideEffectId,
    /// The value that history holds for this very call.
    pub(crate) recorded: Option<Payload>,
    /// The value of the call before; none for those that are recorded once.
    pub(crate) before: Option<Payload>,
}

impl SideEffects {
    /// History holds the marker of a side effect.
    pub(crate) fn record_marker(&self, effect: SideEffect) {
        let mut effects = self.0.borrow_mut();
        let effects = effects.get_or_insert_default();
        let (recorded, number) = match effect.id {
            SideEffectId::Once(number) => (&mut effects.recorded, number),
            SideEffectId::Mutable { name, call } => {
                (&mut effects.mutable.entry(name).or_default().recorded, call)
            }
        };
        recorded.insert(number, effect.data);
    }

    /// A replay calls a side effect whose value history lacks.
    pub(crate) fn miss(&self) {
        self.0.borrow_mut().get_or_insert_default().missed = true;
    }

    /// Whether a replay called one whose value history lacks, so that the code waits for ever: the engine reports
    /// the mismatch.
    pub(crate) fn is_missed(&self) -> bool {
        self.0.borrow().as_ref().is_some_and(|it| it.missed)
    }

    /// The code calls a side effect that is recorded once.
    pub(crate) fn call(&self) -> Called {
        let mut effects = self.0.borrow_mut();
        let effects = effects.get_or_insert_default();
        effects.calls += 1;
        let recorded = effects.recorded.remove(&effects.calls);
        Called {
            id: SideEffectId::Once(effects.calls),
            recorded: recorded.map(one),
            before: None,
        }
    }

    /// The code calls a side effect whose value changes.
    pub(crate) fn call_mutable(&self, name: String) -> Called {
        let mut effects = self.0.borrow_mut();
        let effects = effects.get_or_insert_default();
        let effect = effects.mutable.entry(name.clone()).or_default();
        effect.calls += 1;
        let recorded = effect.recorded.remove(&effect.calls);
        Called {
            id: SideEffectId::Mutable {
                name,
                call: effect.calls,
            },
            recorded: recorded.map(one),
            before: effect.value.clone(),
        }
    }

    /// Keeps the value of a side effect that changes, for its next call.
    pub(crate) fn keep(&self, id: &SideEffectId, value: &Payload) {
        let SideEffectId::Mutable { name, .. } = id else {
            return;
        };
        let mut effects = self.0.borrow_mut();
        let effects = effects.get_or_insert_default();
        if let Some(effect) = effects.mutable.get_mut(name) {
            effect.value = Some(value.clone());
        }
    }
}

/// The value of a marker: SDKs write one payload.
fn one(data: Vec<Payload>) -> Payload {
    data.into_iter().next().unwrap_or_else(Payload::null)
}
