//! Signals.

use std::{
    borrow::Cow,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use durably_proto::api::workflowservice::v1::SignalWorkflowExecutionRequest;

use crate::{
    client::{
        call::{Request, within},
        handle::target::{AT_ONCE, FromClient},
    },
    data::EncodedArgs,
    error::SignalError,
    hints::awaited::{self, Answer},
    time::span::Span,
    transport::id,
    wire::payload,
};

/// A signal about to be sent; `.await` returns when the server has recorded it.
#[must_use = "the signal is sent when this is awaited"]
pub struct SignalCall {
    request: Request<Signal, Result<(), SignalError>>,
    #[expect(dead_code, reason = "its name and its type are for rustc's advice")]
    r#await: Result<Answer<()>, SignalError>,
}

struct Signal {
    to: FromClient,
    name: Cow<'static, str>,
    args: EncodedArgs,
    timeout: Option<Duration>,
}

impl SignalCall {
    pub(crate) fn new(to: FromClient, name: Cow<'static, str>, args: EncodedArgs) -> Self {
        Self {
            request: Request::new(Signal {
                to,
                name,
                args,
                timeout: None,
            }),
            r#await: awaited::pending(),
        }
    }

    /// How long to wait for the server to record the signal, retries included; without limit if not set.
    ///
    /// After it the error is [`RpcError::Timeout`](crate::error::RpcError::Timeout), and
    /// `error.is_timeout()` holds. The server may have received the signal
    /// all the same.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }
}

impl Signal {
    async fn send(self) -> Result<(), SignalError> {
        let Self {
            to,
            name,
            args,
            timeout,
        } = self;
        let request = SignalWorkflowExecutionRequest {
            namespace: to.namespace(),
            workflow_execution: to.execution(),
            signal_name: name.clone().into_owned(),
            input: payload::list_to_proto(args.0?),
            identity: to.identity(),
            request_id: id::random(),
            ..Default::default()
        };
        let what = || {
            format!(
                "response to signal `{name}` for workflow `{}`",
                to.workflow_id()
            )
        };
        within(timeout, what, async {
            match to.rpc().signal_workflow_execution(request, AT_ONCE).await {
                Ok(_) => Ok(()),
                Err(status) => Err(to.refused(status)),
            }
        })
        .await
    }
}

impl Future for SignalCall {
    type Output = Result<(), SignalError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |signal: Signal| Box::pin(signal.send()) as _;
        self.get_mut().request.poll(cx, send)
    }
}
