//! Batches: one operation on all workflows that match a filter.

use std::{
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    Client,
    activity_operations::option_setters,
    call::{Call, Request, within},
    pages::{List, PageRequest},
};
use crate::{
    data::{ArgList, EncodedArgs, Text, search::Filter},
    error::{BatchAlreadyExists, BatchError, BatchNotFound, NoFilter, RpcError},
    interceptor::{BatchRequest, BatchRequestKind, Listed, StartBatchRequest},
    options::{InvalidOptions, Priority, Retry},
    time::span::Span,
    transport::{id, retry::Patience},
    wire::{
        activity_operations::{ActivityResetOptions, OptionsFields, OptionsUpdate, UnpauseOptions},
        batch::{
            BatchActivities as Activities, BatchDescription, BatchOperation, BatchResetPoint,
            BatchState, BatchSummary, DescribeBatch, ListBatches, StartBatch, StopBatch,
        },
        deployment::VersioningOverride,
        status::CallError,
        workflow_options::{OverrideChange, WorkflowOptions},
    },
};

/// All workflows that match a filter; its methods are what a batch does with each of them.
///
/// ```no_run
/// use durably::{client::Batch, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let old: Batch = client.batch("WorkflowType = 'Order' AND StartTime < '2026-01-01T00:00:00Z'");
/// old.signal("archive", ("cold",), "spring cleaning").await?;
///
/// let stuck = || client.batch("WorkflowType = 'Order' AND ExecutionStatus = 'Running'");
/// stuck().cancel("recall").await?;
/// stuck().terminate("recall").id("recall-2").max_per_second(10.0).timeout(secs(5)).await?;
/// stuck().reset_to_first_task("the gateway is back").await?;
/// let done = stuck().reset_to_last_task("the gateway is back").await?.finished().await?;
/// println!("{} were reset, {} were not", done.completed, done.failed);
///
/// client.batch("ExecutionStatus = 'Failed'").delete("spring cleaning").await?;
///
/// stuck().set_priority(Priority::key(1), "the shop is open").await?;
/// let next = DeploymentVersion::of("orders").build("1.5.0");
/// stuck().set_versioning_override(VersioningOverride::Pinned(next), "try 1.5.0").await?;
/// stuck().clear_versioning_override("1.5.0 is current").await?;
/// stuck().activities_of_type("charge").unpause("the gateway is back").await?;
/// stuck().all_activities().reset("the gateway is back").await?;
/// # Ok(())
/// # }
/// # use durably::{Priority, client::VersioningOverride, worker::DeploymentVersion};
/// ```
#[must_use = "a batch is started by one of its methods"]
pub struct Batch {
    client: Client,
    filter: String,
}

impl Batch {
    pub(crate) fn new(client: &Client, filter: &Filter) -> Self {
        Self {
            client: client.clone(),
            filter: filter.to_string(),
        }
    }

    /// Requests the cancellation of each workflow.
    pub fn cancel(self, reason: impl Text) -> BatchCall {
        self.call(BatchOperation::Cancel, reason)
    }

    /// Terminates each workflow.
    pub fn terminate(self, reason: impl Text) -> BatchCall {
        self.call(BatchOperation::Terminate, reason)
    }

    /// Sends a signal to each workflow.
    pub fn signal(self, name: impl Text, args: impl ArgList, reason: impl Text) -> BatchCall {
        let EncodedArgs(args, _) = args.encode(self.client.converter());
        let name = name.into_text();
        let signal = |input| BatchOperation::Signal { name, input };
        let operation = args.map(signal).map_err(BatchError::from);
        BatchCall::new(self, operation, reason.into_text())
    }

    /// Resets each workflow to the end of its first workflow task; see [`Handle::reset`](crate::Handle::reset).
    pub fn reset_to_first_task(self, reason: impl Text) -> BatchCall {
        self.call(BatchOperation::Reset(BatchResetPoint::FirstTask), reason)
    }

