//! What a client does with a schedule that exists.

use std::{
    fmt,
    future::Future,
    ops::Range,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use super::{ScheduleDescription, definition::check_id};
use crate::{
    client::{
        Client,
        call::{self, Call, within},
    },
    data::Text,
    error::{
        InvalidSchedule, RpcError, ScheduleConflict, ScheduleError, ScheduleNotFound,
        UpdateScheduleError,
    },
    interceptor::{ScheduleOperation, ScheduleRequest},
    time::{Time, span::Span},
    transport::{retry::Patience, rpc::Rpc},
    wire::{
        request::Request,
        schedule::{
            Backfill, DeleteSchedule, DescribeSchedule, DescribedSchedule, ListScheduleTimes,
            Patch, PatchSchedule, ScheduleInfo, UpdateSchedule,
        },
        schedule_spec::Overlap,
        status::CallError,
    },
};

/// A schedule, by its id.
///
/// A [`ScheduleCall`](super::ScheduleCall) returns one when it has created the schedule, [`Client::schedule`] one
/// of a schedule that exists. Cheap to clone, and safe to share between threads and tasks.
///
/// ```no_run
/// use durably::{prelude::*, schedule::Overlap};
///
/// # async fn example(client: Client, from: Time, to: Time) -> Result<()> {
/// let nightly = client.schedule("nightly");
/// println!("{} starts {}", nightly.id(), nightly.describe().await?.action.workflow_type);
///
/// nightly.pause("holidays").await?;
/// nightly.unpause("back at work").await?;
///
/// // Now, beside what is running, and the times that were missed.
/// nightly.trigger().overlap(Overlap::AllowAll).await?;
/// nightly.backfill(from..to).overlap(Overlap::BufferAll).timeout(secs(5)).await?;
///
/// for time in nightly.times(from..to).await? {
///     println!("acts at {time}");
/// }
/// nightly.update(|schedule| schedule.pause_on_failure = true).await?;
/// nightly.delete().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ScheduleHandle {
    client: Client,
    id: Arc<str>,
}

impl ScheduleHandle {
    pub(crate) fn new(client: &Client, id: String) -> Self {
        Self {
            client: client.clone(),
            id: id.into(),
        }
    }

    /// The id of the schedule.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is to do, what it has done, and what it does next.
    ///
    /// # Errors
    /// There is no such schedule, or the request failed.
    pub fn describe(&self) -> Call<ScheduleDescription, ScheduleError> {
        let handle = self.clone();
        Call::new(move |timeout| async move {
            let what = || format!("description of schedule `{}`", handle.id);
            let patience = Patience::at_once(timeout);
            let fetch = move |handle: Self| async move { handle.fetch(patience).await };
            let described = handle.passed(ScheduleOperation::Describe, fetch);
            within(timeout, what, described).await
        })
    }

    /// Changes it. `change` gets the description, whose fields are those of the schedule.
    ///
    /// If another client changes the schedule meanwhile, neither change is lost: the update begins again with the
    /// new description, so `change` may be called several times.
    ///
    /// The schedulers of a real server that are workflows ignore an update of an old description without an error.
    /// There the update counts as made if the schedule has been updated since and every field is as it was sent. If
    /// it was updated and is different, this update was ignored or another one followed it at once: it begins again,
    /// so a `change` that adds something may add it twice in that rare case.
    ///
    /// ```no_run
    /// use durably::{prelude::*, schedule::Calendar};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// let nightly = client.schedule("nightly");
    /// nightly
    ///     .update(|schedule| {
    ///         schedule.spec.calendars = vec![Calendar::daily(3, 0)];
    ///         schedule.note = format!("moved after {} runs", schedule.info.counts.started);
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such schedule; the new one is invalid, or has no times where the old one had some; others
    /// change it again and again; or the request failed.
    pub fn update(
        &self,
        change: impl FnMut(&mut ScheduleDescription) + Send + 'static,
    ) -> Call<(), UpdateScheduleError> {
        let handle = self.clone();
        // Calls are `Sync`, and what they hold is polled by one task only.
        let change = Mutex::new(change);
        Call::new(move |timeout| async move {
            let mut change = change.into_inner().unwrap_or_else(PoisonError::into_inner);
            let what = || format!("response to the update of schedule `{}`", handle.id);
            let replace =
                move |handle: Self| async move { handle.replace(&mut change, timeout).await };
            let replaced = handle.passed(ScheduleOperation::Update, replace);
            within(timeout, what, replaced).await
        })
    }

