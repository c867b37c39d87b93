//! Calls of activities.

use std::{
    borrow::Cow,
    future::Future,
    marker::PhantomData,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use durably_engine::{
    CancellationType, FailureInfo, FailureRecord, Intent, RetryState, ScheduleActivity,
    ScheduleLocalActivity,
};

use super::{context::Ctx, local_activity::LocalActivityCall, scope::Reach, spawn::awaited_again};
use crate::{
    data::{Callee, Converter, EncodedArgs, Known, Text, value},
    definition::private::{PayloadOf, payload},
    definition::{Activity, HasTimeout, NoTimeout, TimeoutSet},
    error::ActivityError,
    instance::{
        core::Core,
        ops::{OpGuard, OpKind, OpResult},
    },
    options::{
        ActivityOptions, Priority, Retry,
        setters::{doc_of, setters, value_of},
    },
    time::span::Span,
};

/// One activity call; `.await` it once a timeout is known.
///
/// The call is made when it is awaited or [started](Self::start). Its arguments were encoded when it
/// was built, so it borrows nothing.
///
/// # Cancellation
/// When the context is cancelled, a request to cancel is sent to the activity, and the call returns an error whose
/// [`is_cancelled`](ActivityError::is_cancelled) holds; see [`cancellation`](Self::cancellation) for
/// whether it waits for the activity. Dropping a call that was made cancels the activity too.
///
/// # Options
/// ```
/// use durably::{prelude::*, workflow::CancellationType};
///
/// #[activity]
/// async fn render(film: String) -> u64 {
///     film.len() as u64
/// }
///
/// #[derive(Default)]
/// struct Studio;
///
/// #[workflow]
/// impl Studio {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, film: String) -> Result<u64> {
///         // Called, awaited at once.
///         let first = render::call(ctx, &film)
///             .start_to_close(mins(10))
///             .schedule_to_close(hours(2))
///             .schedule_to_start(mins(30))
///             .heartbeat(secs(30))
///             .retry(Retry::attempts(5).initial_interval(secs(2)).not_for("NoSuchFilm"))
///             .task_queue("gpu")
///             .priority(Priority::key(1))
///             .id("render-1")
///             .summary("the first cut")
///             .cancellation(CancellationType::WaitCompleted)
///             .await?;
///
///         // Started now, awaited later.
///         let mut trailer = render::call(ctx, "trailer").start_to_close(mins(1)).start();
///         if first == 0 {
///             trailer.cancel();
///         }
///         let seconds = trailer.await?;
///
///         // Done even if the workflow is cancelled meanwhile.
///         render::call(ctx, "credits").start_to_close(mins(1)).shielded().await?;
///
///         // Started, and its result is of no interest.
///         render::call(ctx, "poster").start_to_close(mins(1)).start().detach();
///         Ok(first + seconds)
///     }
/// }
/// ```
#[must_use = "the activity is scheduled when the call is awaited"]
pub struct ActivityCall<A, T> {
    core: Rc<Core>,
    reach: Reach,
    state: State,
    place: &'static Location<'static>,
    kind: PhantomData<fn() -> (A, T)>,
}

enum State {
    New(Box<Request>),
    Running(Running),
    Done,
}

/// The request; taken when the activity is scheduled.
struct Request {
    name: Cow<'static, str>,
    args: EncodedArgs,
    options: ActivityOptions,
    id: Option<String>,
    summary: Option<String>,
    cancellation: CancellationType,
    kind: Kind,
}

/// Where the activity runs.
#[derive(Clone, Copy)]
enum Kind {
    /// On a worker of its task queue.
    Remote,
    /// In the worker of the run.
    Local {
        /// A longer pause before the next attempt is a timer in history.
        retry_threshold: Option<Duration>,
    },
}

/// A call that was made.
struct Running {
    name: Cow<'static, str>,
    ticket: OpGuard,
    /// Whether a request to cancel was sent.
    stopping: bool,
}

/// An activity that is known by its name only; its result is an `R`.
///
/// ```
/// use durably::{prelude::*, workflow::{ActivityCall, NoTimeout, UntypedActivity}};
///
/// /// An activity of a worker in another language.
/// fn charge(ctx: &Ctx, cents: u64) -> ActivityCall<UntypedActivity<String>, NoTimeout> {
///     ctx.activity("Charge", (cents,))
/// }
///
/// async fn pay(ctx: &Ctx) -> Result<String> {
///     Ok(charge(ctx, 100).start_to_close(secs(10)).await?)
/// }
/// ```
pub struct UntypedActivity<R>(PhantomData<fn() -> R>);

impl<R: Known> Activity for UntypedActivity<R> {
    const NAME: &'static str = "";
    type Output = R;
    fn __output() -> PayloadOf<R> {
        payload()
    }
    fn __defaults() -> ActivityOptions {
        ActivityOptions::default()
    }
}

impl<A: Activity, T> ActivityCall<A, T> {
    /// A call with the options that the activity declares.
    #[doc(hidden)]
    #[track_caller]
    pub fn new(ctx: &Ctx, args: EncodedArgs) -> Self {
        Self::build(ctx, A::NAME.into(), args, A::__defaults())
    }

    /// A call of a dynamic activity by this name.
    #[doc(hidden)]
    #[track_caller]
    pub fn named(ctx: &Ctx, name: impl Text, args: EncodedArgs) -> Self {
        Self::build(ctx, name.into_text().into(), args, A::__defaults())
    }

    /// A call of a dynamic activity by this name, with its options overlaid with `options`.
    #[track_caller]
    pub(crate) fn named_with_options(
        ctx: &Ctx,
        name: impl Text,
        args: EncodedArgs,
        options: &ActivityOptions,
    ) -> Self {
        let options = A::__defaults().overlaid(options);
        Self::build(ctx, name.into_text().into(), args, options)
    }

    /// A call with the options that the activity declares, overlaid with `options`.
    #[doc(hidden)]
    #[track_caller]
    pub fn with_options(ctx: &Ctx, args: EncodedArgs, options: &ActivityOptions) -> Self {
        Self::build(ctx, A::NAME.into(), args, A::__defaults().overlaid(options))
    }
}

// Without a bound on the activity, so that rustc asks once, at the `.await`, for the result of one
// that is called by its name.
impl<A, T> ActivityCall<A, T> {
    setters! {
        fn start_to_close(duration: impl Span) -> ActivityCall<A, TimeoutSet>;
        fn schedule_to_close(duration: impl Span) -> ActivityCall<A, TimeoutSet>;
        fn schedule_to_start(duration: impl Span) -> Self;
        fn heartbeat(duration: impl Span) -> Self;
        fn retry(retry: Retry /* as in `Retry::attempts(3)` */) -> Self;
        fn priority(priority: Priority /* as in `Priority::key(1)` */) -> Self;
        fn task_queue(queue: impl Text) -> Self;
    }

    #[track_caller]
    fn build(
        ctx: &Ctx,
        name: Cow<'static, str>,
        args: EncodedArgs,
        options: ActivityOptions,
    ) -> Self {
        Self {
            core: ctx.core().clone(),
            reach: ctx.reach().clone(),
            state: State::New(Box::new(Request {
                name,
                args,
                options,
                id: None,
                summary: None,
                cancellation: CancellationType::default(),
                kind: Kind::Remote,
            })),
            place: Location::caller(),
            kind: PhantomData,
        }
    }

    /// The id of the activity, unique among those that run; a number by default.
    pub fn id(mut self, id: impl Text) -> Self {
        self.request(|it| it.id = Some(id.into_text()));
        self
    }

    /// A description of the call, which the UI and the CLI show in the history.
    pub fn summary(mut self, text: impl Text) -> Self {
        self.request(|it| it.summary = Some(text.into_text()));
        self
    }

    /// What cancellation does: request it and return at once (`TryCancel`, the default), request it and
    /// wait until the activity has ended (`WaitCompleted`), or return without a request (`Abandon`).
    pub fn cancellation(mut self, kind: CancellationType) -> Self /* as in `CancellationType::Abandon` */
    {
        self.request(|it| it.cancellation = kind);
        self
    }

    /// The call is not cancelled with the workflow.
    pub fn shielded(mut self) -> Self {
        self.reach = Reach::Shielded;
        self
    }

    /// The same call of a local activity: it runs in the worker of the workflow, as part of the workflow task
    /// that is in progress. See [`LocalActivityCall`].
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # #[activity(start_to_close = "1s")] async fn greet(name: String) -> String { name }
    /// # async fn example(ctx: &Ctx) -> Result<()> {
    /// let greeting = greet::call(ctx, "Bob").local().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn local(mut self) -> LocalActivityCall<A, T> /* with `.start_to_close(secs(10))` */ {
        self.set_local(None);
        LocalActivityCall::new(self)
    }

    pub(super) fn set_local(&mut self, retry_threshold: Option<Duration>) {
        self.request(|it| it.kind = Kind::Local { retry_threshold });
    }

    pub(super) fn set(&mut self, change: impl FnOnce(&mut ActivityOptions)) {
        self.request(|it| change(&mut it.options));
    }

    fn request(&mut self, change: impl FnOnce(&mut Request)) {
        if let State::New(request) = &mut self.state {
            change(request);
        }
    }

    /// The same call, of which a timeout is known now.
    pub(super) fn decided(self) -> ActivityCall<A, TimeoutSet> {
        ActivityCall {
            core: self.core,
            reach: self.reach,
            state: self.state,
            place: self.place,
            kind: PhantomData,
        }
    }
}