    /// Resets each workflow to the end of its last workflow task; see [`Handle::reset`](crate::Handle::reset).
    pub fn reset_to_last_task(self, reason: impl Text) -> BatchCall {
        self.call(BatchOperation::Reset(BatchResetPoint::LastTask), reason)
    }

    /// Deletes each workflow and its history.
    pub fn delete(self, reason: impl Text) -> BatchCall {
        self.call(BatchOperation::Delete, reason)
    }

    /// Gives each workflow this priority; see [`UpdateOptionsCall::priority`](super::UpdateOptionsCall::priority).
    pub fn set_priority(self, priority: Priority, reason: impl Text) -> BatchCall {
        let mut wrong = Vec::new();
        priority.check(&mut wrong);
        let options = WorkflowOptions {
            priority: Some(priority.into_engine()),
            ..WorkflowOptions::default()
        };
        BatchCall::checked(self, BatchOperation::UpdateOptions(options), wrong, reason)
    }

    /// Sends each workflow to a version of its workers, whatever it declares itself.
    pub fn set_versioning_override(
        self,
        instead: VersioningOverride,
        reason: impl Text,
    ) -> BatchCall {
        self.update_override(OverrideChange::Set(instead), reason)
    }

    /// Takes the override of each workflow away: what it declares holds again.
    pub fn clear_versioning_override(self, reason: impl Text) -> BatchCall {
        self.update_override(OverrideChange::Clear, reason)
    }

    /// The pending activities of this type in each workflow, to unpause them, reset them or change their options.
    pub fn activities_of_type(self, activity_type: impl Text) -> BatchActivities {
        let activities = Activities::OfType(activity_type.into_text());
        BatchActivities::new(self, activities)
    }

    /// All pending activities of each workflow, to unpause them, reset them or change their options.
    pub fn all_activities(self) -> BatchActivities {
        BatchActivities::new(self, Activities::All)
    }

    fn update_override(self, change: OverrideChange, reason: impl Text) -> BatchCall {
        let options = WorkflowOptions {
            versioning: Some(change),
            ..WorkflowOptions::default()
        };
        self.call(BatchOperation::UpdateOptions(options), reason)
    }

    fn call(self, operation: BatchOperation, reason: impl Text) -> BatchCall {
        BatchCall::new(self, Ok(operation), reason.into_text())
    }
}

/// Pending activities of all workflows that match a filter; its methods are what a batch does with each of them.
///
/// ```no_run
/// use durably::{client::BatchActivities, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let orders = || client.batch("WorkflowType = 'Order' AND ExecutionStatus = 'Running'");
/// let charges: BatchActivities = orders().activities_of_type("charge");
/// charges.jitter(mins(10)).reset_attempts().unpause("the gateway is back").await?;
/// orders().all_activities().reset_heartbeat().keep_paused().reset("the gateway is back").await?;
/// orders().all_activities().update_options().heartbeat(secs(20)).start("the network is slow").await?;
/// orders().all_activities().restore_options("the gateway is back").await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a batch is started by one of its methods"]
pub struct BatchActivities {
    batch: Batch,
    activities: Activities,
    jitter: Duration,
    reset_heartbeat: bool,
    reset_attempts: bool,
    keep_paused: bool,
}

impl BatchActivities {
    fn new(batch: Batch, activities: Activities) -> Self {
        Self {
            batch,
            activities,
            jitter: Duration::ZERO,
            reset_heartbeat: false,
            reset_attempts: false,
            keep_paused: false,
        }
    }

    /// The attempts that are unpaused or reset begin at random times within this, so that many do not begin at once.
    pub fn jitter(mut self, jitter: impl Span) -> Self {
        self.jitter = jitter.into_duration();
        self
    }

    /// Attempts that are unpaused or reset have no heartbeat details of earlier ones.
    pub fn reset_heartbeat(mut self) -> Self {
        self.reset_heartbeat = true;
        self
    }

    /// Counts the attempts of activities that are unpaused from 1 again; a reset does so in any case.
    pub fn reset_attempts(mut self) -> Self {
        self.reset_attempts = true;
        self
    }

