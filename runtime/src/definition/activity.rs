//! Activities: as workflows call them, as workers register and run them.

use std::{sync::Arc, time::Duration};

use durably_engine::Payload;
use futures::future::BoxFuture;

use crate::{
    activity::ActivityCtx,
    definition::private::{Args, PayloadOf},
    error::Result,
    options::{ActivityOptions, Retry},
};

/// An activity as workflows call it; implemented by `#[activity]`.
pub trait Activity: 'static {
    /// The name of the activity type on the server.
    const NAME: &'static str;
    /// The result of a completed attempt.
    type Output: 'static;
    #[doc(hidden)]
    fn __output() -> PayloadOf<Self::Output>;
    #[doc(hidden)]
    fn __defaults() -> ActivityOptions;
}

/// An activity that is a function, so that a worker can register it by its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activity that a worker can register by its type",
    label = "not an activity function",
    note = "an activity is a function marked `#[activity]`, with a body; a set of them is registered by value: `.activities(Shop::default())`"
)]
pub trait FreeActivity: Activity {
    #[doc(hidden)]
    fn __invoke(ctx: ActivityCtx, args: Args) -> Invocation;
}

/// The activities of one impl block; implemented by `#[activities]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of activities",
    label = "no `#[activities] impl` for this type",
    note = "an activity that is a function is registered by its type: `.activity::<greet>()`"
)]
pub trait ActivitySet: Send + Sync + 'static {
    #[doc(hidden)]
    fn __register(self: Arc<Self>, add: &mut dyn FnMut(&'static str, ActivityFn));
}

/// One attempt of an activity, about to run.
pub enum Invocation {
    /// An `async fn`.
    Async(BoxFuture<'static, Result<Payload>>),
    /// A plain `fn`: it runs on a thread that may block.
    Blocking(Box<dyn FnOnce() -> Result<Payload> + Send>),
}

/// What a worker calls for each attempt.
pub type ActivityFn = Arc<dyn Fn(ActivityCtx, Args) -> Invocation + Send + Sync>;

/// What `#[activity(..)]` declares of an activity's options.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// The longest one attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest an attempt may wait for a worker.
    pub schedule_to_start: Option<Duration>,
    /// The longest pause between two heartbeats.
    pub heartbeat: Option<Duration>,
    /// The highest number of attempts.
    pub max_attempts: Option<u32>,
    /// The task queue of the workers that run it.
    pub task_queue: Option<&'static str>,
}

impl Declared {
    /// Nothing declared.
    pub const NOTHING: Self = Self {
        start_to_close: None,
        schedule_to_close: None,
        schedule_to_start: None,
        heartbeat: None,
        max_attempts: None,
        task_queue: None,
    };
}

impl From<Declared> for ActivityOptions {
    fn from(declared: Declared) -> Self {
        Self {
            start_to_close: declared.start_to_close,
            schedule_to_close: declared.schedule_to_close,
            schedule_to_start: declared.schedule_to_start,
            heartbeat: declared.heartbeat,
            retry: declared.max_attempts.map(Retry::attempts),
            task_queue: declared.task_queue.map(str::to_owned),
        }
    }
}