impl<R> ActivityCall<UntypedActivity<R>, NoTimeout> {
    #[track_caller]
    pub(crate) fn untyped(ctx: &Ctx, name: String, args: EncodedArgs) -> Self {
        Self::build(ctx, name.into(), args, ActivityOptions::default())
    }
}

impl<A: Activity, T> ActivityCall<A, T> {
    // The bound stands at the method, so that rustc says what is missing and not only that the method
    // cannot be called.
    /// Schedules the activity now; awaiting the handle returns its result.
    #[track_caller]
    pub fn start(mut self) -> ActivityHandle<A>
    where
        T: HasTimeout,
    {
        self.begin();
        ActivityHandle(ActivityCall {
            core: self.core,
            reach: self.reach,
            state: self.state,
            place: self.place,
            kind: PhantomData,
        })
    }
}

impl<A: Activity, T> ActivityCall<A, T> {
    /// Schedules the activity, unless it is scheduled or cancelled already, or its arguments are invalid.
    #[track_caller]
    fn begin(&mut self) {
        self.core.assert_commands_allowed();
        if self.reach.is_cancelled(&self.core) {
            return;
        }
        self.state = match std::mem::replace(&mut self.state, State::Done) {
            State::New(request) => match request.schedule(&A::__defaults, &self.core, self.place) {
                Ok(running) => State::Running(running),
                Err(fault) => {
                    self.core.record_fault(fault);
                    State::Done
                }
            },
            other => other,
        };
    }

