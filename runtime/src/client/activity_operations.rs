//! Requests that pause, unpause, reset and reconfigure pending activities of a workflow.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    FromClient, PendingActivityOptions,
    call::{Call, Request, within},
};
use crate::{
    data::Text,
    error::{ActivityAlreadyPaused, ActivityNotFound, ActivityOperationError, RpcError},
    interceptor::{ActivityOperation, ActivityOperationRequest, PendingActivities},
    options::{InvalidOptions, Priority, Retry},
    time::span::Span,
    transport::{retry::Patience, rpc::Rpc},
    wire::{
        self,
        activity_operations::{
            ActivityName, ActivityResetOptions, ActivitySelection, OptionsFields, OptionsUpdate,
            PauseActivities, ReportedOptions, ResetActivities, UnpauseActivities, UnpauseOptions,
            UpdateActivityOptions,
        },
        request::Execution,
        status::{CallError, Reason},
    },
};

/// One pending activity of a workflow by its id, or all of a type, to pause, unpause or reset them, or to change
/// their options.
///
/// [`DynHandle::activity`](super::DynHandle::activity) and
/// [`activities_of_type`](super::DynHandle::activities_of_type) make one, without a request.
///
/// ```no_run
/// use durably::{client::SelectedActivities, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let order = client.handle("order-1");
/// let charge: SelectedActivities = order.activity("charge");
/// charge.pause("the gateway is down").await?;
///
/// // With other options, from the first attempt on.
/// charge.update_options().task_queue("spare-machines").retry(Retry::attempts(20)).await?;
/// charge.unpause().reset_attempts().jitter(secs(30)).await?;
///
/// // All activities of a type, as they were at their start.
/// order.activities_of_type("ship").reset().restore_options().await?;
/// order.activities_of_type("ship").restore_options().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SelectedActivities {
    target: Target,
    name: ActivityName,
}

/// All pending activities of a workflow, to unpause or reset them, or to change their options. Servers have no request
/// that pauses them all.
///
/// ```no_run
/// use durably::{client::AllActivities, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let activities: AllActivities = client.handle("order-1").all_activities();
/// activities.unpause().jitter(mins(1)).await?;
/// activities.reset().keep_paused().await?;
/// activities.update_options().task_queue("spare-machines").await?;
/// activities.restore_options().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AllActivities(Target);

/// Activities of a workflow.
#[derive(Clone)]
struct Target {
    workflow: FromClient,
    activities: ActivitySelection,
}

impl SelectedActivities {
    pub(crate) fn new(workflow: &FromClient, name: ActivityName) -> Self {
        let target = Target {
            workflow: workflow.clone(),
            activities: ActivitySelection::Named(name.clone()),
        };
        Self { target, name }
    }

    /// Pauses them: no attempts are handed out until they are unpaused. A running attempt is notified by the response to
    /// its next heartbeat, as [`CancelReason::Paused`](crate::activity::CancelReason::Paused); it may complete all the
    /// same.
    ///
    /// No timeout fires while an activity is paused, but the time counts: one whose schedule-to-close timeout has passed,
    /// or whose running attempt's start-to-close timeout has, times out when it is unpaused.
    ///
    /// # Errors
    /// There is no such pending activity; one of them is paused already; or the request failed.
    pub fn pause(&self, reason: impl Text) -> Call<(), ActivityOperationError> {
        let Self { target, name } = self.clone();
        let (activities, reason) = (name, reason.into_text());
        Call::new(move |timeout| async move {
            let request = |execution| PauseActivities {
                execution,
                activities,
                reason,
            };
            target
                .send(ActivityOperation::Pause, request, timeout)
                .await
        })
    }

    /// Unpauses those of them that are paused: their next attempts begin at once.
    ///
    /// # Errors
    /// There is no such pending activity, or the request failed.
    pub fn unpause(&self) -> UnpauseActivitiesCall {
        UnpauseActivitiesCall::new(&self.target)
    }

    /// Counts their attempts from 1 again; those that are paused are unpaused. An activity that waits for its next
    /// attempt begins its first one at once.
    ///
    /// A running attempt is notified by the response to its next heartbeat, as
    /// [`CancelReason::Reset`](crate::activity::CancelReason::Reset). The next attempt, number 2, begins when that one
    /// fails or times out. The server refuses the result of a running retry, so the activity waits for its heartbeat or
    /// start-to-close timeout then.
    ///
    /// # Errors
    /// There is no such pending activity, or the request failed.
    pub fn reset(&self) -> ResetActivitiesCall {
        ResetActivitiesCall::new(&self.target)
    }

    /// Changes options; those that are not set stay.
    ///
    /// # Errors
    /// There is no such pending activity; the options contradict each other; or the request failed.
    pub fn update_options(&self) -> UpdateActivityOptionsCall {
        UpdateActivityOptionsCall::new(&self.target)
    }

