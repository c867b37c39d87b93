//! Calls of local activities.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use durably_engine::CancellationType;

use super::{ActivityCall, ActivityHandle};
use crate::{
    data::Text,
    definition::{Activity, HasTimeout, TimeoutSet},
    error::ActivityError,
    hints::local_activity::{HasHeartbeats, HasPriority, HasTaskQueue},
    options::{
        ActivityOptions, Priority, Retry,
        setters::{doc_of, setters, value_of},
    },
    time::span::Span,
};

/// One call of a local activity, which runs in the worker of the workflow; `.await` it once a timeout is known.
///
/// It costs no round trip to the server and no task of its own: its result is recorded with the workflow task
/// that is in progress, which stays open meanwhile. That suits work that takes milliseconds or a few seconds.
/// Other workers cannot take it over: if the worker is lost before the result is recorded, it runs again.
///
/// It has the options of an [`ActivityCall`] but for those of a task queue and of heartbeats. Failed attempts
/// are retried in the worker. A pause longer than [`local_retry_threshold`](Self::local_retry_threshold) is a
/// timer in the history instead, so that no workflow task stays open for it.
///
/// # Cancellation
/// As of an [`ActivityCall`]; the request reaches the activity at once, without a heartbeat. A worker that shuts down
/// waits five seconds for it, not the [grace](crate::worker::Worker::shutdown_grace): then another worker takes the
/// workflow task over, and the activity runs again.
///
/// # Signals, updates and queries
/// Signals and updates that arrive while it runs wait for the end of the workflow task, which the worker
/// prolongs by another one after 80 % of its timeout. A query brings that forward.
///
/// ```
/// use durably::{prelude::*, workflow::{CancellationType, LocalActivityCall}};
///
/// #[activity]
/// async fn rate(currency: String) -> f64 {
///     if currency == "EUR" { 1.0 } else { 1.1 }
/// }
///
/// #[derive(Default)]
/// struct Price;
///
/// #[workflow]
/// impl Price {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, cents: u64) -> Result<f64> {
///         let euro: LocalActivityCall<_, _> = rate::call(ctx, "EUR").local();
///         let euro = euro.start_to_close(secs(1)).await?;
///
///         let dollar = rate::call(ctx, "USD")
///             .local()
///             .schedule_to_close(mins(1))
///             .schedule_to_start(secs(10))
///             .retry(Retry::attempts(3).initial_interval(millis(100)))
///             .local_retry_threshold(secs(10))
///             .id("dollar")
///             .summary("rate of the dollar")
///             .cancellation(CancellationType::WaitCompleted)
///             .shielded()
///             .start();
///         ctx.sleep(secs(1)).await?;
///         Ok(cents as f64 * dollar.await? / euro)
///     }
/// }
/// ```
#[must_use = "the activity is started when the call is awaited"]
pub struct LocalActivityCall<A, T>(ActivityCall<A, T>);

impl<A, T> LocalActivityCall<A, T> {
    pub(super) fn new(call: ActivityCall<A, T>) -> Self {
        Self(call)
    }

    setters! {
        fn start_to_close(duration: impl Span) -> LocalActivityCall<A, TimeoutSet>;
        fn schedule_to_close(duration: impl Span) -> LocalActivityCall<A, TimeoutSet>;
        fn schedule_to_start(duration: impl Span) -> Self;
        fn retry(retry: Retry /* as in `Retry::attempts(3)` */) -> Self;
    }

    fn set(&mut self, change: impl FnOnce(&mut ActivityOptions)) {
        self.0.set(change);
    }

    /// The same call, of which a timeout is known now.
    fn decided(self) -> LocalActivityCall<A, TimeoutSet> {
        LocalActivityCall(self.0.decided())
    }

    /// A pause before the next attempt that is longer than this is a timer in the history; one minute by
    /// default. Shorter ones keep the workflow task open.
    pub fn local_retry_threshold(mut self, duration: impl Span) -> Self {
        self.0.set_local(Some(duration.into_duration()));
        self
    }

    /// The id of the activity, unique among those that run; a number by default.
    pub fn id(self, id: impl Text) -> Self {
        Self(self.0.id(id))
    }

    /// A description of the call, which the UI and the CLI show in the history.
    pub fn summary(self, text: impl Text) -> Self {
        Self(self.0.summary(text))
    }

    /// What cancellation does, as for an [`ActivityCall`].
    pub fn cancellation(self, kind: CancellationType) -> Self /* as in `CancellationType::Abandon` */
    {
        Self(self.0.cancellation(kind))
    }

    /// The call is not cancelled with the workflow.
    pub fn shielded(self) -> Self {
        Self(self.0.shielded())
    }

    /// No local activity has a heartbeat timeout.
    #[doc(hidden)]
    pub fn heartbeat(self, _duration: impl Span) -> Self
    where
        Self: HasHeartbeats,
    {
        self
    }

    /// No local activity has a priority.
    #[doc(hidden)]
    pub fn priority(self, _priority: Priority) -> Self
    where
        Self: HasPriority,
    {
        self
    }

    /// No local activity has a task queue.
    #[doc(hidden)]
    pub fn task_queue(self, _queue: impl Text) -> Self
    where
        Self: HasTaskQueue,
    {
        self
    }
}

impl<A: Activity, T> LocalActivityCall<A, T> {
    // The bound stands at the method, as for an ordinary call.
    /// Starts the activity now; awaiting the handle returns its result.
    #[track_caller]
    pub fn start(self) -> ActivityHandle<A>
    where
        T: HasTimeout,
    {
        self.0.start()
    }
}

impl<A: Activity, T: HasTimeout> Future for LocalActivityCall<A, T> {
    type Output = Result<A::Output, ActivityError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}