    fn poll_result(&mut self, cx: &Context<'_>) -> Poll<Result<A::Output, ActivityError>> {
        self.begin();
        let running = match &mut self.state {
            State::Running(running) => running,
            State::Done => {
                // The fault of a call that could not be made came first, and counts.
                let place = self.place;
                let what = format!("the activity called at {place}");
                self.core.record_fault(awaited_again(&what));
                return Poll::Pending;
            }
            State::New(request) => {
                let error = cancelled_before_start(&request.name, self.core.converter());
                self.state = State::Done;
                self.core.moved.set(true);
                return Poll::Ready(Err(error));
            }
        };
        if !running.stopping && self.reach.is_cancelled(&self.core) {
            running.stopping = true;
            running.ticket.cancel();
        }
        let ended = ready!(running.ticket.poll(cx));
        let name = std::mem::take(&mut running.name);
        self.state = State::Done;
        match ended {
            OpResult::Completed(result) => {
                match A::__output().given(&Callee::Activity(name), result, self.core.converter()) {
                    Ok(output) => Poll::Ready(Ok(output)),
                    Err(error) => {
                        self.core.record_fault(error.to_string());
                        Poll::Pending
                    }
                }
            }
            OpResult::Failed(failure) => {
                let converter = self.core.converter();
                Poll::Ready(Err(ActivityError::from_record(*failure, converter)))
            }
            OpResult::Fired | OpResult::External(_) => Poll::Pending,
        }
    }
}

impl Request {
    /// Refuses options that the call was given before `.local()`, and that a local activity has not; those that
    /// the activity declares are for its ordinary calls.
    fn check_local(&self, declared: &dyn Fn() -> ActivityOptions) -> Result<(), String> {
        let given = &self.options;
        if given.heartbeat.is_none() && given.task_queue.is_none() && given.priority.is_none() {
            return Ok(());
        }
        let declared = declared();
        let refused = [
            ("heartbeat", given.heartbeat != declared.heartbeat),
            ("task_queue", given.task_queue != declared.task_queue),
            ("priority", given.priority != declared.priority),
        ];
        match refused.iter().find(|(_, is_refused)| *is_refused) {
            None => Ok(()),
            Some((option, _)) => Err(format!(
                "options of local activity `{}`: `{option}` is not one, because the worker of the workflow \
                 runs the activity; leave it out, or call the activity without `.local()`",
                self.name
            )),
        }
    }

