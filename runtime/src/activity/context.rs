//! What an activity may know and do.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, SystemTime},
};

use durably_engine::{Header, Payload};

use super::{
    cancel::{CancelReason, CancelSignal},
    heartbeat::Heart,
};
use crate::{
    data::{Bytes, Converter, Headers, Incoming, Outgoing, type_name},
    error::{CompleteLater, DataError, Result},
    options::{Priority, Retry},
    telemetry::{Metrics, log, measure::Measures},
};

/// What an activity may ask of its worker: who called it, whether to stop, and where its heartbeats
/// go. Cheap to clone, and may move to other threads.
///
/// # Cancellation
/// A cancel request reaches an activity in the reply to a heartbeat, so an activity that should be
/// cancellable calls [`heartbeat`](Self::heartbeat) and has a heartbeat timeout. It ends as
/// cancelled by returning [`Cancelled`](crate::error::Cancelled) as its error.
///
/// An async body is dropped at its current `.await` only when its result has no receiver any more,
/// and not before it had time to clean up after [`cancelled`](Self::cancelled) resolved:
/// - `Requested`, `Paused`, `Reset`: no limit but the attempt's own timeouts; the server waits for
///   what the body returns.
/// - `TimedOut`, `Gone`: five seconds. The server has given the attempt up, so what the body returns
///   is discarded.
/// - `WorkerShutdown`: the [shutdown grace](crate::worker::Worker::shutdown_grace) of the worker, ten
///   seconds by default. What the body returns is reported.
///
/// A body that blocks (a plain `fn`) cannot be dropped. It keeps its slot on the worker until it
/// returns, so a long one should look at [`is_cancelled`](Self::is_cancelled).
///
/// ```
/// # use durably::prelude::*;
/// # async fn render(_: u32) {}
/// # async fn remove_temporary_files() {}
/// #[activity(start_to_close = "10m", heartbeat = "30s")]
/// async fn film(ctx: &ActivityCtx, frames: u32) -> Result<()> {
///     for frame in 0..frames {
///         ctx.heartbeat(frame);
///         tokio::select! {
///             () = render(frame) => {}
///             _reason = ctx.cancelled() => {
///                 remove_temporary_files().await;
///                 return Err(Cancelled.into());
///             }
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// # Facts about the attempt, and where to resume
/// ```
/// # use durably::prelude::*;
/// # async fn copy(_: u32) {}
/// #[activity(start_to_close = "1h", heartbeat = "30s")]
/// async fn copy_pages(ctx: &ActivityCtx, pages: u32) -> Result<u32> {
///     println!("attempt {} of activity {}", ctx.attempt(), ctx.activity_id());
///     println!("called by {}, until {:?}", ctx.workflow_id(), ctx.info().deadline());
///     // The details of the previous attempt's last heartbeat.
///     let first = ctx.heartbeat_details::<u32>()?.map_or(0, |last| last + 1);
///     for page in first..pages {
///         if let Some(reason) = ctx.cancel_reason() {
///             println!("{reason:?} before page {page}");
///             return Err(Cancelled.into());
///         }
///         copy(page).await;
///         ctx.heartbeat(page);
///     }
///     Ok(pages - first)
/// }
/// ```
#[derive(Clone)]
pub struct ActivityCtx {
    attempt: Arc<Attempt>,
}

/// One attempt: shared by all clones of its context.
struct Attempt {
    info: Arc<ActivityInfo>,
    /// Details of the previous attempt's last heartbeat.
    previous: Vec<Payload>,
    cancel: CancelSignal,
    worker: ActivityHost,
    beats: Beats,
    /// What interceptors of the workflow have sent along.
    headers: Headers,
    /// The first details of a heartbeat that could not be written.
    unwritten: OnceLock<DataError>,
}

/// Is called with the details of each heartbeat, which it may change.
pub(crate) type HeartbeatHook =
    Arc<dyn Fn(&ActivityInfo, &mut Option<Payload>, &Converter) + Send + Sync>;

/// What attempts have of their worker.
#[derive(Clone, Default)]
pub(crate) struct ActivityHost {
    /// Set when the whole worker shuts down.
    pub(crate) shutdown: CancelSignal,
    pub(crate) converter: Converter,
    /// Where metrics are recorded.
    pub(crate) measures: Measures,
    /// What each heartbeat passes, if there are interceptors.
    pub(crate) on_heartbeat: Option<HeartbeatHook>,
}

/// Where heartbeats go.
enum Beats {
    /// Nowhere: the worker of the workflow runs a local activity.
    Local,
    Server {
        heart: Arc<Heart>,
        runtime: tokio::runtime::Handle,
    },
    Test(Mutex<Vec<Payload>>),
}