    /// Gives the activities the options back with which they were scheduled.
    ///
    /// # Errors
    /// There is no such pending activity, or the request failed.
    pub fn restore_options(&self) -> Call<PendingActivityOptions, ActivityOperationError> {
        self.target.restore_options()
    }
}

impl AllActivities {
    pub(crate) fn new(workflow: &FromClient) -> Self {
        Self(Target {
            workflow: workflow.clone(),
            activities: ActivitySelection::All,
        })
    }

    /// Unpauses those that are paused; see [`SelectedActivities::unpause`].
    ///
    /// # Errors
    /// There is no pending activity, or the request failed.
    pub fn unpause(&self) -> UnpauseActivitiesCall {
        UnpauseActivitiesCall::new(&self.0)
    }

    /// Counts the attempts from 1 again; see [`SelectedActivities::reset`].
    ///
    /// # Errors
    /// There is no pending activity, or the request failed.
    pub fn reset(&self) -> ResetActivitiesCall {
        ResetActivitiesCall::new(&self.0)
    }

    /// Changes options; those that are not set stay.
    ///
    /// # Errors
    /// There is no pending activity; the options contradict each other; or the request failed.
    pub fn update_options(&self) -> UpdateActivityOptionsCall {
        UpdateActivityOptionsCall::new(&self.0)
    }

    /// Gives the activities the options back with which they were scheduled.
    ///
    /// # Errors
    /// There is no pending activity, or the request failed.
    pub fn restore_options(&self) -> Call<PendingActivityOptions, ActivityOperationError> {
        self.0.restore_options()
    }
}

impl Target {
    fn restore_options(&self) -> Call<PendingActivityOptions, ActivityOperationError> {
        let target = self.clone();
        Call::new(move |timeout| async move {
            let restored = target.update_options(OptionsUpdate::Restore, timeout);
            restored.await.map(PendingActivityOptions::new)
        })
    }

    async fn update_options(
        self,
        update: OptionsUpdate,
        timeout: Option<Duration>,
    ) -> Result<ReportedOptions, ActivityOperationError> {
        let operation = match &update {
            OptionsUpdate::Fields(_) => ActivityOperation::UpdateOptions,
            OptionsUpdate::Restore => ActivityOperation::RestoreOptions,
        };
        let activities = self.activities.clone();
        let request = |execution| UpdateActivityOptions {
            execution,
            activities,
            update,
        };
        self.send(operation, request, timeout).await
    }

    /// Sends a request; `what` names it in errors.
    /// Passes a request through the interceptors, which may name another workflow, and sends it.
    async fn send<R>(
        &self,
        operation: ActivityOperation,
        request: impl FnOnce(Execution) -> R + Send + 'static,
        timeout: Option<Duration>,
    ) -> Result<R::Response, ActivityOperationError>
    where
        R: wire::request::Request<Message: Rpc<Reply = R::Reply>, Response: Send, Reply: Send>
            + Send
            + 'static,
    {
        let what = match operation {
            ActivityOperation::Pause => "pause",
            ActivityOperation::Unpause => "unpause",
            ActivityOperation::Reset => "reset",
            ActivityOperation::UpdateOptions | ActivityOperation::RestoreOptions => {
                "change of options"
            }
        };
        let named = || format!("response to the {what} of {self}");
        let seen = ActivityOperationRequest {
            workflow_id: self.workflow.workflow_id().to_owned(),
            run_id: self.workflow.attached_run_id().map(str::to_owned),
            activities: PendingActivities::from(&self.activities),
            operation,
        };
        let sender = self.clone();
        let send = move |seen: ActivityOperationRequest| async move {
            let workflow = sender
                .workflow
                .at(&seen.workflow_id, seen.run_id.as_deref());
            let request = request(workflow.execution());
            let target = Self { workflow, ..sender };
            let caller = target.workflow.caller();
            let response = caller.call(request, Patience::at_once(timeout)).await;
            response.map_err(|error| target.refused(error))
        };
        let interceptors = self.workflow.client().interceptors();
        within(timeout, named, interceptors.around(seen, send)).await
    }

    fn refused(&self, error: CallError) -> ActivityOperationError {
        let activity = self.to_string();
        let workflow_closed = match error.reason() {
            Reason::NoWorkflow => false,
            Reason::WorkflowClosed => true,
            Reason::NoUpdate
            | Reason::AlreadyStarted { .. }
            | Reason::QueryFailed(_)
            | Reason::Operation { .. }
            | Reason::Unspecific => {
                return match error.is_already_paused() {
                    true => ActivityAlreadyPaused { activity }.into(),
                    false => RpcError::from(error).into(),
                };
            }
        };
        ActivityNotFound {
            activity,
            workflow_closed,
        }
        .into()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workflow = self.workflow.workflow_id();
        match &self.activities {
            ActivitySelection::Named(ActivityName::Id(id)) => {
                write!(f, "activity `{id}` of workflow `{workflow}`")
            }
            ActivitySelection::Named(ActivityName::Type(name)) => {
                write!(f, "activities of type `{name}` of workflow `{workflow}`")
            }
            ActivitySelection::All => write!(f, "the activities of workflow `{workflow}`"),
        }
    }
}

