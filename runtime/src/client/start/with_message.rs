//! A start together with a signal or an update, as one request.

use std::{
    borrow::Cow,
    future::Future,
    marker::PhantomData,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
};

use super::{Untyped, options::Start, refused};
use crate::{
    client::{
        Client, FromClient, Handle, StartCall, Startable, UpdateHandle,
        call::{Request, within},
        handle::fast_forward,
        message::update,
    },
    data::{ArgList, ArgsEncoder, EncodedArgs, PayloadOf, Text},
    definition::{CanUpdate, HasQueue, MethodsOf, Via, Workflow},
    error::{RpcError, StartError, UpdateError, UpdateWithStartError},
    interceptor::{self, SignalWithStartRequest, Started, UpdateWithStartRequest},
    time::span::Span,
    transport::{id, retry::Patience},
    wire::{
        start::{IdConflictPolicy, SignalWithStart, UpdateWithStart, UpdateWithStartResponse},
        status::{CallError, Reason},
        update::Stage,
    },
};

/// The type parameter of a workflow's generated methods where their messages go with its start: each call returns the
/// message instead of sending it.
///
/// The closure of [`StartCall::with_signal`] and of [`StartCall::with_update`] takes those methods; programs have no
/// need to name it.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Door;
/// # #[workflow] impl Door {
/// #     #[run] async fn run(&mut self) {}
/// #     #[signal] fn knock(&mut self) {}
/// # }
/// # async fn example(client: &Client) -> Result<()> {
/// Door::start(client)
///     .id("front-door")
///     .task_queue("doors")
///     .with_signal(|door| door.knock())
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Recorder(Client);

/// A signal, written down.
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
/// let start = Greeting::start(&client, "Hello").id("greeting-1");
/// start.with_signal(|workflow| workflow.submit_greeting("Bob")).await?;
/// # Ok(())
/// # }
/// ```
pub struct RecordedSignal {
    name: Cow<'static, str>,
    args: EncodedArgs,
}

/// An update, written down.
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
/// let start = Greeting::start(&client, "Hello").id("greeting-1");
/// let (handle, update) = start.with_update(|workflow| workflow.add("Bob").id("add-bob")).await?;
/// assert_eq!(update.id(), "add-bob");
/// # Ok(())
/// # }
/// ```
pub struct RecordedUpdate<R> {
    name: Cow<'static, str>,
    args: EncodedArgs,
    id: Option<String>,
    result: PayloadOf<R>,
}

impl Via for Recorder {
    type Signal = RecordedSignal;
    type Update<R> = RecordedUpdate<R>;

    fn arguments(&self) -> ArgsEncoder {
        self.0.__arguments()
    }

    fn signal(&self, name: &'static str, args: EncodedArgs) -> RecordedSignal {
        RecordedSignal {
            name: Cow::Borrowed(name),
            args,
        }
    }
}

impl CanUpdate for Recorder {
    fn update<R>(
        &self,
        name: &'static str,
        args: EncodedArgs,
        result: PayloadOf<R>,
    ) -> RecordedUpdate<R> {
        RecordedUpdate {
            name: Cow::Borrowed(name),
            args,
            id: None,
            result,
        }
    }
}

impl<R> RecordedUpdate<R> {
    /// The id of the update; random if not set.
    pub fn id(mut self, id: impl Text) -> Self {
        self.id = Some(id.into_text());
        self
    }
}

