//! Locks of workflow code, granted in the order of the waits, at every replay.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use super::{context::Ctx, scope::Reach};
use crate::{
    error::Cancelled,
    instance::{
        core::Core,
        waits::{Entry, Kind},
    },
};

/// Limits how many parts of a workflow run at once.
///
/// A permit is free again when it is dropped. Those that wait get permits in the order in which they were
/// first awaited; one that waits for many permits is not overtaken by those that want few. A clone is the
/// same semaphore, so `self.slots.acquire(ctx).await?` borrows nothing of the state while it waits.
///
/// ```
/// use durably::{prelude::*, workflow::Semaphore};
///
/// #[activity(start_to_close = "1m")]
/// async fn print(page: String) {}
///
/// struct Printer {
///     slots: Semaphore,
/// }
///
/// #[workflow]
/// impl Printer {
///     #[init]
///     fn new() -> Self {
///         Self { slots: Semaphore::new(2) }
///     }
///
///     #[run]
///     async fn run(&mut self, ctx: &Ctx) -> Result<()> {
///         ctx.wait_until(|| ctx.continue_as_new_suggested()).await?;
///         Ok(())
///     }
///
///     /// Two pages at once, however many signals arrive.
///     #[signal]
///     async fn page(&mut self, ctx: &Ctx, text: String) -> Result<()> {
///         let _slot = self.slots.acquire(ctx).await?;
///         print::call(ctx, text).await?;
///         Ok(())
///     }
///
///     #[query]
///     fn free(&self) -> usize {
///         self.slots.available()
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Semaphore(Rc<RefCell<Permits>>);

struct Permits {
    /// Permits that nobody has.
    free: usize,
    /// All permits.
    total: usize,
    /// Those that wait, and those that were granted permits and have not taken them yet, in their order.
    waiting: VecDeque<Waiting>,
    next_ticket: u64,
}

struct Waiting {
    ticket: u64,
    wanted: usize,
    granted: bool,
    /// The run, and the number of its wait.
    core: Rc<Core>,
    wait: u32,
}

impl Semaphore {
    /// A semaphore with this many permits.
    ///
    /// # Panics
    /// If there are none: nothing would ever run.
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        assert!(permits > 0, "a semaphore needs at least one permit");
        Self(Rc::new(RefCell::new(Permits {
            free: permits,
            total: permits,
            waiting: VecDeque::new(),
            next_ticket: 0,
        })))
    }

    /// Waits for a permit.
    #[track_caller]
    pub fn acquire(&self, ctx: &Ctx) -> Acquire {
        Acquire::new(self, ctx, 1, "a semaphore")
    }

    /// Waits for several permits, which are granted together.
    ///
    /// ```
    /// # use durably::{prelude::*, workflow::{Permit, Semaphore}};
    /// /// Waits until nobody else is at work, and keeps others from beginning.
    /// async fn alone(ctx: &Ctx, slots: &Semaphore) -> Result<Permit> {
    ///     Ok(slots.acquire_many(ctx, 2).await?)
    /// }
    /// ```
    ///
    /// # Panics
    /// If there are not so many permits in all, or none is wanted.
    #[track_caller]
    pub fn acquire_many(&self, ctx: &Ctx, permits: usize) -> Acquire {
        let total = self.0.borrow().total;
        assert!(
            (1..=total).contains(&permits),
            "{permits} permits of a semaphore that has {total} in all"
        );
        Acquire::new(self, ctx, permits, "a semaphore")
    }

    /// A permit, if one is free and nobody waits for it.
    ///
    /// ```
    /// # use durably::{prelude::*, workflow::Semaphore};
    /// fn is_busy(ctx: &Ctx, slots: &Semaphore) -> bool {
    ///     slots.try_acquire(ctx).is_none()
    /// }
    /// ```
    #[track_caller]
    pub fn try_acquire(&self, ctx: &Ctx) -> Option<Permit> {
        ctx.core().assert_commands_allowed();
        self.take(ctx.core(), 1)
    }

    /// How many permits nobody has.
    pub fn available(&self) -> usize {
        self.0.borrow().free
    }

    fn take(&self, core: &Rc<Core>, wanted: usize) -> Option<Permit> {
        let mut permits = self.0.borrow_mut();
        // Permits are granted in order: if the last one was granted some, nobody else waits.
        let waits = permits.waiting.back().is_some_and(|last| !last.granted);
        if waits || permits.free < wanted {
            return None;
        }
        permits.free -= wanted;
        Some(self.permit(core, wanted))
    }

    fn permit(&self, core: &Rc<Core>, count: usize) -> Permit {
        Permit {
            semaphore: self.clone(),
            core: Rc::clone(core),
            count,
        }
    }

    /// Gives permits back.
    fn release(&self, count: usize) {
        let mut permits = self.0.borrow_mut();
        permits.free += count;
        assert!(
            permits.free <= permits.total,
            "more permits were given back than there are"
        );
        permits.grant();
    }

    /// Removes what no longer waits.
    fn leave(&self, ticket: u64) {
        let mut permits = self.0.borrow_mut();
        let Some(at) = permits.position(ticket) else {
            return;
        };
        if let Some(left) = permits.waiting.remove(at)
            && left.granted
        {
            permits.free += left.wanted;
        }
        permits.grant();
    }
}

