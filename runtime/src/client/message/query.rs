//! Queries.

use std::{
    borrow::Cow,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use durably_engine::{Header, Payload};

use crate::{
    client::{call::Request, handle::target::FromClient},
    data::{Callee, EncodedArgs, Output, PayloadOf},
    error::{Failure, QueryError, QueryFailed, QueryRejected, RpcError},
    hints::awaited::{self, Answer},
    interceptor::QueryRequest,
    time::span::Span,
    transport::retry::Patience,
    wire::{
        query::{QueryReject, QueryResponse, QueryWorkflow},
        status::{CallError, Reason},
    },
};

/// How long a query waits for a worker's answer by default.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A query about to be sent; `.await` returns the worker's answer.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)]
/// # struct Greeting;
/// # #[workflow(task_queue = "greetings")]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> String {
/// #         greeting
/// #     }
/// #     #[query]
/// #     fn count(&self) -> u32 {
/// #         1
/// #     }
/// #     #[update]
/// #     fn add(&mut self, name: String) -> u32 {
/// #         2
/// #     }
/// # }
/// use durably::client::QueryReject;
///
/// # async fn example(handle: Handle<Greeting>) -> Result<()> {
/// let count = handle.count().reject_if(QueryReject::NotOpen).timeout(secs(5)).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the query is asked when this is awaited"]
pub struct QueryCall<R> {
    request: Request<Query, Result<R, QueryError>>,
    result: PayloadOf<R>,
    #[expect(dead_code, reason = "its name and its type are for rustc's advice")]
    r#await: Result<Answer<R>, QueryError>,
}

struct Query {
    to: FromClient,
    name: Cow<'static, str>,
    args: EncodedArgs,
    reject: Option<QueryReject>,
    timeout: Option<Duration>,
}

impl<R> QueryCall<R> {
    pub(crate) fn new(
        to: FromClient,
        name: Cow<'static, str>,
        args: EncodedArgs,
        result: PayloadOf<R>,
    ) -> Self {
        Self {
            request: Request::new(Query {
                to,
                name,
                args,
                reject: None,
                timeout: None,
            }),
            result,
            r#await: awaited::pending(),
        }
    }

    /// Rejects the query if the workflow is in such a state; the error is [`QueryError::Rejected`]. By
    /// default a workflow is queried in any state.
    pub fn reject_if(mut self, condition: QueryReject) -> Self {
        self.request.new_mut().reject = Some(condition);
        self
    }

    /// How long to wait for a worker's answer, retries included; 30 seconds if not set.
    ///
    /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }
}

impl Query {
    async fn send<R>(self, result: PayloadOf<R>) -> Result<R, QueryError> {
        let Self {
            to,
            name,
            args,
            reject,
            timeout,
        } = self;
        let request = QueryWorkflow {
            execution: to.execution(),
            name: name.clone().into_owned(),
            input: args.0?,
            header: Header::new(),
            reject,
        };
        let limit = timeout.unwrap_or(TIMEOUT);
        let patience = Patience::up_to(limit, limit);
        let interceptors = to.client().interceptors();
        let answer = async {
            if interceptors.is_empty() {
                return answer(&to, request, patience, limit).await;
            }
            let request = QueryRequest::new(request, to.client().converter());
            let to = to.clone();
            let send = move |request: QueryRequest| async move {
                let to = to.at(&request.workflow_id, request.run_id.as_deref());
                let answer = answer(&to, request.into_wire(), patience, limit).await?;
                Ok::<_, QueryError>(Output::new(answer, to.client().converter()))
            };
            let output = interceptors.call(request, send).await?;
            Ok(output.into_payloads())
        };
        let answer = match timeout {
            // Measured where the connection is: the clock of the caller's runtime may be paused.
            None => answer.await?,
            Some(timeout) => match tokio::time::timeout(timeout, answer).await {
                Ok(answer) => answer?,
                Err(_) => return Err(no_answer(&to, &name, limit).into()),
            },
        };
        let query = Callee::Query(name);
        Ok(result.given(&query, answer, to.client().converter())?)
    }
}

/// What the worker answers; `limit` is how long it may take.
async fn answer(
    to: &FromClient,
    request: QueryWorkflow,
    patience: Patience,
    limit: Duration,
) -> Result<Vec<Payload>, QueryError> {
    let query = request.name.clone();
    match to.caller().call(request, patience).await {
        Ok(QueryResponse::Answered(answer)) => Ok(answer),
        Ok(QueryResponse::Rejected(status)) => Err(QueryRejected { query, status }.into()),
        Err(error) => Err(refused(to, query, limit, error)),
    }
}

impl<R: 'static> Future for QueryCall<R> {
    type Output = Result<R, QueryError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = self.result;
        let ask = |query: Query| Box::pin(query.send(result)) as _;
        self.get_mut().request.poll(cx, ask)
    }
}

fn refused(to: &FromClient, query: String, timeout: Duration, error: CallError) -> QueryError {
    let reason = error.reason();
    if let Some(missing) = to.missing(&reason) {
        return missing.into();
    }
    if let Reason::QueryFailed(record) = reason {
        let cause = Failure::from_record(*record, to.client().converter());
        return QueryFailed { query, cause }.into();
    }
    match RpcError::from(error) {
        RpcError::Timeout { .. } => no_answer(to, &query, timeout).into(),
        // The server's text names neither: no worker polls, or the workflow's code fails.
        RpcError::Other { code, message } => {
            let id = to.workflow_id();
            let message = format!("query `{query}` of workflow `{id}`: {message}");
            RpcError::Other { code, message }.into()
        }
        other => other.into(),
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