impl<W: Workflow, Q> StartCall<W, Q> {
    /// Sends a signal in the same request: to the running workflow of that id, or to the one that
    /// is started because there is none. The last call counts.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # #[derive(Default)]
    /// # struct Greeting {
    /// #     names: Vec<String>,
    /// # }
    /// # #[workflow]
    /// # impl Greeting {
    /// #     #[run]
    /// #     async fn run(&mut self, greeting: String) -> Vec<String> {
    /// #         vec![greeting]
    /// #     }
    /// #     #[signal]
    /// #     fn submit_greeting(&mut self, name: String) {
    /// #         self.names.push(name);
    /// #     }
    /// # }
    /// # async fn example(client: Client) -> Result<()> {
    /// Greeting::start(&client, "Hello")
    ///     .id("greeting-1")
    ///     .task_queue("greetings")
    ///     .with_signal(|w| w.submit_greeting("Bob"))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_signal(
        mut self,
        signal: impl FnOnce(&W::Methods<Recorder>) -> RecordedSignal,
    ) -> Self {
        let methods = W::Methods::<Recorder>::new(Recorder(self.start_mut().client.clone()));
        self.set_signal(signal(&methods));
        self
    }

    /// Sends an update in the same request: to the running workflow of that id, or to the one that
    /// is started because there is none. Another [`id_conflict_policy`](StartCall::id_conflict_policy)
    /// than [`IdConflictPolicy::UseExisting`] has to be set before.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # #[derive(Default)]
    /// # struct Account {
    /// #     balance: u64,
    /// # }
    /// # #[workflow(task_queue = "accounts")]
    /// # impl Account {
    /// #     #[run]
    /// #     async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
    /// #         ctx.wait_until(|| self.balance > 1_000).await?;
    /// #         Ok(self.balance)
    /// #     }
    /// #     #[update]
    /// #     fn deposit(&mut self, cents: u64) -> u64 {
    /// #         self.balance += cents;
    /// #         self.balance
    /// #     }
    /// # }
    /// # async fn example(client: Client) -> Result<()> {
    /// let (account, deposit) = Account::start(&client)
    ///     .id("acc-1")
    ///     .with_update(|w| w.deposit(100))
    ///     .await?;
    /// println!("{}", deposit.result().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_update<R>(
        mut self,
        update: impl FnOnce(&W::Methods<Recorder>) -> RecordedUpdate<R>,
    ) -> StartWithUpdate<W, Q, R> {
        let methods = W::Methods::<Recorder>::new(Recorder(self.start_mut().client.clone()));
        let update = update(&methods);
        self.start_mut()
            .id_conflict
            .get_or_insert(IdConflictPolicy::UseExisting);
        StartWithUpdate {
            request: Request::new((self.into_start(), update)),
            queue: PhantomData,
        }
    }
}

impl<Q> StartCall<Untyped, Q> {
    /// Sends a signal in the same request: to the running workflow of that id, or to the one that
    /// is started because there is none. The last call counts.
    pub fn with_signal(mut self, name: impl Text, args: impl ArgList) -> Self {
        let args = args.encode(self.start_mut().client.converter());
        self.set_signal(RecordedSignal {
            name: Cow::Owned(name.into_text()),
            args,
        });
        self
    }
}

impl RecordedSignal {
    pub(crate) async fn send_with_start<W: Startable>(
        self,
        start: Box<Start>,
    ) -> Result<W::Handle, StartError> {
        let (client, patience) = (start.client.clone(), Patience::at_once(start.timeout));
        let request = SignalWithStart {
            start: start.into_request()?,
            signal: self.name.into_owned(),
            input: self.args.0?,
        };
        let interceptors = client.interceptors();
        let started = match interceptors.is_empty() {
            true => send_with_signal(&client, request, patience).await?,
            false => {
                let request = SignalWithStartRequest::new(request, client.converter());
                let sender = client.clone();
                let send = move |request: SignalWithStartRequest| async move {
                    send_with_signal(&sender, request.into_wire(), patience).await
                };
                interceptors.call(request, send).await?
            }
        };
        let Started {
            workflow_id,
            run_id,
        } = started;
        Ok(W::__handle(FromClient::started(
            &client,
            workflow_id,
            run_id,
        )))
    }
}

async fn send_with_signal(
    client: &Client,
    request: SignalWithStart,
    patience: Patience,
) -> Result<Started, StartError> {
    if request.start.time_skipping.is_some() {
        fast_forward::check_support(client, patience).await?;
    }
    let id = request.start.workflow_id.clone();
    match client.caller().call(request, patience).await {
        Ok(run_id) => Ok(Started::new(id, run_id)),
        Err(error) => Err(refused(id, error)),
    }
}

/// A workflow about to start, with an update that goes with it: `.await` gives both handles as
/// soon as the update is accepted.
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
/// let start = Greeting::start(&client, "Hello").id("greeting-1");
/// let (handle, update) = start.with_update(|workflow| workflow.add("Bob")).timeout(secs(10)).await?;
/// println!("{} of {}", update.result().await?, handle.id());
/// # Ok(())
/// # }
/// ```
#[must_use = "the workflow starts when this is awaited"]
pub struct StartWithUpdate<W: Workflow, Q, R> {
    request: Request<(Start, RecordedUpdate<R>), BothHandles<W, R>>,
    queue: PhantomData<fn() -> Q>,
}

