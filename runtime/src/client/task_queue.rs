//! Task queues: their workers and their tasks.

use std::fmt;

use super::{
    Client,
    call::{Call, within},
};
use crate::{
    data::Text,
    error::RpcError,
    interceptor::TaskQueueRequest,
    transport::retry::Patience,
    wire::task_queue::{DescribeTaskQueue, TaskKind, TaskQueueDescription, TaskQueueState},
};

/// A task queue, by its name: [`Client::task_queue`].
///
/// ```no_run
/// use durably::{client::TaskQueue, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let orders: TaskQueue = client.task_queue("orders");
/// let found = orders.describe().await?;
/// println!("{} workers, {:?}", found.activities.pollers.len(), found.activities.tasks);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TaskQueue {
    client: Client,
    name: String,
}

impl Client {
    /// The task queue of this name. Sends no request; a queue needs no creation.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let found = client.task_queue("orders").describe().await?;
    /// println!("{:?}", found.workflow_tasks.pollers);
    /// # Ok(())
    /// # }
    /// ```
    pub fn task_queue(&self, name: impl Text) -> TaskQueue {
        TaskQueue {
            client: self.clone(),
            name: name.into_text(),
        }
    }
}

impl fmt::Debug for TaskQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskQueue")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl TaskQueue {
    /// Its name.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # fn example(client: Client) {
    /// assert_eq!(client.task_queue("orders").name(), "orders");
    /// # }
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its pollers, its backlog, its rates and its limits, of workflow tasks and of activities. A queue that nobody has
    /// used has none of them.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let orders = client.task_queue("orders").describe().timeout(secs(5)).await?;
    /// println!("{:?} activities wait", orders.activities.tasks.map(|tasks| tasks.backlog));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The request failed.
    pub fn describe(&self) -> Call<TaskQueueDescription, RpcError> {
        let queue = self.clone();
        Call::new(|timeout| async move {
            let name = queue.name.clone();
            let what = || format!("description of task queue `{name}`");
            let client = queue.client.clone();
            let patience = Patience::at_once(timeout);
            let send = move |request: TaskQueueRequest| async move {
                let name = request.task_queue;
                let of = |kind| state(&queue.client, name.clone(), kind, patience);
                let workflow_tasks = of(TaskKind::Workflow).await?;
                let activities = of(TaskKind::Activity).await?;
                Ok::<_, RpcError>(TaskQueueDescription {
                    name,
                    workflow_tasks,
                    activities,
                })
            };
            let request = TaskQueueRequest {
                task_queue: name.clone(),
            };
            within(timeout, what, client.interceptors().around(request, send)).await
        })
    }
}

/// The tasks of one kind.
pub(crate) async fn state(
    client: &Client,
    name: String,
    kind: TaskKind,
    patience: Patience,
) -> Result<TaskQueueState, RpcError> {
    let request = DescribeTaskQueue { name, kind };
    let found = client.caller().call(request, patience).await;
    found.map_err(RpcError::from)
}
