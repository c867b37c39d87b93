//! The interceptors of a worker's workflows as a chain, and as what changes the requests of user code.

use std::{rc::Rc, sync::Arc};

use durably_engine::{
    ContinueAsNew, ScheduleActivity, ScheduleLocalActivity, SignalExternal, StartChild,
};
use futures::future::LocalBoxFuture;

use super::{
    local::{Inbound, InboundRead, LocalNext, ReadNext},
    next::Chain,
    workflow::WorkflowInterceptor,
    workflow_received::{ReceivedQuery, ReceivedSignal, ReceivedStart, ReceivedUpdate},
    workflow_requests::{
        ActivityRequest, ChildRequest, ExternalSignalRequest, LocalActivityRequest, NextRunRequest,
        TimerRequest,
    },
};
use crate::{
    data::Output,
    error::Result,
    instance::{
        core::Core,
        outbound::{NewTimer, Outbound, OutboundHook},
        panics,
    },
    workflow::{Ctx, View},
};

/// The interceptors of a worker's workflows; none of them, for most workers.
#[derive(Clone, Default)]
pub(crate) struct WorkflowChain(Option<Chain<dyn ErasedWorkflowInterceptor>>);

impl WorkflowChain {
    /// These, and another one within them.
    pub(crate) fn with(&self, interceptor: impl WorkflowInterceptor) -> Self {
        let all = self.0.iter().flat_map(|chain| chain.iter().cloned());
        let interceptor: Arc<dyn ErasedWorkflowInterceptor> = Arc::new(interceptor);
        Self(Some(all.chain([interceptor]).collect()))
    }

    /// Whether user code is called at once.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Those of requests, which user code makes in other layers.
    pub(crate) fn outbound(&self) -> OutboundHook {
        OutboundHook(self.0.clone().map(|chain| Arc::new(Hooks(chain)) as _))
    }

    /// Passes a start through `init` of the interceptors.
    pub(crate) fn init(&self, view: &View, start: &mut ReceivedStart) -> Result<()> {
        for interceptor in self.0.iter().flat_map(|chain| chain.iter()) {
            interceptor.init(view, start)?;
        }
        Ok(())
    }

    /// Passes what was received through the interceptors to `handle`.
    pub(crate) fn receive<R: Inbound>(
        &self,
        ctx: &Ctx,
        received: R,
        handle: impl FnOnce(R) -> LocalBoxFuture<'static, Result<R::Response>> + 'static,
    ) -> LocalBoxFuture<'static, Result<R::Response>> {
        match &self.0 {
            None => handle(received),
            Some(chain) => Box::pin(LocalNext::new(chain, ctx, handle).run(received)),
        }
    }

    /// Passes what was received through the interceptors to `read`.
    pub(crate) fn read<R: InboundRead>(
        &self,
        view: &View,
        received: R,
        read: impl FnOnce(R) -> Result<R::Response>,
    ) -> Result<R::Response> {
        match &self.0 {
            None => read(received),
            Some(chain) => ReadNext::new(chain, view, read).run(received),
        }
    }
}

/// The interceptors of requests.
struct Hooks(Chain<dyn ErasedWorkflowInterceptor>);

impl Hooks {
    /// Has all interceptors change a request; the error names it as `what`.
    fn each(
        &self,
        core: &Rc<Core>,
        what: impl Fn() -> String,
        mut change: impl FnMut(&dyn ErasedWorkflowInterceptor, &View) -> Result<()>,
    ) -> Result<(), String> {
        let view = View {
            core: Rc::clone(core),
        };
        let all = || -> Result<()> {
            for interceptor in self.0.iter() {
                change(&**interceptor, &view)?;
            }
            Ok(())
        };
        match panics::catch(all) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!(
                "an interceptor of the worker refused {}: {error}",
                what()
            )),
            Err(panic) => Err(format!(
                "an interceptor of the worker {panic}; it was given {}",
                what()
            )),
        }
    }
}

impl Outbound for Hooks {
    fn activity(&self, core: &Rc<Core>, request: &mut ScheduleActivity) -> Result<(), String> {
        let mut activity = ActivityRequest::take(request, core.converter());
        let name = activity.activity_type.clone();
        let what = || format!("activity `{name}`");
        let changed = self.each(core, what, |interceptor, view| {
            interceptor.start_activity(view, &mut activity)
        });
        let checked = changed.and_then(|()| activity.check().map_err(made_wrong));
        activity.put(request);
        checked
    }