    /// Pauses it: until it is unpaused, it acts only when it is triggered or backfilled. The note replaces that of
    /// the schedule; an empty one says who paused it.
    ///
    /// # Errors
    /// There is no such schedule, or the request failed.
    pub fn pause(&self, note: impl Text) -> Call<(), ScheduleError> {
        self.patch(
            "pause",
            ScheduleOperation::Pause,
            Patch {
                pause: Some(self.note("paused", note)),
                ..Patch::default()
            },
        )
    }

    /// Unpauses it. Times that have passed meanwhile are left out. The note replaces that of the schedule; an
    /// empty one says who unpaused it.
    ///
    /// # Errors
    /// There is no such schedule, or the request failed.
    pub fn unpause(&self, note: impl Text) -> Call<(), ScheduleError> {
        self.patch(
            "unpausing",
            ScheduleOperation::Unpause,
            Patch {
                unpause: Some(self.note("unpaused", note)),
                ..Patch::default()
            },
        )
    }

    /// Starts a workflow now, also if the schedule is paused; [`overlap`](ActionCall::overlap) says what happens if
    /// one is running.
    ///
    /// # Errors
    /// There is no such schedule, or the request failed.
    pub fn trigger(&self) -> ActionCall {
        ActionCall::new(self, Ok(Cause::Now))
    }

    /// Acts now on the times of a range, `from` included and `to` not, as if they came; most often they have passed.
    ///
    /// With the schedule's own overlap policy all but one are usually skipped: `Overlap::BufferAll` starts the
    /// workflows one after the other, `Overlap::AllowAll` together.
    ///
    /// # Errors
    /// The range is empty; there is no such schedule, or the request failed.
    pub fn backfill(&self, times: Range<impl Into<Time>>) -> ActionCall {
        ActionCall::new(self, range_of(times).map(Cause::Times))
    }

    /// The times of the schedule in a range, `from` included and `to` not: all of them, or the first of them with
    /// [`limit`](TimesCall::limit). It does not matter whether the schedule is paused, and whether it existed then.
    ///
    /// # Errors
    /// The range is empty; there is no such schedule, or the request failed.
    pub fn times(&self, times: Range<impl Into<Time>>) -> TimesCall {
        TimesCall {
            request: call::Request::new(ListTimes {
                handle: self.clone(),
                times: range_of(times),
                limit: usize::MAX,
                timeout: None,
            }),
        }
    }

    /// Deletes it. The workflows that it has started run on. If the request had to be repeated, a schedule that is gone
    /// by then counts as deleted.
    ///
    /// # Errors
    /// There is no such schedule, or the request failed.
    pub fn delete(&self) -> Call<(), ScheduleError> {
        let handle = self.clone();
        Call::new(move |timeout| async move {
            let what = || format!("response to the deletion of schedule `{}`", handle.id);
            let delete = move |handle: Self| async move { handle.delete_once(timeout).await };
            let deleted = handle.passed(ScheduleOperation::Delete, delete);
            within(timeout, what, deleted).await
        })
    }

    /// Passes an operation through the interceptors, which may name another schedule.
    async fn passed<T, E, F>(
        &self,
        operation: ScheduleOperation,
        send: impl FnOnce(Self) -> F + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: std::error::Error + From<RpcError> + Send + Sync + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let request = ScheduleRequest {
            schedule_id: self.id.to_string(),
            operation,
        };
        let client = self.client.clone();
        let send = move |request: ScheduleRequest| send(Self::new(&client, request.schedule_id));
        self.client.interceptors().around(request, send).await
    }