    fn schedule(
        self,
        declared: &dyn Fn() -> ActivityOptions,
        core: &Rc<Core>,
        place: &'static Location<'static>,
    ) -> Result<Running, String> {
        if let Kind::Local { .. } = self.kind {
            self.check_local(declared)?;
        }
        let input = self
            .args
            .0
            .map_err(|error| format!("cannot call activity `{}`: {error}", self.name))?;
        self.options
            .check(&self.name)
            .map_err(|error| error.to_string())?;
        let summary = self.summary.and_then(|text| value::encode_json(&text).ok());
        let ticket = match self.kind {
            Kind::Remote => {
                let mut schedule = Box::new(ScheduleActivity {
                    activity_id: self.id,
                    activity_type: self.name.clone().into_owned(),
                    input,
                    timeouts: self.options.timeouts(),
                    retry: self.options.retry.as_ref().map(Retry::policy),
                    task_queue: self.options.task_queue,
                    priority: self
                        .options
                        .priority
                        .map(Priority::into_engine)
                        .unwrap_or_default(),
                    cancellation: self.cancellation,
                    eager: true,
                    summary,
                    ..ScheduleActivity::default()
                });
                let outbound = &core.worker.outbound;
                outbound.apply(|hook| hook.activity(core, &mut schedule))?;
                let what = OpKind::Activity(self.name.clone());
                OpGuard::begin(core.clone(), what, place, |seq| {
                    schedule.seq = seq;
                    Intent::ScheduleActivity(schedule)
                })
            }
            Kind::Local { retry_threshold } => {
                let mut schedule = Box::new(ScheduleLocalActivity {
                    activity_id: self.id,
                    activity_type: self.name.clone().into_owned(),
                    input,
                    timeouts: self.options.timeouts(),
                    retry: self.options.retry.as_ref().map(Retry::policy),
                    local_retry_threshold: retry_threshold,
                    cancellation: self.cancellation,
                    summary,
                    ..ScheduleLocalActivity::default()
                });
                let outbound = &core.worker.outbound;
                outbound.apply(|hook| hook.local_activity(core, &mut schedule))?;
                let what = OpKind::LocalActivity(self.name.clone());
                OpGuard::begin(core.clone(), what, place, |seq| {
                    schedule.seq = seq;
                    Intent::ScheduleLocalActivity(schedule)
                })
            }
        };
        Ok(Running {
            name: self.name,
            ticket,
            stopping: false,
        })
    }
}

impl<A: Activity, T: HasTimeout> Future for ActivityCall<A, T> {
    type Output = Result<A::Output, ActivityError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_result(cx)
    }
}

/// An activity that was started, and whose result is awaited later.
///
/// Dropping the handle cancels the activity; [`detach`](Self::detach) lets it run on.
///
/// ```
/// use durably::{prelude::*, workflow::ActivityHandle};
///
/// #[activity(start_to_close = "1h")]
/// async fn film(scene: String) -> u64 {
///     scene.len() as u64
/// }
///
/// #[activity(start_to_close = "10s")]
/// async fn invite(guests: u32) {}
///
/// async fn shoot(ctx: &Ctx) -> Result<Option<u64>> {
///     // It runs on, and nobody waits for it.
///     invite::call(ctx, 30).start().detach();
///
///     let mut scene: ActivityHandle<film> = film::call(ctx, "sunset").start();
///     if let Either::First(seconds) = race(&mut scene, ctx.sleep(mins(20))).await {
///         return Ok(Some(seconds?));
///     }
///     scene.cancel();
///     match scene.await {
///         Err(error) if error.is_cancelled() => Ok(None),
///         seconds => Ok(Some(seconds?)),
///     }
/// }
/// ```
#[must_use = "dropping the handle cancels the activity; `detach` lets it run on"]
pub struct ActivityHandle<A>(ActivityCall<A, TimeoutSet>);

impl<A: Activity> ActivityHandle<A> {
    /// Requests cancellation of the activity. Awaiting the handle still returns its result.
    ///
    /// # Panics
    /// In a query or a validator, which then fails: it reads the state and cancels nothing.
    #[track_caller]
    pub fn cancel(&mut self) {
        self.0.core.assert_commands_allowed();
        match &mut self.0.state {
            State::Running(running) if !running.stopping => {
                running.stopping = true;
                running.ticket.cancel();
            }
            State::Running(_) | State::New(_) | State::Done => {}
        }
    }

    /// Lets the activity run on; its result is dropped.
    ///
    /// # Panics
    /// In a query or a validator, which then fails: it reads the state and detaches nothing.
    #[track_caller]
    pub fn detach(mut self) {
        if let State::Running(running) = std::mem::replace(&mut self.0.state, State::Done) {
            running.ticket.detach();
        }
    }
}

impl<A: Activity> Future for ActivityHandle<A> {
    type Output = Result<A::Output, ActivityError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_result(cx)
    }
}

/// The error of a call that was cancelled before it was made: the same as of one that was cancelled later.
fn cancelled_before_start(activity: &str, converter: &Converter) -> ActivityError {
    let info = FailureInfo::Activity {
        scheduled: Default::default(),
        started: Default::default(),
        identity: String::new(),
        activity_type: activity.to_owned(),
        activity_id: String::new(),
        retry_state: RetryState::CancelRequested,
    };
    let cause = FailureRecord::new(
        "",
        FailureInfo::Canceled {
            details: Vec::new(),
        },
    );
    let record = FailureRecord::new("Activity cancelled", info).caused_by(cause);
    ActivityError::from_record(record, converter)
}
