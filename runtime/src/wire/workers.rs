//! Lists and descriptions of workers.

use std::{num::NonZeroU16, ops::Deref};

use durably_proto::api::{
    enums::v1::WorkerStatus,
    worker::v1::{WorkerHeartbeat, WorkerListInfo, WorkerPollerInfo, WorkerSlotsInfo},
    workflowservice::v1 as pb,
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

/// What the server knows of a worker: what its last heartbeat said.
///
/// ```no_run
/// use durably::{client::WorkerDescription, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let first = client.workers("TaskQueue = 'orders'").next().await?.expect("there is one");
/// let found: Option<WorkerDescription> = client.describe_worker(&first.instance_key).await?;
/// if let Some(worker) = found {
///     println!("{} at {:?}", worker.identity, worker.heartbeat_time);
///     if let Some(slots) = worker.activity_slots {
///         println!("{} activities, {} since its start", slots.used, slots.processed);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WorkerDescription {
    /// What lists show, too.
    pub summary: WorkerSummary,
    /// When it sent the heartbeat, by its own clock.
    pub heartbeat_time: Option<Time>,
    /// The part of its machine's CPU time in use, from 0 to 1; 0 if it does not know.
    pub cpu: f32,
    /// The part of its machine's memory in use, from 0 to 1; 0 if it does not know.
    pub memory: f32,
    /// Its slots for workflow tasks.
    pub workflow_slots: Option<WorkerSlots>,
    /// Its slots for activities.
    pub activity_slots: Option<WorkerSlots>,
    /// Its slots for local activities.
    pub local_activity_slots: Option<WorkerSlots>,
    /// Its polls for workflow tasks of the task queue.
    pub workflow_polls: Option<WorkerPolls>,
    /// Its polls for workflow tasks of runs that it has cached.
    pub sticky_polls: Option<WorkerPolls>,
    /// Its polls for activities.
    pub activity_polls: Option<WorkerPolls>,
    /// How many runs it has cached.
    pub cached_runs: u64,
    /// How many workflow tasks found their run in the cache.
    pub cache_hits: u64,
    /// How many workflow tasks did not.
    pub cache_misses: u64,
}

/// The slots of a worker for one kind of task.
///
/// ```no_run
/// use durably::{client::WorkerSlots, prelude::*};
///
/// # async fn example(client: Client, instance_key: String) -> Result<()> {
/// if let Some(worker) = client.describe_worker(instance_key).await? {
///     let slots: Option<WorkerSlots> = worker.workflow_slots;
///     println!("{:?}", slots.map(|slots| (slots.used, slots.available, slots.failed)));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerSlots {
    /// How many have a task.
    pub used: u64,
    /// How many have none; none if the machine decides how many there are.
    pub available: Option<u64>,
    /// How many tasks have ended since the start of the worker.
    pub processed: u64,
    /// How many of them have failed.
    pub failed: u64,
}

/// The polls of a worker for one kind of task.
///
/// ```no_run
/// use durably::{client::WorkerPolls, prelude::*};
///
/// # async fn example(client: Client, instance_key: String) -> Result<()> {
/// if let Some(worker) = client.describe_worker(instance_key).await? {
///     let polls: Option<WorkerPolls> = worker.activity_polls;
///     println!("{:?}", polls.map(|polls| (polls.open, polls.is_scaled, polls.last_success)));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerPolls {
    /// How many wait for a task.
    pub open: u64,
    /// When one of them returned a task last.
    pub last_success: Option<Time>,
    /// Whether their number follows the load.
    pub is_scaled: bool,
}

impl Deref for WorkerDescription {
    type Target = WorkerSummary;

    fn deref(&self) -> &WorkerSummary {
        &self.summary
    }
}

/// Describes a worker.
#[derive(Clone, Debug)]
pub(crate) struct DescribeWorker {
    pub(crate) instance_key: String,
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

impl Request for DescribeWorker {
    type Message = pb::DescribeWorkerRequest;
    type Reply = pb::DescribeWorkerResponse;
    type Response = WorkerDescription;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DescribeWorkerRequest {
            namespace: sender.namespace(),
            worker_instance_key: self.instance_key,
        }
    }

    fn read(reply: Self::Reply) -> Result<WorkerDescription, WireError> {
        let heartbeat = reply.worker_info.and_then(|info| info.worker_heartbeat);
        let heartbeat = heartbeat.ok_or_else(|| WireError::missing(PLACE, "worker_heartbeat"))?;
        Ok(description(heartbeat))
    }
}

/// What a response is that lacks something.
const PLACE: &str = "description of a worker";

fn description(heartbeat: WorkerHeartbeat) -> WorkerDescription {
    let phase = phase(heartbeat.status());
    let host = heartbeat.host_info.unwrap_or_default();
    WorkerDescription {
        heartbeat_time: heartbeat.heartbeat_time.and_then(time::point),
        cpu: host.current_host_cpu_usage,
        memory: host.current_host_mem_usage,
        workflow_slots: heartbeat.workflow_task_slots_info.as_ref().map(slots),
        activity_slots: heartbeat.activity_task_slots_info.as_ref().map(slots),
        local_activity_slots: heartbeat.local_activity_slots_info.as_ref().map(slots),
        workflow_polls: heartbeat.workflow_poller_info.map(polls),
        sticky_polls: heartbeat.workflow_sticky_poller_info.map(polls),
        activity_polls: heartbeat.activity_poller_info.map(polls),
        cached_runs: count(heartbeat.current_sticky_cache_size),
        cache_hits: count(heartbeat.total_sticky_cache_hit),
        cache_misses: count(heartbeat.total_sticky_cache_miss),
        summary: WorkerSummary {
            instance_key: heartbeat.worker_instance_key,
            identity: heartbeat.worker_identity,
            task_queue: heartbeat.task_queue,
            phase,
            version: DeploymentVersion::from_proto(heartbeat.deployment_version),
            sdk_name: heartbeat.sdk_name,
            sdk_version: heartbeat.sdk_version,
            host_name: host.host_name,
            process_id: host.process_id,
            start_time: heartbeat.start_time.and_then(time::point),
        },
    }
}

fn slots(info: &WorkerSlotsInfo) -> WorkerSlots {
    WorkerSlots {
        used: count(info.current_used_slots),
        // -1 says that the number is not known.
        available: u64::try_from(info.current_available_slots).ok(),
        processed: count(info.total_processed_tasks),
        failed: count(info.total_failed_tasks),
    }
}

fn polls(info: WorkerPollerInfo) -> WorkerPolls {
    WorkerPolls {
        open: count(info.current_pollers),
        last_success: info.last_successful_poll_time.and_then(time::point),
        is_scaled: info.is_autoscaling,
    }
}

fn count(number: i32) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn phase(status: WorkerStatus) -> WorkerPhase {
    match status {
        WorkerStatus::Running => WorkerPhase::Running,
        WorkerStatus::ShuttingDown => WorkerPhase::ShuttingDown,
        WorkerStatus::Shutdown => WorkerPhase::Shutdown,
        WorkerStatus::Unspecified => WorkerPhase::Unknown,
    }
}

fn summary(info: WorkerListInfo) -> WorkerSummary {
    let phase = phase(info.status());
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
