//! Updates.

use std::{
    borrow::Cow,
    future::Future,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use durably_engine::{FailureRecord, Header, Payload};

use crate::{
    client::{
        call::{Call, Request, within},
        handle::target::FromClient,
    },
    data::{Callee, EncodedArgs, PayloadOf, Text},
    error::{Failure, RpcError, UpdateError, UpdateFailed, UpdateNotFound, UpdateRejected},
    hints::awaited::{self, Answer},
    interceptor::{self, UpdateRequest},
    time::span::Span,
    transport::{id, retry::Patience},
    wire::{
        request::Execution,
        status::{CallError, Reason},
        update::{PollUpdate, Stage, UpdateOutcome, UpdateResponse, UpdateWorkflow},
    },
};

/// An update about to be sent: `.await` gives its result, `.accepted().await` a handle as soon as
/// the workflow has accepted it.
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
/// # async fn example(handle: Handle<Greeting>) -> Result<()> {
/// // Waits for the result.
/// let count = handle.add("Bob").id("add-bob").timeout(secs(5)).await?;
///
/// // Waits until the update is accepted.
/// let update = handle.add("Alice").accepted().await?;
/// println!("{} returned {}", update.id(), update.result().await?);
/// # Ok(())
/// # }
/// ```
#[must_use = "the update is sent when this is awaited"]
pub struct UpdateCall<R> {
    request: Request<Update, Result<R, UpdateError>>,
    result: PayloadOf<R>,
    #[expect(dead_code, reason = "its name and its type are for rustc's advice")]
    r#await: Result<Answer<R>, UpdateError>,
}

struct Update {
    to: FromClient,
    name: Cow<'static, str>,
    args: EncodedArgs,
    id: Option<String>,
    timeout: Option<Duration>,
}

impl<R> UpdateCall<R> {
    pub(crate) fn new(
        to: FromClient,
        name: Cow<'static, str>,
        args: EncodedArgs,
        result: PayloadOf<R>,
    ) -> Self {
        Self {
            request: Request::new(Update {
                to,
                name,
                args,
                id: None,
                timeout: None,
            }),
            result,
            r#await: awaited::pending(),
        }
    }

    /// The id of the update; random if not set. Two updates of one id are one: the second gets the
    /// result of the first.
    pub fn id(mut self, id: impl Text) -> Self {
        self.request.new_mut().id = Some(id.into_text());
        self
    }

    /// How long to wait for the result, or for the acceptance if that is what is awaited, retries
    /// included; without limit if not set.
    ///
    /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds. The workflow may have
    /// accepted the update all the same: an update of the same [`id`](Self::id) resumes the wait.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }

    /// Sends the update and returns when the workflow has accepted it.
    ///
    /// # Errors
    /// The workflow rejected it ([`UpdateError::Rejected`]), there is no such running workflow, or the
    /// request failed. A failure of the handler is an error of [`UpdateHandle::result`] only.
    pub fn accepted(self) -> Call<UpdateHandle<R>, UpdateError>
    where
        R: 'static,
    {
        let Self {
            request, result, ..
        } = self;
        let update = request.into_new();
        let limit = update.timeout;
        let accepted = Call::new(move |timeout| async move {
            let (name, id) = (update.name.clone(), update.to.workflow_id().to_owned());
            let what = || format!("acceptance of update `{name}` by workflow `{id}`");
            within(timeout, what, update.send(Stage::Accepted, result)).await
        });
        accepted.limited_to(limit)
    }
}

impl Update {
    async fn send<R>(
        self,
        stage: Stage,
        result: PayloadOf<R>,
    ) -> Result<UpdateHandle<R>, UpdateError> {
        let Self {
            to, name, args, id, ..
        } = self;
        let id = id.unwrap_or_else(id::random);
        let request = request(&to, &name, args.0?, id.clone(), stage);
        let interceptors = to.client().interceptors();
        if interceptors.is_empty() {
            let response = reached(&to, request).await?;
            return UpdateHandle::reached(&to, &name, id, response, result)
                .unless_rejected()
                .await;
        }
        let request = UpdateRequest::new(request, to.client().converter());
        let sender = to.clone();
        let send = move |request: UpdateRequest| async move {
            let to = sender.at(&request.workflow_id, request.run_id.as_deref());
            let sent = request.sent();
            let response = reached(&to, request.into_wire()).await?;
            let converter = to.client().converter();
            Ok::<_, UpdateError>(interceptor::UpdateResponse::new(sent, response, converter))
        };
        let response = interceptors.call(request, send).await?;
        let (sent, response) = response.into_wire();
        let to = to.at(&sent.workflow_id, sent.run_id.as_deref());
        UpdateHandle::reached(&to, &sent.name, sent.update_id, response, result)
            .unless_rejected()
            .await
    }
}

/// Sends an update until it is accepted or completed, as the request says, or has failed.
async fn reached(to: &FromClient, request: UpdateWorkflow) -> Result<UpdateResponse, UpdateError> {
    let response = to
        .caller()
        .call_until(request, Patience::until_answered(), is_reached);
    response.await.map_err(|error| to.refused(error))
}

/// The server gives up waiting after a while; sent again with the same id, the update resumes.
pub(crate) fn is_reached(response: UpdateResponse) -> ControlFlow<UpdateResponse> {
    match response.outcome.is_some() || response.accepted {
        true => ControlFlow::Break(response),
        false => ControlFlow::Continue(()),
    }
}

impl<R: 'static> Future for UpdateCall<R> {
    type Output = Result<R, UpdateError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = self.result;
        self.get_mut().request.poll(cx, |update| {
            Box::pin(async move {
                let timeout = update.timeout;
                let what = result_of(&update.name, &update.to);
                within(timeout, what, async {
                    let update = update.send(Stage::Completed, result).await?;
                    update.decoded().await
                })
                .await
            })
        })
    }
}