    async fn delete_once(&self, timeout: Option<Duration>) -> Result<(), ScheduleError> {
        self.check()?;
        let request = DeleteSchedule {
            id: self.id.to_string(),
        };
        let patience = Patience::at_once(timeout);
        let caller = self.client.caller();
        let deleted = caller.call_with_effect(request, patience, CallError::is_missing);
        deleted.await.map_err(|error| self.refused(error))
    }

    /// The note of a pause, which is no pause without one.
    fn note(&self, state: &str, note: impl Text) -> String {
        match note.into_text() {
            note if note.is_empty() => format!("{state} by {}", self.client.identity()),
            note => note,
        }
    }

    fn patch(
        &self,
        what: &'static str,
        operation: ScheduleOperation,
        patch: Patch,
    ) -> Call<(), ScheduleError> {
        let handle = self.clone();
        Call::new(move |timeout| async move {
            let what = || format!("response to the {what} of schedule `{}`", handle.id);
            let send = move |handle: Self| async move { handle.send_patch(patch, timeout).await };
            within(timeout, what, handle.passed(operation, send)).await
        })
    }

    async fn send_patch(
        &self,
        patch: Patch,
        timeout: Option<Duration>,
    ) -> Result<(), ScheduleError> {
        let id = self.id.to_string();
        self.send(PatchSchedule { id, patch }, timeout).await
    }

    async fn fetch(&self, patience: Patience) -> Result<ScheduleDescription, ScheduleError> {
        let found = self.fetch_raw(patience).await?;
        Ok(ScheduleDescription::new(
            &self.id,
            found,
            self.client.converter(),
        ))
    }

    async fn fetch_raw(&self, patience: Patience) -> Result<DescribedSchedule, ScheduleError> {
        self.check()?;
        let request = DescribeSchedule {
            id: self.id.to_string(),
        };
        let found = self.client.caller().call(request, patience).await;
        found.map_err(|error| self.refused(error))
    }

    async fn replace(
        &self,
        change: &mut (impl FnMut(&mut ScheduleDescription) + Send),
        timeout: Option<Duration>,
    ) -> Result<(), UpdateScheduleError> {
        let patience = Patience::at_once(timeout);
        let mut reports_conflicts = false;
        for _ in 0..UPDATE_ATTEMPTS {
            let mut described = self.fetch(patience).await?;
            let had_times = !described.spec.is_empty();
            change(&mut described);
            if had_times && described.spec.is_empty() {
                let problem = "it has no times any more; to stop it, pause or delete it";
                described.wrong.push(problem.to_owned());
            }
            described.schedule.check(&self.id)?;
            let schedule = described.schedule.into_wire()?;
            let update = UpdateSchedule {
                id: self.id.to_string(),
                conflict_token: described.conflict_token,
                schedule: schedule
                    .normalised()
                    .map_err(CallError::from)
                    .map_err(RpcError::from)?,
            };
            match self.client.caller().call(update.clone(), patience).await {
                Ok(()) if reports_conflicts => return Ok(()),
                Ok(()) => {
                    if self.is_applied(update, &described.info, patience).await? {
                        return Ok(());
                    }
                }
                Err(error) if error.is_failed_precondition() => reports_conflicts = true,
                Err(error) => return Err(self.refused(error).into()),
            }
        }
        Err(ScheduleConflict {
            schedule_id: self.id.to_string(),
            attempts: UPDATE_ATTEMPTS,
        }
        .into())
    }

    /// Whether the server has applied the update of a description with this info, and not only accepted it:
    /// Temporal's workflow-based scheduler ignores updates with an old token without an error.
    async fn is_applied(
        &self,
        update: UpdateSchedule,
        before: &ScheduleInfo,
        patience: Patience,
    ) -> Result<bool, ScheduleError> {
        let found = self.fetch_raw(patience).await?;
        let started = found.info.counts.started;
        let started = started.saturating_sub(before.counts.started);
        // Each update that is applied sets the time.
        let is_updated = found.info.updated != before.updated;
        if is_updated && found.schedule.is_as_sent(&update.schedule, started) {
            return Ok(true);
        }
        if found.conflict_token == update.conflict_token {
            // Nothing has happened to the schedule.
            return Ok(false);
        }
        // The token is old now, so no server applies the request again. One that reports the conflict would have
        // reported it the first time.
        match self.client.caller().call(update, patience).await {
            Ok(()) => Ok(false),
            Err(error) if error.is_failed_precondition() => Ok(true),
            Err(error) => Err(self.refused(error)),
        }
    }

