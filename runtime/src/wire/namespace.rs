//! The server and its namespaces.

use std::{collections::BTreeMap, num::NonZeroU16, time::Duration};

use durably_proto::api::{
    enums::v1 as enums, namespace::v1 as proto, operatorservice::v1 as operator,
    workflowservice::v1 as pb,
};

use super::{
    WireError,
    page::{self, Page},
    request::{Request, Sender},
    sizes::SizeLimits,
    time,
};

/// Asks the server for its version; only a Temporal server answers.
#[derive(Debug)]
pub(crate) struct GetSystemInfo;

/// Looks up the namespace of the sender.
#[derive(Debug)]
pub(crate) struct DescribeNamespace;

/// What a namespace does for workers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Capabilities {
    /// The server ends the polls of a worker that shuts down.
    pub(crate) ends_polls_on_shutdown: bool,
    /// The server advises how many pollers a queue should have.
    pub(crate) advises_pollers: bool,
    /// The server takes heartbeats of workers.
    pub(crate) takes_worker_heartbeats: bool,
    /// The sizes that it takes.
    pub(crate) limits: SizeLimits,
}

impl Request for GetSystemInfo {
    type Message = pb::GetSystemInfoRequest;
    type Reply = pb::GetSystemInfoResponse;
    type Response = ();

    fn into_message(self, _: Sender<'_>) -> Self::Message {
        pb::GetSystemInfoRequest {}
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for DescribeNamespace {
    type Message = pb::DescribeNamespaceRequest;
    type Reply = pb::DescribeNamespaceResponse;
    type Response = Capabilities;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DescribeNamespaceRequest {
            namespace: sender.namespace(),
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<Capabilities, WireError> {
        let info = reply.namespace_info.unwrap_or_default();
        let capabilities = info.capabilities.unwrap_or_default();
        let limits = info.limits.unwrap_or_default();
        // A server that does not tell has the defaults.
        let or_default = |told: i64, default| match usize::try_from(told) {
            Ok(told @ 1..) => told,
            Ok(0) | Err(_) => default,
        };
        let default = SizeLimits::default();
        Ok(Capabilities {
            ends_polls_on_shutdown: capabilities.worker_poll_complete_on_shutdown,
            advises_pollers: capabilities.poller_autoscaling,
            takes_worker_heartbeats: capabilities.worker_heartbeats,
            limits: SizeLimits {
                payloads: or_default(limits.blob_size_limit_error, default.payloads),
                memo: or_default(limits.memo_size_limit_error, default.memo),
            },
        })
    }
}

/// Whether a namespace can be used.
///
/// ```no_run
/// use durably::{client::NamespaceState, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let shop = client.describe_namespace("shop").await?;
/// assert_eq!(shop.state, NamespaceState::Registered);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamespaceState {
    /// It can.
    Registered,
    /// It takes no new workflows.
    Deprecated,
    /// It is being deleted.
    Deleted,
    /// A state this version does not know.
    Unknown,
}

/// What the server knows of a namespace.
///
/// ```no_run
/// use durably::{client::NamespaceDescription, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let shop: NamespaceDescription = client.describe_namespace("shop").await?;
/// println!("{} ({}) belongs to {}", shop.name, shop.description, shop.owner_email);
/// println!("closed workflows are kept for {:?}; {:?}", shop.retention, shop.data.get("team"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamespaceDescription {
    /// Its name.
    pub name: String,
    /// Its id, which no other namespace of the server has had.
    pub id: String,
    /// Whether it can be used.
    pub state: NamespaceState,
    /// What it is for.
    pub description: String,
    /// Whom it belongs to.
    pub owner_email: String,
    /// Notes by name.
    pub data: BTreeMap<String, String>,
    /// How long closed workflows are kept.
    pub retention: Option<Duration>,
}

/// Registers a namespace.
#[derive(Clone, Debug)]
pub(crate) struct RegisterNamespace {
    pub(crate) name: String,
    pub(crate) changes: NamespaceChanges,
}

/// What is said of a namespace, or what changes of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct NamespaceChanges {
    pub(crate) description: Option<String>,
    pub(crate) owner_email: Option<String>,
    pub(crate) data: BTreeMap<String, String>,
    pub(crate) retention: Option<Duration>,
}

/// Changes a namespace; what is not said stays as it is.
#[derive(Clone, Debug)]
pub(crate) struct UpdateNamespace {
    pub(crate) name: String,
    pub(crate) changes: NamespaceChanges,
}