/// The request for an update.
pub(crate) fn request(
    to: &FromClient,
    name: &str,
    args: Vec<Payload>,
    update_id: String,
    stage: Stage,
) -> UpdateWorkflow {
    UpdateWorkflow {
        execution: to.execution(),
        first_run_id: to.started_run_id().unwrap_or_default().to_owned(),
        update_id,
        name: name.to_owned(),
        input: args,
        header: Header::new(),
        wait_for: stage,
    }
}

/// An accepted update.
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
/// #     #[update]
/// #     fn add(&mut self, name: String) -> u32 {
/// #         2
/// #     }
/// # }
/// # async fn example(client: Client) -> Result<()> {
/// let handle = Greeting::handle(&client, "greeting-1");
/// let update = handle.add("Bob").accepted().await?;
/// println!("{} returned {}", update.id(), update.result().timeout(secs(30)).await?);
///
/// // The same update from another process, by its id.
/// let attached = handle.untyped().update_handle::<u32>(update.id());
/// println!("{}", attached.result().await?);
/// # Ok(())
/// # }
/// ```
pub struct UpdateHandle<R> {
    /// The workflow, and the run that accepted the update.
    to: FromClient,
    name: Cow<'static, str>,
    id: String,
    /// How it ended, if the server said so already.
    outcome: Option<UpdateOutcome>,
    /// Whether the server said that the workflow accepted it.
    accepted: bool,
    result: PayloadOf<R>,
}

impl<R> UpdateHandle<R> {
    /// An update that was sent by somebody else.
    pub(crate) fn attach(to: FromClient, id: String, result: PayloadOf<R>) -> Self {
        Self {
            to,
            name: Cow::Borrowed(""),
            id,
            outcome: None,
            accepted: false,
            result,
        }
    }

    /// The handle for an answer of the server, by which the update is accepted or has ended.
    pub(crate) fn reached(
        to: &FromClient,
        name: &str,
        id: String,
        response: UpdateResponse,
        result: PayloadOf<R>,
    ) -> Self {
        let outcome = response.outcome;
        Self {
            to: in_run(to, response.execution),
            name: Cow::Owned(name.to_owned()),
            id,
            accepted: !matches!(outcome, Some(Err(_))),
            outcome,
            result,
        }
    }

    /// Itself, unless the workflow rejected the update.
    pub(crate) async fn unless_rejected(mut self) -> Result<Self, UpdateError> {
        if let Some(Err(record)) = &self.outcome {
            if !self.was_accepted().await {
                return Err(self.rejected(record.clone()));
            }
            self.accepted = true;
        }
        Ok(self)
    }

