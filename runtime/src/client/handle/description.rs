//! What the server knows of a workflow.

use std::time::SystemTime;

use durably_engine::{Header, Payload};
use serde::{Deserialize, Serialize};

use super::target::FromClient;
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
    options::Priority,
    transport::retry::Patience,
    wire::{
        deployment::RunVersioning,
        describe::{self, DescribeWorkflow, Description, WorkflowStatus},
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
    /// The workflow ids of the children that are not finished.
    pub pending_children: Vec<String>,
    /// The version of a worker deployment that runs it, and which others may.
    pub versioning: RunVersioning,
    /// How urgent its tasks are.
    pub priority: Priority,
    /// The summary that its start gave; `None` if it gave none, or not as a text.
    pub static_summary: Option<String>,
    /// The details that its start gave; `None` if it gave none, or not as a text.
    pub static_details: Option<String>,
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
        }
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
        within(timeout, what, async {
            let run = target.run_id().unwrap_or_default();
            let found = describe(&target, run, Patience::at_once(timeout)).await?;
            let converter = target.client().converter();
            let activities = found.activities.into_iter();
            let activities = activities.map(|it| PendingActivity::new(it, converter));
            let text = |given: Option<Payload>| {
                let what = || "metadata of a start".to_owned();
                given.and_then(|it| DataError::decode::<String>(&it, converter, what).ok())
            };
            Ok(WorkflowDescription {
                summary: WorkflowSummary::new(found.summary, converter),
                pending_activities: activities.collect(),
                pending_children: found.children,
                versioning: found.versioning,
                priority: Priority::recorded(&found.priority),
                static_summary: text(found.static_summary),
                static_details: text(found.static_details),
                target: target.clone(),
            })
        })
        .await
    })
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
