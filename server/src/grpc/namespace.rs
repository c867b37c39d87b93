//! Namespace methods, and the server's self-description.

use std::sync::Arc;
use std::time::Duration;

use durably_proto::api::enums::v1::{ArchivalState, NamespaceState, ReplicationState};
use durably_proto::api::namespace::v1::namespace_info::{Capabilities as Supports, Limits};
use durably_proto::api::namespace::v1::{NamespaceConfig, NamespaceInfo};
use durably_proto::api::operatorservice::v1::{DeleteNamespaceRequest, DeleteNamespaceResponse};
use durably_proto::api::replication::v1::{ClusterReplicationConfig, NamespaceReplicationConfig};
use durably_proto::api::workflowservice::v1::get_system_info_response::Capabilities;
use durably_proto::api::workflowservice::v1::{
    DeprecateNamespaceRequest, DeprecateNamespaceResponse, DescribeNamespaceRequest,
    DescribeNamespaceResponse, GetClusterInfoResponse, GetSystemInfoResponse,
    ListNamespacesRequest, ListNamespacesResponse, RegisterNamespaceRequest,
    UpdateNamespaceRequest, UpdateNamespaceResponse,
};
use durably_proto::wkt;

use super::{check, page};
use crate::backend::Backend;
use crate::error::Error;
use crate::namespace::{Namespace, SYSTEM};
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
    check_clusters(&request.clusters, &request.active_cluster_name)?;
    let retention = retention(request.workflow_execution_retention_period)?;
    let settings = Settings {
        description: request.description,
        owner_email: request.owner_email,
        retention,
        data: request.data.into_iter().collect(),
        ..Settings::default()
    };
    let id = backend.ids.uuid();
    let store = &*backend.store;
    backend
        .namespaces
        .register(store, &request.namespace, id, settings)
}

fn check_clusters(clusters: &[ClusterReplicationConfig], active: &str) -> Result<(), Error> {
    let named = clusters.iter().map(|cluster| cluster.cluster_name.as_str());
    let mut names = named.chain([active]);
    match names.find(|name| !name.is_empty() && *name != CLUSTER) {
        Some(name) => Err(Error::Invalid(format!("Invalid cluster name: {name}"))),
        None => Ok(()),
    }
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

/// `UpdateNamespace`: what the request does not set stays as it is.
pub(super) fn update(
    backend: &Backend,
    request: UpdateNamespaceRequest,
) -> Result<UpdateNamespaceResponse, Error> {
    if request.namespace.is_empty() {
        return Err(check::invalid("Namespace not set on request."));
    }
    let namespace = backend.namespaces.find_in_any_state(&request.namespace)?;
    let config = request.config.unwrap_or_default();
    if !config.custom_search_attribute_aliases.is_empty() {
        return Err(check::invalid(
            "the embedded server has no aliases of search attributes",
        ));
    }
    let period = config.workflow_execution_retention_ttl;
    let replication = request.replication_config.unwrap_or_default();
    namespace.change_settings(&*backend.store, |settings| {
        if let Some(info) = request.update_info {
            if !info.description.is_empty() {
                settings.description = info.description;
            }
            if !info.owner_email.is_empty() {
                settings.owner_email = info.owner_email;
            }
            settings.data.extend(info.data);
            settings.state = next_state(settings.state, info.state)?;
        }
        if period.is_some() {
            settings.retention = retention(period)?;
        }
        if !request.delete_bad_binary.is_empty() {
            return Err(Error::Invalid(format!(
                "Bad binary checksum {} doesn't exists.",
                request.delete_bad_binary
            )));
        }
        if replication.state == ReplicationState::Handover as i32 {
            return Err(check::invalid(
                "Handover can only be set for global namespace",
            ));
        }
        if request.promote_namespace {
            return Err(Error::Invalid(format!(
                "global namespace is not enabled on this cluster, cannot update global namespace or promote local namespace: {}",
                request.namespace
            )));
        }
        check_clusters(&replication.clusters, &replication.active_cluster_name)
    })?;
    let DescribeNamespaceResponse {
        namespace_info,
        config,
        replication_config,
        ..
    } = description(&namespace);
    Ok(UpdateNamespaceResponse {
        namespace_info,
        config,
        replication_config,
        ..UpdateNamespaceResponse::default()
    })
}

/// The state that an update leads to. A namespace is deleted by `DeleteNamespace` only, which removes
/// its workflows, too.
fn next_state(state: NamespaceState, wanted: i32) -> Result<NamespaceState, Error> {
    match NamespaceState::try_from(wanted) {
        Ok(NamespaceState::Unspecified) => Ok(state),
        Ok(wanted) if wanted == state => Ok(state),
        Ok(NamespaceState::Deprecated) if state == NamespaceState::Registered => {
            Ok(NamespaceState::Deprecated)
        }
        Ok(NamespaceState::Deleted) => Err(check::invalid(
            "the embedded server deletes a namespace with DeleteNamespace only",
        )),
        Ok(NamespaceState::Registered | NamespaceState::Deprecated) | Err(_) => {
            Err(check::invalid("Invalid namespace state update."))
        }
    }
}

/// `DeprecateNamespace`.
pub(super) fn deprecate(
    backend: &Backend,
    request: DeprecateNamespaceRequest,
) -> Result<DeprecateNamespaceResponse, Error> {
    if request.namespace.is_empty() {
        return Err(check::invalid("Namespace not set on request."));
    }
    let namespace = backend.namespaces.find_in_any_state(&request.namespace)?;
    namespace.change_settings(&*backend.store, |settings| {
        settings.state = NamespaceState::Deprecated;
        Ok(())
    })?;
    Ok(DeprecateNamespaceResponse {})
}

/// `DeleteNamespace`, by name or by id.
pub(super) fn delete(
    backend: &Backend,
    request: DeleteNamespaceRequest,
) -> Result<DeleteNamespaceResponse, Error> {
    let namespace = match (request.namespace.as_str(), request.namespace_id.as_str()) {
        ("", "") => return Err(check::invalid("Namespace not set on request.")),
        ("", id) => backend.namespaces.find_by_id(id)?,
        (SYSTEM, "") => {
            return Err(Error::Precondition(
                "unable to delete system namespace".to_owned(),
            ));
        }
        (name, "") => backend.namespaces.find_in_any_state(name)?,
        _ => {
            return Err(check::invalid(
                "Only one of namespace name or Id should be set on request.",
            ));
        }
    };
    // One that is about to be removed needs no second deletion.
    let deleted_namespace = match namespace.settings().state {
        NamespaceState::Deleted => namespace.name.to_string(),
        NamespaceState::Unspecified | NamespaceState::Registered | NamespaceState::Deprecated => {
            String::new()
        }
    };
    if !deleted_namespace.is_empty() {
        return Ok(DeleteNamespaceResponse { deleted_namespace });
    }
    let delay = request.namespace_delete_delay;
    let delay = delay.and_then(|delay| Duration::try_from(delay).ok());
    let deleted = backend.delete_namespace(&namespace, delay.unwrap_or_default())?;
    Ok(DeleteNamespaceResponse {
        deleted_namespace: deleted.to_string(),
    })
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
        (name, _) => backend.namespaces.find_in_any_state(name)?,
    };
    Ok(description(&namespace))
}