impl<W: Workflow, Q, R> StartWithUpdate<W, Q, R> {
    /// How long to wait for the update's acceptance, retries included; without limit if not set.
    ///
    /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds. The server may have
    /// started the workflow, and the workflow accepted the update, all the same.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().0.timeout = Some(timeout.into_duration());
        self
    }
}

/// The handles of both, or why one of them was refused.
type BothHandles<W, R> = Result<(Handle<W>, UpdateHandle<R>), UpdateWithStartError>;

impl<W: Workflow, Q: HasQueue, R: 'static> Future for StartWithUpdate<W, Q, R> {
    type Output = BothHandles<W, R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |(mut start, update): (Start, RecordedUpdate<R>)| {
            let timeout = start.timeout;
            let id = start.id.get_or_insert_with(id::random).clone();
            let what = move || format!("response to the start of workflow `{id}` with an update");
            Box::pin(within(timeout, what, send::<W, R>(start, update))) as _
        };
        self.get_mut().request.poll(cx, send)
    }
}

fn send<W: Workflow, R>(
    start: Start,
    update: RecordedUpdate<R>,
) -> impl Future<Output = BothHandles<W, R>> + Send {
    let RecordedUpdate {
        name,
        args,
        id,
        result,
    } = update;
    async move {
        let client = start.client.clone();
        let start = start.into_request()?;
        let to = FromClient::attached(&client, start.workflow_id.clone(), None);
        let update_id = id.unwrap_or_else(id::random);
        let args = args.0.map_err(UpdateError::from)?;
        let request = UpdateWithStart {
            start,
            update: update::request(&to, &name, args, update_id.clone(), Stage::Accepted),
        };
        let interceptors = client.interceptors();
        let (workflow_id, name, update_id, response) = match interceptors.is_empty() {
            true => {
                let response = reached(&to, request).await?;
                (to.workflow_id().to_owned(), name, update_id, response)
            }
            false => {
                let request = UpdateWithStartRequest::new(request, client.converter());
                let sender = to.clone();
                let send = move |request: UpdateWithStartRequest| async move {
                    let to = sender.at(&request.start.workflow_id, None);
                    let sent = request.sent_update();
                    let response = reached(&to, request.into_wire()).await?;
                    let converter = to.client().converter();
                    let response =
                        interceptor::UpdateWithStartResponse::new(sent, response, converter);
                    Ok::<_, UpdateWithStartError>(response)
                };
                let response = interceptors.call(request, send).await?;
                let Started {
                    workflow_id,
                    run_id,
                } = response.started;
                let (sent, update) = response.update.into_wire();
                let response = UpdateWithStartResponse { run_id, update };
                (workflow_id, sent.name.into(), sent.update_id, response)
            }
        };
        let to = to.at(&workflow_id, None);
        let update = UpdateHandle::reached(&to, &name, update_id, response.update, result);
        let update = update.unless_rejected().await?;
        let workflow = FromClient::started(&client, workflow_id, response.run_id);
        Ok((Handle::new(workflow), update))
    }
}

/// Sends both until the update is accepted, or has failed. The server gives up waiting after a while; sent again
/// with the same ids, both resume.
async fn reached(
    to: &FromClient,
    request: UpdateWithStart,
) -> Result<UpdateWithStartResponse, UpdateWithStartError> {
    if request.start.time_skipping.is_some() {
        let patience = Patience::at_once(None);
        fast_forward::check_support(to.client(), patience).await?;
    }
    let accepted = |response: UpdateWithStartResponse| match update::is_reached(response.update) {
        ControlFlow::Break(update) => ControlFlow::Break(UpdateWithStartResponse {
            run_id: response.run_id,
            update,
        }),
        ControlFlow::Continue(()) => ControlFlow::Continue(()),
    };
    let response = to
        .caller()
        .call_until(request, Patience::until_answered(), accepted);
    response.await.map_err(|error| refused_part(to, error))
}

/// Why one of the two operations, and so both, were refused.
fn refused_part(to: &FromClient, error: CallError) -> UpdateWithStartError {
    match error.reason() {
        Reason::Operation {
            index: 1,
            refused: update,
        } => to.refused::<UpdateError>(update.into_error()).into(),
        Reason::Operation {
            refused: operation, ..
        } => refused(to.workflow_id().to_owned(), operation.into_error()).into(),
        _ => RpcError::from(error).into(),
    }
}
