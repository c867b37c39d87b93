//! Other workflows: signals to them, and requests to cancel them.

use std::{
    borrow::Cow,
    future::Future,
    marker::PhantomData,
    mem,
    ops::Deref,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use durably_engine::{
    CancelExternal, ExternalOutcome, Header, Intent, Payload, Seq, SignalExternal, Target,
};

use super::{child::ChildType, context::Ctx, scope::Reach, spawn::awaited_again};
use crate::{
    data::{ArgList, ArgsEncoder, EncodedArgs, Text},
    definition::{MethodsOf, Via},
    error::ExternalError,
    instance::{
        core::Core,
        ops::{OpGuard, OpKind, OpResult},
    },
};

/// Another running workflow; its signals are methods.
///
/// It is one of this workflow's namespace: Temporal's commands to workflows of other namespaces are
/// deprecated. An activity with a client of that namespace reaches those.
///
/// ```
/// use durably::{prelude::*, workflow::ExternalHandle};
///
/// # #[derive(Default)]
/// # struct Greeting;
/// # #[workflow(task_queue = "greetings")]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> String {
/// #         greeting
/// #     }
/// #     #[signal]
/// #     fn submit_greeting(&mut self, name: String) {}
/// # }
///
/// async fn invite(ctx: &Ctx) -> Result<()> {
///     let greeting: ExternalHandle<Greeting> = Greeting::external(ctx, "greeting-1");
///     match greeting.submit_greeting("Bob").await {
///         Err(error) if error.is_not_found() => tracing::info!("no {}", greeting.id()),
///         sent => sent?,
///     }
///
///     // One run of it, and no later one.
///     let run = greeting.run_id("0199b6f4-6e5b-7c0e-8f0a-2d1b3c4d5e6f");
///     run.cancel().reason("it rains").await?;
///     Ok(())
/// }
/// ```
pub struct ExternalHandle<W: ChildType> {
    target: FromWorkflow,
    methods: W::Methods,
}

/// A workflow whose type is not known to this program; as a child, its result is an `R`.
///
/// ```
/// use durably::{prelude::*, workflow::{ChildCall, ExternalHandle, UntypedWorkflow}};
///
/// /// A workflow of a worker in another language.
/// fn ship(ctx: &Ctx, order: &str) -> ChildCall<UntypedWorkflow<String>> {
///     ctx.child("Shipment", (order.to_owned(),)).task_queue("ships")
/// }
///
/// async fn hold(ctx: &Ctx) -> Result<()> {
///     let shipment: ExternalHandle<UntypedWorkflow<()>> = ctx.external("ship-7");
///     shipment.signal("hold", ("customs",)).await?;
///     Ok(())
/// }
/// ```
pub struct UntypedWorkflow<R>(PhantomData<fn() -> R>);

impl<W: ChildType> ExternalHandle<W> {
    #[doc(hidden)]
    pub fn new(ctx: &Ctx, id: String) -> Self {
        Self::to(FromWorkflow {
            core: ctx.core().clone(),
            reach: ctx.reach().clone(),
            id: id.into(),
            run_id: None,
            child: false,
        })
    }

    fn to(target: FromWorkflow) -> Self {
        Self {
            methods: MethodsOf::new(target.clone()),
            target,
        }
    }

    /// The workflow id of the other workflow.
    pub fn id(&self) -> &str {
        &self.target.id
    }

    /// The same workflow, but this run of it and no later one.
    pub fn run_id(self, run_id: impl Text) -> Self {
        let run_id = Some(run_id.into_text().into());
        Self::to(FromWorkflow {
            run_id,
            ..self.target
        })
    }

    /// Requests cancellation of the other workflow; its code decides how it ends. `.await` returns when
    /// the workflow has the request.
    ///
    /// # Errors
    /// No such workflow is running; or the context was cancelled before the request was sent.
    #[track_caller]
    pub fn cancel(&self) -> ExternalCancel /* with a reason: `.cancel().reason("..")` */ {
        ExternalCancel {
            delivery: Delivery::new(&self.target, None, Location::caller()),
            reason: String::new(),
        }
    }
}

impl<W: ChildType> Deref for ExternalHandle<W> {
    type Target = W::Methods;

    fn deref(&self) -> &Self::Target {
        &self.methods
    }
}

/// The transport of handles inside workflows.
///
/// What it has besides, every handle has through `Deref`:
///
/// ```
/// # use durably::{prelude::*, workflow::{FromWorkflow, ExternalHandle, UntypedWorkflow}};
/// # async fn example(ctx: &Ctx) -> Result<()> {
/// let shipment: ExternalHandle<UntypedWorkflow<()>> = ctx.external("ship-7");
/// let transport: &FromWorkflow = &shipment;
/// transport.signal("hold", ("customs",)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FromWorkflow {
    core: Rc<Core>,
    reach: Reach,
    id: Rc<str>,
    run_id: Option<Rc<str>>,
    /// The workflow must be a child of this one.
    child: bool,
}

