//! The typed calls of an `#[activities]` impl, and the guard of activity bodies.

use std::marker::PhantomData;

use super::{ActivityCall, Ctx};
use crate::{
    data::{EncodedArgs, Text},
    definition::{Activity, NoTimeout, TimeoutSet},
    instance::current::in_workflow,
    options::{ActivityOptions, Retry},
    time::span::Span,
};

/// The typed calls of an `#[activities]` impl share one context and one set of options.
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
    /// The longest one attempt may take.
    #[must_use]
    pub fn start_to_close(mut self, d: impl Span) -> Stub<TimeoutSet> {
        self.options.start_to_close = Some(d.into_duration());
        self.with_timeout()
    }

    /// The longest all attempts together may take.
    #[must_use]
    pub fn schedule_to_close(mut self, d: impl Span) -> Stub<TimeoutSet> {
        self.options.schedule_to_close = Some(d.into_duration());
        self.with_timeout()
    }

    /// The longest an attempt may wait for a worker.
    #[must_use]
    pub fn schedule_to_start(mut self, d: impl Span) -> Self {
        self.options.schedule_to_start = Some(d.into_duration());
        self
    }

    /// The longest pause between two heartbeats.
    #[must_use]
    pub fn heartbeat(mut self, d: impl Span) -> Self {
        self.options.heartbeat = Some(d.into_duration());
        self
    }

    /// How failed attempts are retried.
    #[must_use]
    pub fn retry(mut self, retry: Retry /* as in `Retry::attempts(3)` */) -> Self {
        self.options.retry = Some(retry);
        self
    }

    /// The task queue of the activities' workers.
    #[must_use]
    pub fn task_queue(mut self, queue: impl Text) -> Self {
        self.options.task_queue = Some(queue.into_text());
        self
    }

    /// Calls one activity of the set: `U` is [`TimeoutSet`] if the activity declares a timeout
    /// itself, else `T`.
    #[doc(hidden)]
    #[track_caller]
    pub fn call<A: Activity, U>(&self, args: EncodedArgs) -> ActivityCall<A, U> {
        ActivityCall::with_options(&self.ctx, args, &self.options)
    }

    fn with_timeout(self) -> Stub<TimeoutSet> {
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