impl Permits {
    /// Tickets grow along the queue.
    fn position(&self, ticket: u64) -> Option<usize> {
        self.waiting
            .binary_search_by_key(&ticket, |waiting| waiting.ticket)
            .ok()
    }

    /// Grants free permits to those that wait longest.
    fn grant(&mut self) {
        let waiting = self.waiting.iter_mut();
        for next in waiting.skip_while(|waiting| waiting.granted) {
            if next.wanted > self.free {
                return;
            }
            self.free -= next.wanted;
            next.granted = true;
            next.core.moved.set(true);
            next.core.wait_ended(next.wait);
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let permits = self.0.borrow();
        f.debug_struct("Semaphore")
            .field("available", &permits.free)
            .field("total", &permits.total)
            .finish_non_exhaustive()
    }
}

/// The future of [`Semaphore::acquire`] and [`Lock::acquire`].
///
/// ```
/// use durably::{prelude::*, workflow::{Acquire, Semaphore}};
///
/// fn both(ctx: &Ctx, left: &Semaphore, right: &Semaphore) -> [Acquire; 2] {
///     [left.acquire(ctx), right.acquire(ctx)]
/// }
/// ```
#[must_use = "nothing is waited for until this is awaited"]
pub struct Acquire {
    semaphore: Semaphore,
    core: Rc<Core>,
    reach: Reach,
    wanted: usize,
    what: &'static str,
    place: &'static Location<'static>,
    /// The place in the queue, once it is in it.
    ticket: Option<u64>,
    entry: Entry,
}

impl Acquire {
    #[track_caller]
    fn new(semaphore: &Semaphore, ctx: &Ctx, wanted: usize, what: &'static str) -> Self {
        Self {
            semaphore: semaphore.clone(),
            core: ctx.core().clone(),
            reach: ctx.reach().clone(),
            wanted,
            what,
            place: Location::caller(),
            ticket: None,
            entry: Entry::default(),
        }
    }

    /// The permit, if it was granted.
    fn granted(&mut self) -> Option<Permit> {
        let Some(ticket) = self.ticket else {
            return self.semaphore.take(&self.core, self.wanted);
        };
        let mut permits = self.semaphore.0.borrow_mut();
        let at = permits.position(ticket)?;
        if !permits.waiting[at].granted {
            return None;
        }
        permits.waiting.remove(at);
        self.ticket = None;
        Some(self.semaphore.permit(&self.core, self.wanted))
    }

    fn park(&mut self, cx: &Context<'_>) {
        let wait = self
            .entry
            .park(&self.core, self.what, self.place, Kind::Event, cx);
        let mut permits = self.semaphore.0.borrow_mut();
        match self.ticket.and_then(|ticket| permits.position(ticket)) {
            Some(at) => permits.waiting[at].wait = wait,
            None => {
                let ticket = permits.next_ticket;
                permits.next_ticket += 1;
                permits.waiting.push_back(Waiting {
                    ticket,
                    wanted: self.wanted,
                    granted: false,
                    core: Rc::clone(&self.core),
                    wait,
                });
                self.ticket = Some(ticket);
            }
        }
    }

