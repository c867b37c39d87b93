//! Starting a workflow and waiting for its result.

use std::{
    borrow::Cow,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use super::StartCall;
use crate::{
    __private::PayloadOf,
    client::{
        Untyped,
        call::Request,
        handle::{result, untyped::DynHandle},
    },
    definition::{HasQueue, QueueSet},
    error::RunError,
};

/// A workflow about to start, whose result is waited for; made by [`StartCall::result`].
#[must_use = "the workflow starts when this is awaited"]
pub struct RunCall<Q, R> {
    request: Request<Run<R>, Result<R, RunError>>,
    queue: PhantomData<fn() -> Q>,
}

struct Run<R> {
    start: StartCall<Untyped, QueueSet>,
    /// The workflow's type, if this program knows it.
    workflow: Option<&'static str>,
    output: PayloadOf<R>,
}

impl<Q, R> RunCall<Q, R> {
    pub(crate) fn new(
        start: StartCall<Untyped, QueueSet>,
        workflow: Option<&'static str>,
        output: PayloadOf<R>,
    ) -> Self {
        Self {
            request: Request::new(Run {
                start,
                workflow,
                output,
            }),
            queue: PhantomData,
        }
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

async fn run<R>(request: Run<R>) -> Result<R, RunError> {
    let handle: DynHandle = request.start.await?;
    let workflow = match request.workflow {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(handle.id().to_owned()),
    };
    Ok(result::of(handle.target(), workflow, request.output).await?)
}
