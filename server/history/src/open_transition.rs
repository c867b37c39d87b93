//! A state transition in progress: its time and the effects collected so far.

use crate::time::Time;
use crate::transition::{Effect, UpdateStatus};

/// Collects what handlers produce besides events.
pub(crate) struct OpenTransition {
    /// The time of the input.
    pub now: Time,
    effects: Vec<Effect>,
}

impl OpenTransition {
    pub(crate) fn new(now: Time) -> Self {
        Self {
            now,
            effects: Vec::new(),
        }
    }

    pub(crate) fn into_effects(self) -> Vec<Effect> {
        self.effects
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Adds the effect that an update reached a stage. Only the last stage of an input is kept: the
    /// task that accepts an update may also complete it or close the run.
    pub(crate) fn update_reached(&mut self, status: UpdateStatus) {
        let overtaken =
            |effect: &Effect| matches!(effect, Effect::UpdateReached(it) if it.id == status.id);
        self.effects.retain(|effect| !overtaken(effect));
        self.effects.push(Effect::UpdateReached(status));
    }
}
