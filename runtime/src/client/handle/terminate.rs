//! Terminations.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use durably_engine::Payload;

use super::target::FromClient;
use crate::{
    client::call::{Request, within},
    data::{Outgoing, type_name},
    error::{DataError, HandleError},
    hints::awaited::{self, Answer},
    interceptor::TerminateRequest,
    time::span::Span,
    transport::retry::Patience,
    wire::{
        status::{CallError, Reason},
        stop::TerminateWorkflow,
    },
};

/// A termination about to be sent; `.await` returns when the workflow has ended.
///
/// ```no_run
/// use durably::{error::ResultError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let order = client.handle("order-1");
/// order.terminate("out of stock").details("warehouse 7").details(3).timeout(secs(5)).await?;
///
/// // Whoever waits for the result reads them.
/// if let Err(ResultError::Terminated(it)) = order.result::<String>().await {
///     println!("{}: {} of {}", it.reason, it.detail::<u32>(1)?, it.detail::<String>(0)?);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "the workflow is terminated when this is awaited"]
pub struct TerminateCall {
    request: Request<Termination, Result<(), HandleError>>,
    #[expect(dead_code, reason = "its name and its type are for rustc's advice")]
    r#await: Result<Answer<()>, HandleError>,
}

struct Termination {
    to: FromClient,
    reason: String,
    details: Vec<Payload>,
    /// Why a detail could not be serialised; the first of them.
    error: Option<DataError>,
    timeout: Option<Duration>,
}

impl TerminateCall {
    pub(crate) fn new(to: &FromClient, reason: String) -> Self {
        Self {
            request: Request::new(Termination {
                to: to.clone(),
                reason,
                details: Vec::new(),
                error: None,
                timeout: None,
            }),
            r#await: awaited::pending(),
        }
    }

    /// Adds a value to the termination, which history keeps: `detail(..)` of
    /// [`WorkflowTerminated`](crate::error::WorkflowTerminated) reads it. May be called several times.
    ///
    /// One that cannot be serialised is [`HandleError::Data`] when the call is awaited.
    pub fn details<T: Outgoing>(mut self, details: T) -> Self {
        let request = self.request.new_mut();
        match details.__encode(request.to.client().converter()) {
            Ok(payload) => request.details.push(payload),
            Err(fault) => {
                let of = request.to.workflow_id();
                let number = request.details.len();
                let what = format!("detail {number} of the termination of `{of}`");
                let error = DataError::write(what, type_name::short::<T>(), fault);
                request.error.get_or_insert(error);
            }
        }
        self
    }

    /// How long to wait for the response, retries included; about ten seconds if not set.
    ///
    /// After it the error is [`RpcError::Timeout`](crate::error::RpcError::Timeout), and
    /// `error.is_timeout()` holds. The workflow may be terminated all the same.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }
}

impl Termination {
    async fn send(self) -> Result<(), HandleError> {
        let Self {
            to,
            reason,
            details,
            error,
            timeout,
        } = self;
        if let Some(error) = error {
            return Err(error.into());
        }
        let request = TerminateWorkflow {
            execution: to.execution(),
            first_run_id: to.started_run_id().unwrap_or_default().to_owned(),
            reason,
            details,
        };
        let what = || format!("response to the termination of `{}`", to.workflow_id());
        within(timeout, what, send(&to, request, timeout)).await
    }
}

async fn send(
    to: &FromClient,
    request: TerminateWorkflow,
    timeout: Option<Duration>,
) -> Result<(), HandleError> {
    let interceptors = to.client().interceptors();
    if interceptors.is_empty() {
        return send_once(to, request, timeout).await;
    }
    let converter = to.client().converter().clone();
    let request = TerminateRequest::new(request, &converter);
    let to = to.clone();
    let send = move |request: TerminateRequest| async move {
        let to = to.at(&request.workflow_id, request.run_id.as_deref());
        send_once(&to, request.into_wire(&converter), timeout).await
    };
    interceptors.call(request, send).await
}

/// A repetition that finds the workflow closed has succeeded.
async fn send_once(
    to: &FromClient,
    request: TerminateWorkflow,
    timeout: Option<Duration>,
) -> Result<(), HandleError> {
    let is_closed = |error: &CallError| error.reason() == Reason::WorkflowClosed;
    let patience = Patience::at_once(timeout);
    let terminated = to.caller().call_with_effect(request, patience, is_closed);
    terminated.await.map_err(|error| to.refused(error))
}

impl Future for TerminateCall {
    type Output = Result<(), HandleError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |request: Termination| Box::pin(request.send()) as _;
        self.get_mut().request.poll(cx, send)
    }
}
