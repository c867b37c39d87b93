//! Values from outside of the run, recorded in its history.

use std::{
    future::Future,
    marker::PhantomData,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use durably_engine::{Intent, Payload, RecordSideEffect};

use super::{Ctx, scope::Reach, spawn::awaited_again};
use crate::{
    data::{Data, Text, type_name, value},
    error::{Cancelled, DataError},
    instance::{
        core::{Core, Phase},
        side_effects::Called,
    },
};

/// The future of [`Ctx::side_effect`] and [`Ctx::mutable_side_effect`].
///
/// ```
/// use durably::{prelude::*, workflow::SideEffect};
///
/// /// The batch size of the machine on which the workflow asks first.
/// fn batch_size(ctx: &Ctx) -> SideEffect<impl FnOnce() -> u32, u32> {
///     ctx.side_effect(|| std::env::var("BATCH_SIZE").map_or(100, |size| size.parse().unwrap_or(100)))
/// }
///
/// async fn import(ctx: &Ctx) -> Result<u32> {
///     Ok(batch_size(ctx).summary("the batch size of this worker").await?)
/// }
/// ```
#[must_use = "the side effect is recorded when this is awaited"]
pub struct SideEffect<F, T> {
    core: Rc<Core>,
    reach: Reach,
    /// Its name, if its value changes.
    name: Option<String>,
    /// Taken by the first poll.
    value: Option<F>,
    summary: Option<String>,
    place: &'static Location<'static>,
    kind: PhantomData<fn() -> T>,
}

impl<F, T> SideEffect<F, T> {
    pub(crate) fn new(
        ctx: &Ctx,
        name: Option<String>,
        value: F,
        place: &'static Location<'static>,
    ) -> Self {
        Self {
            core: ctx.core().clone(),
            reach: ctx.reach().clone(),
            name,
            value: Some(value),
            summary: None,
            place,
            kind: PhantomData,
        }
    }

    /// A description of the value, which the UI and the CLI show in the history.
    pub fn summary(mut self, text: impl Text) -> Self {
        self.summary = Some(text.into_text());
        self
    }
}

impl<F: FnOnce() -> T, T: Data> SideEffect<F, T> {
    /// The payload of the value: the recorded one, or a new one, which is recorded; none if the code has a fault.
    fn payload(&mut self, value: F) -> Option<Payload> {
        let effects = &self.core.side_effects;
        let Called {
            id,
            recorded,
            before,
        } = match self.name.take() {
            Some(name) => effects.call_mutable(name),
            None => effects.call(),
        };
        let replaying = self.core.facts.get().replaying;
        let (payload, is_new) = match (recorded, before) {
            (Some(recorded), _) => (Some(recorded), true),
            (None, Some(before)) if replaying => (Some(before), false),
            // History took another path, which the engine reports when it reads on.
            (None, _) if replaying => {
                effects.miss();
                (None, true)
            }
            (None, before) => {
                let payload = self.encode(value)?;
                let is_new = before.is_none_or(|before| before != payload);
                (Some(payload), is_new)
            }
        };
        if let Some(payload) = &payload {
            self.core.side_effects.keep(&id, payload);
        }
        if is_new {
            let data = payload.iter().filter(|_| !replaying).cloned().collect();
            let summary = self.summary.take();
            let record = RecordSideEffect {
                id,
                data,
                summary: summary.and_then(|text| value::encode_json(&text).ok()),
            };
            let intent = Intent::RecordSideEffect(Box::new(record));
            self.core.issue(intent, Some(self.place));
        }
        payload
    }

    /// Takes the value from outside, and records no command meanwhile: a replay does not call it.
    fn encode(&self, value: F) -> Option<Payload> {
        let value = {
            let _reading = Reading::begin(&self.core);
            value()
        };
        match value.__encode(self.core.converter()) {
            Ok(payload) => Some(payload),
            Err(fault) => {
                let error = DataError::write(self.what(), type_name::short::<T>(), fault);
                self.core.record_fault(error.to_string());
                None
            }
        }
    }

    fn decode(&self, payload: Payload) -> Option<T> {
        match T::__decode(payload, self.core.converter()) {
            Ok(value) => Some(value),
            Err(fault) => {
                let error = DataError::read::<T>(self.what(), fault);
                self.core.record_fault(error.to_string());
                None
            }
        }
    }

    fn what(&self) -> String {
        format!("the value of the side effect at {}", self.place)
    }
}

impl<F: FnOnce() -> T, T: Data> Future for SideEffect<F, T> {
    type Output = Result<T, Cancelled>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.core.assert_commands_allowed();
        this.core.seen(this.place);
        let Some(value) = this.value.take() else {
            let what = format!("the side effect at {}", this.place);
            this.core.record_fault(awaited_again(&what));
            return Poll::Pending;
        };
        this.core.moved.set(true);
        if this.reach.is_cancelled(&this.core) {
            return Poll::Ready(Err(Cancelled));
        }
        let value = this.payload(value).and_then(|payload| this.decode(payload));
        match value {
            Some(value) => Poll::Ready(Ok(value)),
            None => Poll::Pending,
        }
    }
}

/// Nothing in it is pinned: the closure is moved out before it is called.
impl<F, T> Unpin for SideEffect<F, T> {}

/// Refuses commands while it lives.
struct Reading<'a> {
    core: &'a Core,
    before: Phase,
}

impl<'a> Reading<'a> {
    fn begin(core: &'a Core) -> Self {
        let before = core.phase.replace(Phase::Reading);
        Self { core, before }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.core.phase.set(self.before);
    }
}
