//! Signals.

use std::{
    borrow::Cow,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use durably_engine::Header;

use crate::{
    client::{
        call::{Request, within},
        handle::target::FromClient,
    },
    data::EncodedArgs,
    error::SignalError,
    hints::awaited::{self, Answer},
    interceptor::SignalRequest,
    time::span::Span,
    wire::signal::SignalWorkflow,
};

/// A signal about to be sent; `.await` returns when the server has recorded it.
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
/// #     #[signal]
/// #     fn submit_greeting(&mut self, name: String) {}
/// # }
/// # async fn example(client: Client) -> Result<()> {
/// let handle = Greeting::handle(&client, "greeting-1");
/// handle.submit_greeting("Bob").await?;
///
/// // An error if the server has not recorded it after two seconds.
/// handle.submit_greeting("Alice").timeout(secs(2)).await?;
/// # Ok(())
/// # }
/// ```
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

    /// How long to wait for the server to record the signal, retries included; about ten seconds if not set.
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
        let request = SignalWorkflow {
            execution: to.execution(),
            name: name.clone().into_owned(),
            input: args.0?,
            header: Header::new(),
        };
        let what = || {
            let workflow = to.workflow_id();
            format!("response to signal `{name}` for workflow `{workflow}`")
        };
        within(timeout, what, send(&to, request, timeout)).await
    }
}

async fn send(
    to: &FromClient,
    request: SignalWorkflow,
    timeout: Option<Duration>,
) -> Result<(), SignalError> {
    let interceptors = to.client().interceptors();
    if interceptors.is_empty() {
        return to.send(request, timeout).await;
    }
    let request = SignalRequest::new(request, to.client().converter());
    let to = to.clone();
    let send = move |request: SignalRequest| async move {
        let to = to.at(&request.workflow_id, request.run_id.as_deref());
        to.send(request.into_wire(), timeout).await
    };
    interceptors.call(request, send).await
}

impl Future for SignalCall {
    type Output = Result<(), SignalError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |signal: Signal| Box::pin(signal.send()) as _;
        self.get_mut().request.poll(cx, send)
    }
}
