//! Heartbeats of workers: who polls what, with how many slots, and how busy they are.

use std::time::{Duration, SystemTime};

use durably_engine::{SDK_NAME, SDK_VERSION};
use durably_proto::{
    api::{enums::v1::WorkerStatus as Status, worker::v1 as proto, workflowservice::v1 as pb},
    wkt,
};

use super::{
    WireError,
    deployment::WorkerBuild,
    request::{Request, Sender},
    time,
};

/// Reports a worker to the server.
#[derive(Debug)]
pub(crate) struct RecordWorkerHeartbeat {
    pub(crate) heartbeat: WorkerHeartbeat,
}

/// What a worker is and does.
#[derive(Clone, Debug)]
pub(crate) struct WorkerHeartbeat {
    pub(crate) instance_key: String,
    pub(crate) task_queue: String,
    pub(crate) build: Option<WorkerBuild>,
    pub(crate) host_name: String,
    pub(crate) process_id: u32,
    /// The part of the machine's CPU time in use; zero if that is unknown.
    pub(crate) cpu: f64,
    /// The part of the machine's memory in use; zero if that is unknown.
    pub(crate) memory: f64,
    pub(crate) status: WorkerStatus,
    pub(crate) started: SystemTime,
    pub(crate) at: SystemTime,
    pub(crate) since_last: Option<Duration>,
    pub(crate) workflow_slots: SlotsInfo,
    pub(crate) activity_slots: SlotsInfo,
    pub(crate) local_activity_slots: SlotsInfo,
    /// None for a queue that is not polled.
    pub(crate) workflow_pollers: Option<PollerInfo>,
    pub(crate) sticky_pollers: Option<PollerInfo>,
    pub(crate) activity_pollers: Option<PollerInfo>,
    pub(crate) cached: CacheInfo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkerStatus {
    Running,
    ShuttingDown,
}

/// The slots of one kind of task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotsInfo {
    pub(crate) used: usize,
    /// None if the machine decides.
    pub(crate) available: Option<usize>,
    pub(crate) processed: u64,
    pub(crate) failed: u64,
    /// Since the last heartbeat.
    pub(crate) lately_processed: u64,
    pub(crate) lately_failed: u64,
}

/// The pollers of one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PollerInfo {
    pub(crate) open: usize,
    pub(crate) last_success: Option<SystemTime>,
    pub(crate) is_scaled: bool,
}

/// The runs that are cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CacheInfo {
    pub(crate) size: usize,
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}

impl Request for RecordWorkerHeartbeat {
    type Message = pb::RecordWorkerHeartbeatRequest;
    type Reply = pb::RecordWorkerHeartbeatResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::RecordWorkerHeartbeatRequest {
            namespace: sender.namespace(),
            identity: sender.identity(),
            worker_heartbeat: vec![self.heartbeat.into_proto(sender)],
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl WorkerHeartbeat {
    pub(super) fn into_proto(self, sender: Sender<'_>) -> proto::WorkerHeartbeat {
        let version = match self.build {
            Some(WorkerBuild::Versioned(version)) => Some(version.into_proto()),
            Some(WorkerBuild::Unversioned(_)) | None => None,
        };
        proto::WorkerHeartbeat {
            worker_instance_key: self.instance_key,
            worker_identity: sender.identity(),
            host_info: Some(proto::WorkerHostInfo {
                host_name: self.host_name,
                process_id: self.process_id.to_string(),
                current_host_cpu_usage: self.cpu as f32,
                current_host_mem_usage: self.memory as f32,
                // It names a queue of commands for the process, which nobody polls here.
                worker_grouping_key: String::new(),
            }),
            task_queue: self.task_queue,
            deployment_version: version,
            sdk_name: SDK_NAME.to_owned(),
            sdk_version: SDK_VERSION.to_owned(),
            status: match self.status {
                WorkerStatus::Running => Status::Running,
                WorkerStatus::ShuttingDown => Status::ShuttingDown,
            }
            .into(),
            start_time: Some(wkt::Timestamp::from(self.started)),
            heartbeat_time: Some(wkt::Timestamp::from(self.at)),
            elapsed_since_last_heartbeat: self.since_last.map(time::to_duration),
            workflow_task_slots_info: Some(self.workflow_slots.into_proto()),
            activity_task_slots_info: Some(self.activity_slots.into_proto()),
            local_activity_slots_info: Some(self.local_activity_slots.into_proto()),
            workflow_poller_info: self.workflow_pollers.map(PollerInfo::into_proto),
            workflow_sticky_poller_info: self.sticky_pollers.map(PollerInfo::into_proto),
            activity_poller_info: self.activity_pollers.map(PollerInfo::into_proto),
            total_sticky_cache_hit: count(self.cached.hits),
            total_sticky_cache_miss: count(self.cached.misses),
            current_sticky_cache_size: count(self.cached.size as u64),
            ..Default::default()
        }
    }
}

impl SlotsInfo {
    fn into_proto(self) -> proto::WorkerSlotsInfo {
        let kind = match self.available {
            Some(_) => "Fixed",
            None => "ResourceBased",
        };
        proto::WorkerSlotsInfo {
            current_available_slots: self.available.map_or(-1, |n| count(n as u64)),
            current_used_slots: count(self.used as u64),
            slot_supplier_kind: kind.to_owned(),
            total_processed_tasks: count(self.processed),
            total_failed_tasks: count(self.failed),
            last_interval_processed_tasks: count(self.lately_processed),
            last_interval_failure_tasks: count(self.lately_failed),
        }
    }
}

impl PollerInfo {
    fn into_proto(self) -> proto::WorkerPollerInfo {
        proto::WorkerPollerInfo {
            current_pollers: count(self.open as u64),
            last_successful_poll_time: self.last_success.map(wkt::Timestamp::from),
            is_autoscaling: self.is_scaled,
        }
    }
}

fn count(n: u64) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
