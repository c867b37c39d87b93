//! What activity code may do, and how a workflow calls activities.

use std::{marker::PhantomData, time::Duration};

use crate::{Activity, ActivityCall, Ctx, NoTimeout, TimeoutSet, data::EncodedArgs};

/// What an activity may ask of its worker.
#[derive(Clone)]
pub struct ActivityCtx {}
impl ActivityCtx {
    /// Tells the server that the activity is alive, with its progress.
    pub fn heartbeat(&self, _details: impl serde::Serialize) {
        unimplemented!()
    }
    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        unimplemented!()
    }
    /// Whether the server asked the activity to stop.
    pub fn is_cancelled(&self) -> bool {
        unimplemented!()
    }
}

/// How an activity is scheduled.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ActivityOptions {
    /// The longest one attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest an attempt may wait for a worker.
    pub schedule_to_start: Option<Duration>,
    /// The longest pause between two heartbeats.
    pub heartbeat: Option<Duration>,
    /// How failed attempts are retried.
    pub retry: Option<Retry>,
    /// The task queue; the workflow's own by default.
    pub task_queue: Option<String>,
}
impl ActivityOptions {
    /// What `#[activity(..)]` declares. A const-friendly constructor for expansions.
    #[doc(hidden)]
    pub fn declared(
        start_to_close: Option<Duration>,
        schedule_to_close: Option<Duration>,
        heartbeat: Option<Duration>,
        max_attempts: Option<u32>,
        task_queue: Option<&'static str>,
    ) -> Self {
        Self {
            start_to_close,
            schedule_to_close,
            schedule_to_start: None,
            heartbeat,
            retry: max_attempts.map(Retry::attempts),
            task_queue: task_queue.map(str::to_owned),
        }
    }
}

/// How failed attempts are retried.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Retry {
    /// At most so many attempts; 0 for no limit.
    pub max_attempts: u32,
    /// The pause before the second attempt; the server's default is one second.
    pub initial_interval: Option<Duration>,
    /// The longest pause; the server's default is a hundred times the initial one.
    pub maximum_interval: Option<Duration>,
    /// By what a pause grows; the server's default is 2.
    pub backoff: Option<f64>,
    /// Error types that are not retried.
    pub non_retryable: Vec<String>,
}
impl Retry {
    /// At most `n` attempts.
    pub fn attempts(n: u32) -> Self {
        Self {
            max_attempts: n,
            ..Self::default()
        }
    }
}

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
    pub fn start_to_close(mut self, d: Duration) -> Stub<TimeoutSet> {
        self.options.start_to_close = Some(d);
        Stub {
            ctx: self.ctx,
            options: self.options,
            timeout: PhantomData,
        }
    }
    /// Calls one activity of the set: `U` is [`TimeoutSet`] if the activity declares a timeout itself, else `T`.
    pub fn call<A: Activity, U>(&self, args: EncodedArgs) -> ActivityCall<A, U> {
        ActivityCall::with_options(&self.ctx, args, &self.options)
    }
}

/// Panics if activity code is called as a plain function from workflow code.
pub fn forbid_in_workflow(_activity: &'static str) {
    unimplemented!()
}
