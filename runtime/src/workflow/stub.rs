//! The typed calls of an `#[activities]` impl, and the guard of activity bodies.

use std::marker::PhantomData;

use super::{ActivityCall, Ctx};
use crate::{
    data::{ArgsEncoder, EncodedArgs, Text},
    definition::{Activity, NoTimeout, TimeoutSet},
    instance::current::in_workflow,
    options::{
        ActivityOptions, Priority, Retry,
        setters::{doc_of, setters, value_of},
    },
    time::span::Span,
};

/// The typed calls of an `#[activities]` impl share one context and one set of options.
#[must_use = "a stub does nothing until an activity is called on it"]
pub struct Stub<T> {
    ctx: Ctx,
    options: ActivityOptions,
    timeout: PhantomData<fn() -> T>,
}

impl Stub<NoTimeout> {
    /// Without options.
    pub fn new(ctx: &Ctx) -> Self {
        Self {
            ctx: ctx.clone(),
            options: ActivityOptions::default(),
            timeout: PhantomData,
        }
    }
}

impl<T> Stub<T> {
    setters! {
        fn start_to_close(duration: impl Span) -> Stub<TimeoutSet>;
        fn schedule_to_close(duration: impl Span) -> Stub<TimeoutSet>;
        fn schedule_to_start(duration: impl Span) -> Self;
        fn heartbeat(duration: impl Span) -> Self;
        fn retry(retry: Retry) -> Self;
        fn priority(priority: Priority) -> Self;
        fn task_queue(queue: impl Text) -> Self;
    }

    fn set(&mut self, change: impl FnOnce(&mut ActivityOptions)) {
        change(&mut self.options);
    }

    /// Arguments for a call, none yet.
    #[doc(hidden)]
    pub fn arguments(&self) -> ArgsEncoder {
        self.ctx.__arguments()
    }

    /// Calls one activity of the set: `U` is [`TimeoutSet`] if the activity declares a timeout
    /// itself, else `T`.
    #[doc(hidden)]
    #[track_caller]
    pub fn call<A: Activity, U>(&self, args: EncodedArgs) -> ActivityCall<A, U> {
        ActivityCall::with_options(&self.ctx, args, &self.options)
    }

    /// Calls the dynamic activity of the set by this name; `U` as for [`call`](Self::call).
    #[doc(hidden)]
    #[track_caller]
    pub fn call_named<A: Activity, U>(
        &self,
        name: impl Text,
        args: EncodedArgs,
    ) -> ActivityCall<A, U> {
        ActivityCall::named_with_options(&self.ctx, name, args, &self.options)
    }

    /// The same stub, of whose calls a timeout is known now.
    fn decided(self) -> Stub<TimeoutSet> {
        Stub {
            ctx: self.ctx,
            options: self.options,
            timeout: PhantomData,
        }
    }
}

/// Panics if activity code is called as a plain function from workflow code; `instead` is the call to
/// write.
///
/// # Panics
/// Inside a workflow; the panic fails the workflow task with its text.
#[track_caller]
pub fn forbid_in_workflow(activity: &'static str, instead: &'static str) {
    assert!(
        !in_workflow(),
        "activity `{activity}` was called as a plain function inside a workflow; use `{instead}`"
    );
}
