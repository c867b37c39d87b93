//! Queries.

use std::{
    borrow::Cow,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use durably_proto::api::{
    enums::v1::QueryRejectCondition,
    query::v1::{QueryRejected as ProtoRejected, WorkflowQuery},
    workflowservice::v1::QueryWorkflowRequest,
};
use tonic::Status;

use crate::{
    client::{WorkflowStatus, call::Request, handle::target::FromClient},
    data::{Callee, Data, EncodedArgs, decode_result},
    error::{Failure, QueryError, QueryFailed, QueryRejected, RpcError},
    hints::awaited::{self, Answer},
    time::span::Span,
    transport::retry::Patience,
    wire::{
        payload,
        status::{Reason, Refusal},
    },
};

/// How long a query waits for a worker's answer, unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A query about to be asked; `.await` gives the answer.
#[must_use = "the query is asked when this is awaited"]
pub struct QueryCall<R> {
    request: Request<Query, Result<R, QueryError>>,
    #[expect(dead_code, reason = "its name and its type are for rustc's advice")]
    r#await: Result<Answer<R>, QueryError>,
}

struct Query {
    to: FromClient,
    name: Cow<'static, str>,
    args: EncodedArgs,
    reject: Option<QueryReject>,
    timeout: Duration,
}

/// When a query shall not be asked at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryReject {
    /// The workflow is closed.
    NotOpen,
    /// The workflow is closed, and not because it completed.
    NotCompletedCleanly,
}

impl<R> QueryCall<R> {
    pub(crate) fn new(to: FromClient, name: Cow<'static, str>, args: EncodedArgs) -> Self {
        Self {
            request: Request::new(Query {
                to,
                name,
                args,
                reject: None,
                timeout: TIMEOUT,
            }),
            r#await: awaited::pending(),
        }
    }

    /// Does not ask a workflow in such a state; the error is [`QueryError::Rejected`].
    pub fn reject_if(mut self, condition: QueryReject) -> Self {
        self.request.new_mut().reject = Some(condition);
        self
    }

    /// How long to wait for a worker's answer, retries included; 30 seconds if not set.
    ///
    /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = timeout.into_duration();
        self
    }
}

impl Query {
    async fn ask<R: Data>(self) -> Result<R, QueryError> {
        let Self {
            to,
            name,
            args,
            reject,
            timeout,
        } = self;
        let condition = match reject {
            None => QueryRejectCondition::None,
            Some(QueryReject::NotOpen) => QueryRejectCondition::NotOpen,
            Some(QueryReject::NotCompletedCleanly) => QueryRejectCondition::NotCompletedCleanly,
        };
        let request = QueryWorkflowRequest {
            namespace: to.namespace(),
            execution: to.execution(),
            query: Some(WorkflowQuery {
                query_type: name.clone().into_owned(),
                query_args: payload::list_to_proto(args.0?),
                header: None,
            }),
            query_reject_condition: condition.into(),
        };
        let answer = to.rpc().query_workflow(request, Patience::sit_out(timeout));
        let Ok(answer) = tokio::time::timeout(timeout, answer).await else {
            return Err(no_answer(&to, &name, timeout).into());
        };
        match answer {
            Ok(answer) => match answer.query_rejected {
                Some(rejected) => Err(rejection(&name, &rejected).into()),
                None => {
                    let payloads = payload::list_from_proto(answer.query_result);
                    Ok(decode_result(&Callee::Query(name), payloads)?)
                }
            },
            Err(status) => Err(refused(&to, name, timeout, status)),
        }
    }
}

impl<R: Data> Future for QueryCall<R> {
    type Output = Result<R, QueryError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ask = |query: Query| Box::pin(query.ask()) as _;
        self.get_mut().request.poll(cx, ask)
    }
}

fn rejection(name: &str, rejected: &ProtoRejected) -> QueryRejected {
    QueryRejected {
        query: name.to_owned(),
        status: WorkflowStatus::from_proto(rejected.status),
    }
}

fn refused(
    to: &FromClient,
    name: Cow<'static, str>,
    timeout: Duration,
    status: Status,
) -> QueryError {
    let refusal = Refusal::from(status);
    if let Some(missing) = to.missing(&refusal.reason) {
        return missing.into();
    }
    match refusal.reason {
        Reason::QueryFailed(record) => QueryFailed {
            query: name.into_owned(),
            cause: Failure::from_record(*record),
        }
        .into(),
        _ => match refusal.otherwise {
            RpcError::Timeout { .. } => no_answer(to, &name, timeout),
            other => other,
        }
        .into(),
    }
}

fn no_answer(to: &FromClient, query: &str, timeout: Duration) -> RpcError {
    RpcError::Timeout {
        message: format!(
            "no worker answered query `{query}` of workflow `{}` within {timeout:?}; does one poll its \
             task queue?",
            to.workflow_id()
        ),
    }
}
