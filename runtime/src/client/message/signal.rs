//! Signals.

use std::{
    borrow::Cow,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use durably_proto::api::workflowservice::v1::SignalWorkflowExecutionRequest;

use crate::{
    client::{
        call::Request,
        handle::target::{AT_ONCE, FromClient},
    },
    data::EncodedArgs,
    error::SignalError,
    hints::awaited::{self, Answer},
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
}

impl SignalCall {
    pub(crate) fn new(to: FromClient, name: Cow<'static, str>, args: EncodedArgs) -> Self {
        Self {
            request: Request::new(Signal { to, name, args }),
            r#await: awaited::pending(),
        }
    }
}

impl Signal {
    async fn send(self) -> Result<(), SignalError> {
        let to = self.to;
        let request = SignalWorkflowExecutionRequest {
            namespace: to.namespace(),
            workflow_execution: to.execution(),
            signal_name: self.name.into_owned(),
            input: payload::list_to_proto(self.args.0?),
            identity: to.identity(),
            request_id: id::random(),
            ..Default::default()
        };
        match to.rpc().signal_workflow_execution(request, AT_ONCE).await {
            Ok(_) => Ok(()),
            Err(status) => Err(to.refused(status)),
        }
    }
}

impl Future for SignalCall {
    type Output = Result<(), SignalError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |signal: Signal| Box::pin(signal.send()) as _;
        self.get_mut().request.poll(cx, send)
    }
}