impl fmt::Debug for SelectedActivities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SelectedActivities({})", self.target)
    }
}

impl fmt::Debug for AllActivities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AllActivities({})", self.0)
    }
}

/// An operation about to be sent.
struct Prepared<O> {
    target: Target,
    options: O,
    /// What contradicts itself in the options, a sentence each.
    wrong: Vec<String>,
    timeout: Option<Duration>,
}

/// What the calls have in common: they are futures that are sent when they are polled.
macro_rules! operation_call {
    ($name:ident($options:ty) -> $output:ty, $send:expr) => {
        impl $name {
            fn new(target: &Target) -> Self {
                Self {
                    request: Request::new(Box::new(Prepared {
                        target: target.clone(),
                        options: Default::default(),
                        wrong: Vec::new(),
                        timeout: None,
                    })),
                }
            }

            fn options(&mut self) -> &mut $options {
                &mut self.request.new_mut().options
            }

            /// How long to wait for the server's response, retries included; about ten seconds if not set.
            ///
            /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds. The server may have
            /// received the request all the same.
            pub fn timeout(mut self, timeout: impl Span) -> Self {
                self.request.new_mut().timeout = Some(timeout.into_duration());
                self
            }
        }

        impl Future for $name {
            type Output = Result<$output, ActivityOperationError>;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let send = |prepared: Box<Prepared<$options>>| Box::pin($send(*prepared)) as _;
                self.get_mut().request.poll(cx, send)
            }
        }
    };
}

/// An unpause about to be sent: `.await` sends it.
///
/// ```no_run
/// use durably::{client::UnpauseActivitiesCall, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let unpause: UnpauseActivitiesCall = client.handle("order-1").activity("charge").unpause();
/// unpause.reset_attempts().reset_heartbeat().jitter(secs(10)).timeout(secs(5)).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the request is sent when this is awaited"]
pub struct UnpauseActivitiesCall {
    request: Request<Box<Prepared<UnpauseOptions>>, Result<(), ActivityOperationError>>,
}

operation_call! { UnpauseActivitiesCall(UnpauseOptions) -> (), unpause }

impl UnpauseActivitiesCall {
    /// Counts the attempts from 1 again, too.
    pub fn reset_attempts(mut self) -> Self {
        self.options().reset_attempts = true;
        self
    }

    /// The next attempts have no heartbeat details of earlier ones. It clears the heartbeat of a running attempt, too,
    /// whose heartbeat timeout counts from its start then.
    pub fn reset_heartbeat(mut self) -> Self {
        self.options().reset_heartbeat = true;
        self
    }

    /// The attempts begin at random times within this, so that many do not begin at once.
    pub fn jitter(mut self, jitter: impl Span) -> Self {
        self.options().jitter = jitter.into_duration();
        self
    }
}

async fn unpause(prepared: Prepared<UnpauseOptions>) -> Result<(), ActivityOperationError> {
    let target = prepared.target;
    let (activities, options) = (target.activities.clone(), prepared.options);
    let request = |execution| UnpauseActivities {
        execution,
        activities,
        options,
    };
    let operation = ActivityOperation::Unpause;
    target.send(operation, request, prepared.timeout).await
}

/// A reset about to be sent: `.await` sends it.
///
/// ```no_run
/// use durably::{client::ResetActivitiesCall, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let reset: ResetActivitiesCall = client.handle("order-1").activity("charge").reset();
/// let reset = reset.reset_heartbeat().keep_paused().restore_options();
/// reset.jitter(secs(10)).timeout(secs(5)).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the request is sent when this is awaited"]
pub struct ResetActivitiesCall {
    request: Request<Box<Prepared<ActivityResetOptions>>, Result<(), ActivityOperationError>>,
}

operation_call! { ResetActivitiesCall(ActivityResetOptions) -> (), reset }

impl ResetActivitiesCall {
    /// The next attempts have no heartbeat details of earlier ones.
    pub fn reset_heartbeat(mut self) -> Self {
        self.options().reset_heartbeat = true;
        self
    }

    /// Activities that are paused stay so.
    pub fn keep_paused(mut self) -> Self {
        self.options().keep_paused = true;
        self
    }

    /// The activities get the options back with which they were scheduled; their priority stays.
    pub fn restore_options(mut self) -> Self {
        self.options().restore_options = true;
        self
    }

    /// The attempts begin at random times within this, so that many do not begin at once.
    pub fn jitter(mut self, jitter: impl Span) -> Self {
        self.options().jitter = jitter.into_duration();
        self
    }
}

