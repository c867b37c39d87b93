//! Workers: their heartbeats, and lists of them.

use durably_proto::api::common::v1::{Payload, SearchAttributes};
use durably_proto::api::enums::v1::{IndexedValueType, WorkerStatus};
use durably_proto::api::worker::v1::{WorkerHeartbeat, WorkerInfo, WorkerListInfo};
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;
use durably_proto::api::workflowservice::v1::{
    CountWorkersRequest, CountWorkersResponse, DescribeWorkerRequest, DescribeWorkerResponse,
    ListWorkersRequest, ListWorkersResponse, RecordWorkerHeartbeatRequest,
    RecordWorkerHeartbeatResponse,
};

use super::check;
use super::page::{self, Page};
use crate::backend::Backend;
use crate::error::Error;
use crate::visibility::attributes::Attributes;
use crate::visibility::{is_match, parser};

/// `RecordWorkerHeartbeat`.
pub(super) fn record(
    backend: &Backend,
    request: RecordWorkerHeartbeatRequest,
) -> Result<RecordWorkerHeartbeatResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let now = backend.clock.now();
    namespace.workers.record(request.worker_heartbeat, now);
    Ok(RecordWorkerHeartbeatResponse {})
}

/// `ListWorkers`.
pub(super) fn list(
    backend: &Backend,
    request: &ListWorkersRequest,
) -> Result<ListWorkersResponse, Error> {
    let found = matching(backend, &request.namespace, &request.query)?;
    let Page { items: found, next } = page::page(
        found,
        |it| &it.worker_instance_key,
        request.page_size,
        &request.next_page_token,
    )?;
    #[expect(deprecated, reason = "clients still read it")]
    Ok(ListWorkersResponse {
        workers: found.iter().map(listed).collect(),
        workers_info: found.into_iter().map(described).collect(),
        next_page_token: next,
    })
}

/// `CountWorkers`.
pub(super) fn count(
    backend: &Backend,
    request: &CountWorkersRequest,
) -> Result<CountWorkersResponse, Error> {
    let found = matching(backend, &request.namespace, &request.query)?;
    Ok(CountWorkersResponse {
        count: i64::try_from(found.len()).unwrap_or(i64::MAX),
    })
}

/// `DescribeWorker`.
pub(super) fn describe(
    backend: &Backend,
    request: &DescribeWorkerRequest,
) -> Result<DescribeWorkerResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let key = &request.worker_instance_key;
    let found = namespace.workers.find(key, backend.clock.now());
    let found = found.ok_or_else(|| Error::NotFound(format!("Worker {key} not found")))?;
    Ok(DescribeWorkerResponse {
        worker_info: Some(described(found)),
    })
}

/// The workers that match a query, in the order of their keys.
fn matching(
    backend: &Backend,
    namespace: &str,
    query: &str,
) -> Result<Vec<WorkerHeartbeat>, Error> {
    let namespace = backend.namespaces.find(namespace)?;
    let query = parser::parse(query, &attributes()).map_err(Error::Query)?;
    if query.group.is_some() {
        return Err(check::invalid(
            "operation is not supported: workers are not grouped",
        ));
    }
    let mut workers = namespace.workers.list(backend.clock.now());
    workers.retain(|worker| is_match(&query, &row(worker)));
    Ok(workers)
}

/// The fields of queries; `TaskQueue` and `StartTime` are also those of workflows.
fn attributes() -> Attributes {
    let mut attributes = Attributes::new();
    for name in KEYWORDS {
        attributes.add(name, IndexedValueType::Keyword);
    }
    attributes.add(HEARTBEAT_TIME, IndexedValueType::Datetime);
    attributes
}

/// A worker as a row that the filters of workflows read.
fn row(worker: &WorkerHeartbeat) -> WorkflowExecutionInfo {
    let version = worker.deployment_version.as_ref();
    let host = worker.host_info.as_ref();
    let status = match worker.status() {
        WorkerStatus::Unspecified => "Unspecified",
        WorkerStatus::Running => "Running",
        WorkerStatus::ShuttingDown => "ShuttingDown",
        WorkerStatus::Shutdown => "Shutdown",
    };
    let words = [
        worker.worker_instance_key.as_str(),
        &worker.worker_identity,
        host.map_or("", |it| &it.host_name),
        version.map_or("", |it| &it.deployment_name),
        version.map_or("", |it| &it.build_id),
        &worker.sdk_name,
        &worker.sdk_version,
        status,
        status,
    ];
    let words = KEYWORDS.into_iter().zip(words.map(str::to_owned));
    let words = words.filter(|(_, word)| !word.is_empty());
    let heartbeat = worker.heartbeat_time.as_ref().map(ToString::to_string);
    let words = words.chain(heartbeat.map(|time| (HEARTBEAT_TIME, time)));
    let fields = words.map(|(name, word)| {
        let payload = Payload {
            data: serde_json::Value::from(word).to_string().into_bytes(),
            ..Payload::default()
        };
        (name.to_owned(), payload)
    });
    WorkflowExecutionInfo {
        task_queue: worker.task_queue.clone(),
        start_time: worker.start_time,
        search_attributes: Some(SearchAttributes {
            indexed_fields: fields.collect(),
        }),
        ..WorkflowExecutionInfo::default()
    }
}

fn described(heartbeat: WorkerHeartbeat) -> WorkerInfo {
    WorkerInfo {
        worker_heartbeat: Some(heartbeat),
    }
}

fn listed(worker: &WorkerHeartbeat) -> WorkerListInfo {
    let host = worker.host_info.clone().unwrap_or_default();
    WorkerListInfo {
        worker_instance_key: worker.worker_instance_key.clone(),
        worker_identity: worker.worker_identity.clone(),
        task_queue: worker.task_queue.clone(),
        deployment_version: worker.deployment_version.clone(),
        sdk_name: worker.sdk_name.clone(),
        sdk_version: worker.sdk_version.clone(),
        status: worker.status,
        start_time: worker.start_time,
        host_name: host.host_name,
        worker_grouping_key: host.worker_grouping_key,
        process_id: host.process_id,
        plugins: worker.plugins.clone(),
        drivers: worker.drivers.clone(),
    }
}

const HEARTBEAT_TIME: &str = "HeartbeatTime";
/// In the order of `row`. The keyword `Status` is read in lower case.
const KEYWORDS: [&str; 9] = [
    "WorkerInstanceKey",
    "WorkerIdentity",
    "HostName",
    "DeploymentName",
    "BuildId",
    "SdkName",
    "SdkVersion",
    "WorkerStatus",
    "status",
];