    /// Activities that are paused stay so when they are reset.
    pub fn keep_paused(mut self) -> Self {
        self.keep_paused = true;
        self
    }

    /// Unpauses them; see [`SelectedActivities::unpause`](super::SelectedActivities::unpause). For a type, a real server
    /// of version 1.32 does so in all workflows of the namespace, whatever the filter says.
    pub fn unpause(self, reason: impl Text) -> BatchCall {
        let options = UnpauseOptions {
            reset_attempts: self.reset_attempts,
            reset_heartbeat: self.reset_heartbeat,
            jitter: self.jitter,
        };
        let operation = BatchOperation::UnpauseActivities(self.activities, options);
        self.batch.call(operation, reason)
    }

    /// Counts their attempts from 1 again; see [`SelectedActivities::reset`](super::SelectedActivities::reset).
    pub fn reset(self, reason: impl Text) -> BatchCall {
        let options = ActivityResetOptions {
            reset_heartbeat: self.reset_heartbeat,
            keep_paused: self.keep_paused,
            jitter: self.jitter,
            ..ActivityResetOptions::default()
        };
        let operation = BatchOperation::ResetActivities(self.activities, options);
        self.batch.call(operation, reason)
    }

    /// Changes their options; those that are not set stay.
    pub fn update_options(self) -> BatchActivityOptions {
        BatchActivityOptions {
            activities: self,
            options: OptionsFields::default(),
            wrong: Vec::new(),
        }
    }

    /// Gives them the options back with which they were scheduled.
    pub fn restore_options(self, reason: impl Text) -> BatchCall {
        let update = OptionsUpdate::Restore;
        let operation = BatchOperation::UpdateActivityOptions(self.activities, update);
        self.batch.call(operation, reason)
    }
}

/// New options of pending activities of all workflows that match a filter; [`start`](Self::start) starts the batch.
///
/// What they mean for attempts that run is said at [`UpdateActivityOptionsCall`](super::UpdateActivityOptionsCall).
///
/// ```no_run
/// use durably::{client::BatchActivityOptions, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let orders = client.batch("WorkflowType = 'Order' AND ExecutionStatus = 'Running'");
/// let charges: BatchActivityOptions = orders.activities_of_type("charge").update_options();
/// let charges = charges.task_queue("spare-machines").priority(Priority::key(1)).retry(Retry::attempts(20));
/// let charges = charges.schedule_to_close(hours(2)).schedule_to_start(mins(5)).start_to_close(mins(2));
/// charges.heartbeat(secs(20)).start("the gateway is slow").max_per_second(50.0).await?;
/// # Ok(())
/// # }
/// # use durably::Priority;
/// ```
#[must_use = "a batch is started by `start`"]
pub struct BatchActivityOptions {
    activities: BatchActivities,
    options: OptionsFields,
    /// What contradicts itself in the options, a sentence each.
    wrong: Vec<String>,
}

option_setters! { BatchActivityOptions }

impl BatchActivityOptions {
    fn options(&mut self) -> &mut OptionsFields {
        &mut self.options
    }

    fn wrong(&mut self) -> &mut Vec<String> {
        &mut self.wrong
    }

    /// Starts the batch.
    pub fn start(self, reason: impl Text) -> BatchCall {
        let update = OptionsUpdate::Fields(self.options);
        let operation = BatchOperation::UpdateActivityOptions(self.activities.activities, update);
        BatchCall::checked(self.activities.batch, operation, self.wrong, reason)
    }
}

/// A batch about to be started: `.await` returns a handle.
///
/// ```no_run
/// use durably::{client::BatchCall, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let recall: BatchCall = client.batch("WorkflowType = 'Order'").cancel("recall");
/// let recall = recall.id("recall-1").max_per_second(50.0).timeout(secs(5)).await?;
/// println!("{} workflows", recall.describe().await?.total);
/// # Ok(())
/// # }
/// ```
#[must_use = "the batch is started when this is awaited"]
pub struct BatchCall {
    request: Request<Box<NewBatch>, Result<BatchHandle, BatchError>>,
}