    /// Requests pages until the range is over, or `limit` times are there.
    async fn list_times(
        &self,
        Range { start, end }: Range<Time>,
        limit: usize,
        timeout: Option<Duration>,
    ) -> Result<Vec<Time>, ScheduleError> {
        let (mut times, mut from) = (Vec::new(), Some(start));
        while let Some(start) = from.filter(|from| *from < end && times.len() < limit) {
            let request = ListScheduleTimes {
                id: self.id.to_string(),
                from: start,
                to: end,
            };
            let page = self.send(request, timeout).await?;
            let is_full = page.len() >= LONGEST_PAGE_OF_TIMES;
            let last = page.last().filter(|_| is_full);
            let after = last.and_then(|last| last.checked_add(Duration::from_nanos(1)));
            // A server that repeats itself must not keep the caller for ever.
            from = after.filter(|after| *after > start);
            times.extend(page);
        }
        times.truncate(limit);
        Ok(times)
    }

    /// Sends a request about this schedule.
    async fn send<R>(
        &self,
        request: R,
        timeout: Option<Duration>,
    ) -> Result<R::Response, ScheduleError>
    where
        R: Request<Message: Rpc<Reply = R::Reply>>,
    {
        self.check()?;
        let response = self
            .client
            .caller()
            .call(request, Patience::at_once(timeout));
        response.await.map_err(|error| self.refused(error))
    }

    /// Whether a schedule can have the id.
    fn check(&self) -> Result<(), InvalidSchedule> {
        let mut wrong = Vec::new();
        check_id(&self.id, &mut wrong);
        match wrong.pop() {
            None => Ok(()),
            Some(problem) => Err(self.invalid(problem)),
        }
    }

    fn invalid(&self, problem: String) -> InvalidSchedule {
        InvalidSchedule {
            schedule_id: self.id.to_string(),
            problems: vec![problem],
        }
    }

    fn refused(&self, error: CallError) -> ScheduleError {
        match error.is_missing() {
            true => ScheduleNotFound {
                schedule_id: self.id.to_string(),
            }
            .into(),
            false => RpcError::from(error).into(),
        }
    }
}

/// Servers list this many times at once, and do not report that there are more.
const LONGEST_PAGE_OF_TIMES: usize = 1000;

/// How often an update begins again because of others.
const UPDATE_ATTEMPTS: u32 = 8;

impl From<ScheduleError> for UpdateScheduleError {
    fn from(error: ScheduleError) -> Self {
        match error {
            ScheduleError::NotFound(error) => error.into(),
            ScheduleError::Invalid(error) => error.into(),
            ScheduleError::Rpc(error) => error.into(),
        }
    }
}

impl fmt::Debug for ScheduleHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScheduleHandle").field(&self.id).finish()
    }
}

/// The range, which has times; the error is in words.
pub(super) fn range_of(times: Range<impl Into<Time>>) -> Result<Range<Time>, String> {
    let (from, to) = (times.start.into(), times.end.into());
    match from < to {
        true => Ok(from..to),
        false => Err(format!(
            "the times from {from} to {to} are none; the first is to be earlier"
        )),
    }
}

/// A trigger or a backfill about to be sent: `.await` sends it.
///
/// ```no_run
/// use durably::{prelude::*, schedule::{Overlap, ActionCall}};
///
/// # async fn example(client: Client) -> Result<()> {
/// let again: ActionCall = client.schedule("nightly").trigger();
/// again.overlap(Overlap::CancelOther).timeout(secs(5)).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the request is sent when this is awaited"]
pub struct ActionCall {
    request: call::Request<Actions, Result<(), ScheduleError>>,
}