impl FromWorkflow {
    pub(crate) fn to_child(core: &Rc<Core>, reach: Reach, id: String) -> Self {
        Self {
            core: core.clone(),
            reach,
            id: id.into(),
            run_id: None,
            child: true,
        }
    }

    /// Sends a signal by its name; `.await` returns when the other workflow has it.
    ///
    /// # Errors
    /// No such workflow is running, or it has received too many signals; or the context was cancelled
    /// before the signal was sent.
    #[track_caller]
    pub fn signal(&self, name: impl Text, args: impl ArgList) -> ExternalSignal {
        let args = args.encode(self.core.converter());
        ExternalSignal::new(self, name.into_text().into(), args, Location::caller())
    }

    fn target(&self) -> Target {
        Target {
            namespace: self.core.worker.namespace.clone(),
            workflow_id: self.id.to_string(),
            run_id: self.run_id.as_deref().unwrap_or_default().to_owned(),
            child: self.child,
        }
    }
}

impl MethodsOf<Self> for FromWorkflow {
    fn new(via: Self) -> Self {
        via
    }
}

impl Via for FromWorkflow {
    type Signal = ExternalSignal;
    // Never made, because no command updates another workflow. A future, so that rustc reports that alone.
    type Update<R> = std::future::Pending<Result<R, ExternalError>>;

    fn arguments(&self) -> ArgsEncoder {
        ArgsEncoder::new(self.core.converter())
    }

    #[track_caller]
    fn signal(&self, name: &'static str, args: EncodedArgs) -> ExternalSignal {
        ExternalSignal::new(self, name.into(), args, Location::caller())
    }
}

/// A signal to another workflow, about to be sent; `.await` returns when the other workflow has it.
///
/// # Cancellation
/// When the context is cancelled before the signal is sent, it is not sent, and the error's
/// [`is_cancelled`](ExternalError::is_cancelled) holds. One that was sent is waited for.
///
/// ```
/// use durably::{prelude::*, workflow::ExternalSignal};
///
/// async fn clean_up(ctx: &Ctx) -> Result<()> {
///     let release: ExternalSignal = ctx.external("ship-7").signal("release", ());
///     // Sent even if this workflow is cancelled.
///     release.shielded().await?;
///     Ok(())
/// }
/// ```
#[must_use = "the signal is sent when this is awaited"]
pub struct ExternalSignal {
    delivery: Delivery,
    name: Cow<'static, str>,
    input: Vec<Payload>,
}

/// A request to cancel another workflow, about to be sent; `.await` returns when the other workflow has it.
///
/// # Cancellation
/// When the context is cancelled before the request is sent, it is not sent, and the error's
/// [`is_cancelled`](ExternalError::is_cancelled) holds. One that was sent is waited for.
///
/// ```
/// use durably::{prelude::*, workflow::ExternalCancel};
///
/// async fn call_off(ctx: &Ctx) -> Result<()> {
///     let request: ExternalCancel = ctx.external("ship-7").cancel();
///     request.reason("sold out").shielded().await?;
///     Ok(())
/// }
/// ```
#[must_use = "the request is sent when this is awaited"]
pub struct ExternalCancel {
    delivery: Delivery,
    reason: String,
}

/// A command to another workflow, and its answer.
struct Delivery {
    to: FromWorkflow,
    /// Name of the signal; none for a request to cancel.
    signal: Option<Cow<'static, str>>,
    /// Why it cannot be sent as it is asked.
    fault: Option<String>,
    place: &'static Location<'static>,
    state: State,
}

enum State {
    New,
    Sent {
        op: OpGuard,
        /// Whether it was taken back, which only helps before it is sent.
        withdrawn: bool,
    },
    Done,
}

