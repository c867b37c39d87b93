//! Namespace methods, and the server's self-description.

use std::sync::Arc;
use std::time::Duration;

use durably_proto::api::enums::v1::{ArchivalState, NamespaceState};
use durably_proto::api::namespace::v1::namespace_info::{Capabilities as Supports, Limits};
use durably_proto::api::namespace::v1::{NamespaceConfig, NamespaceInfo};
use durably_proto::api::replication::v1::{ClusterReplicationConfig, NamespaceReplicationConfig};
use durably_proto::api::version::v1::{ReleaseInfo, VersionInfo};
use durably_proto::api::workflowservice::v1::get_system_info_response::Capabilities;
use durably_proto::api::workflowservice::v1::{
    DescribeNamespaceRequest, DescribeNamespaceResponse, GetClusterInfoResponse,
    GetSystemInfoResponse, ListNamespacesRequest, ListNamespacesResponse, RegisterNamespaceRequest,
};
use durably_proto::wkt;

use super::check;
use crate::backend::Backend;
use crate::error::Error;
use crate::namespace::Namespace;
use crate::store::Settings;

/// `RegisterNamespace`.
pub(super) fn register(backend: &Backend, request: RegisterNamespaceRequest) -> Result<(), Error> {
    if request.namespace.is_empty() {
        return Err(Error::Invalid("Namespace not set on request.".to_owned()));
    }
    if request.is_global_namespace {
        return Err(check::invalid(
            "Cannot register global namespace when not enabled",
        ));
    }
    let foreign = request
        .clusters
        .iter()
        .map(|cluster| &cluster.cluster_name)
        .chain([&request.active_cluster_name])
        .find(|name| !name.is_empty() && *name != CLUSTER);
    if let Some(name) = foreign {
        return Err(Error::Invalid(format!("Invalid cluster name: {name}")));
    }
    let retention = retention(request.workflow_execution_retention_period)?;
    let settings = Settings {
        description: request.description,
        owner_email: request.owner_email,
        retention,
        data: request.data.into_iter().collect(),
    };
    let id = backend.ids.uuid();
    let store = &*backend.store;
    backend
        .namespaces
        .register(store, &request.namespace, id, settings)
}

/// Checks the retention. A production server requires at least a day, the development server any
/// positive time.
fn retention(period: Option<wkt::Duration>) -> Result<Duration, Error> {
    period
        .filter(|period| period.seconds >= 0 && period.nanos >= 0)
        .and_then(|period| Duration::try_from(period).ok())
        .filter(|period| !period.is_zero())
        .ok_or_else(|| check::invalid("A valid retention period is not set on request."))
}

/// `DescribeNamespace`, by name or by id.
pub(super) fn describe(
    backend: &Backend,
    request: DescribeNamespaceRequest,
) -> Result<DescribeNamespaceResponse, Error> {
    let namespace = match (request.namespace.as_str(), request.id.as_str()) {
        ("", "") => {
            return Err(check::invalid("Namespace not set on request."));
        }
        ("", id) => backend.namespaces.find_by_id(id)?,
        (name, _) => backend.namespaces.find(name)?,
    };
    Ok(description(&namespace))
}

/// `ListNamespaces`, in one page.
pub(super) fn list(backend: &Backend, _: ListNamespacesRequest) -> ListNamespacesResponse {
    ListNamespacesResponse {
        namespaces: backend.namespaces.all().iter().map(description).collect(),
        next_page_token: Vec::new(),
    }
}

/// `GetSystemInfo`: the server's capabilities.
pub(super) fn system_info() -> GetSystemInfoResponse {
    GetSystemInfoResponse {
        server_version: COMPATIBLE_WITH.to_owned(),
        capabilities: Some(Capabilities {
            signal_and_query_header: true,
            internal_error_differentiation: true,
            activity_failure_include_heartbeat: true,
            encoded_failure_attributes: true,
            // Workers send their build id with every task only with this capability.
            build_id_based_versioning: true,
            upsert_memo: true,
            eager_workflow_start: true,
            sdk_metadata: true,
            count_group_by_execution_status: true,
            ..Capabilities::default()
        }),
    }
}

/// `GetClusterInfo`.
pub(super) fn cluster_info(backend: &Backend) -> GetClusterInfoResponse {
    GetClusterInfoResponse {
        supported_clients: [
            ("temporal-cli", "<2.0.0"),
            ("temporal-go", "<2.0.0"),
            ("temporal-java", "<2.0.0"),
            ("temporal-php", "<3.0.0"),
            ("temporal-server", "<2.0.0"),
            ("temporal-typescript", "<2.0.0"),
            ("temporal-ui", "<3.0.0"),
        ]
        .map(|(client, versions)| (client.to_owned(), versions.to_owned()))
        .into(),
        server_version: COMPATIBLE_WITH.to_owned(),
        cluster_id: backend.store.cluster_id().to_owned(),
        version_info: Some(VersionInfo {
            current: Some(ReleaseInfo {
                version: COMPATIBLE_WITH.to_owned(),
                ..ReleaseInfo::default()
            }),
            ..VersionInfo::default()
        }),
        cluster_name: CLUSTER.to_owned(),
        history_shard_count: 1,
        persistence_store: backend.store.kind().to_owned(),
        visibility_store: backend.store.kind().to_owned(),
        initial_failover_version: 1,
        failover_version_increment: 10,
    }
}

fn description(namespace: &Arc<Namespace>) -> DescribeNamespaceResponse {
    let settings = &namespace.settings;
    DescribeNamespaceResponse {
        namespace_info: Some(NamespaceInfo {
            name: namespace.name.to_string(),
            state: NamespaceState::Registered.into(),
            description: settings.description.clone(),
            owner_email: settings.owner_email.clone(),
            data: settings.data.clone().into_iter().collect(),
            id: namespace.id.clone(),
            capabilities: Some(Supports {
                eager_workflow_start: true,
                sync_update: true,
                async_update: true,
                worker_poll_complete_on_shutdown: true,
                ..Supports::default()
            }),
            limits: Some(Limits {
                blob_size_limit_error: 2 * 1024 * 1024,
                memo_size_limit_error: 2 * 1024 * 1024,
                ..Limits::default()
            }),
            supports_schedules: true,
        }),
        config: Some(NamespaceConfig {
            workflow_execution_retention_ttl: wkt::Duration::try_from(settings.retention).ok(),
            history_archival_state: ArchivalState::Disabled.into(),
            visibility_archival_state: ArchivalState::Disabled.into(),
            ..NamespaceConfig::default()
        }),
        replication_config: Some(NamespaceReplicationConfig {
            active_cluster_name: CLUSTER.to_owned(),
            clusters: vec![ClusterReplicationConfig {
                cluster_name: CLUSTER.to_owned(),
                ..ClusterReplicationConfig::default()
            }],
            ..NamespaceReplicationConfig::default()
        }),
        ..DescribeNamespaceResponse::default()
    }
}

/// The server version that this server is compatible with; clients enable features by it.
const COMPATIBLE_WITH: &str = "1.32.0";
/// The cluster name of a development server.
pub(super) const CLUSTER: &str = "active";
