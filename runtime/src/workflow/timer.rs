//! Durable timers.

use std::{
    future::Future,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use durably_engine::Intent;

use super::{context::Ctx, scope::Reach};
use crate::{
    data::{Text, value},
    error::Cancelled,
    instance::{
        core::Core,
        ops::{OpGuard, OpKind},
        outbound::NewTimer,
    },
};

/// The future of [`Ctx::sleep`].
///
/// ```
/// # use durably::prelude::*;
/// # async fn example(ctx: &Ctx) -> Result<()> {
/// ctx.sleep(days(30)).summary("until the trial ends").await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the timer starts when this is awaited"]
pub struct Sleep {
    core: Rc<Core>,
    reach: Reach,
    after: Duration,
    summary: Option<Box<str>>,
    place: &'static Location<'static>,
    state: State,
}

enum State {
    New,
    Yielded,
    Running(OpGuard),
    Done,
}

impl Sleep {
    pub(crate) fn new(ctx: &Ctx, after: Duration, place: &'static Location<'static>) -> Self {
        Self {
            core: ctx.core().clone(),
            reach: ctx.reach().clone(),
            after,
            summary: None,
            place,
            state: State::New,
        }
    }

    /// A description of the timer, which the UI and the CLI show in the history.
    pub fn summary(mut self, text: impl Text) -> Self {
        self.summary = Some(text.into_text().into());
        self
    }

    fn start(&mut self) -> Result<OpGuard, String> {
        let mut timer = NewTimer {
            after: self.after,
            summary: self.summary.take(),
        };
        let core = &self.core;
        let outbound = &core.worker.outbound;
        outbound.apply(|hook| hook.timer(core, &mut timer))?;
        let NewTimer { after, summary } = timer;
        let begun = OpGuard::begin(core.clone(), OpKind::Timer(after), self.place, |seq| {
            Intent::StartTimer {
                seq,
                after,
                summary: summary.and_then(|text| value::encode_json(&*text).ok()),
            }
        });
        Ok(begun)
    }
}

impl Future for Sleep {
    type Output = Result<(), Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.core.assert_commands_allowed();
        if let State::Running(timer) = &self.state
            && timer.poll(cx).is_ready()
        {
            self.state = State::Done;
            return Poll::Ready(Ok(()));
        }
        if self.reach.is_cancelled(&self.core) {
            self.state = State::Done;
            self.core.moved.set(true);
            return Poll::Ready(Err(Cancelled));
        }
        match self.state {
            State::New if !self.after.is_zero() => match self.start() {
                Ok(timer) => {
                    // Nothing has ended it yet; this leaves the waker there.
                    let _ = timer.poll(cx);
                    self.state = State::Running(timer);
                    Poll::Pending
                }
                Err(fault) => {
                    self.core.record_fault(fault);
                    self.state = State::Done;
                    Poll::Pending
                }
            },
            State::New => {
                self.state = State::Yielded;
                self.core.seen(self.place);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            State::Running(_) => Poll::Pending,
            State::Yielded | State::Done => {
                self.state = State::Done;
                Poll::Ready(Ok(()))
            }
        }
    }
}
