//! What the server knows of a workflow.

use std::time::{Duration, SystemTime};

use durably_engine::{Header, Payload};
use serde::{Deserialize, Serialize};

use super::{target::FromClient, task_failure::last_failure};
use crate::{
    client::{
        QueryCall,
        call::{Call, within},
    },
    data::{
        ArgList, Converter, Data,
        search::{SearchKey, SearchKind},
    },
    definition::private::payload,
    error::{DataError, Failure, HandleError, QueryError},
    interceptor::DescribeRequest,
    options::{Priority, Retry},
    transport::retry::Patience,
    wire::{
        activity_operations::ReportedOptions,
        deployment::RunVersioning,
        describe::{
            self, CallbackState, DescribeWorkflow, Description, PendingChild, WorkflowStatus,
        },
        time_skipping::TimeSkippingState,
    },
};

/// One run of a workflow, as lists show it.
///
/// ```no_run
/// # use durably::{prelude::*, search::{Keyword, SearchKey}};
/// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
///
/// # async fn example(client: Client) -> Result<()> {
/// let mut orders = client.list("WorkflowType = 'Order'");
/// while let Some(order) = orders.next().await? {
///     let note: Option<String> = order.memo("note")?;
///     let customer: Option<String> = order.search(CUSTOMER)?;
///     println!("{} is {}: {note:?} {customer:?}", order.workflow_id, order.status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowSummary {
    /// The workflow id.
    pub workflow_id: String,
    /// The run.
    pub run_id: String,
    /// The type of the workflow.
    pub workflow_type: String,
    /// Where it stands.
    pub status: WorkflowStatus,
    /// The task queue of its workers.
    pub task_queue: String,
    /// When it was started.
    pub start_time: Option<SystemTime>,
    /// When its first workflow task was due: after a start delay or a pause.
    pub execution_time: Option<SystemTime>,
    /// When it came to its end.
    pub close_time: Option<SystemTime>,
    /// How many events its history has.
    pub history_length: u64,
    /// The size of its history in bytes.
    pub history_bytes: u64,
    /// The workflow id of the outermost parent; its own, if it has no parent.
    pub root_id: Option<String>,
    /// The workflow id of the parent, if it is a child.
    pub parent_id: Option<String>,
    memo: Header,
    search_attributes: Header,
    /// That of the client; memos are in its format.
    converter: Converter,
}

impl WorkflowSummary {
    pub(crate) fn new(summary: describe::Summary, converter: &Converter) -> Self {
        Self {
            workflow_id: summary.workflow_id,
            run_id: summary.run_id,
            workflow_type: summary.workflow_type,
            status: summary.status,
            task_queue: summary.task_queue,
            start_time: summary.start_time,
            execution_time: summary.execution_time,
            close_time: summary.close_time,
            history_length: summary.history_length,
            history_bytes: summary.history_bytes,
            root_id: summary.root_id,
            parent_id: summary.parent_id,
            memo: summary.memo,
            search_attributes: summary.search_attributes,
            converter: converter.clone(),
        }
    }

    /// The memo of this name; `None` if the workflow has none.
    ///
    /// # Errors
    /// It cannot be deserialised as a `T`.
    pub fn memo<T: Data>(&self, name: &str) -> Result<Option<T>, DataError> {
        read(&self.memo, name, "memo", &self.converter)
    }

    /// The search attribute of this key; `None` if it is not set.
    ///
    /// # Errors
    /// It is of another type.
    pub fn search<K: SearchKind>(&self, key: SearchKey<K>) -> Result<Option<K::Value>, DataError> {
        key.read(self.search_attributes.get(key.name()))
    }
}

pub(crate) fn read<T: Data>(
    named: &Header,
    name: &str,
    kind: &str,
    converter: &Converter,
) -> Result<Option<T>, DataError> {
    let Some(payload) = named.get(name) else {
        return Ok(None);
    };
    let what = || format!("{kind} `{name}`");
    DataError::decode(payload, converter, what).map(Some)
}