/// `ListNamespaces`, by name; the real server lists them by their ids.
pub(super) fn list(
    backend: &Backend,
    request: &ListNamespacesRequest,
) -> Result<ListNamespacesResponse, Error> {
    let with_deleted = request
        .namespace_filter
        .as_ref()
        .is_some_and(|filter| filter.include_deleted);
    let namespaces = backend.namespaces.all();
    let listed = namespaces
        .iter()
        .filter(|namespace| with_deleted || !namespace.is_deleted());
    let page = page::page(
        listed,
        |it| &it.name,
        request.page_size,
        &request.next_page_token,
    )?;
    Ok(ListNamespacesResponse {
        namespaces: page.items.into_iter().map(description).collect(),
        next_page_token: page.next,
    })
}

/// `GetSystemInfo`: the server's capabilities.
pub(super) fn system_info() -> GetSystemInfoResponse {
    GetSystemInfoResponse {
        server_version: COMPATIBLE_WITH.to_owned(),
        capabilities: Some(Capabilities {
            signal_and_query_header: true,
            internal_error_differentiation: true,
            activity_failure_include_heartbeat: true,
            supports_schedules: true,
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
            ("Nexus-go-sdk", "<2.0.0"),
            ("temporal-cli", "<2.0.0"),
            ("temporal-go", "<2.0.0"),
            ("temporal-java", "<2.0.0"),
            ("temporal-php", "<2.0.0"),
            ("temporal-server", "<2.0.0"),
            ("temporal-typescript", "<2.0.0"),
            ("temporal-ui", "<3.0.0"),
        ]
        .map(|(client, versions)| (client.to_owned(), versions.to_owned()))
        .into(),
        server_version: COMPATIBLE_WITH.to_owned(),
        cluster_id: backend.store.cluster_id().to_owned(),
        // The real server knows that from a service on the internet.
        version_info: None,
        cluster_name: CLUSTER.to_owned(),
        history_shard_count: 1,
        persistence_store: backend.store.kind().to_owned(),
        visibility_store: backend.store.kind().to_owned(),
        initial_failover_version: 1,
        failover_version_increment: 10,
    }
}

fn description(namespace: &Arc<Namespace>) -> DescribeNamespaceResponse {
    let settings = namespace.settings();
    DescribeNamespaceResponse {
        namespace_info: Some(NamespaceInfo {
            name: namespace.name.to_string(),
            state: settings.state.into(),
            description: settings.description.clone(),
            owner_email: settings.owner_email.clone(),
            data: settings.data.clone().into_iter().collect(),
            id: namespace.id.clone(),
            capabilities: Some(Supports {
                eager_workflow_start: true,
                sync_update: true,
                async_update: true,
                worker_poll_complete_on_shutdown: true,
                poller_autoscaling: true,
                worker_heartbeats: true,
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
            bad_binaries: Some(Default::default()),
            ..NamespaceConfig::default()
        }),
        replication_config: Some(NamespaceReplicationConfig {
            active_cluster_name: CLUSTER.to_owned(),
            clusters: vec![ClusterReplicationConfig {
                cluster_name: CLUSTER.to_owned(),
                ..ClusterReplicationConfig::default()
            }],
            state: ReplicationState::Normal.into(),
        }),
        ..DescribeNamespaceResponse::default()
    }
}

/// The server version that this server is compatible with; clients enable features by it.
const COMPATIBLE_WITH: &str = "1.32.0";
/// The cluster name of a development server.
pub(super) const CLUSTER: &str = "active";
