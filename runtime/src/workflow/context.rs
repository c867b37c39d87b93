//! `Ctx`: what workflow code may ask for.

use std::{future::Future, ops::Deref, panic::Location, rc::Rc};

use rand::{
    RngExt,
    distr::{Distribution, StandardUniform},
};
use uuid::Uuid;

use super::{
    activity::{ActivityCall, UntypedActivity},
    condition::{CancelWait, WaitUntil},
    random::Random,
    scope::{Reach, Scope},
    spawn::{Spawned, spawn},
    timer::Sleep,
    view::View,
};
use crate::{
    data::{ArgList, Text},
    definition::NoTimeout,
    instance::core::Core,
    time::span::Span,
};

/// Commands: what a workflow does. Derefs to [`View`], so it knows all facts too.
///
/// Futures made from a context stop with an error once the context is cancelled; see
/// [`shield`](Self::shield) for work that must be done nevertheless.
#[derive(Clone)]
pub struct Ctx {
    view: View,
    reach: Reach,
}

impl Deref for Ctx {
    type Target = View;
    fn deref(&self) -> &View {
        &self.view
    }
}

impl Ctx {
    /// The context of a whole run.
    pub(crate) fn of_run(core: &Rc<Core>) -> Self {
        Self {
            view: View { core: core.clone() },
            reach: Reach::Run,
        }
    }

    pub(crate) fn core(&self) -> &Rc<Core> {
        &self.view.core
    }

    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Waits durably: the process may stop meanwhile, the timer is kept by the server.
    ///
    /// A zero duration starts no timer; it lets handlers and other branches run, and goes on.
    ///
    /// # Cancellation
    /// Gives [`Cancelled`](crate::error::Cancelled), and the timer is cancelled. Dropping the future
    /// cancels the timer too.
    #[track_caller]
    pub fn sleep(&self, duration: impl Span) -> Sleep {
        Sleep::new(self, duration.into_duration(), Location::caller())
    }

    /// Waits until `condition` holds. It is looked at whenever something happened in the workflow.
    ///
    /// With [`timeout`](WaitUntil::timeout) the wait tells whether the condition came to hold.
    ///
    /// # Cancellation
    /// Gives [`Cancelled`](crate::error::Cancelled), unless the condition holds at that moment.
    ///
    /// # Determinism
    /// The condition decides by the workflow's state alone, and changes nothing.
    #[track_caller]
    pub fn wait_until<F: FnMut() -> bool>(&self, condition: F) -> WaitUntil<F> {
        WaitUntil::new(self, condition, Location::caller())
    }

    /// Runs a future beside the rest of the workflow, from the next moment the workflow waits.
    ///
    /// It runs to its end even if the handle is dropped, unless the workflow ends before.
    #[track_caller]
    pub fn spawn<F: Future<Output: 'static> + 'static>(&self, future: F) -> Spawned<F::Output> {
        spawn(self.core(), future, Location::caller())
    }

    /// A context that cancellation does not reach, for cleaning up.
    pub fn shield(&self) -> Self {
        Self {
            view: self.view.clone(),
            reach: Reach::Shielded,
        }
    }

    /// A context that can be cancelled on its own; it is cancelled with this one too.
    pub fn scope(&self) -> (Scope, Self) {
        let (scope, reach) = self.reach.scope(self.core());
        let ctx = Self {
            view: self.view.clone(),
            reach,
        };
        (scope, ctx)
    }

    /// Whether this context is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.reach.is_cancelled(self.core())
    }

    /// Waits until this context is cancelled.
    #[track_caller]
    pub fn cancelled(&self) -> CancelWait {
        CancelWait::new(self, Location::caller())
    }

    /// Why the run is asked to stop, in the words of who asks; none while nobody does.
    pub fn cancel_reason(&self) -> Option<String> {
        self.core().cancel_reason()
    }

    /// Random numbers that replay repeats; works with all of `rand`'s traits.
    pub fn rng(&self) -> Random {
        Random::new(self.core())
    }

    /// A random value that replay repeats.
    #[track_caller]
    pub fn random<T>(&self) -> T
    where
        StandardUniform: Distribution<T>,
    {
        self.core().assert_commands_allowed();
        self.rng().random()
    }

    /// A random UUID (version 4) that replay repeats.
    #[track_caller]
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random()).into_uuid()
    }

    /// Whether the code behind a change is to run: true in runs that meet it for the first time
    /// now, false in runs whose history was written before the change.
    ///
    /// The answer is recorded under `id`, and stays the same for the whole run.
    #[track_caller]
    pub fn patched(&self, id: &str) -> bool {
        self.core().patched(id, false)
    }

    /// Says that no run remembers the time before the change `id`, so `patched` is not asked any
    /// more. The call goes too, once no run remembers the time before this call.
    #[track_caller]
    pub fn deprecate_patch(&self, id: &str) {
        self.core().patched(id, true);
    }

    /// An activity called by its name, whose result is an `R`, which travels: of a worker in another
    /// language, for example.
    #[track_caller]
    pub fn activity<R>(
        &self,
        name: impl Text,
        args: impl ArgList,
    ) -> ActivityCall<UntypedActivity<R>, NoTimeout> {
        ActivityCall::untyped(self, name.into_text(), args.encode())
    }
}
