//! Queries, sent by a client.

use durably_engine::{Header, Payload};
use durably_proto::api::{
    enums::v1::QueryRejectCondition, query::v1::WorkflowQuery, workflowservice::v1 as pb,
};

use super::{
    WireError, describe,
    describe::WorkflowStatus,
    payload,
    payload_fields::Subject,
    request::{Execution, Request, Sender},
    sizes::Sizes,
};

/// The states of a workflow in which a query is rejected.
///
/// ```no_run
/// use durably::{client::QueryReject, error::QueryError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let query = client.handle("greeting-1").query::<u32>("count", ());
/// match query.reject_if(QueryReject::NotOpen).await {
///     Err(QueryError::Rejected(rejected)) => println!("the workflow is {}", rejected.status),
///     count => println!("{}", count?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryReject {
    /// The workflow is closed.
    NotOpen,
    /// The workflow is closed, and not because it completed.
    NotCompletedCleanly,
}

/// Queries a workflow.
#[derive(Debug)]
pub(crate) struct QueryWorkflow {
    pub(crate) execution: Execution,
    pub(crate) name: String,
    pub(crate) input: Vec<Payload>,
    pub(crate) header: Header,
    pub(crate) reject: Option<QueryReject>,
}

#[derive(Debug)]
pub(crate) enum QueryResponse {
    Answered(Vec<Payload>),
    /// The workflow was in a state that the request excludes.
    Rejected(WorkflowStatus),
}

impl Request for QueryWorkflow {
    type Message = pb::QueryWorkflowRequest;
    type Reply = pb::QueryWorkflowResponse;
    type Response = QueryResponse;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let condition = match self.reject {
            None => QueryRejectCondition::None,
            Some(QueryReject::NotOpen) => QueryRejectCondition::NotOpen,
            Some(QueryReject::NotCompletedCleanly) => QueryRejectCondition::NotCompletedCleanly,
        };
        pb::QueryWorkflowRequest {
            namespace: sender.namespace(),
            execution: Some(self.execution.into_proto()),
            query: Some(WorkflowQuery {
                query_type: self.name,
                query_args: payload::list_to_proto(self.input),
                header: payload::header_to_proto(self.header),
            }),
            query_reject_condition: condition.into(),
        }
    }

    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        if let Some(query) = &message.query {
            sizes.payloads(query.query_args.as_ref(), || {
                format!("the arguments of query `{}`", query.query_type)
            });
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Execution::about(message.execution.as_ref())
    }

    fn read(reply: Self::Reply) -> Result<QueryResponse, WireError> {
        Ok(match reply.query_rejected {
            Some(rejected) => QueryResponse::Rejected(describe::status(rejected.status)),
            None => QueryResponse::Answered(payload::list_from_proto(reply.query_result)),
        })
    }
}
