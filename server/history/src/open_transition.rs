//! A state transition in progress: when it happens, and the effects that it has so far.

use crate::time::Time;
use crate::transition::{Effect, UpdateStatus};

/// What the handling of one input collects beside the events.
pub(crate) struct OpenTransition {
    /// When the input happens.
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

    /// Reports the stage that an update has reached. Only the last stage of an input is reported:
    /// the task that accepts an update may also complete it or close the run.
    pub(crate) fn update_reached(&mut self, status: UpdateStatus) {
        let overtaken =
            |effect: &Effect| matches!(effect, Effect::UpdateReached(it) if it.id == status.id);
        self.effects.retain(|effect| !overtaken(effect));
        self.effects.push(Effect::UpdateReached(status));
    }
}