/// What the server knows of one run of a workflow.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let order = client.handle("order-1").describe().await?;
/// println!("{} since {:?}", order.summary.status, order.summary.start_time);
/// for activity in &order.pending_activities {
///     println!("{}, attempt {}", activity.activity_type, activity.attempt);
/// }
/// println!("{} children, {:?}", order.pending_children.len(), order.priority);
/// if let Some(task) = &order.pending_workflow_task {
///     println!("attempt {} of its code: {:?}", task.attempt, task.failure);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowDescription {
    /// What lists show too.
    pub summary: WorkflowSummary,
    /// The activities that are not finished.
    pub pending_activities: Vec<PendingActivity>,
    /// The children that are not finished.
    pub pending_children: Vec<PendingChild>,
    /// The workflow task that is not completed: the workflow's code runs, or is to run.
    pub pending_workflow_task: Option<PendingWorkflowTask>,
    /// What the server calls when the workflow has closed.
    pub callbacks: Vec<Callback>,
    /// The longest all runs together may take.
    pub execution_timeout: Option<Duration>,
    /// The longest the run may take.
    pub run_timeout: Option<Duration>,
    /// The longest one workflow task may take.
    pub task_timeout: Option<Duration>,
    /// The version of a worker deployment that runs it, and which others may.
    pub versioning: RunVersioning,
    /// How urgent its tasks are.
    pub priority: Priority,
    /// The summary that its start gave; `None` if it gave none, or not as a text.
    pub static_summary: Option<String>,
    /// The details that its start gave; `None` if it gave none, or not as a text.
    pub static_details: Option<String>,
    /// Its time, and how it is skipped; none if the server does not report it.
    pub time_skipping: Option<TimeSkippingState>,
    target: FromClient,
}

impl WorkflowDescription {
    /// The workflow's description of its present state; empty if it set none.
    ///
    /// A worker of the workflow answers it, as a query: see
    /// [`set_current_details`](crate::workflow::Ctx::set_current_details).
    ///
    /// # Errors
    /// As those of a query: no worker answered in time, or its SDK does not know the question.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let order = client.handle("order-1").describe().await?;
    /// println!("{:?}: {}", order.static_summary, order.current_details().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn current_details(&self) -> Call<String, QueryError> {
        let target = self.target.clone();
        Call::new(|timeout| async move {
            let args = ().encode(target.client().converter());
            let query = QueryCall::<Metadata>::new(target, METADATA.into(), args, payload());
            let metadata = match timeout {
                Some(timeout) => query.timeout(timeout).await?,
                None => query.await?,
            };
            Ok(metadata.current_details)
        })
    }
}

/// The query that every workflow answers, whatever its SDK.
const METADATA: &str = "__temporal_workflow_metadata";

/// The part of `temporal.api.sdk.v1.WorkflowMetadata` that is read here; SDKs send it as JSON.
#[derive(Serialize, Deserialize)]
struct Metadata {
    #[serde(default, rename = "currentDetails")]
    current_details: String,
}

/// A workflow task that is not completed.
///
/// ```no_run
/// use durably::{client::PendingWorkflowTask, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let task: Option<PendingWorkflowTask> = client.handle("order-1").describe().await?.pending_workflow_task;
/// match task {
///     None => println!("it waits for something else than its code"),
///     Some(PendingWorkflowTask { failure: Some(failure), .. }) => println!("its code fails: {failure}"),
///     Some(task) if task.waiting_since.is_some() => println!("no worker has taken it"),
///     Some(task) => println!("a worker has it since {:?}", task.started),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PendingWorkflowTask {
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// Since when it waits for a worker; none if one has it.
    pub waiting_since: Option<SystemTime>,
    /// When a worker took it; none if none has it.
    pub started: Option<SystemTime>,
    /// Why it failed first, if it fails again and again.
    pub failure: Option<String>,
}

/// What the server calls when the workflow has closed.
///
/// ```no_run
/// use durably::{client::Callback, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let callbacks: Vec<Callback> = client.handle("order-1").describe().await?.callbacks;
/// for callback in callbacks {
///     println!("{}: attempt {}, next at {:?}", callback.url, callback.attempt, callback.next_attempt);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Callback {
    /// Where it is called.
    pub url: String,
    /// Where it stands.
    pub state: CallbackState,
    /// How often it was called.
    pub attempt: u32,
    /// What the last call failed with.
    pub last_failure: Option<Failure>,
    /// When the next call is due.
    pub next_attempt: Option<SystemTime>,
}

