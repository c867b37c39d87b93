//! Child workflows.

use std::{
    borrow::Cow,
    future::Future,
    marker::PhantomData,
    mem,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use durably_engine::{
    ChildCancellationType, FailureInfo, FailureRecord, Header, IdReusePolicy, Intent, ParentClose,
    RetryState,
};

use super::{
    child_handle::{ChildHandle, failed, given},
    context::Ctx,
    external::{FromWorkflow, UntypedWorkflow},
    random,
    scope::Reach,
    spawn::awaited_again,
};
use crate::{
    data::{
        Converter, EncodedArgs, Known, Outgoing, PayloadOf, Text, note,
        search::{SearchKey, SearchKind, SearchValue},
    },
    definition::{MethodsOf, Workflow, private::payload},
    error::ChildError,
    instance::{
        children::{Child, ChildWait},
        core::Core,
        ops::OpKind,
    },
    options::{
        ChildOptions, Priority, Retry,
        setters::{doc_of, setters, value_of},
    },
    time::span::Span,
};

/// A child workflow about to start: `.await` returns its result, [`start`](Self::start) a handle.
///
/// Made by the workflow's own `child`, or by [`Ctx::child`] for a workflow of any language. The child
/// starts when the call is awaited. Its arguments were encoded when the call was built, so the call
/// borrows nothing.
///
/// # Cancellation
/// When the context is cancelled, a request to cancel is sent to the child;
/// [`cancellation`](Self::cancellation) says whether the call waits for how the child ends. It returns an
/// error whose [`is_cancelled`](ChildError::is_cancelled) holds, unless the child ends otherwise.
/// Dropping a call that was polled cancels the child too; dropping a [`ChildHandle`] does not.
///
/// # Options
/// ```
/// use durably::{client::IdReusePolicy, prelude::*, workflow::ChildCancellationType};
///
/// #[derive(Default)]
/// struct Shipment;
///
/// #[workflow(task_queue = "ships")]
/// impl Shipment {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, order: String) -> Result<String> {
///         ctx.sleep(days(2)).await?;
///         Ok(format!("{order} has arrived"))
///     }
///
///     #[signal]
///     fn hold(&mut self, why: String) {}
/// }
///
/// #[derive(Default)]
/// struct Order;
///
/// #[workflow]
/// impl Order {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, order: String) -> Result<String> {
///         // Its result.
///         let arrived = Shipment::child(ctx, &order)
///             .id("ship-7")
///             .id_reuse_policy(IdReusePolicy::RejectDuplicate)
///             .task_queue("express")
///             .execution_timeout(days(30))
///             .run_timeout(days(10))
///             .task_timeout(secs(10))
///             .retry(Retry::attempts(3))
///             .priority(Priority::key(2))
///             .parent_close(ParentClose::RequestCancel)
///             .cancellation(ChildCancellationType::TryCancel)
///             .memo("note", "fragile")
///             .search(durably::search::SearchKey::<durably::search::Keyword>::new("Customer"), "c-17")
///             .summary("by ship")
///             .details("with the **next** ship")
///             .await?;
///
///         // Started: a handle, for signals and for the result later.
///         let second = Shipment::child(ctx, "the rest").start().await?;
///         second.hold("customs").await?;
///         second.result().await?;
///
///         // It outlives this workflow.
///         Shipment::child(ctx, "a gift")
///             .parent_close(ParentClose::Abandon)
///             .cron("0 7 * * *")
///             .start()
///             .await?;
///
///         // Done even if this workflow is cancelled meanwhile.
///         Shipment::child(ctx, "back").shielded().await?;
///         Ok(arrived)
///     }
/// }
/// ```
#[must_use = "the child starts when the call is awaited"]
pub struct ChildCall<W> {
    core: Rc<Core>,
    reach: Reach,
    state: State,
    place: &'static Location<'static>,
    workflow: PhantomData<fn() -> W>,
}

enum State {
    New(Box<Request>),
    Running(Running),
    Done,
}

/// The request; taken when the child is started.
struct Request {
    name: Cow<'static, str>,
    args: EncodedArgs,
    options: ChildOptions,
    /// The first memo or search attribute that could not be encoded.
    fault: Option<String>,
}

/// A child that was started.
struct Running {
    name: Cow<'static, str>,
    child: Rc<Child>,
    wait: ChildWait,
}

/// What a child can be of: a workflow type, or [`UntypedWorkflow`].
///
/// ```
/// use durably::{prelude::*, workflow::{ChildCall, ChildType}};
///
/// /// The options of every child of this program.
/// fn ours<W: ChildType>(call: ChildCall<W>) -> ChildCall<W> {
///     call.run_timeout(hours(1)).retry(Retry::attempts(3))
/// }
/// ```
pub trait ChildType: 'static {
    /// The result of a completed run.
    type Output: 'static;
    /// The signals, as methods of handles in workflow code.
    type Methods: MethodsOf<FromWorkflow>;
    #[doc(hidden)]
    fn __output() -> PayloadOf<Self::Output>;
}