/// Facts about one attempt of an activity.
///
/// ```
/// # use durably::prelude::*;
/// #[activity(start_to_close = "1m")]
/// async fn import(ctx: &ActivityCtx, file: String) -> Result<()> {
///     println!("{file}, attempt {} of {}", ctx.attempt(), ctx.activity_id());
///     println!("called by {}, until {:?}", ctx.workflow_id(), ctx.info().deadline());
///     println!("{:?} {:?}", ctx.info().retry, ctx.info().priority);
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActivityInfo {
    /// Id of the activity, unique in its workflow among those open.
    pub activity_id: String,
    /// Type of the activity.
    pub activity_type: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The workflow that called it.
    pub workflow_id: String,
    /// The run of that workflow.
    pub run_id: String,
    /// The type of that workflow.
    pub workflow_type: String,
    /// The namespace of that workflow.
    pub namespace: String,
    /// The task queue the attempt came from.
    pub task_queue: String,
    /// When the first attempt was scheduled.
    pub scheduled_at: SystemTime,
    /// When this attempt was scheduled.
    pub attempt_scheduled_at: SystemTime,
    /// When this attempt started.
    pub started_at: SystemTime,
    /// The longest this attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest pause between two heartbeats.
    pub heartbeat_timeout: Option<Duration>,
    /// How failed attempts are retried; `None` if the server does not say.
    pub retry: Option<Retry>,
    /// How urgent the activity is. The server adds what the activity has from its workflow to tasks that waited in a
    /// queue, and not to those that it hands out with the response to a workflow task; a local activity has none.
    pub priority: Priority,
    /// Whether the attempt runs inside the workflow's own worker, without a task of its own.
    pub is_local: bool,
    /// What names this attempt to the server; see [`ActivityCtx::task_token`].
    pub task_token: Bytes,
}

impl ActivityInfo {
    /// When this attempt times out, by the clock of the server: the earlier end of its start-to-close
    /// and schedule-to-close timeout. `None` if it has neither.
    pub fn deadline(&self) -> Option<SystemTime> {
        // A limit past what a clock can show is none.
        let own = self
            .start_to_close
            .and_then(|d| self.started_at.checked_add(d));
        let all = self
            .schedule_to_close
            .and_then(|d| self.scheduled_at.checked_add(d));
        own.into_iter().chain(all).min()
    }
}

impl ActivityCtx {
    pub(crate) fn new(
        info: Arc<ActivityInfo>,
        previous: Vec<Payload>,
        cancel: CancelSignal,
        worker: ActivityHost,
        heart: Arc<Heart>,
        runtime: tokio::runtime::Handle,
        headers: Header,
    ) -> Self {
        Self {
            attempt: Arc::new(Attempt {
                headers: Headers::new(headers, &worker.converter),
                info,
                previous,
                cancel,
                worker,
                beats: Beats::Server { heart, runtime },
                unwritten: OnceLock::new(),
            }),
        }
    }

    /// The context of a local activity.
    pub(crate) fn local(
        info: ActivityInfo,
        cancel: CancelSignal,
        worker: ActivityHost,
        headers: Header,
    ) -> Self {
        Self {
            attempt: Arc::new(Attempt {
                headers: Headers::new(headers, &worker.converter),
                info: Arc::new(info),
                previous: Vec::new(),
                cancel,
                worker,
                beats: Beats::Local,
                unwritten: OnceLock::new(),
            }),
        }
    }

    /// Sends a heartbeat: the server records that the activity is alive, with the details of its progress.
    ///
    /// It returns at once and may be called at any rate. At most one request is sent in an interval, with
    /// the newest details: 80 % of the heartbeat timeout, but no longer than a minute, or 30 seconds
    /// without a timeout. The next attempt reads the details by
    /// [`heartbeat_details`](Self::heartbeat_details). A local activity sends none: requests to cancel reach it
    /// without.
    ///
    /// # Errors
    /// Details that cannot be written, NaN for example, fail the attempt: the heartbeat repeats the newest
    /// details before them, the error is logged at once, and when the body returns a result, the attempt
    /// fails with the [`DataError`] instead.
    ///
    /// Details that cannot be sent, because they are too large for the server or because a codec fails, are
    /// logged, and do not fail the attempt: the server gets the newest details before them once more. Those
    /// whose codec failed are sent again after the interval.
    pub fn heartbeat<T: Outgoing>(&self, details: T) {
        let mut payload = match details.__encode(&self.attempt.worker.converter) {
            Ok(payload) => Some(payload),
            Err(fault) => {
                let what = self.describe_details();
                let error = DataError::write(what, type_name::short::<T>(), fault);
                if self.attempt.unwritten.set(error.clone()).is_ok() {
                    log::on_attempt!(
                        log::warning,
                        self.attempt.info,
                        %error,
                        "activity attempt will fail"
                    );
                }
                None
            }
        };
        let worker = &self.attempt.worker;
        if let Some(hook) = &worker.on_heartbeat {
            hook(&self.attempt.info, &mut payload, &worker.converter);
        }
        match &self.attempt.beats {
            Beats::Local => {}
            Beats::Server { heart, runtime } => heart.beat(payload, runtime),
            Beats::Test(beats) => {
                let mut beats = beats.lock().unwrap_or_else(PoisonError::into_inner);
                beats.extend(payload);
            }
        }
    }