struct NewBatch {
    client: Client,
    filter: String,
    id: Option<String>,
    operation: Result<BatchOperation, BatchError>,
    reason: String,
    max_per_second: Option<f32>,
    timeout: Option<Duration>,
}

impl BatchCall {
    fn new(batch: Batch, operation: Result<BatchOperation, BatchError>, reason: String) -> Self {
        Self {
            request: Request::new(Box::new(NewBatch {
                client: batch.client,
                filter: batch.filter,
                id: None,
                operation,
                reason,
                max_per_second: None,
                timeout: None,
            })),
        }
    }

    /// A batch with options that may contradict each other: it is refused before it is started.
    fn checked(
        batch: Batch,
        operation: BatchOperation,
        wrong: Vec<String>,
        reason: impl Text,
    ) -> Self {
        let checked = InvalidOptions::check("a batch", wrong).map_err(RpcError::from);
        let operation = match checked {
            Ok(()) => Ok(operation),
            Err(error) => Err(error.into()),
        };
        Self::new(batch, operation, reason.into_text())
    }

    /// The id of the batch; a random one by default. No other batch of the namespace may have it, ended ones included;
    /// if the request had to be repeated, a batch of this id counts as started.
    pub fn id(mut self, id: impl Text) -> Self {
        self.request.new_mut().id = Some(id.into_text());
        self
    }

    /// With how many workflows a second; the server has a default.
    pub fn max_per_second(mut self, workflows: f32) -> Self {
        self.request.new_mut().max_per_second = Some(workflows);
        self
    }

    /// How long to wait for the server's response, retries included; about ten seconds if not set.
    ///
    /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds. The server may have started the
    /// batch all the same.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }
}

impl Future for BatchCall {
    type Output = Result<BatchHandle, BatchError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |new| Box::pin(start(new)) as _;
        self.get_mut().request.poll(cx, send)
    }
}

async fn start(new: Box<NewBatch>) -> Result<BatchHandle, BatchError> {
    if new.filter.trim().is_empty() {
        return Err(NoFilter.into());
    }
    let (client, id) = (new.client, new.id.unwrap_or_else(id::random));
    let request = StartBatch {
        id: id.clone(),
        filter: new.filter,
        reason: new.reason,
        operation: new.operation?,
        max_per_second: new.max_per_second,
    };
    let what = || format!("response to the start of batch `{id}`");
    let (sender, patience) = (client.clone(), Patience::at_once(new.timeout));
    let send = move |request: StartBatchRequest| async move {
        start_once(&sender, request.into_wire(), patience).await
    };
    let interceptors = client.interceptors();
    let started = interceptors.around(StartBatchRequest::new(request), send);
    within(new.timeout, what, started).await
}

async fn start_once(
    client: &Client,
    request: StartBatch,
    patience: Patience,
) -> Result<BatchHandle, BatchError> {
    // An interceptor may have left out the filter, without which a batch would be of all workflows.
    if request.filter.trim().is_empty() {
        return Err(NoFilter.into());
    }
    let id = request.id.clone();
    let caller = client.caller();
    let started = caller.call_with_effect(request, patience, CallError::is_already_exists);
    match started.await {
        Ok(()) => Ok(BatchHandle::new(client, id)),
        Err(error) if error.is_already_exists() => Err(BatchAlreadyExists { batch_id: id }.into()),
        Err(error) => Err(BatchError::Rpc(error.into())),
    }
}

/// A batch, by its id.
///
/// ```no_run
/// use durably::{client::BatchHandle, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let recall: BatchHandle = client.batch_operation("recall-1");
/// let batch = recall.describe().await?;
/// println!("{}: {} of {}", recall.id(), batch.completed, batch.total);
///
/// match recall.finished().timeout(mins(1)).await {
///     Ok(batch) => println!("{:?}: {} failed", batch.state, batch.failed),
///     Err(error) if error.is_timeout() => recall.stop("too slow").await?,
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BatchHandle {
    client: Client,
    id: String,
}