#[diagnostic::do_not_recommend]
impl<W: Workflow> ChildType for W {
    type Output = W::Output;
    type Methods = W::Methods<FromWorkflow>;
    fn __output() -> PayloadOf<W::Output> {
        W::__output()
    }
}

impl<R: Known> ChildType for UntypedWorkflow<R> {
    type Output = R;
    type Methods = FromWorkflow;
    fn __output() -> PayloadOf<R> {
        payload()
    }
}

impl<W: Workflow> ChildCall<W> {
    /// A call with the task queue that the type declares.
    #[doc(hidden)]
    #[track_caller]
    pub fn new(ctx: &Ctx, args: EncodedArgs) -> Self {
        let mut call = Self::build(ctx, W::NAME.into(), args);
        call.set(|options| options.task_queue = W::TASK_QUEUE.map(str::to_owned));
        call
    }
}

impl<R> ChildCall<UntypedWorkflow<R>> {
    #[track_caller]
    pub(crate) fn untyped(ctx: &Ctx, name: String, args: EncodedArgs) -> Self {
        Self::build(ctx, name.into(), args)
    }
}

// Without a bound on the type, so that rustc asks once, at the `.await`, for the result of one that is
// called by its name.
impl<W> ChildCall<W> {
    setters! {
        fn id(id: impl Text) -> Self;
        fn id_reuse_policy(policy: IdReusePolicy /* as in `IdReusePolicy::RejectDuplicate` */) -> Self;
        fn execution_timeout(timeout: impl Span) -> Self;
        fn run_timeout(timeout: impl Span) -> Self;
        fn task_timeout(timeout: impl Span) -> Self;
        fn retry(retry: Retry /* as in `Retry::attempts(3)` */) -> Self;
        fn priority(priority: Priority /* as in `Priority::key(1)` */) -> Self;
    }

    #[track_caller]
    fn build(ctx: &Ctx, name: Cow<'static, str>, args: EncodedArgs) -> Self {
        Self {
            core: ctx.core().clone(),
            reach: ctx.reach().clone(),
            state: State::New(Box::new(Request {
                name,
                args,
                options: ChildOptions::default(),
                fault: None,
            })),
            place: Location::caller(),
            workflow: PhantomData,
        }
    }

    /// The task queue of the workers that run the child; by default the one that its
    /// `#[workflow(task_queue = "..")]` declares, or else this workflow's own.
    pub fn task_queue(mut self, queue: impl Text) -> Self {
        self.set(|options| options.task_queue = Some(queue.into_text()));
        self
    }

    /// Runs the child again and again on a cron schedule, in UTC: `"0 7 * * *"` is every day at seven, and
    /// `"CRON_TZ=Europe/Berlin 0 7 * * *"` names another time zone. The first run waits for the schedule
    /// too.
    ///
    /// Such a child never has a result; [`start`](Self::start) it. An expression that the server refuses
    /// fails the workflow task until it is corrected.
    pub fn cron(mut self, expression: impl Text) -> Self {
        self.set(|options| options.cron = Some(expression.into_text()));
        self
    }

    /// What happens to the child if this workflow ends first: it is terminated (the default), continues
    /// (`Abandon`), or is requested to cancel.
    pub fn parent_close(mut self, policy: ParentClose) -> Self /* as in `ParentClose::Abandon` */ {
        self.set(|options| options.parent_close = policy);
        self
    }