    /// The details of the last heartbeat of the previous attempt, if there were any.
    ///
    /// # Errors
    /// [`DataError`]: the details cannot be deserialised as a `T`.
    pub fn heartbeat_details<T: Incoming>(&self) -> Result<Option<T>, DataError> {
        let Some(details) = self.attempt.previous.first() else {
            return Ok(None);
        };
        self.decode(details.clone()).map(Some)
    }

    /// Resolves when the activity should stop, with the reason.
    pub fn cancelled(&self) -> impl Future<Output = CancelReason> + Send + use<> {
        let attempt = Arc::clone(&self.attempt);
        async move {
            tokio::select! {
                biased;
                reason = attempt.cancel.wait() => reason,
                reason = attempt.worker.shutdown.wait() => reason,
            }
        }
    }

    /// Whether the activity should stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel_reason().is_some()
    }

    /// Why the activity should stop, if it should.
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        let attempt = &self.attempt;
        attempt
            .cancel
            .reason()
            .or_else(|| attempt.worker.shutdown.reason())
    }

    /// All facts about this attempt.
    pub fn info(&self) -> &ActivityInfo {
        &self.attempt.info
    }

    /// The headers of the call, which [interceptors](crate::interceptor) of the workflow have set.
    ///
    /// ```
    /// use durably::prelude::*;
    ///
    /// #[activity(start_to_close = "10s")]
    /// async fn charge(ctx: &ActivityCtx, cents: u64) -> Result<String> {
    ///     let tenant = ctx.headers().get::<String>("tenant")?.unwrap_or_default();
    ///     Ok(format!("{cents} from {tenant}"))
    /// }
    /// ```
    pub fn headers(&self) -> &Headers {
        &self.attempt.headers
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.info().attempt
    }

    /// Id of the activity.
    pub fn activity_id(&self) -> &str {
        &self.info().activity_id
    }

    /// Id of the workflow that called it.
    pub fn workflow_id(&self) -> &str {
        &self.info().workflow_id
    }

    /// What names this attempt to the server: an
    /// [`AsyncActivityHandle`](crate::client::AsyncActivityHandle) of a client reports on it by this.
    ///
    /// Other SDKs take it, too. It is of this attempt alone: when the attempt has timed out or has failed,
    /// the server refuses it. That of a local activity is empty: the server does not know the attempt.
    pub fn task_token(&self) -> Bytes {
        self.info().task_token.clone()
    }

    /// Leaves the completion of the activity to a client: `ctx.complete_later().into()` as the result.
    ///
    /// The function ends, and frees its slot on the worker; the attempt runs on at the server until an
    /// [`AsyncActivityHandle`](crate::client::AsyncActivityHandle) reports its end, or until one of its
    /// timeouts ends it. The handle is made from [`task_token`](Self::task_token), or from the ids of the
    /// workflow and the activity. Heartbeats are up to the client, too.
    ///
    /// ```
    /// use durably::{Bytes, prelude::*};
    ///
    /// # async fn send_mail(_: &str, _: Bytes) -> Result<()> { Ok(()) }
    /// #[activity(start_to_close = "30d")]
    /// async fn ask_manager(ctx: &ActivityCtx, manager: String) -> Result<bool> {
    ///     send_mail(&manager, ctx.task_token()).await?;
    ///     ctx.complete_later().into()
    /// }
    ///
    /// /// In the program that gets the answer.
    /// async fn answered(client: &Client, token: Bytes, yes: bool) -> Result<()> {
    ///     let activity = client.activity_by_token(token).typed::<ask_manager>();
    ///     Ok(activity.complete(yes).await?)
    /// }
    /// ```
    pub fn complete_later(&self) -> CompleteLater {
        CompleteLater::new()
    }

    /// Metrics of your own, with the namespace, the task queue and the type of the activity as labels.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// #[activity(start_to_close = "10s")]
    /// async fn ship(ctx: &ActivityCtx, parcels: u64) {
    ///     ctx.metrics().counter("parcels_shipped").add(parcels);
    /// }
    /// ```
    pub fn metrics(&self) -> Metrics {
        let info = self.info();
        Metrics::new(&self.attempt.worker.measures, || {
            [
                ("namespace", info.namespace.as_str().into()),
                ("task_queue", info.task_queue.as_str().into()),
                ("activity_type", info.activity_type.as_str().into()),
            ]
        })
    }

    /// A context outside any worker, for tests of one activity.
    ///
    /// ```
    /// let (ctx, test) = durably::ActivityCtx::for_test("resize");
    /// ctx.heartbeat(7);
    /// assert_eq!(test.heartbeats::<u32>().unwrap(), [7]);
    /// test.cancel();
    /// assert!(ctx.is_cancelled());
    /// ```
    pub fn for_test(activity_type: &str) -> (Self, TestActivity) {
        let now = SystemTime::now();
        let ctx = Self {
            attempt: Arc::new(Attempt {
                info: Arc::new(ActivityInfo {
                    activity_id: "test".to_owned(),
                    activity_type: activity_type.to_owned(),
                    attempt: 1,
                    workflow_id: "test".to_owned(),
                    run_id: "test".to_owned(),
                    workflow_type: "test".to_owned(),
                    namespace: "default".to_owned(),
                    task_queue: "test".to_owned(),
                    scheduled_at: now,
                    attempt_scheduled_at: now,
                    started_at: now,
                    start_to_close: None,
                    schedule_to_close: None,
                    heartbeat_timeout: None,
                    retry: None,
                    priority: Priority::default(),
                    is_local: false,
                    task_token: Bytes::from(b"test".as_slice()),
                }),
                previous: Vec::new(),
                cancel: CancelSignal::default(),
                worker: ActivityHost::default(),
                beats: Beats::Test(Mutex::default()),
                headers: Headers::default(),
                unwritten: OnceLock::new(),
            }),
        };
        let test = TestActivity { ctx: ctx.clone() };
        (ctx, test)
    }

    /// Fails with the first details of a heartbeat that could not be written.
    pub(crate) fn refuse_unwritten(&self) -> Result<(), DataError> {
        match self.attempt.unwritten.get() {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn decode<T: Incoming>(&self, details: Payload) -> Result<T, DataError> {
        T::__decode(details, &self.attempt.worker.converter)
            .map_err(|fault| DataError::read::<T>(self.describe_details(), fault))
    }

    fn describe_details(&self) -> String {
        let activity = &self.info().activity_type;
        format!("the heartbeat details of activity `{activity}`")
    }
}

impl fmt::Debug for ActivityCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityCtx")
            .field("info", self.info())
            .field("cancel_reason", &self.cancel_reason())
            .finish_non_exhaustive()
    }
}