    fn local_activity(
        &self,
        core: &Rc<Core>,
        request: &mut ScheduleLocalActivity,
    ) -> Result<(), String> {
        let mut activity = LocalActivityRequest::take(request, core.converter());
        let name = activity.activity_type.clone();
        let what = || format!("local activity `{name}`");
        let changed = self.each(core, what, |interceptor, view| {
            interceptor.start_local_activity(view, &mut activity)
        });
        let checked = changed.and_then(|()| activity.check().map_err(made_wrong));
        activity.put(request);
        checked
    }

    fn child(&self, core: &Rc<Core>, request: &mut StartChild) -> Result<(), String> {
        let mut child = ChildRequest::take(request, core.converter());
        let name = child.workflow_type.clone();
        let what = || format!("child workflow `{name}`");
        let changed = self.each(core, what, |interceptor, view| {
            interceptor.start_child(view, &mut child)
        });
        let checked = changed.and_then(|()| child.check().map_err(made_wrong));
        child.put(request);
        checked
    }

    fn signal(&self, core: &Rc<Core>, request: &mut SignalExternal) -> Result<(), String> {
        let mut signal = ExternalSignalRequest::take(request, core.converter());
        let name = signal.name.clone();
        let what = || format!("signal `{name}`");
        let changed = self.each(core, what, |interceptor, view| {
            interceptor.signal_external(view, &mut signal)
        });
        signal.put(request);
        changed
    }

    fn timer(&self, core: &Rc<Core>, request: &mut NewTimer) -> Result<(), String> {
        let mut timer = TimerRequest {
            duration: request.after,
            summary: request.summary.take().map(String::from),
        };
        let what = || "a timer".to_owned();
        let changed = self.each(core, what, |interceptor, view| {
            interceptor.start_timer(view, &mut timer)
        });
        request.after = timer.duration;
        request.summary = timer.summary.map(String::into_boxed_str);
        if timer.duration.is_zero() {
            return changed.and_then(|()| Err(NO_DURATION.to_owned()));
        }
        changed
    }

    fn continue_as_new(&self, core: &Rc<Core>, request: &mut ContinueAsNew) -> Result<(), String> {
        let of_run = &core.start.event.workflow_type;
        let mut next = NextRunRequest::take(request, of_run, core.converter());
        let what = || "the next run".to_owned();
        let changed = self.each(core, what, |interceptor, view| {
            interceptor.continue_as_new(view, &mut next)
        });
        next.put(request);
        changed
    }
}

/// The fault of options that were right before the interceptors changed them.
fn made_wrong(wrong: String) -> String {
    format!("an interceptor of the worker changed the {wrong}")
}

/// Servers refuse such a timer.
const NO_DURATION: &str = "an interceptor of the worker set the duration of a timer to zero";

/// The methods for requests, declared or passed on to those of an interceptor.
macro_rules! erased_requests {
    (declared) => { erased_requests! { [declared] } };
    (of $interceptor:ident) => { erased_requests! { [of $interceptor] } };
    ([$($way:tt)*]) => {
        erased_requests! { [$($way)*] start_activity(ActivityRequest) }
        erased_requests! { [$($way)*] start_local_activity(LocalActivityRequest) }
        erased_requests! { [$($way)*] start_child(ChildRequest) }
        erased_requests! { [$($way)*] signal_external(ExternalSignalRequest) }
        erased_requests! { [$($way)*] start_timer(TimerRequest) }
        erased_requests! { [$($way)*] continue_as_new(NextRunRequest) }
    };
    ([declared] $method:ident($request:ty)) => {
        #[doc(hidden)]
        fn $method(&self, view: &View, request: &mut $request) -> Result<()>;
    };
    ([of $interceptor:ident] $method:ident($request:ty)) => {
        fn $method(&self, view: &View, request: &mut $request) -> Result<()> {
            $interceptor::$method(self, view, request)
        }
    };
}