    /// What cancellation does: request it and wait until the child has ended (`WaitCompleted`, the
    /// default), request it and return once the child has the request (`WaitRequested`) or at once
    /// (`TryCancel`), or return without a request (`Abandon`).
    pub fn cancellation(mut self, kind: ChildCancellationType) -> Self /* as in `ChildCancellationType::Abandon` */
    {
        self.set(|options| options.cancellation = kind);
        self
    }

    /// Adds a memo: a value that is kept with the child, and shown by `describe` and `list`.
    ///
    /// One that cannot be written fails the workflow task, as an argument does.
    pub fn memo<T: Outgoing>(mut self, name: impl Text, note: T) -> Self {
        let converter = self.core.converter().clone();
        self.add("memo", &converter, name, &note, |it| &mut it.memo);
        self
    }

    /// Sets a search attribute, which list filters can use; it must be registered with the server.
    ///
    /// One that cannot be written fails the workflow task, as an argument does.
    pub fn search<K: SearchKind>(mut self, key: SearchKey<K>, value: impl SearchValue<K>) -> Self {
        let (name, payload) = key.set(value).into_parts();
        if let State::New(request) = &mut self.state {
            match payload {
                Ok(payload) => drop(request.options.search_attributes.insert(name, payload)),
                Err(error) => drop(request.fault.get_or_insert_with(|| error.to_string())),
            }
        }
        self
    }

    /// A description of the child, which the UI and the CLI show.
    pub fn summary(mut self, text: impl Text) -> Self {
        self.set(|options| options.summary = Some(text.into_text()));
        self
    }

    /// A longer description of the child, which the UI and the CLI show; Markdown.
    pub fn details(mut self, text: impl Text) -> Self {
        self.set(|options| options.details = Some(text.into_text()));
        self
    }

    /// The child is not cancelled with the workflow.
    pub fn shielded(mut self) -> Self {
        self.reach = Reach::Shielded;
        self
    }

    /// Starts the child: `.await` returns a handle once it has started, which it also does if no worker
    /// runs it yet.
    ///
    /// # Errors
    /// The child could not be started, or was cancelled before.
    pub fn start(self) -> ChildStart<W> {
        ChildStart(self)
    }

    fn set(&mut self, change: impl FnOnce(&mut ChildOptions)) {
        if let State::New(request) = &mut self.state {
            change(&mut request.options);
        }
    }

    fn add<T: Outgoing>(
        &mut self,
        what: &str,
        converter: &Converter,
        name: impl Text,
        value: &T,
        to: impl FnOnce(&mut ChildOptions) -> &mut Header,
    ) {
        let State::New(request) = &mut self.state else {
            return;
        };
        let name = name.into_text();
        match note(what, &name, value, converter) {
            Ok(note) => {
                to(&mut request.options).insert(name, note);
            }
            Err(error) => {
                request.fault.get_or_insert_with(|| error.to_string());
            }
        }
    }

    /// Starts the child, unless it is started already.
    ///
    /// # Errors
    /// The call was cancelled before; none, after a fault was recorded, if the child cannot be started as it
    /// is asked, or the call was awaited to its end before.
    fn begin(&mut self) -> Result<(), Option<ChildError>> {
        self.core.assert_commands_allowed();
        let cancelled = self.reach.is_cancelled(&self.core);
        self.state = match mem::replace(&mut self.state, State::Done) {
            State::New(request) if cancelled => {
                self.core.moved.set(true);
                let converter = self.core.converter();
                return Err(Some(cancelled_before_start(&request, converter)));
            }
            State::New(request) => match request.start(&self.core, self.place) {
                Ok(running) => State::Running(running),
                Err(fault) => {
                    self.core.record_fault(fault);
                    State::Done
                }
            },
            other => other,
        };
        match &self.state {
            State::Running(running) => {
                if cancelled {
                    running.child.cancel_with_context();
                }
                Ok(())
            }
            State::New(_) | State::Done => {
                // The fault of a call that could not be made came first, and counts.
                let place = self.place;
                self.core.record_fault(awaited_again(&format!(
                    "the child workflow called at {place}"
                )));
                Err(None)
            }
        }
    }
}

