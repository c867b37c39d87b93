//! Waits on the workflow's own state.

use std::{
    future::Future,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use durably_engine::Intent;

use super::{context::Ctx, scope::Reach, timer::Sleep};
use crate::{
    error::Cancelled,
    instance::{
        core::Core,
        site,
        waits::{Entry, Kind},
    },
    time::span::Span,
};

/// The future of [`Ctx::wait_until`].
///
/// ```
/// # use durably::prelude::*;
/// #[derive(Default)]
/// struct Order {
///     paid: bool,
/// }
///
/// #[workflow]
/// impl Order {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx) -> Result<bool> {
///         if !ctx.wait_until(|| self.paid).timeout(days(3)).await? {
///             return Ok(false);
///         }
///         // Without a limit.
///         ctx.wait_until(|| ctx.handlers_finished()).await?;
///         Ok(true)
///     }
///
///     #[signal]
///     fn pay(&mut self) {
///         self.paid = true;
///     }
/// }
/// ```
#[must_use = "nothing is waited for until this is awaited"]
pub struct WaitUntil<F> {
    ctx: Ctx,
    condition: F,
    place: &'static Location<'static>,
    /// What is known of the condition, once it was false.
    kind: Option<Kind>,
    entry: Entry,
}

impl<F: FnMut() -> bool> WaitUntil<F> {
    pub(crate) fn new(ctx: &Ctx, condition: F, place: &'static Location<'static>) -> Self {
        Self {
            ctx: ctx.clone(),
            condition,
            place,
            kind: None,
            entry: Entry::default(),
        }
    }

    /// Limits the wait: it returns whether the condition became true in time, `false` after the timeout.
    ///
    /// No timer is started if the condition holds at once, or if the duration is zero.
    pub fn timeout(self, duration: impl Span) -> WaitUntilTimeout<F> {
        let duration = duration.into_duration();
        WaitUntilTimeout {
            timer: Sleep::new(&self.ctx, duration, self.place),
            zero: duration.is_zero(),
            until: self,
        }
    }
}

/// The condition is called, never pinned.
impl<F> Unpin for WaitUntil<F> {}

impl<F: FnMut() -> bool> Future for WaitUntil<F> {
    type Output = Result<(), Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.ctx.core().assert_commands_allowed();
        let (holds, site) = site::evaluate(&mut this.condition);
        if holds {
            this.entry.leave();
            return Poll::Ready(Ok(()));
        }
        if this.ctx.is_cancelled() {
            this.entry.leave();
            return Poll::Ready(Err(Cancelled));
        }
        let core = this.ctx.core();
        let kind = *this.kind.get_or_insert_with(|| match site {
            Some(site) => core.waits.borrow_mut().shared(site, this.place),
            None => Kind::Alone,
        });
        this.entry.park(core, "wait_until", this.place, kind, cx);
        Poll::Pending
    }
}

/// The future of [`WaitUntil::timeout`]: whether the condition came to hold in time.
///
/// ```
/// # use durably::prelude::*;
/// # #[derive(Default)]
/// # struct Order {
/// #     paid: bool,
/// # }
/// # #[workflow]
/// # impl Order {
/// #     #[run]
/// #     async fn run(&mut self, ctx: &Ctx) -> Result<bool> {
/// let paid = ctx.wait_until(|| self.paid).timeout(days(3)).summary("until it is paid").await?;
/// #         Ok(paid)
/// #     }
/// # }
/// ```
#[must_use = "nothing is waited for until this is awaited"]
pub struct WaitUntilTimeout<F> {
    until: WaitUntil<F>,
    timer: Sleep,
    zero: bool,
}

impl<F: FnMut() -> bool> WaitUntilTimeout<F> {
    /// A description of the wait's timer, which the UI and the CLI show in the history.
    pub fn summary(mut self, text: impl crate::data::Text) -> Self {
        self.timer = self.timer.summary(text);
        self
    }
}

impl<F: FnMut() -> bool> Future for WaitUntilTimeout<F> {
    type Output = Result<bool, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let begins = this.until.kind.is_none();
        if let Poll::Ready(held) = Pin::new(&mut this.until).poll(cx) {
            if begins && held.is_ok() && !this.zero {
                let place = Some(this.until.place);
                this.until.ctx.core().issue(Intent::SkipTimer, place);
            }
            return Poll::Ready(held.map(|()| true));
        }
        if this.zero {
            this.until.entry.leave();
            return Poll::Ready(Ok(false));
        }
        let fired = Pin::new(&mut this.timer).poll(cx);
        if fired.is_ready() {
            this.until.entry.leave();
        }
        fired.map_ok(|()| false)
    }
}

/// The future of [`Ctx::cancelled`].
///
/// ```
/// # use durably::prelude::*;
/// # async fn example(ctx: &Ctx) -> Result<()> {
/// if let Either::First(()) = race(ctx.cancelled(), ctx.sleep(days(30))).await {
///     println!("cancelled: {:?}", ctx.cancel_reason());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is waited for until this is awaited"]
pub struct CancelWait {
    core: Rc<Core>,
    reach: Reach,
    place: &'static Location<'static>,
    entry: Entry,
}

impl CancelWait {
    pub(crate) fn new(ctx: &Ctx, place: &'static Location<'static>) -> Self {
        Self {
            core: ctx.core().clone(),
            reach: ctx.reach().clone(),
            place,
            entry: Entry::default(),
        }
    }
}

impl Future for CancelWait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.core.assert_commands_allowed();
        if this.reach.is_cancelled(&this.core) {
            this.entry.leave();
            return Poll::Ready(());
        }
        this.entry
            .park(&this.core, "cancelled", this.place, Kind::Event, cx);
        Poll::Pending
    }
}
