//! The server and its namespaces, looked up on connecting.

use durably_proto::api::workflowservice::v1 as pb;

use super::{
    WireError,
    request::{Request, Sender},
};

/// Asks the server for its version; only a Temporal server answers.
#[derive(Debug)]
pub(crate) struct GetSystemInfo;

/// Looks up the namespace of the sender.
#[derive(Debug)]
pub(crate) struct DescribeNamespace;

#[derive(Debug)]
pub(crate) struct Namespace {
    /// The server ends the polls of a worker that shuts down.
    pub(crate) ends_polls_on_shutdown: bool,
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
    type Response = Namespace;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DescribeNamespaceRequest {
            namespace: sender.namespace(),
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<Namespace, WireError> {
        let capabilities = reply.namespace_info.and_then(|info| info.capabilities);
        Ok(Namespace {
            ends_polls_on_shutdown: capabilities
                .is_some_and(|it| it.worker_poll_complete_on_shutdown),
        })
    }
}