/// Looks up a namespace.
#[derive(Clone, Debug)]
pub(crate) struct FindNamespace {
    pub(crate) name: String,
}

/// Deletes a namespace with all its workflows.
#[derive(Clone, Debug)]
pub(crate) struct DeleteNamespace {
    pub(crate) name: String,
}

/// Lists namespaces, a page at a time.
#[derive(Clone, Debug)]
pub(crate) struct ListNamespaces {
    /// At most this many namespaces a page; the server's number if none.
    pub(crate) page_size: Option<NonZeroU16>,
    /// Empty for the first page.
    pub(crate) page_token: Vec<u8>,
}

impl Request for RegisterNamespace {
    type Message = pb::RegisterNamespaceRequest;
    type Reply = pb::RegisterNamespaceResponse;
    type Response = ();

    fn into_message(self, _: Sender<'_>) -> Self::Message {
        let changes = self.changes;
        pb::RegisterNamespaceRequest {
            namespace: self.name,
            description: changes.description.unwrap_or_default(),
            owner_email: changes.owner_email.unwrap_or_default(),
            workflow_execution_retention_period: changes.retention.map(time::to_duration),
            data: changes.data.into_iter().collect(),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for UpdateNamespace {
    type Message = pb::UpdateNamespaceRequest;
    type Reply = pb::UpdateNamespaceResponse;
    type Response = ();

    fn into_message(self, _: Sender<'_>) -> Self::Message {
        let changes = self.changes;
        pb::UpdateNamespaceRequest {
            namespace: self.name,
            update_info: Some(proto::UpdateNamespaceInfo {
                description: changes.description.unwrap_or_default(),
                owner_email: changes.owner_email.unwrap_or_default(),
                data: changes.data.into_iter().collect(),
                ..Default::default()
            }),
            config: changes.retention.map(|retention| proto::NamespaceConfig {
                workflow_execution_retention_ttl: Some(time::to_duration(retention)),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for FindNamespace {
    type Message = pb::DescribeNamespaceRequest;
    type Reply = pb::DescribeNamespaceResponse;
    type Response = NamespaceDescription;

    fn into_message(self, _: Sender<'_>) -> Self::Message {
        pb::DescribeNamespaceRequest {
            namespace: self.name,
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<NamespaceDescription, WireError> {
        described("description of a namespace", reply)
    }
}

impl Request for DeleteNamespace {
    type Message = operator::DeleteNamespaceRequest;
    type Reply = operator::DeleteNamespaceResponse;
    type Response = ();

    fn into_message(self, _: Sender<'_>) -> Self::Message {
        operator::DeleteNamespaceRequest {
            namespace: self.name,
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for ListNamespaces {
    type Message = pb::ListNamespacesRequest;
    type Reply = pb::ListNamespacesResponse;
    type Response = Page<NamespaceDescription>;

    fn into_message(self, _: Sender<'_>) -> Self::Message {
        pb::ListNamespacesRequest {
            page_size: page::size(self.page_size),
            next_page_token: self.page_token,
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<Self::Response, WireError> {
        let namespaces = reply.namespaces.into_iter();
        let namespaces = namespaces.map(|it| described("list of namespaces", it));
        Ok(Page {
            items: namespaces.collect::<Result<_, _>>()?,
            next_page_token: reply.next_page_token,
        })
    }
}

fn described(
    place: &str,
    found: pb::DescribeNamespaceResponse,
) -> Result<NamespaceDescription, WireError> {
    let info = found
        .namespace_info
        .ok_or_else(|| WireError::missing(place, "namespace_info"))?;
    let config = found.config.unwrap_or_default();
    Ok(NamespaceDescription {
        name: info.name,
        id: info.id,
        state: match enums::NamespaceState::try_from(info.state) {
            Ok(enums::NamespaceState::Registered) => NamespaceState::Registered,
            Ok(enums::NamespaceState::Deprecated) => NamespaceState::Deprecated,
            Ok(enums::NamespaceState::Deleted) => NamespaceState::Deleted,
            Ok(enums::NamespaceState::Unspecified) | Err(_) => NamespaceState::Unknown,
        },
        description: info.description,
        owner_email: info.owner_email,
        data: info.data.into_iter().collect(),
        retention: time::limit(config.workflow_execution_retention_ttl),
    })
}
