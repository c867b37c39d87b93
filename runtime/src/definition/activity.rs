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
///
/// ```
/// use durably::{activity::Activity, prelude::*};
///
/// #[activity(start_to_close = "10s")]
/// async fn charge(cents: u64) -> String {
///     format!("receipt for {cents}")
/// }
///
/// assert_eq!(charge::NAME, "charge");
///
/// fn log<A: Activity<Output = String>>(receipt: A::Output) {
///     println!("{} returned {receipt}", A::NAME);
/// }
/// log::<charge>("receipt for 7".to_owned());
/// ```
pub trait Activity: 'static {
    /// The name of the activity type on the server; of a dynamic activity that of the Rust function.
    const NAME: &'static str;
    /// Whether a worker runs every type with it that has no activity of its own.
    #[doc(hidden)]
    const __IS_DYNAMIC: bool = false;
    /// The result of a completed attempt.
    type Output: 'static;
    #[doc(hidden)]
    fn __output() -> PayloadOf<Self::Output>;
    #[doc(hidden)]
    fn __defaults() -> ActivityOptions;
}

/// An activity that is a function, so that a worker can register it by its type.
///
/// ```
/// use durably::{activity::FreeActivity, prelude::*};
///
/// /// A worker that runs one activity, on a queue of its own.
/// fn worker_of<A: FreeActivity>(client: &Client) -> Worker {
///     Worker::new(client, A::NAME).activity::<A>()
/// }
/// ```
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
///
/// ```
/// use durably::{activity::ActivitySet, prelude::*};
///
/// struct Shop {
///     currency: String,
/// }
///
/// #[activities]
/// impl Shop {
///     #[activity(start_to_close = "10s")]
///     async fn price(&self, cents: u64) -> String {
///         format!("{cents} {}", self.currency)
///     }
/// }
///
/// fn worker_of(client: &Client, set: impl ActivitySet) -> Worker {
///     Worker::new(client, "shop").activities(set)
/// }
/// # fn example(client: &Client) {
/// let worker = worker_of(client, Shop { currency: "EUR".to_owned() });
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of activities",
    label = "no `#[activities] impl` for this type",
    note = "an activity that is a function is registered by its type: `.activity::<greet>()`"
)]
pub trait ActivitySet: Send + Sync + 'static {
    #[doc(hidden)]
    fn __register(self: Arc<Self>, add: &mut dyn FnMut(ActivityName, ActivityFn));
}

/// The activity types that a function runs.
#[derive(Clone, Copy, Debug)]
pub enum ActivityName {
    /// The type of this name.
    Named(&'static str),
    /// Every type that has no function of its own.
    Dynamic,
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
            priority: None,
        }
    }
}
