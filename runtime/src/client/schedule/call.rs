//! Creating schedules.

use std::{
    borrow::Cow,
    future::Future,
    marker::PhantomData,
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use durably_engine::Header;

use super::{
    Every, HasTimes, NoTimes, Schedule, ScheduleAction, ScheduleHandle, TimesSet, handle::range_of,
};
use crate::{
    client::{
        Client, Startable,
        call::{Request, within},
        start::options::Start,
    },
    data::{
        EncodedArgs, Outgoing, Text, note,
        search::{SearchKey, SearchKind, SearchValue},
    },
    definition::{HasQueue, QueueSet, Workflow},
    error::{CreateScheduleError, DataError, RpcError, ScheduleAlreadyExists},
    interceptor::CreateScheduleRequest,
    options::{
        Retry,
        setters::{doc_of, setters, value_of},
    },
    time::{Time, span::Span},
    transport::retry::Patience,
    wire::{
        calendar::Calendar,
        schedule::{Backfill, CreateSchedule, Patch},
        schedule_spec::{Interval, Overlap},
        status::{CallError, Reason},
    },
};

/// A schedule about to be created: `.await` gives a handle.
///
/// Made by the workflow's own `schedule`, or by [`Client::create_schedule`] for a workflow of any language.
///
/// ```no_run
/// use durably::{prelude::*, schedule::Calendar};
///
/// #[derive(Default)]
/// struct Report;
///
/// #[workflow(task_queue = "reports")]
/// impl Report {
///     #[run]
///     async fn run(&mut self, region: String) -> String {
///         region
///     }
/// }
///
/// # async fn example(client: Client) -> Result<()> {
/// let nightly = Report::schedule(&client, "nightly-eu", "eu")
///     .calendar(Calendar::daily(2, 0))
///     .time_zone("Europe/Berlin")
///     .await?;
/// nightly.trigger().await?;
/// # Ok(())
/// # }
/// ```
///
/// All options. A call without any time does not compile, nor does one without a task queue.
/// ```no_run
/// use durably::{prelude::*, schedule::{Calendar, Overlap}, search::{Keyword, SearchKey}};
/// # #[derive(Default)] struct Report;
/// # #[workflow(task_queue = "reports")] impl Report { #[run] async fn run(&mut self, region: String) {} }
///
/// const TEAM: SearchKey<Keyword> = SearchKey::new("Team");
///
/// # async fn example(client: Client, from: Time, to: Time) -> Result<()> {
/// let reports = Report::schedule(&client, "reports-eu", "eu")
///     // When: all of these together.
///     .every(hours(6)).offset(mins(5))
///     .calendar(Calendar::monthly(1, 0, 30))
///     .cron("30 12 * * MON-FRI")
///     .skip(Calendar::yearly(12, 25, 12, 30))
///     .between(from, to)
///     .jitter(secs(30))
///     .time_zone("Europe/Berlin")
///     // How.
///     .overlap(Overlap::BufferOne)
///     .catch_up(hours(1))
///     .pause_on_failure()
///     .limit(10)
///     .note("for the board")
///     .paused()
///     .memo("owner", "Bob")
///     .search(TEAM, "billing")
///     // The workflows.
///     .workflow_id("report-eu")
///     .task_queue("slow-reports")
///     .execution_timeout(days(1))
///     .run_timeout(hours(1))
///     .task_timeout(secs(10))
///     .retry(Retry::attempts(3))
///     .workflow_memo("asked for by", "the board")
///     .workflow_search(TEAM, "billing")
///     // At once.
///     .trigger_immediately()
///     .backfill(from..to)
///     .timeout(secs(5))
///     .await?;
///
/// // One that acts when it is triggered only.
/// Report::schedule(&client, "report-on-demand", "eu").only_triggered().await?;
///
/// // From a time on, or up to one.
/// Report::schedule(&client, "next-year", "eu").cron("@daily").start_at(to).await?;
/// Report::schedule(&client, "this-year", "eu").cron("@daily").end_at(to).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the schedule is created when this is awaited"]
pub struct ScheduleCall<W, Q, T> {
    request: Request<Box<NewSchedule>, Result<ScheduleHandle, CreateScheduleError>>,
    types: PhantomData<Types<W, Q, T>>,
}

/// The workflow, whether it has a task queue, and whether there are times; none is held.
type Types<W, Q, T> = fn() -> (W, Q, T);

struct NewSchedule {
    client: Client,
    id: String,
    schedule: Schedule,
    patch: Patch,
    memo: Header,
    search_attributes: Header,
    /// The first memo or search attribute of the schedule that could not be encoded.
    error: Option<DataError>,
    /// How long the caller waits for the server's response.
    timeout: Option<Duration>,
}

impl<W: Workflow, Q> ScheduleCall<W, Q, NoTimes> {
    #[doc(hidden)]
    pub fn new(client: &Client, id: impl Text, args: EncodedArgs) -> Self {
        Self::of_type(client, id, Cow::Borrowed(W::NAME), args)
    }

    /// A schedule of a workflow of this type, which a dynamic workflow runs.
    #[doc(hidden)]
    pub fn named(client: &Client, id: impl Text, workflow: impl Text, args: EncodedArgs) -> Self {
        Self::of_type(client, id, Cow::Owned(workflow.into_text()), args)
    }

    fn of_type(
        client: &Client,
        id: impl Text,
        workflow: Cow<'static, str>,
        args: EncodedArgs,
    ) -> Self {
        let mut call = Self::by_name(client, id.into_text(), workflow, args);
        if let Some(queue) = W::TASK_QUEUE {
            call.action().task_queue = queue.to_owned();
        }
        call
    }
}

impl<W: Startable, Q> ScheduleCall<W, Q, NoTimes> {
    pub(crate) fn by_name(
        client: &Client,
        id: String,
        workflow: Cow<'static, str>,
        args: EncodedArgs,
    ) -> Self {
        let start = Start::new(client, workflow.into_owned(), args);
        let action = ScheduleAction::new(start, &id);
        Self {
            request: Request::new(Box::new(NewSchedule {
                client: client.clone(),
                id,
                schedule: Schedule::new(action),
                patch: Patch::default(),
                memo: Header::new(),
                search_attributes: Header::new(),
                error: None,
                timeout: None,
            })),
            types: PhantomData,
        }
    }
}

impl<W: Startable, Q, T> ScheduleCall<W, Q, T> {
    /// At equal distances, counted from the start of 1970, UTC; [`offset`](ScheduleCall::offset) puts the times
    /// off. May be repeated.
    pub fn every(mut self, distance: impl Span) -> ScheduleCall<W, Q, Every> {
        let interval = Interval::every(distance);
        self.schedule().spec.intervals.push(interval);
        self.retyped()
    }

    /// By the calendar; see [`Calendar`]. May be repeated.
    pub fn calendar(mut self, calendar: Calendar) -> ScheduleCall<W, Q, TimesSet> {
        self.schedule().spec.calendars.push(calendar);
        self.retyped()
    }

    /// By a cron expression: `"0 2 * * *"` is every day at two. A sixth field is the year, and with seven fields
    /// the first is the second. `CRON_TZ=Europe/Berlin` may stand before it, `# a comment` after it. May be
    /// repeated.
    pub fn cron(mut self, expression: impl Text) -> ScheduleCall<W, Q, TimesSet> {
        let expression = expression.into_text();
        self.schedule().spec.crons.push(expression);
        self.retyped()
    }

    /// At no time: the schedule acts when it is [triggered](ScheduleHandle::trigger) only.
    ///
    /// Temporal's servers, and the embedded one, delete a schedule that has nothing to do any more a week after its last
    /// action or change: one without times, after its [`limit`](Self::limit) or after [`end_at`](Self::end_at). They keep one
    /// that is paused, and triggers work while it is: create it [`paused`](Self::paused).
    pub fn only_triggered(self) -> ScheduleCall<W, Q, TimesSet> {
        self.retyped()
    }

    /// Leaves out the times of this calendar. May be repeated.
    ///
    /// A time is left out if the calendar has that very second: the defaults of [`Calendar::new`] are the second,
    /// minute and hour 0.
    pub fn skip(mut self, calendar: Calendar) -> Self {
        self.schedule().spec.skip.push(calendar);
        self
    }

    /// Only the times from `start` to `end`, both included.
    pub fn between(self, start: impl Into<Time>, end: impl Into<Time>) -> Self {
        self.start_at(start).end_at(end)
    }

    /// Only the times from this one on.
    pub fn start_at(mut self, start: impl Into<Time>) -> Self {
        self.schedule().spec.start = Some(start.into());
        self
    }

    /// Only the times up to this one, which is included. Then the schedule has nothing more to do, and the server
    /// [deletes it](Self::only_triggered) after a week.
    pub fn end_at(mut self, end: impl Into<Time>) -> Self {
        self.schedule().spec.end = Some(end.into());
        self
    }

    /// Puts each time off by a random part of this, so that schedules of one time do not act together.
    pub fn jitter(mut self, jitter: impl Span) -> Self {
        self.schedule().spec.jitter = Some(jitter.into_duration());
        self
    }

    /// The time zone of calendars and cron expressions, by its name in the IANA database; UTC by default.
    pub fn time_zone(mut self, name: impl Text) -> Self {
        self.schedule().spec.time_zone = Some(name.into_text());
        self
    }

    /// What happens at a time at which a workflow of the schedule is still running; by default nothing is started.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.schedule().overlap = overlap;
        self
    }

    /// How late it may act after the server was down; ten seconds at least, a year by default.
    pub fn catch_up(mut self, window: impl Span) -> Self {
        self.schedule().catch_up = Some(window.into_duration());
        self
    }

    /// Pauses the schedule when a workflow fails or times out, its retries included.
    pub fn pause_on_failure(mut self) -> Self {
        self.schedule().pause_on_failure = true;
        self
    }

    /// At most this many workflows. Triggers and backfills do not count. Then the schedule has nothing more to do, and the
    /// server [deletes it](Self::only_triggered) after a week.
    pub fn limit(mut self, workflows: u64) -> Self {
        if workflows == 0 {
            let problem = "a limit of 0 starts nothing; use `.paused()` for that";
            self.schedule().wrong.push(problem.to_owned());
        }
        self.schedule().remaining = Some(workflows);
        self
    }

    /// A note for people; pausing and unpausing replace it.
    pub fn note(mut self, note: impl Text) -> Self {
        self.schedule().note = note.into_text();
        self
    }

    /// Paused from the beginning: it acts only when it is triggered or backfilled.
    pub fn paused(mut self) -> Self {
        self.schedule().paused = true;
        self
    }

    /// Starts a workflow when the schedule is created, too.
    pub fn trigger_immediately(mut self) -> Self {
        self.new_mut().patch.trigger = Some(None);
        self
    }

    /// Acts on the times of this range, which may have passed, when the schedule is created. May be repeated.
    pub fn backfill(mut self, times: Range<impl Into<Time>>) -> Self {
        let new = self.new_mut();
        match range_of(times) {
            Ok(Range { start, end }) => new.patch.backfills.push(Backfill {
                from: start,
                to: end,
                overlap: None,
            }),
            Err(problem) => new.schedule.wrong.push(problem),
        }
        self
    }

    /// Adds a memo to the schedule: a value that `describe` and lists show.
    ///
    /// One that cannot be written is [`CreateScheduleError::Data`] when the call is awaited.
    pub fn memo<V: Outgoing>(mut self, name: impl Text, value: V) -> Self {
        let (name, new) = (name.into_text(), self.new_mut());
        match note("memo", &name, &value, new.client.converter()) {
            Ok(memo) => drop(new.memo.insert(name, memo)),
            Err(error) => drop(new.error.get_or_insert(error)),
        }
        self
    }

    /// Sets a search attribute of the schedule, by which [`List::matching`](crate::client::List::matching) finds
    /// it.
    pub fn search<K: SearchKind>(mut self, key: SearchKey<K>, value: impl SearchValue<K>) -> Self {
        let (name, payload) = key.set(value).into_parts();
        let new = self.new_mut();
        match payload {
            Ok(payload) => drop(new.search_attributes.insert(name, payload)),
            Err(error) => drop(new.error.get_or_insert(error)),
        }
        self
    }

    /// The id of the workflows, to which the server adds the time: `report-eu-2026-03-01T02:00:00Z`. By default
    /// the id of the schedule.
    pub fn workflow_id(mut self, id: impl Text) -> Self {
        self.action().workflow_id = id.into_text();
        self
    }

    /// The task queue of the workers that run the workflows; by default the one that
    /// `#[workflow(task_queue = "..")]` declares. Without either the call does not compile.
    pub fn task_queue(mut self, queue: impl Text) -> ScheduleCall<W, QueueSet, T> {
        self.action().task_queue = queue.into_text();
        self.retyped()
    }

    /// Adds a memo to each workflow.
    pub fn workflow_memo<V: Outgoing>(mut self, name: impl Text, value: V) -> Self {
        let (name, action) = (name.into_text(), self.action());
        match note("memo", &name, &value, &action.converter) {
            Ok(memo) => drop(action.memo.insert(name, memo)),
            Err(error) => drop(action.error.get_or_insert(error)),
        }
        self
    }

    /// Sets a search attribute of each workflow.
    pub fn workflow_search<K: SearchKind>(
        mut self,
        key: SearchKey<K>,
        value: impl SearchValue<K>,
    ) -> Self {
        let (name, payload) = key.set(value).into_parts();
        let action = self.action();
        match payload {
            Ok(payload) => drop(action.search_attributes.insert(name, payload)),
            Err(error) => drop(action.error.get_or_insert(error)),
        }
        self
    }

    setters! {
        fn execution_timeout(timeout: impl Span) -> Self;
        fn run_timeout(timeout: impl Span) -> Self;
        fn task_timeout(timeout: impl Span) -> Self;
        fn retry(retry: Retry /* as in `Retry::attempts(3)` */) -> Self;
    }

    /// How long to wait for the server's response, retries included; about ten seconds if not set.
    ///
    /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds. The server may have created
    /// the schedule all the same.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.new_mut().timeout = Some(timeout.into_duration());
        self
    }

    fn set(&mut self, change: impl FnOnce(&mut ScheduleAction)) {
        change(self.action());
    }

    fn new_mut(&mut self) -> &mut NewSchedule {
        self.request.new_mut()
    }

    fn schedule(&mut self) -> &mut Schedule {
        &mut self.new_mut().schedule
    }

    fn action(&mut self) -> &mut ScheduleAction {
        &mut self.new_mut().schedule.action
    }

    /// The same call: none of the types is in the request.
    fn retyped<P, U>(self) -> ScheduleCall<W, P, U> {
        ScheduleCall {
            request: Request::new(self.request.into_new()),
            types: PhantomData,
        }
    }
}