/// The other end of [`ActivityCtx::for_test`]: reads the heartbeats, and requests cancellation.
///
/// ```
/// use durably::prelude::*;
///
/// #[activity(start_to_close = "1h", heartbeat = "30s")]
/// async fn copy_pages(ctx: &ActivityCtx, pages: u32) -> Result<()> {
///     for page in 0..pages {
///         if ctx.is_cancelled() {
///             return Err(Cancelled.into());
///         }
///         ctx.heartbeat(page);
///     }
///     Ok(())
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let (ctx, test) = ActivityCtx::for_test("copy_pages");
/// copy_pages(&ctx, 3).await?;
/// assert_eq!(test.heartbeats::<u32>()?, [0, 1, 2]);
///
/// test.cancel();
/// assert!(copy_pages(&ctx, 3).await.unwrap_err().is_cancelled());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestActivity {
    ctx: ActivityCtx,
}

impl TestActivity {
    /// Requests cancellation as the activity's workflow would: with the reason
    /// [`Requested`](CancelReason::Requested).
    pub fn cancel(&self) {
        self.ctx.attempt.cancel.set(CancelReason::Requested);
    }

    /// The details of all heartbeats so far.
    ///
    /// # Errors
    /// [`DataError`]: details that cannot be deserialised as a `T`, or that could not be written.
    pub fn heartbeats<T: Incoming>(&self) -> Result<Vec<T>, DataError> {
        self.ctx.refuse_unwritten()?;
        let Beats::Test(beats) = &self.ctx.attempt.beats else {
            return Ok(Vec::new());
        };
        let beats = beats.lock().unwrap_or_else(PoisonError::into_inner).clone();
        beats
            .into_iter()
            .map(|details| self.ctx.decode(details))
            .collect()
    }
}