impl Request {
    fn start(self, core: &Rc<Core>, place: &'static Location<'static>) -> Result<Running, String> {
        let cannot = |why: &dyn std::fmt::Display| {
            format!("cannot start child workflow `{}`: {why}", self.name)
        };
        let input = self.args.0.map_err(|error| cannot(&error))?;
        if let Some(fault) = &self.fault {
            return Err(cannot(fault));
        }
        if let Err(wrong) = self.options.check() {
            return Err(format!(
                "options of child workflow `{}`: {wrong}",
                self.name
            ));
        }
        let mut start = Box::new(self.options.into_start(|| random::uuid(core).to_string()));
        start.workflow_type = self.name.clone().into_owned();
        start.namespace.clone_from(&core.worker.namespace);
        start.input = input;
        let outbound = &core.worker.outbound;
        outbound.apply(|hook| hook.child(core, &mut start))?;
        let what = OpKind::Child(self.name.clone());
        let child = Child::start(core, what, place, |seq| {
            start.seq = seq;
            Intent::StartChild(start)
        });
        Ok(Running {
            name: self.name,
            child,
            wait: ChildWait::default(),
        })
    }
}

impl<W: ChildType> Future for ChildCall<W> {
    type Output = Result<W::Output, ChildError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.begin() {
            Ok(()) => {}
            Err(Some(error)) => return Poll::Ready(Err(error)),
            Err(None) => return Poll::Pending,
        }
        let State::Running(running) = &self.state else {
            return Poll::Pending;
        };
        let Some(outcome) = running.child.state.ended.get() else {
            running.child.park(&running.wait, cx);
            return Poll::Pending;
        };
        let outcome = given::<W>(&self.core, &running.name, outcome);
        if outcome.is_ready() {
            self.state = State::Done;
        }
        outcome
    }
}

/// The future of [`ChildCall::start`].
///
/// ```
/// use durably::{prelude::*, workflow::{ChildHandle, ChildStart, UntypedWorkflow}};
///
/// async fn ship(ctx: &Ctx) -> Result<()> {
///     let start: ChildStart<UntypedWorkflow<String>> = ctx.child("Shipment", ("order-1",)).start();
///     let shipment: ChildHandle<UntypedWorkflow<String>> = start.await?;
///     shipment.signal("hold", ("customs",)).await?;
///     Ok(())
/// }
/// ```
#[must_use = "the child starts when this is awaited"]
pub struct ChildStart<W>(ChildCall<W>);

impl<W: ChildType> Future for ChildStart<W> {
    type Output = Result<ChildHandle<W>, ChildError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let call = &mut self.0;
        match call.begin() {
            Ok(()) => {}
            Err(Some(error)) => return Poll::Ready(Err(error)),
            Err(None) => return Poll::Pending,
        }
        let State::Running(Running { name, child, wait }) = &call.state else {
            return Poll::Pending;
        };
        let handle = match (child.state.started.get(), child.state.ended.get()) {
            (Some(_), _) => {
                call.core.moved.set(true);
                let (name, child) = (name.clone(), child.clone());
                Ok(ChildHandle::new(name, child, call.reach.clone()))
            }
            (None, Some(outcome)) => Err(failed(&call.core, outcome)),
            (None, None) => {
                child.park(wait, cx);
                return Poll::Pending;
            }
        };
        call.state = State::Done;
        Poll::Ready(handle)
    }
}

/// The error of a call that was cancelled before it was made: the same as of one that was cancelled later.
fn cancelled_before_start(request: &Request, converter: &Converter) -> ChildError {
    let info = FailureInfo::ChildWorkflow {
        namespace: String::new(),
        workflow_id: request.options.id.clone().unwrap_or_default(),
        run_id: String::new(),
        workflow_type: request.name.clone().into_owned(),
        initiated: Default::default(),
        started: Default::default(),
        retry_state: RetryState::NonRetryableFailure,
    };
    let cause = FailureRecord::new(
        "",
        FailureInfo::Canceled {
            details: Vec::new(),
        },
    );
    let record = FailureRecord::new("Child Workflow execution cancelled", info).caused_by(cause);
    ChildError::from_record(record, converter)
}