    fn leave_queue(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.semaphore.leave(ticket);
        }
    }
}

impl Future for Acquire {
    type Output = Result<Permit, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.core.assert_commands_allowed();
        if let Some(permit) = this.granted() {
            this.entry.leave();
            return Poll::Ready(Ok(permit));
        }
        if this.reach.is_cancelled(&this.core) {
            this.leave_queue();
            this.entry.leave();
            return Poll::Ready(Err(Cancelled));
        }
        this.park(cx);
        Poll::Pending
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let refused =
            || "a query, a validator or a constructor dropped a wait for a permit".to_owned();
        if self.ticket.is_some() && !self.core.refuses(refused) {
            self.leave_queue();
        }
    }
}

/// One or more permits of a [`Semaphore`], or a held [`Lock`]; given back when it is dropped.
///
/// ```
/// use durably::{prelude::*, workflow::{Permit, Semaphore}};
///
/// async fn begin(ctx: &Ctx, slots: &Semaphore) -> Result<Permit> {
///     Ok(slots.acquire(ctx).await?)
/// }
/// ```
#[must_use = "the permit is given back when this is dropped: keep it, as in `let permit = ..`, and not in `_`"]
pub struct Permit {
    semaphore: Semaphore,
    core: Rc<Core>,
    count: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let refused = || "a query, a validator or a constructor dropped a permit".to_owned();
        if !self.core.refuses(refused) {
            self.semaphore.release(self.count);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.count).finish()
    }
}

/// Lets one part of a workflow run at a time, over its awaits: handlers of signals and updates can run one after
/// the other.
///
/// The state needs no lock for what happens between two awaits. Those that wait get the lock in the order
/// in which they were first awaited. A clone is the same lock, so `self.transfers.acquire(ctx).await?`
/// borrows nothing of the state while it waits. It is a [`Semaphore`] with one permit, and has a default.
///
/// ```
/// use durably::{prelude::*, workflow::Lock};
///
/// #[activity(start_to_close = "10s")]
/// async fn transfer(cents: u64) {}
///
/// struct Account {
///     cents: u64,
///     transfers: Lock,
/// }
///
/// #[workflow]
/// impl Account {
///     #[init]
///     fn new(cents: u64) -> Self {
///         Self { cents, transfers: Lock::new() }
///     }
///
///     #[run]
///     async fn run(&mut self, ctx: &Ctx) -> Result<()> {
///         ctx.wait_until(|| self.cents == 0).await?;
///         Ok(())
///     }
///
///     /// Checks what is left, and subtracts it, without another withdrawal in between.
///     #[update]
///     async fn withdraw(&mut self, ctx: &Ctx, cents: u64) -> Result<u64> {
///         let _one_at_a_time = self.transfers.acquire(ctx).await?;
///         if cents > self.cents {
///             bail!("only {} cents are left", self.cents);
///         }
///         transfer::call(ctx, cents).await?;
///         self.cents -= cents;
///         Ok(self.cents)
///     }
///
///     #[query]
///     fn transferring(&self) -> bool {
///         self.transfers.is_held()
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Lock(Semaphore);

impl Lock {
    /// A lock that nobody holds.
    pub fn new() -> Self {
        Self(Semaphore::new(1))
    }

    /// Waits until nobody else holds it.
    #[track_caller]
    pub fn acquire(&self, ctx: &Ctx) -> Acquire {
        Acquire::new(&self.0, ctx, 1, "a lock")
    }

    /// The lock, if nobody holds it or waits for it.
    ///
    /// ```
    /// # use durably::{prelude::*, workflow::{Lock, Permit}};
    /// fn begin(ctx: &Ctx, transfers: &Lock) -> Option<Permit> {
    ///     transfers.try_acquire(ctx)
    /// }
    /// ```
    #[track_caller]
    pub fn try_acquire(&self, ctx: &Ctx) -> Option<Permit> {
        self.0.try_acquire(ctx)
    }

    /// Whether somebody holds it.
    pub fn is_held(&self) -> bool {
        self.0.available() == 0
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("held", &self.is_held())
            .finish()
    }
}