impl BatchHandle {
    pub(crate) fn new(client: &Client, id: String) -> Self {
        Self {
            client: client.clone(),
            id,
        }
    }

    /// The id of the batch.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it does, and how far it is.
    ///
    /// # Errors
    /// There is no such batch, or the request failed.
    pub fn describe(&self) -> Call<BatchDescription, BatchError> {
        let handle = self.clone();
        Call::new(move |timeout| async move {
            let what = || format!("description of batch `{}`", handle.id);
            within(timeout, what, handle.fetch(timeout)).await
        })
    }

    /// Waits until it has gone through all workflows, or was stopped.
    ///
    /// # Errors
    /// There is no such batch, or a request failed.
    pub fn finished(&self) -> Call<BatchDescription, BatchError> {
        let handle = self.clone();
        Call::new(move |timeout| async move {
            let what = || format!("end of batch `{}`", handle.id);
            within(timeout, what, async {
                loop {
                    let found = handle.fetch(None).await?;
                    match found.state {
                        BatchState::Completed | BatchState::Failed => return Ok(found),
                        BatchState::Running | BatchState::Unknown => {}
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            })
            .await
        })
    }

    /// Stops it: the workflows that it has not come to are left alone. If the request had to be repeated, a batch that
    /// has ended by then counts as stopped.
    ///
    /// # Errors
    /// There is no such batch that runs, or the request failed.
    pub fn stop(&self, reason: impl Text) -> Call<(), BatchError> {
        let (handle, reason) = (self.clone(), reason.into_text());
        Call::new(move |timeout| async move {
            let what = || format!("response to the stop of batch `{}`", handle.id);
            let send = move |handle: Self| async move {
                let id = handle.id.clone();
                let caller = handle.client.caller();
                let patience = Patience::at_once(timeout);
                let request = StopBatch { id, reason };
                let stopped = caller.call_with_effect(request, patience, CallError::is_missing);
                stopped.await.map_err(|error| handle.refused(error))
            };
            within(timeout, what, handle.passed(BatchRequestKind::Stop, send)).await
        })
    }

    async fn fetch(&self, timeout: Option<Duration>) -> Result<BatchDescription, BatchError> {
        let send = move |handle: Self| async move {
            let id = handle.id.clone();
            let caller = handle.client.caller();
            let found = caller.call(DescribeBatch { id }, Patience::at_once(timeout));
            found.await.map_err(|error| handle.refused(error))
        };
        self.passed(BatchRequestKind::Describe, send).await
    }

    /// Passes a request through the interceptors, which may name another batch.
    async fn passed<T, F>(
        &self,
        kind: BatchRequestKind,
        send: impl FnOnce(Self) -> F + Send + 'static,
    ) -> Result<T, BatchError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BatchError>> + Send + 'static,
    {
        let request = BatchRequest {
            batch_id: self.id.clone(),
            request: kind,
        };
        let client = self.client.clone();
        let send = move |request: BatchRequest| send(Self::new(&client, request.batch_id));
        self.client.interceptors().around(request, send).await
    }

    fn refused(&self, error: CallError) -> BatchError {
        match error.is_missing() {
            true => BatchNotFound {
                batch_id: self.id.clone(),
            }
            .into(),
            false => RpcError::from(error).into(),
        }
    }
}

/// Between two looks at a batch that runs: servers do not report its end by themselves.
const PAUSE: Duration = Duration::from_millis(200);

impl fmt::Debug for BatchHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BatchHandle").field(&self.id).finish()
    }
}

impl Deref for BatchDescription {
    type Target = BatchSummary;

    fn deref(&self) -> &BatchSummary {
        &self.summary
    }
}

pub(crate) fn list(client: &Client) -> List<BatchSummary> {
    let request = |page: PageRequest| ListBatches {
        page_size: page.size,
        page_token: page.page_token,
    };
    List::of_requests(
        client,
        Listed::Batches,
        Filter::from(""),
        request,
        |it, _| it,
    )
}