impl<W: Startable, Q> ScheduleCall<W, Q, Every> {
    /// Puts the times of the last [`every`](ScheduleCall::every) off, by less than their distance.
    pub fn offset(mut self, offset: impl Span) -> ScheduleCall<W, Q, TimesSet> {
        if let Some(last) = self.schedule().spec.intervals.last_mut() {
            *last = last.offset(offset);
        }
        self.retyped()
    }
}

/// The schedule, for [`ScheduleDescription::replace`](super::ScheduleDescription::replace): without its memo, search
/// attributes, trigger and backfills, which only a new schedule has.
impl<W: Startable, Q: HasQueue, T: HasTimes> From<ScheduleCall<W, Q, T>> for Schedule {
    fn from(call: ScheduleCall<W, Q, T>) -> Self {
        call.request.into_new().schedule
    }
}

impl<W: Startable, Q: HasQueue, T: HasTimes> Future for ScheduleCall<W, Q, T> {
    type Output = Result<ScheduleHandle, CreateScheduleError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |new| Box::pin(create(new)) as _;
        self.get_mut().request.poll(cx, send)
    }
}

async fn create(new: Box<NewSchedule>) -> Result<ScheduleHandle, CreateScheduleError> {
    new.schedule.check(&new.id)?;
    if let Some(error) = new.error {
        return Err(error.into());
    }
    let request = CreateSchedule {
        id: new.id.clone(),
        schedule: new.schedule.into_wire()?,
        patch: new.patch,
        memo: new.memo,
        search_attributes: new.search_attributes,
    };
    let (client, id) = (new.client, new.id);
    let what = || format!("response to the creation of schedule `{id}`");
    within(new.timeout, what, async {
        let patience = Patience::at_once(new.timeout);
        let interceptors = client.interceptors();
        if interceptors.is_empty() {
            return send(&client, request, patience).await;
        }
        let mut request = request;
        let action = &mut request.schedule.action;
        let shown = CreateScheduleRequest::new(&request.id, action, client.converter());
        let sender = client.clone();
        let send = move |shown: CreateScheduleRequest| async move {
            request.id = shown.into_wire(&mut request.schedule.action);
            send(&sender, request, patience).await
        };
        interceptors.around(shown, send).await
    })
    .await?;
    Ok(ScheduleHandle::new(&client, id))
}

async fn send(
    client: &Client,
    request: CreateSchedule,
    patience: Patience,
) -> Result<(), CreateScheduleError> {
    let id = request.id.clone();
    let created = client.caller().call(request, patience).await;
    created.map_err(|error| refused(&id, error))
}

/// Why the server did not create the schedule.
fn refused(id: &str, error: CallError) -> CreateScheduleError {
    let is_taken =
        error.is_already_exists() || matches!(error.reason(), Reason::AlreadyStarted { .. });
    match is_taken {
        true => ScheduleAlreadyExists {
            schedule_id: id.to_owned(),
        }
        .into(),
        false => RpcError::from(error).into(),
    }
}