/// An activity that is not finished.
///
/// ```
/// use durably::client::PendingActivity;
///
/// /// Why the activity has not started, as far as the server knows.
/// fn obstacle(activity: &PendingActivity) -> Option<String> {
///     if activity.is_started {
///         return None;
///     }
///     match &activity.last_failure {
///         Some(failure) => Some(format!("attempt {} follows: {failure}", activity.attempt)),
///         None => Some("no worker has taken it".to_owned()),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PendingActivity {
    /// Its id.
    pub id: String,
    /// Its type.
    pub activity_type: String,
    /// Which attempt runs, or comes next; from 1.
    pub attempt: u32,
    /// Whether a worker has it; if not, it waits for one or for its next attempt.
    pub is_started: bool,
    /// When the attempt was started, or the last one was.
    pub last_started: Option<SystemTime>,
    /// When its last heartbeat was recorded.
    pub last_heartbeat: Option<SystemTime>,
    /// What the last attempt failed with.
    pub last_failure: Option<Failure>,
    /// The worker of the last attempt.
    pub last_worker: String,
    /// How many attempts there may be; none if there is no limit.
    pub max_attempts: Option<u32>,
    /// Whether its cancellation was requested.
    pub is_cancel_requested: bool,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Its pause; none if it is not paused.
    pub pause: Option<ActivityPause>,
    /// Its options, as they are now.
    pub options: PendingActivityOptions,
    /// When the workflow called it, or the present attempt was due.
    pub scheduled: Option<SystemTime>,
    /// When its time is over, retries included.
    pub expires: Option<SystemTime>,
    /// When the next attempt is due, after a failed one.
    pub next_attempt: Option<SystemTime>,
    heartbeat: Vec<Payload>,
    converter: Converter,
}

/// The pause of an activity: its time, the client and the reason.
///
/// ```no_run
/// use durably::{client::ActivityPause, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// for activity in client.handle("order-1").describe().await?.pending_activities {
///     let pause: Option<ActivityPause> = activity.pause;
///     if let Some(pause) = pause {
///         println!("{} is paused by {}: {}", activity.id, pause.identity, pause.reason);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActivityPause {
    /// When.
    pub time: Option<SystemTime>,
    /// The identity of the client.
    pub identity: String,
    /// The reason.
    pub reason: String,
}

/// The options of an activity that is not finished, as they are now.
///
/// ```no_run
/// use durably::{client::PendingActivityOptions, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let charge = client.handle("order-1").activity("charge");
/// let options: PendingActivityOptions = charge.update_options().heartbeat(secs(5)).await?;
/// println!("{:?} in {}, {:?}", options.heartbeat, options.task_queue, options.retry);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PendingActivityOptions {
    /// The task queue.
    pub task_queue: String,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest an attempt may wait for a worker.
    pub schedule_to_start: Option<Duration>,
    /// The longest one attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest pause between two heartbeats.
    pub heartbeat: Option<Duration>,
    /// How failed attempts are retried; servers may leave the types of errors out that are not retried.
    pub retry: Option<Retry>,
    /// How urgent the activity is; what is not set is that of the workflow.
    pub priority: Priority,
}

impl PendingActivityOptions {
    pub(crate) fn new(options: ReportedOptions) -> Self {
        let priority = options.priority.as_ref().map(Priority::recorded);
        Self {
            task_queue: options.task_queue,
            schedule_to_close: options.schedule_to_close,
            schedule_to_start: options.schedule_to_start,
            start_to_close: options.start_to_close,
            heartbeat: options.heartbeat,
            retry: options.retry.map(Retry::from_policy),
            priority: priority.unwrap_or_default(),
        }
    }
}

impl PendingActivity {
    fn new(activity: describe::PendingActivity, converter: &Converter) -> Self {
        let last_failure = activity.last_failure;
        Self {
            id: activity.id,
            activity_type: activity.activity_type,
            attempt: activity.attempt,
            is_started: activity.is_started,
            last_started: activity.last_started,
            last_heartbeat: activity.last_heartbeat,
            last_failure: last_failure.map(|it| Failure::from_record(it, converter)),
            last_worker: activity.last_worker,
            max_attempts: activity.max_attempts,
            is_cancel_requested: activity.is_cancel_requested,
            is_paused: activity.is_paused,
            pause: activity.pause.map(|pause| ActivityPause {
                time: pause.at,
                identity: pause.identity,
                reason: pause.reason,
            }),
            options: PendingActivityOptions::new(activity.options),
            scheduled: activity.scheduled,
            expires: activity.expires,
            next_attempt: activity.next_attempt,
            heartbeat: activity.heartbeat,
            converter: converter.clone(),
        }
    }