async fn reset(prepared: Prepared<ActivityResetOptions>) -> Result<(), ActivityOperationError> {
    let target = prepared.target;
    let (activities, options) = (target.activities.clone(), prepared.options);
    let request = |execution| ResetActivities {
        execution,
        activities,
        options,
    };
    let operation = ActivityOperation::Reset;
    target.send(operation, request, prepared.timeout).await
}

/// A change of options about to be sent: `.await` sends it, and returns the options of one of the activities.
///
/// The server applies the new timeouts at once, also to a running attempt; an attempt that waits is scheduled anew.
/// Workers are still sent the timeouts with which the activity was scheduled, with later attempts too: they give an
/// attempt up at the earlier of the two, and heartbeat at the old interval. A shorter timeout is therefore kept, and a
/// longer one helps no attempt that takes longer than before. The retry policy, the priority and the task queue have
/// no such limit.
///
/// ```no_run
/// use durably::{client::UpdateActivityOptionsCall, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let update: UpdateActivityOptionsCall = client.handle("order-1").activity("charge").update_options();
/// let update = update.task_queue("spare-machines").priority(Priority::key(1)).retry(Retry::attempts(20));
/// let update = update.schedule_to_close(hours(2)).schedule_to_start(mins(5));
/// let options = update.start_to_close(mins(2)).heartbeat(secs(20)).timeout(secs(5)).await?;
/// assert_eq!(options.heartbeat, Some(secs(20)));
/// # Ok(())
/// # }
/// # use durably::Priority;
/// ```
#[must_use = "the request is sent when this is awaited"]
pub struct UpdateActivityOptionsCall {
    request: Request<
        Box<Prepared<OptionsFields>>,
        Result<PendingActivityOptions, ActivityOperationError>,
    >,
}

operation_call! { UpdateActivityOptionsCall(OptionsFields) -> PendingActivityOptions, update_options }

/// The setters of new options of activities, for the activities of one workflow and those of a batch.
macro_rules! option_setters {
    ($name:ident) => {
        impl $name {
            /// The task queue of the attempts that no worker has yet.
            pub fn task_queue(mut self, task_queue: impl Text) -> Self {
                self.options().task_queue = Some(task_queue.into_text());
                self
            }

            /// The longest all attempts together may take, measured from the schedule on; zero for no limit. It does not move
            /// the time until which servers begin another attempt.
            pub fn schedule_to_close(mut self, timeout: impl Span) -> Self {
                self.options().schedule_to_close = Some(timeout.into_duration());
                self
            }

            /// The longest an attempt may wait for a worker; zero for no limit of its own.
            pub fn schedule_to_start(mut self, timeout: impl Span) -> Self {
                self.options().schedule_to_start = Some(timeout.into_duration());
                self
            }

            /// The longest one attempt may take; zero for no limit of its own. Workers give an attempt up after the time with
            /// which the activity was scheduled, if that is shorter.
            pub fn start_to_close(mut self, timeout: impl Span) -> Self {
                self.options().start_to_close = Some(timeout.into_duration());
                self
            }

            /// The longest pause between two heartbeats; zero if there need not be any. Workers heartbeat at the interval with
            /// which the activity was scheduled.
            pub fn heartbeat(mut self, timeout: impl Span) -> Self {
                self.options().heartbeat = Some(timeout.into_duration());
                self
            }

            /// How failed attempts are retried. The types of errors that are not retried stay as they are.
            pub fn retry(mut self, retry: Retry) -> Self {
                retry.check(self.wrong());
                let mut policy = retry.policy();
                // A server would take it for no limit.
                let longest = policy.initial_interval.map(|it| it.saturating_mul(100));
                policy.maximum_interval = policy.maximum_interval.or(longest);
                self.options().retry = Some(policy);
                self
            }

            /// How urgent the activity is; what is not set is that of the workflow.
            pub fn priority(mut self, priority: Priority) -> Self {
                priority.check(self.wrong());
                self.options().priority = Some(priority.into_engine());
                self
            }
        }
    };
}
pub(super) use option_setters;

option_setters! { UpdateActivityOptionsCall }

impl UpdateActivityOptionsCall {
    /// What contradicts itself in the options, a sentence each.
    fn wrong(&mut self) -> &mut Vec<String> {
        &mut self.request.new_mut().wrong
    }
}

async fn update_options(
    prepared: Prepared<OptionsFields>,
) -> Result<PendingActivityOptions, ActivityOperationError> {
    InvalidOptions::check(&prepared.target, prepared.wrong).map_err(RpcError::from)?;
    let update = OptionsUpdate::Fields(prepared.options);
    let updated = prepared.target.update_options(update, prepared.timeout);
    updated.await.map(PendingActivityOptions::new)
}
