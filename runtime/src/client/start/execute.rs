//! Starting a workflow and waiting for its result.

use std::{
    borrow::Cow,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Instant;

use super::StartCall;
use crate::{
    client::{
        Untyped,
        call::Request,
        handle::{result, untyped::DynHandle},
    },
    definition::private::PayloadOf,
    definition::{HasQueue, QueueSet},
    error::RunError,
    time::span::Span,
};

/// A workflow about to start, whose result is waited for; made by [`StartCall::result`].
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
/// # }
/// # async fn example(client: Client) -> Result<()> {
/// let greeting = Greeting::start(&client, "Hello").id("greeting-1").result().await?;
///
/// // Waits a minute for it; the workflow runs on after that.
/// match Greeting::start(&client, &greeting).result().timeout(mins(1)).await {
///     Err(error) if error.is_timeout() => println!("{error}"),
///     greeting => println!("{}", greeting?),
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "the workflow starts when this is awaited"]
pub struct RunCall<Q, R> {
    request: Request<StartAndWait<R>, Result<R, RunError>>,
    queue: PhantomData<fn() -> Q>,
}

struct StartAndWait<R> {
    start: StartCall<Untyped, QueueSet>,
    /// The workflow's type, if this program knows it.
    workflow: Option<&'static str>,
    output: PayloadOf<R>,
    timeout: Option<Duration>,
}

impl<Q, R> RunCall<Q, R> {
    pub(crate) fn new(
        start: StartCall<Untyped, QueueSet>,
        workflow: Option<&'static str>,
        output: PayloadOf<R>,
    ) -> Self {
        Self {
            request: Request::new(StartAndWait {
                start,
                workflow,
                output,
                timeout: None,
            }),
            queue: PhantomData,
        }
    }

    /// How long to wait for the result, the start and retries included; without limit if not set.
    ///
    /// After it the error is [`RpcError::Timeout`](crate::error::RpcError::Timeout), and
    /// `error.is_timeout()` holds: of [`RunError::Start`] if the server did not confirm the start, which
    /// it may have received all the same, and else of [`RunError::Result`]. The workflow is not stopped.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }
}

// As for `StartCall`, the bound stands on the future: rustc then asks for it once, at the `.await`.
impl<Q: HasQueue, R: 'static> Future for RunCall<Q, R> {
    type Output = Result<R, RunError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let run = |request| Box::pin(run(request)) as _;
        self.get_mut().request.poll(cx, run)
    }
}

async fn run<R: 'static>(request: StartAndWait<R>) -> Result<R, RunError> {
    let began = Instant::now();
    let mut start = request.start;
    if let Some(timeout) = request.timeout {
        start = start.timeout(timeout);
    }
    let handle: DynHandle = start.await?;
    let workflow = match request.workflow {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(handle.id().to_owned()),
    };
    let result = result::call(handle.target(), workflow, request.output);
    let left = request
        .timeout
        .map(|timeout| timeout.saturating_sub(began.elapsed()));
    Ok(result.limited_to(left).await?)
}
