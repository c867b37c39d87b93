//! Lists of workers.

use std::num::NonZeroU16;

use durably_proto::api::{
    enums::v1::WorkerStatus, worker::v1::WorkerListInfo, workflowservice::v1 as pb,
};

use super::{
    WireError,
    deployment::DeploymentVersion,
    page::{self, Page},
    request::{Request, Sender},
    time,
};
use crate::time::Time;

/// A worker of any SDK that sends heartbeats, as lists show it.
///
/// ```no_run
/// use durably::{client::{WorkerPhase, WorkerSummary}, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let mut workers = client.workers("TaskQueue = 'orders'");
/// while let Some(worker) = workers.next().await? {
///     let worker: WorkerSummary = worker;
///     if worker.phase == WorkerPhase::Running {
///         println!("{} on {}: {} {}", worker.identity, worker.host_name, worker.sdk_name, worker.sdk_version);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WorkerSummary {
    /// What distinguishes it from all other workers.
    pub instance_key: String,
    /// Its identity, which several workers may have.
    pub identity: String,
    /// The task queue that it polls.
    pub task_queue: String,
    /// Where it stands.
    pub phase: WorkerPhase,
    /// Its version of a worker deployment, if it is in one.
    pub version: Option<DeploymentVersion>,
    /// The name of its SDK.
    pub sdk_name: String,
    /// The version of its SDK.
    pub sdk_version: String,
    /// The name of its machine.
    pub host_name: String,
    /// The id of its process there.
    pub process_id: String,
    /// When it started.
    pub start_time: Option<Time>,
}

/// Where a worker stands.
///
/// ```no_run
/// use durably::{client::WorkerPhase, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let first = client.workers("").next().await?;
/// assert_eq!(first.map(|worker| worker.phase), Some(WorkerPhase::ShuttingDown));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerPhase {
    /// It runs.
    Running,
    /// It finishes what it has begun.
    ShuttingDown,
    /// It has ended.
    Shutdown,
    /// A state this version does not know.
    Unknown,
}

/// Lists workers, a page at a time.
#[derive(Clone, Debug)]
pub(crate) struct ListWorkers {
    pub(crate) filter: String,
    /// At most this many workers a page; the server's number if none.
    pub(crate) page_size: Option<NonZeroU16>,
    /// Empty for the first page.
    pub(crate) page_token: Vec<u8>,
}

impl Request for ListWorkers {
    type Message = pb::ListWorkersRequest;
    type Reply = pb::ListWorkersResponse;
    type Response = Page<WorkerSummary>;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::ListWorkersRequest {
            namespace: sender.namespace(),
            page_size: page::size(self.page_size),
            next_page_token: self.page_token,
            query: self.filter,
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<Self::Response, WireError> {
        Ok(Page {
            items: reply.workers.into_iter().map(summary).collect(),
            next_page_token: reply.next_page_token,
        })
    }
}

fn summary(info: WorkerListInfo) -> WorkerSummary {
    let phase = match info.status() {
        WorkerStatus::Running => WorkerPhase::Running,
        WorkerStatus::ShuttingDown => WorkerPhase::ShuttingDown,
        WorkerStatus::Shutdown => WorkerPhase::Shutdown,
        WorkerStatus::Unspecified => WorkerPhase::Unknown,
    };
    WorkerSummary {
        instance_key: info.worker_instance_key,
        identity: info.worker_identity,
        task_queue: info.task_queue,
        phase,
        version: DeploymentVersion::from_proto(info.deployment_version),
        sdk_name: info.sdk_name,
        sdk_version: info.sdk_version,
        host_name: info.host_name,
        process_id: info.process_id,
        start_time: info.start_time.and_then(time::point),
    }
}
