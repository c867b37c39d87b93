//! `Ctx`: the commands of workflow code.

use std::{future::Future, ops::Deref, panic::Location, rc::Rc};

use durably_engine::Header;
use uuid::Uuid;

use super::{
    activity::{ActivityCall, UntypedActivity},
    child::ChildCall,
    condition::{CancelWait, WaitUntil},
    external::{ExternalHandle, UntypedWorkflow},
    patch::AsPatch,
    random::{self, Random},
    scope::{Reach, Scope},
    side_effect::SideEffect,
    spawn::{Spawned, spawn},
    timer::Sleep,
    view::View,
};
use crate::{
    data::{self, ArgList, ArgsEncoder, Data, Outgoing, Text, search::SearchUpdate},
    definition::NoTimeout,
    error::{DataError, Result},
    hints::random::Drawn,
    instance::core::Core,
    time::span::Span,
};

/// The context of workflow code: issues commands. Derefs to [`View`], which has the facts about the run.
///
/// Futures made from a context stop with an error once the context is cancelled; see
/// [`shield`](Self::shield) for work that must be done nevertheless.
///
/// ```
/// use durably::prelude::*;
///
/// #[activity(start_to_close = "10s")]
/// async fn reserve(item: u32) {}
///
/// #[activity(start_to_close = "10s")]
/// async fn release(item: u32) {}
///
/// const SECOND_REMINDER: Patch = Patch::new("a second reminder");
///
/// #[derive(Default)]
/// struct Order {
///     paid: bool,
/// }
///
/// #[workflow]
/// impl Order {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, item: u32) -> Result<String> {
///         reserve::call(ctx, item).await?;
///         let paid = ctx.wait_until(|| self.paid).timeout(days(3)).await;
///         if ctx.is_cancelled() {
///             // `ctx` is cancelled, so what must still be done goes through a shielded context.
///             tracing::info!("cancelled: {:?}", ctx.cancel_reason());
///             release::call(&ctx.shield(), item).await?;
///         }
///         paid?;
///
///         // A part of the workflow that can be cancelled on its own.
///         let (scope, part) = ctx.scope();
///         let reminder = ctx.spawn(async move { part.sleep(days(1)).await });
///         scope.cancel();
///         let _cancelled = reminder.await;
///
///         // Numbers and ids that replay repeats.
///         let lucky: bool = ctx.random();
///         let id = ctx.uuid();
///
///         // New code, for runs that begin after it was deployed.
///         if ctx.patched(SECOND_REMINDER) {
///             ctx.sleep(hours(1)).await?;
///         }
///         Ok(format!("{id} {lucky}"))
///     }
///
///     #[signal]
///     fn pay(&mut self) {
///         self.paid = true;
///     }
/// }
/// ```
///
/// More of it, each on its own:
///
/// ```
/// # use durably::prelude::*;
/// # async fn example(ctx: &Ctx) -> Result<()> {
/// use durably::workflow::Random;
///
/// // An activity of a worker in another language, by its name.
/// let receipt: String = ctx.activity("Charge", (100,)).start_to_close(secs(10)).await?;
///
/// // A child and another workflow of a worker in another language.
/// let arrival: String = ctx.child("Shipment", ("order-1",)).id("ship-7").await?;
/// ctx.external("ship-8").signal("hold", ("customs",)).await?;
///
/// // A generator for functions that take one.
/// let mut rng: Random = ctx.rng();
///
/// // No run is older than this change any more.
/// const SECOND_REMINDER: Patch = Patch::new("a second reminder");
/// ctx.deprecate_patch(SECOND_REMINDER);
///
/// // Until the workflow is cancelled.
/// ctx.cancelled().await;
/// # Ok(())
/// # }
/// ```
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

    /// Arguments for a call of this run, none yet.
    #[doc(hidden)]
    pub fn __arguments(&self) -> ArgsEncoder {
        ArgsEncoder::new(self.core().converter())
    }

    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Starts a timer and waits for it. The server keeps the timer, so the worker may stop meanwhile.
    ///
    /// A zero duration starts no timer; it lets handlers and other branches run, and resumes.
    ///
    /// # Cancellation
    /// Returns [`Cancelled`](crate::error::Cancelled), and the timer is cancelled. Dropping the future
    /// cancels the timer too.
    #[track_caller]
    pub fn sleep(&self, duration: impl Span) -> Sleep {
        Sleep::new(self, duration.into_duration(), Location::caller())
    }

    /// Waits until `condition` is true. It is evaluated whenever the state may have changed.
    ///
    /// With [`timeout`](WaitUntil::timeout) it returns whether the condition became true in time.
    ///
    /// # Cancellation
    /// Returns [`Cancelled`](crate::error::Cancelled), unless the condition is true at that moment.
    ///
    /// # Determinism
    /// The condition reads nothing but the workflow's state, and changes nothing.
    #[track_caller]
    pub fn wait_until<F: FnMut() -> bool>(&self, condition: F) -> WaitUntil<F> {
        WaitUntil::new(self, condition, Location::caller())
    }

    /// Runs a future concurrently with the rest of the workflow, from the next `.await` on.
    ///
    /// It runs to its end even if the handle is dropped, unless the workflow ends before.
    #[track_caller]
    pub fn spawn<F: Future<Output: 'static> + 'static>(&self, future: F) -> Spawned<F::Output> {
        spawn(self.core(), future, Location::caller())
    }

    /// A context that is not cancelled with the workflow, for cleaning up.
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

    /// The reason of the request to cancel the run; `None` if there is no request.
    pub fn cancel_reason(&self) -> Option<String> {
        self.core().cancel_reason()
    }

    /// Random numbers that replay repeats; works with all of `rand`'s traits.
    pub fn rng(&self) -> Random {
        Random::new(self.core())
    }

    /// Random numbers that replay repeats, from a sequence that only this name draws from.
    ///
    /// Draws elsewhere do not change its numbers: code that draws from another sequence can be added to
    /// running workflows, or removed, without a patch.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// use rand::seq::IndexedRandom;
    ///
    /// fn winner<'a>(ctx: &Ctx, names: &'a [String]) -> Option<&'a String> {
    ///     names.choose(&mut ctx.rng_named("lottery"))
    /// }
    /// ```
    #[track_caller]
    pub fn rng_named(&self, name: &str) -> Random {
        self.core().assert_commands_allowed();
        Random::named(self.core(), name)
    }

    /// A random value that replay repeats.
    #[track_caller]
    pub fn random<T: Drawn>(&self) -> T {
        self.core().assert_commands_allowed();
        T::draw(&mut self.rng())
    }

    /// A random UUID (version 4) that replay repeats.
    #[track_caller]
    pub fn uuid(&self) -> Uuid {
        random::uuid(self.core())
    }

    /// Sets and removes search attributes: one change, or several at once.
    ///
    /// The next run of a continue-as-new begins with what is set.
    ///
    /// ```
    /// use durably::{prelude::*, search::{Keyword, SearchKey}};
    ///
    /// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
    /// const AMOUNT: SearchKey<f64> = SearchKey::new("Amount");
    ///
    /// fn assign(ctx: &Ctx, customer: &str) -> Result<()> {
    ///     ctx.upsert([CUSTOMER.set(customer), AMOUNT.unset()])?;
    ///     assert_eq!(ctx.search(CUSTOMER)?.as_deref(), Some(customer));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// A value cannot be written: a number that is not finite. Then nothing is changed. The server checks
    /// names and types later: the workflow task fails until the attribute is registered.
    #[track_caller]
    pub fn upsert(&self, changes: impl IntoIterator<Item = SearchUpdate>) -> Result<(), DataError> {
        let mut attributes = Header::new();
        for change in changes {
            let (name, payload) = change.into_parts();
            attributes.insert(name, payload?);
        }
        // The server refuses a command without any.
        if !attributes.is_empty() {
            self.core().upsert_search_attributes(attributes);
        }
        Ok(())
    }

    /// Sets a memo, which `describe` and `list` show; `None` removes it.
    ///
    /// The next run of a continue-as-new begins with what is set.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// fn annotate(ctx: &Ctx, page: u32) -> Result<()> {
    ///     ctx.upsert_memo("page", page)?;
    ///     assert_eq!(ctx.memo("page")?, Some(page));
    ///     ctx.upsert_memo("draft", None::<String>)?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// The value cannot be written.
    #[track_caller]
    pub fn upsert_memo<T: Outgoing>(&self, name: impl Text, note: T) -> Result<(), DataError> {
        let name = name.into_text();
        let payload = data::note("memo", &name, &note, self.core().converter())?;
        self.core().upsert_memo(Header::from([(name, payload)]));
        Ok(())
    }

    /// Sets a description of what the workflow does at present: Markdown of several lines. The UI shows it, and
    /// [`WorkflowDescription::current_details`](crate::client::WorkflowDescription::current_details) returns it.
    ///
    /// It is not recorded: a worker answers it from the state of the run, as a query.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # async fn example(ctx: &Ctx) -> Result<()> {
    /// ctx.set_current_details("waits for **two** approvals");
    /// ctx.sleep(days(1)).await?;
    /// ctx.set_current_details("");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn set_current_details(&self, details: impl Text) {
        self.core().set_current_details(details.into_text());
    }

    /// A value from outside of the workflow: the environment, a clock, a cache of the process. The closure is
    /// called once, its value is recorded in the history, and a replay uses that value.
    ///
    /// The closure runs on the thread of the workflow, and is called again if its workflow task fails; what takes
    /// time or has an effect elsewhere belongs in an activity.
    ///
    /// # Cancellation
    /// Returns [`Cancelled`](crate::error::Cancelled), and the closure is not called.
    ///
    /// # Determinism
    /// The closure issues no command: it uses no context.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # async fn example(ctx: &Ctx) -> Result<()> {
    /// let region: String = ctx
    ///     .side_effect(|| std::env::var("REGION").unwrap_or_default())
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn side_effect<F: FnOnce() -> T, T: Data>(&self, value: F) -> SideEffect<F, T> {
        SideEffect::new(self, None, value, Location::caller())
    }

    /// A value from outside of the workflow that changes: the closure is called each time, and its value is
    /// recorded under `name` when it is not that of the call before. A replay uses the recorded values.
    ///
    /// As [`side_effect`](Self::side_effect) in all else.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # fn price_limit() -> u64 { 100 }
    /// # async fn example(ctx: &Ctx) -> Result<()> {
    /// loop {
    ///     let limit: u64 = ctx.mutable_side_effect("price limit", price_limit).await?;
    ///     if limit > 1_000 {
    ///         return Ok(());
    ///     }
    ///     ctx.sleep(hours(1)).await?;
    /// }
    /// # }
    /// ```
    #[track_caller]
    pub fn mutable_side_effect<F: FnOnce() -> T, T: Data>(
        &self,
        name: impl Text,
        value: F,
    ) -> SideEffect<F, T> {
        SideEffect::new(self, Some(name.into_text()), value, Location::caller())
    }

    /// A UUID of version 7 that replay repeats: workflow time, and random numbers.
    ///
    /// Each is larger than the ones that the run drew before.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// fn two(ctx: &Ctx) -> bool {
    ///     ctx.uuid7() < ctx.uuid7()
    /// }
    /// ```
    #[track_caller]
    pub fn uuid7(&self) -> Uuid {
        let random: [u8; 8] = self.random();
        let now = self.now().unix_millis();
        let (millis, counter) = self.core().random.next_uuid7(now);
        let mut rest = [0; 10];
        rest[..2].copy_from_slice(&counter.to_be_bytes());
        rest[2..].copy_from_slice(&random);
        uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    }

    /// Whether to run the new code of a change: true in runs that reach this call for the first time
    /// now, false in runs whose history was recorded before the change.
    ///
    /// The answer is recorded under the name of the patch, and stays the same for the whole run.
    #[track_caller]
    pub fn patched(&self, patch: impl AsPatch) -> bool {
        self.core().patched(patch.as_patch().name(), false)
    }

    /// Marks that no open run is older than the change, so its `patched` call is gone. Remove this
    /// call too, once no open run is older than it.
    #[track_caller]
    pub fn deprecate_patch(&self, patch: impl AsPatch) {
        self.core().patched(patch.as_patch().name(), true);
    }

    /// Calls an activity by its name, for example one of a worker in another language. Its result is
    /// deserialised as an `R`.
    #[track_caller]
    pub fn activity<R>(
        &self,
        name: impl Text,
        args: impl ArgList,
    ) -> ActivityCall<UntypedActivity<R>, NoTimeout> {
        ActivityCall::untyped(self, name.into_text(), args.encode(self.core().converter()))
    }

    /// Runs a workflow as a child by the name of its type, for example one of a worker in another
    /// language. Its result is deserialised as an `R`.
    #[track_caller]
    pub fn child<R>(&self, name: impl Text, args: impl ArgList) -> ChildCall<UntypedWorkflow<R>> {
        ChildCall::untyped(self, name.into_text(), args.encode(self.core().converter()))
    }

    /// A handle to another running workflow, whose type is not known to this program.
    pub fn external(&self, id: impl Text) -> ExternalHandle<UntypedWorkflow<()>> {
        ExternalHandle::new(self, id.into_text())
    }
}
