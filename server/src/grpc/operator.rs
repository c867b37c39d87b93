//! `OperatorService`: search attributes and the cluster description of the CLI.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use durably_proto::api::enums::v1::IndexedValueType;
use durably_proto::api::operatorservice::v1::*;
use durably_proto::service::operator::operator_service_server::OperatorService;
use tonic::{Request, Response, Status};

use super::namespace::CLUSTER;
use super::unimplemented::unimplemented_methods;
use super::{Frontend, check, into_response, namespace};
use crate::backend::Backend;
use crate::error::Error;
use crate::namespace::Namespace;
use crate::visibility::attributes::{Attributes, type_name};

#[tonic::async_trait]
impl OperatorService for Frontend {
    async fn list_search_attributes(
        &self,
        request: Request<ListSearchAttributesRequest>,
    ) -> Result<Response<ListSearchAttributesResponse>, Status> {
        into_response(self.list_attributes(request.into_inner()))
    }

    async fn add_search_attributes(
        &self,
        request: Request<AddSearchAttributesRequest>,
    ) -> Result<Response<AddSearchAttributesResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| add_attributes(backend, request))
            .await
    }

    async fn remove_search_attributes(
        &self,
        request: Request<RemoveSearchAttributesRequest>,
    ) -> Result<Response<RemoveSearchAttributesResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| remove_attributes(backend, request))
            .await
    }

    async fn delete_namespace(
        &self,
        request: Request<DeleteNamespaceRequest>,
    ) -> Result<Response<DeleteNamespaceResponse>, Status> {
        let request = request.into_inner();
        self.on_disk(|backend| namespace::delete(backend, request))
            .await
    }

    async fn list_clusters(
        &self,
        _: Request<ListClustersRequest>,
    ) -> Result<Response<ListClustersResponse>, Status> {
        Ok(Response::new(ListClustersResponse {
            clusters: vec![ClusterMetadata {
                cluster_name: CLUSTER.to_owned(),
                cluster_id: self.backend.store.cluster_id().to_owned(),
                initial_failover_version: 1,
                history_shard_count: 1,
                is_connection_enabled: true,
                ..ClusterMetadata::default()
            }],
            next_page_token: Vec::new(),
        }))
    }

    unimplemented_methods! { "temporal.api.operatorservice.v1.OperatorService";
        add_or_update_remote_cluster AddOrUpdateRemoteCluster(AddOrUpdateRemoteClusterRequest) AddOrUpdateRemoteClusterResponse,
        remove_remote_cluster RemoveRemoteCluster(RemoveRemoteClusterRequest) RemoveRemoteClusterResponse,
        get_nexus_endpoint GetNexusEndpoint(GetNexusEndpointRequest) GetNexusEndpointResponse,
        create_nexus_endpoint CreateNexusEndpoint(CreateNexusEndpointRequest) CreateNexusEndpointResponse,
        update_nexus_endpoint UpdateNexusEndpoint(UpdateNexusEndpointRequest) UpdateNexusEndpointResponse,
        delete_nexus_endpoint DeleteNexusEndpoint(DeleteNexusEndpointRequest) DeleteNexusEndpointResponse,
        list_nexus_endpoints ListNexusEndpoints(ListNexusEndpointsRequest) ListNexusEndpointsResponse,
    }
}

impl Frontend {
    fn list_attributes(
        &self,
        request: ListSearchAttributesRequest,
    ) -> Result<ListSearchAttributesResponse, Error> {
        let namespace = find_named(&self.backend, &request.namespace)?;
        let attributes = namespace.attributes();
        Ok(ListSearchAttributesResponse {
            custom_attributes: by_name(attributes.custom()),
            system_attributes: by_name(Attributes::system()),
            storage_schema: HashMap::new(),
        })
    }
}

fn add_attributes(
    backend: &Backend,
    request: AddSearchAttributesRequest,
) -> Result<AddSearchAttributesResponse, Error> {
    check_set(request.search_attributes.is_empty())?;
    // Sorted by name, so that the same request always gets the same error.
    let requested: BTreeMap<_, _> = request.search_attributes.into_iter().collect();
    let mut added = Vec::with_capacity(requested.len());
    for (name, value_type) in requested {
        Attributes::check_name(&name).map_err(Error::Invalid)?;
        let Ok(known) = IndexedValueType::try_from(value_type) else {
            let problem = format!("Unknown search attribute type: {value_type}.");
            return Err(Error::Invalid(problem));
        };
        added.push((name, known));
    }
    let namespace = find_named(backend, &request.namespace)?;
    namespace.change_attributes(&*backend.store, |attributes| {
        // One without a name is not added, as on the real server.
        for (name, value_type) in added.into_iter().filter(|(name, _)| !name.is_empty()) {
            if let Some(present) = attributes.custom_type(&name)
                && present != value_type
            {
                tracing::warn!(
                    namespace = %request.namespace,
                    name,
                    present = type_name(present),
                    requested = type_name(value_type),
                    "search attribute already exists with another type, keeping the existing type"
                );
            }
            let added = attributes.register(&name, value_type);
            added.map_err(Error::Invalid)?;
        }
        Ok(())
    })?;
    Ok(AddSearchAttributesResponse {})
}

fn remove_attributes(
    backend: &Backend,
    request: RemoveSearchAttributesRequest,
) -> Result<RemoveSearchAttributesResponse, Error> {
    check_set(request.search_attributes.is_empty())?;
    let namespace = find_named(backend, &request.namespace)?;
    namespace.change_attributes(&*backend.store, |attributes| {
        for name in request.search_attributes {
            // One that is not there is removed already, as on the real server.
            if !attributes.remove(&name) && Attributes::is_predefined(&name) {
                return Err(Error::Invalid(format!(
                    "Unable to remove non-custom search attributes: {name}."
                )));
            }
        }
        Ok(())
    })?;
    Ok(RemoveSearchAttributesResponse {})
}

fn check_set(is_empty: bool) -> Result<(), Error> {
    match is_empty {
        true => Err(check::invalid("SearchAttributes are not set on request.")),
        false => Ok(()),
    }
}

fn find_named(backend: &Backend, namespace: &str) -> Result<Arc<Namespace>, Error> {
    check::namespace_set(namespace)?;
    backend.namespaces.find(namespace)
}

fn by_name<'a>(
    attributes: impl Iterator<Item = (&'a str, IndexedValueType)>,
) -> HashMap<String, i32> {
    attributes
        .map(|(name, value_type)| (name.to_owned(), value_type.into()))
        .collect()
}
