//! A request to the server and its response, as domain types.

use std::{collections::HashMap, time::Instant};

use durably_proto::api::{
    common::v1::WorkflowExecution, query::v1::WorkflowQueryResult,
    workflowservice::v1::PollWorkflowTaskQueueResponse,
};
use uuid::Uuid;

use super::{
    WireError,
    payload_fields::{PayloadFields, Subject},
    sizes::Sizes,
    status::{CallError, CodecFault},
};

/// One RPC: its request as a domain type, and the conversions of request and response.
pub(crate) trait Request {
    /// The message that is sent.
    type Message: PayloadFields;
    /// The response message.
    type Reply: PayloadFields;
    /// The reply as a domain type.
    type Response;

    /// Whether the reply shows many things, of which one that cannot be decoded must not hide the others.
    const SHOWS_MANY: bool = false;

    fn into_message(self, sender: Sender<'_>) -> Self::Message;

    fn read(reply: Self::Reply) -> Result<Self::Response, WireError>;

    /// The workflow that the payloads of the request belong to, for codecs.
    fn about(_: &Self::Message) -> Subject {
        Subject::default()
    }

    /// Measures the parts of the message that the server has limits for.
    fn measure(_: &Self::Message, _: &mut Sizes) {}

    /// The workflow that the payloads of the reply belong to, if the request does not say.
    fn about_reply(_: &Self::Reply) -> Option<Subject> {
        None
    }

    /// The workflow task that the reply brings. A query in it whose payloads cannot be decoded fails alone.
    fn workflow_task(_: &mut Self::Reply) -> Option<&mut PollWorkflowTaskQueueResponse> {
        None
    }

    /// The answers to queries in the message. One whose payloads cannot be encoded fails alone.
    fn query_results(_: &mut Self::Message) -> Option<&mut QueryResults> {
        None
    }

    /// The response, with the time at which its reply arrived: decoding may take long.
    fn arrived(response: Self::Response, _at: Instant) -> Self::Response {
        response
    }

    /// The response to a reply whose payloads could not be decoded.
    fn undecodable(_: Self::Reply, fault: CodecFault) -> Result<Self::Response, CallError> {
        Err(fault.into())
    }
}

/// Answers to queries, by the ids of the queries.
pub(crate) type QueryResults = HashMap<String, WorkflowQueryResult>;

/// Fills in what requests say about their sender; the only place that does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) identity: &'a str,
}

impl Sender<'_> {
    pub(crate) fn namespace(self) -> String {
        self.namespace.to_owned()
    }

    pub(crate) fn identity(self) -> String {
        self.identity.to_owned()
    }

    /// The id by which the server recognises a request that it gets twice.
    pub(crate) fn request_id(self) -> String {
        Uuid::new_v4().hyphenated().to_string()
    }
}

/// A workflow execution by its ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Execution {
    pub(crate) workflow_id: String,
    /// Empty for the latest run.
    pub(crate) run_id: String,
}

impl Execution {
    /// For the codecs of payloads that belong to it.
    pub(super) fn about(execution: Option<&WorkflowExecution>) -> Subject {
        let workflow_id = execution.map(|it| it.workflow_id.clone());
        Subject::workflow(workflow_id.unwrap_or_default())
    }

    pub(crate) fn from_proto(execution: WorkflowExecution) -> Self {
        Self {
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
        }
    }

    pub(crate) fn into_proto(self) -> WorkflowExecution {
        WorkflowExecution {
            workflow_id: self.workflow_id,
            run_id: self.run_id,
        }
    }
}