    /// The id of the update.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the workflow accepted an update that ended with a failure.
    ///
    /// The outcome of an update that was rejected and of one whose handler failed look the same, and
    /// what the failure is called is up to the worker's SDK. But a rejected update leaves no trace in
    /// history, so the server that has just answered the one who sent it does not know it any more. A
    /// server that cannot be reached is taken to have recorded it: the failure itself is returned either way.
    async fn was_accepted(&self) -> bool {
        if self.accepted {
            return true;
        }
        let request = self.poll(Stage::Any);
        let response = self.to.caller().call(request, Patience::at_once(None));
        match response.await {
            Ok(response) => response.accepted,
            Err(error) => !matches!(error.reason(), Reason::NoUpdate),
        }
    }

    fn rejected(&self, record: FailureRecord) -> UpdateError {
        UpdateRejected {
            update: self.name.clone().into_owned(),
            update_id: self.id.clone(),
            cause: Failure::from_record(record, self.to.client().converter()),
        }
        .into()
    }

    fn failed(&self, record: FailureRecord) -> UpdateError {
        UpdateFailed {
            update: self.name.clone().into_owned(),
            update_id: self.id.clone(),
            cause: Failure::from_record(record, self.to.client().converter()),
        }
        .into()
    }

    fn poll(&self, stage: Stage) -> PollUpdate {
        PollUpdate {
            execution: self.to.execution(),
            update_id: self.id.clone(),
            wait_for: stage,
        }
    }

    fn refused(&self, error: CallError) -> UpdateError {
        let reason = error.reason();
        if let Reason::NoUpdate = reason {
            return UpdateNotFound {
                update_id: self.id.clone(),
                workflow_id: self.to.workflow_id().to_owned(),
            }
            .into();
        }
        match self.to.missing(&reason) {
            Some(missing) => missing.into(),
            None => RpcError::from(error).into(),
        }
    }

    async fn outcome(&mut self) -> Result<UpdateOutcome, UpdateError> {
        if let Some(known) = &self.outcome {
            return Ok(known.clone());
        }
        let request = self.poll(Stage::Completed);
        let completed = |response: UpdateResponse| match response.outcome {
            Some(outcome) => ControlFlow::Break((outcome, response.execution)),
            None => ControlFlow::Continue(()),
        };
        let caller = self.to.caller();
        let response = caller.call_until(request, Patience::until_answered(), completed);
        let (outcome, run) = response.await.map_err(|error| self.refused(error))?;
        // The workflow may be in its next run by now, which does not know the update.
        self.to = in_run(&self.to, run);
        Ok(outcome)
    }
}

/// The run that the server names as the update's, as far as it names one.
fn in_run(to: &FromClient, run: Option<Execution>) -> FromClient {
    match run {
        Some(run) => FromClient::attached(to.client(), run.workflow_id, Some(run.run_id)),
        None => to.clone(),
    }
}

impl<R: 'static> UpdateHandle<R> {
    /// Waits for the update's result; can be asked again.
    ///
    /// # Errors
    /// The handler returned an error or the workflow ended first ([`UpdateError::Failed`]), or the
    /// request failed. An update that was attached to by its id may also be rejected meanwhile.
    pub fn result(&self) -> Call<R, UpdateError> {
        let update = self.clone();
        Call::new(|timeout| async move {
            let what = result_of(&update.name, &update.to);
            within(timeout, what, update.decoded()).await
        })
    }

    async fn decoded(mut self) -> Result<R, UpdateError> {
        match self.outcome().await? {
            Ok(payloads) => {
                let converter = self.to.client().converter();
                let callee = Callee::Update(self.name);
                Ok(self.result.given(&callee, payloads, converter)?)
            }
            Err(record) if self.was_accepted().await => Err(self.failed(record)),
            Err(record) => Err(self.rejected(record)),
        }
    }
}

/// The text of a timeout.
fn result_of(update: &str, to: &FromClient) -> impl FnOnce() -> String + use<> {
    let (update, to) = (update.to_owned(), to.clone());
    move || {
        let workflow = to.workflow_id();
        match &*update {
            "" => format!("result of the update of workflow `{workflow}`"),
            update => format!("result of update `{update}` of workflow `{workflow}`"),
        }
    }
}

// Not derived: that would ask for `R: Clone`.
impl<R> Clone for UpdateHandle<R> {
    fn clone(&self) -> Self {
        Self {
            to: self.to.clone(),
            name: self.name.clone(),
            id: self.id.clone(),
            outcome: self.outcome.clone(),
            accepted: self.accepted,
            result: self.result,
        }
    }
}