/// A [`WorkflowInterceptor`] of any type.
pub trait ErasedWorkflowInterceptor: Send + Sync + 'static {
    #[doc(hidden)]
    fn init(&self, view: &View, start: &mut ReceivedStart) -> Result<()>;
    #[doc(hidden)]
    fn execute(
        self: Arc<Self>,
        ctx: Ctx,
        start: ReceivedStart,
        next: LocalNext<ReceivedStart>,
    ) -> LocalBoxFuture<'static, Result<Output>>;
    #[doc(hidden)]
    fn signal(
        self: Arc<Self>,
        ctx: Ctx,
        signal: ReceivedSignal,
        next: LocalNext<ReceivedSignal>,
    ) -> LocalBoxFuture<'static, Result<()>>;
    #[doc(hidden)]
    fn validate(
        &self,
        view: &View,
        update: ReceivedUpdate,
        next: ReadNext<'_, ReceivedUpdate>,
    ) -> Result<()>;
    #[doc(hidden)]
    fn update(
        self: Arc<Self>,
        ctx: Ctx,
        update: ReceivedUpdate,
        next: LocalNext<ReceivedUpdate>,
    ) -> LocalBoxFuture<'static, Result<Output>>;
    #[doc(hidden)]
    fn query(
        &self,
        view: &View,
        query: ReceivedQuery,
        next: ReadNext<'_, ReceivedQuery>,
    ) -> Result<Output>;
    erased_requests!(declared);
}

impl<I: WorkflowInterceptor> ErasedWorkflowInterceptor for I {
    fn init(&self, view: &View, start: &mut ReceivedStart) -> Result<()> {
        I::init(self, view, start)
    }

    fn execute(
        self: Arc<Self>,
        ctx: Ctx,
        start: ReceivedStart,
        next: LocalNext<ReceivedStart>,
    ) -> LocalBoxFuture<'static, Result<Output>> {
        Box::pin(async move { I::execute(&self, &ctx, start, next).await })
    }

    fn signal(
        self: Arc<Self>,
        ctx: Ctx,
        signal: ReceivedSignal,
        next: LocalNext<ReceivedSignal>,
    ) -> LocalBoxFuture<'static, Result<()>> {
        Box::pin(async move { I::signal(&self, &ctx, signal, next).await })
    }

    fn validate(
        &self,
        view: &View,
        update: ReceivedUpdate,
        next: ReadNext<'_, ReceivedUpdate>,
    ) -> Result<()> {
        I::validate(self, view, update, next)
    }

    fn update(
        self: Arc<Self>,
        ctx: Ctx,
        update: ReceivedUpdate,
        next: LocalNext<ReceivedUpdate>,
    ) -> LocalBoxFuture<'static, Result<Output>> {
        Box::pin(async move { I::update(&self, &ctx, update, next).await })
    }

    fn query(
        &self,
        view: &View,
        query: ReceivedQuery,
        next: ReadNext<'_, ReceivedQuery>,
    ) -> Result<Output> {
        I::query(self, view, query, next)
    }

    erased_requests!(of I);
}

/// What is received, with the method of its own.
macro_rules! inbound {
    ($($received:ty => $method:ident -> $response:ty;)*) => { $(
        impl Inbound for $received {
            type Response = $response;

            fn pass(
                self,
                interceptor: Arc<dyn ErasedWorkflowInterceptor>,
                ctx: Ctx,
                next: LocalNext<Self>,
            ) -> LocalBoxFuture<'static, Result<$response>> {
                interceptor.$method(ctx, self, next)
            }
        }
    )* };
}
inbound! {
    ReceivedStart => execute -> Output;
    ReceivedSignal => signal -> ();
    ReceivedUpdate => update -> Output;
}

macro_rules! inbound_read {
    ($($received:ty => $method:ident -> $response:ty;)*) => { $(
        impl InboundRead for $received {
            type Response = $response;

            fn pass(
                self,
                interceptor: &dyn ErasedWorkflowInterceptor,
                view: &View,
                next: ReadNext<'_, Self>,
            ) -> Result<$response> {
                interceptor.$method(view, self, next)
            }
        }
    )* };
}
inbound_read! {
    ReceivedQuery => query -> Output;
    ReceivedUpdate => validate -> ();
}