    /// The details of the last heartbeat; `None` if there are none.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// for activity in client.handle("film-1").describe().await?.pending_activities {
    ///     println!("{}: {:?} % done", activity.activity_type, activity.heartbeat::<u32>()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// They cannot be deserialised as a `T`.
    pub fn heartbeat<T: Data>(&self) -> Result<Option<T>, DataError> {
        let what = || format!("the heartbeat of activity `{}`", self.activity_type);
        let first = self.heartbeat.first();
        first
            .map(|payload| DataError::decode(payload, &self.converter, what))
            .transpose()
    }
}

impl std::ops::Deref for WorkflowDescription {
    type Target = WorkflowSummary;

    fn deref(&self) -> &WorkflowSummary {
        &self.summary
    }
}

pub(crate) fn call(target: &FromClient) -> Call<WorkflowDescription, HandleError> {
    let target = target.clone();
    Call::new(|timeout| async move {
        let what = || format!("description of workflow `{}`", target.workflow_id());
        let patience = Patience::at_once(timeout);
        within(timeout, what, async {
            let interceptors = target.client().interceptors();
            if interceptors.is_empty() {
                return whole(&target, patience).await;
            }
            let request = DescribeRequest {
                workflow_id: target.workflow_id().to_owned(),
                run_id: target.attached_run_id().map(str::to_owned),
            };
            let target = target.clone();
            let send = move |request: DescribeRequest| async move {
                let target = target.at(&request.workflow_id, request.run_id.as_deref());
                whole(&target, patience).await
            };
            interceptors.call(request, send).await
        })
        .await
    })
}

async fn whole(
    target: &FromClient,
    patience: Patience,
) -> Result<WorkflowDescription, HandleError> {
    let found = describe_current(target, patience).await?;
    let converter = target.client().converter();
    let activities = found.activities.into_iter();
    let activities = activities.map(|it| PendingActivity::new(it, converter));
    let text = |given: Option<Payload>| {
        let what = || "metadata of a start".to_owned();
        given.and_then(|it| DataError::decode::<String>(&it, converter, what).ok())
    };
    let pending_workflow_task = match found.workflow_task {
        None => None,
        Some(task) => Some(PendingWorkflowTask {
            attempt: task.attempt,
            waiting_since: task.waiting_since,
            started: task.started,
            failure: match task.attempt > 1 {
                true => last_failure(target, &found.summary.run_id).await,
                false => None,
            },
        }),
    };
    let callbacks = found.callbacks.into_iter().map(|it| Callback {
        url: it.url,
        state: it.state,
        attempt: it.attempt,
        last_failure: it
            .last_failure
            .map(|it| Failure::from_record(it, converter)),
        next_attempt: it.next_attempt,
    });
    Ok(WorkflowDescription {
        summary: WorkflowSummary::new(found.summary, converter),
        pending_activities: activities.collect(),
        pending_children: found.children,
        versioning: found.versioning,
        priority: Priority::recorded(&found.priority),
        static_summary: text(found.static_summary),
        static_details: text(found.static_details),
        time_skipping: found.time_skipping,
        target: target.clone(),
        pending_workflow_task,
        callbacks: callbacks.collect(),
        execution_timeout: found.execution_timeout,
        run_timeout: found.run_timeout,
        task_timeout: found.task_timeout,
    })
}

/// Describes the run that messages go to. Of a start it is the latest run, which cancel requests, signals and queries
/// reach, too, unless it belongs to a later start of the same id.
async fn describe_current(
    target: &FromClient,
    patience: Patience,
) -> Result<Description, HandleError> {
    let Some(started) = target.started_run_id() else {
        return describe(target, target.run_id().unwrap_or_default(), patience).await;
    };
    match describe(target, "", patience).await {
        Ok(latest) if latest.summary.run_id == started || latest.first_run_id == started => {
            Ok(latest)
        }
        // The latest run is another chain's, or was deleted.
        Ok(_) | Err(HandleError::NotFound(_)) => describe(target, started, patience).await,
        Err(error) => Err(error),
    }
}

pub(crate) async fn describe(
    target: &FromClient,
    run: &str,
    patience: Patience,
) -> Result<Description, HandleError> {
    let request = DescribeWorkflow {
        execution: target.execution_of_run(run),
    };
    let found = target.caller().call(request, patience).await;
    found.map_err(|error| target.refused(error))
}