struct Actions {
    handle: ScheduleHandle,
    /// Or why it cannot be.
    cause: Result<Cause, String>,
    overlap: Option<Overlap>,
    timeout: Option<Duration>,
}

enum Cause {
    Now,
    Times(Range<Time>),
}

impl Cause {
    const fn name(&self) -> &'static str {
        match self {
            Self::Now => "trigger",
            Self::Times(_) => "backfill",
        }
    }
}

impl ActionCall {
    fn new(handle: &ScheduleHandle, cause: Result<Cause, String>) -> Self {
        Self {
            request: call::Request::new(Actions {
                handle: handle.clone(),
                cause,
                overlap: None,
                timeout: None,
            }),
        }
    }

    /// What happens if a workflow of the schedule is running; by default what the schedule says.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.request.new_mut().overlap = Some(overlap);
        self
    }

    /// How long to wait for the server's response, retries included; about ten seconds if not set.
    ///
    /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds. The server may have
    /// received the request all the same, and may still carry it out.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }
}

impl Future for ActionCall {
    type Output = Result<(), ScheduleError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |actions: Actions| Box::pin(actions.send()) as _;
        self.get_mut().request.poll(cx, send)
    }
}

impl Actions {
    async fn send(self) -> Result<(), ScheduleError> {
        let (handle, overlap) = (self.handle, self.overlap);
        let cause = self.cause.map_err(|problem| handle.invalid(problem))?;
        let (name, timeout) = (cause.name(), self.timeout);
        let operation = match cause {
            Cause::Now => ScheduleOperation::Trigger,
            Cause::Times(_) => ScheduleOperation::Backfill,
        };
        let patch = match cause {
            Cause::Now => Patch {
                trigger: Some(overlap),
                ..Patch::default()
            },
            Cause::Times(Range { start, end }) => Patch {
                backfills: vec![Backfill {
                    from: start,
                    to: end,
                    overlap,
                }],
                ..Patch::default()
            },
        };
        let what = || format!("response to the {name} of schedule `{}`", handle.id);
        let send =
            move |handle: ScheduleHandle| async move { handle.send_patch(patch, timeout).await };
        within(timeout, what, handle.passed(operation, send)).await
    }
}

/// The times of a schedule about to be listed: `.await` returns them.
///
/// ```no_run
/// use durably::{prelude::*, schedule::TimesCall};
///
/// # async fn example(client: Client, from: Time, to: Time) -> Result<()> {
/// let times: TimesCall = client.schedule("nightly").times(from..to);
/// for time in times.limit(100).timeout(secs(5)).await? {
///     println!("acts at {time}");
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "the request is sent when this is awaited"]
pub struct TimesCall {
    request: call::Request<ListTimes, Result<Vec<Time>, ScheduleError>>,
}

struct ListTimes {
    handle: ScheduleHandle,
    /// Or why there is no such range.
    times: Result<Range<Time>, String>,
    limit: usize,
    timeout: Option<Duration>,
}

impl TimesCall {
    /// Only the first `times` of the range. Without it all are requested, a thousand at a time: a schedule of every
    /// second has 86,400 each day.
    pub fn limit(mut self, times: usize) -> Self {
        self.request.new_mut().limit = times;
        self
    }

    /// How long to wait for all the times, retries included; about ten seconds for each request if not set.
    ///
    /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }
}

impl Future for TimesCall {
    type Output = Result<Vec<Time>, ScheduleError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |list: ListTimes| Box::pin(list.send()) as _;
        self.get_mut().request.poll(cx, send)
    }
}

impl ListTimes {
    async fn send(self) -> Result<Vec<Time>, ScheduleError> {
        let Self {
            handle,
            times,
            limit,
            timeout,
        } = self;
        let times = times.map_err(|problem| handle.invalid(problem))?;
        let what = || format!("times of schedule `{}`", handle.id);
        let list = move |handle: ScheduleHandle| async move {
            handle.list_times(times, limit, timeout).await
        };
        let listed = handle.passed(ScheduleOperation::Times, list);
        within(timeout, what, listed).await
    }
}