impl ExternalSignal {
    fn new(
        to: &FromWorkflow,
        name: Cow<'static, str>,
        args: EncodedArgs,
        place: &'static Location<'static>,
    ) -> Self {
        let mut delivery = Delivery::new(to, Some(name.clone()), place);
        let input = args.0.unwrap_or_else(|error| {
            delivery.fault = Some(format!("cannot send signal `{name}`: {error}"));
            Vec::new()
        });
        Self {
            delivery,
            name,
            input,
        }
    }

    /// The signal is not cancelled with the workflow.
    pub fn shielded(mut self) -> Self {
        self.delivery.to.reach = Reach::Shielded;
        self
    }
}

impl Future for ExternalSignal {
    type Output = Result<(), ExternalError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            delivery,
            name,
            input,
        } = &mut *self;
        delivery.poll(cx, |core, target| {
            let mut signal = Box::new(SignalExternal {
                seq: Seq::default(),
                target,
                name: name.clone().into_owned(),
                input: mem::take(input),
                header: Header::new(),
            });
            let outbound = &core.worker.outbound;
            outbound.apply(|hook| hook.signal(core, &mut signal))?;
            Ok(move |seq| {
                signal.seq = seq;
                Intent::SignalExternal(signal)
            })
        })
    }
}

impl ExternalCancel {
    /// Why, for people; the other workflow reads it with [`Ctx::cancel_reason`].
    pub fn reason(mut self, reason: impl Text) -> Self {
        self.reason = reason.into_text();
        self
    }

    /// The request is not cancelled with the workflow.
    pub fn shielded(mut self) -> Self {
        self.delivery.to.reach = Reach::Shielded;
        self
    }
}

impl Future for ExternalCancel {
    type Output = Result<(), ExternalError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { delivery, reason } = &mut *self;
        delivery.poll(cx, |_, target| {
            let reason = mem::take(reason);
            Ok(move |seq| {
                Intent::CancelExternal(Box::new(CancelExternal {
                    seq,
                    target,
                    reason,
                }))
            })
        })
    }
}

impl Delivery {
    fn new(
        to: &FromWorkflow,
        signal: Option<Cow<'static, str>>,
        place: &'static Location<'static>,
    ) -> Self {
        Self {
            to: to.clone(),
            signal,
            fault: None,
            place,
            state: State::New,
        }
    }

    /// `prepare` makes the intent of the first poll; its error is a fault.
    fn poll<I: FnOnce(Seq) -> Intent>(
        &mut self,
        cx: &Context<'_>,
        prepare: impl FnOnce(&Rc<Core>, Target) -> Result<I, String>,
    ) -> Poll<Result<(), ExternalError>> {
        let core = &self.to.core;
        core.assert_commands_allowed();
        let cancelled = self.to.reach.is_cancelled(core);
        if let State::New = self.state {
            if cancelled {
                core.moved.set(true);
                self.state = State::Done;
                return Poll::Ready(Err(self.error(ExternalOutcome::Cancelled)));
            }
            let prepared = match self.fault.take() {
                Some(fault) => Err(fault),
                None => prepare(core, self.to.target()),
            };
            let intent = match prepared {
                Ok(intent) => intent,
                Err(fault) => {
                    core.record_fault(fault);
                    self.state = State::Done;
                    return Poll::Pending;
                }
            };
            let what = match &self.signal {
                Some(name) => OpKind::Signal(name.clone()),
                None => OpKind::CancelRequest,
            };
            let op = OpGuard::begin(core.clone(), what, self.place, intent);
            self.state = State::Sent {
                op,
                withdrawn: false,
            };
        }
        let State::Sent { op, withdrawn } = &mut self.state else {
            // The fault of one that could not be sent came first, and counts.
            let place = self.place;
            core.record_fault(awaited_again(&format!(
                "the command to another workflow at {place}"
            )));
            return Poll::Pending;
        };
        if cancelled && !mem::replace(withdrawn, true) {
            op.cancel();
        }
        let ended = ready!(op.poll(cx));
        self.state = State::Done;
        match ended {
            OpResult::External(ExternalOutcome::Delivered) => Poll::Ready(Ok(())),
            OpResult::External(outcome) => Poll::Ready(Err(self.error(outcome))),
            OpResult::Fired | OpResult::Completed(_) | OpResult::Failed(_) => Poll::Pending,
        }
    }

    fn error(&self, outcome: ExternalOutcome) -> ExternalError {
        let signal = self.signal.as_deref().map(str::to_owned);
        ExternalError::new(self.to.id.to_string(), signal, outcome)
    }
}
