//! Starting workflows.

pub(crate) mod execute;
pub(crate) mod options;
pub(crate) mod with_message;

use std::{
    borrow::Cow,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use durably_engine::Payload;

use self::{options::Start, with_message::RecordedSignal};
use super::{
    Client, DynHandle, FromClient, Handle, RunCall,
    call::{Request, within},
    handle::fast_forward,
};
use crate::{
    data::{
        Converter, EncodedArgs, Known, Outgoing, Text, note,
        search::{SearchKey, SearchKind, SearchValue},
    },
    definition::private::payload,
    definition::{HasQueue, NoQueue, QueueSet, Workflow},
    error::{RpcError, StartError, WorkflowAlreadyStarted},
    interceptor::{self, Started},
    options::{
        Priority, Retry,
        setters::{doc_of, setters, value_of},
    },
    time::span::Span,
    transport::{id, retry::Patience},
    wire::{
        deployment::VersioningOverride,
        start::{IdConflictPolicy, IdReusePolicy, StartWorkflow},
        status::{CallError, Reason},
        time_skipping::TimeSkipping,
    },
};

/// A workflow about to start: `.await` gives a handle, `.result().await` the result.
///
/// Made by the workflow's own `start`, or by [`Client::start`] for a workflow of any language.
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
/// let handle = Greeting::start(&client, "Hello")
///     .id("greeting-1")
///     .task_queue("greetings")
///     .run_timeout(hours(1))
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// All options:
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
/// use durably::{
///     client::{IdConflictPolicy, IdReusePolicy, TimeSkipping, VersioningOverride},
///     search::{Keyword, SearchKey},
/// };
///
/// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
///
/// # async fn example(client: Client) -> Result<()> {
/// let handle = Greeting::start(&client, "Hello")
///     .id("greeting-1")
///     .id_reuse_policy(IdReusePolicy::AllowDuplicateFailedOnly)
///     .id_conflict_policy(IdConflictPolicy::UseExisting)
///     .execution_timeout(days(7))
///     .run_timeout(days(1))
///     .task_timeout(secs(10))
///     .retry(Retry::attempts(3))
///     .cron("0 7 * * *")
///     .memo("note", "asked for by Bob")
///     .search(CUSTOMER, "c-17")
///     .priority(Priority::key(1).fairness_key("acme"))
///     .summary("the first greeting")
///     .details("It greets *everybody* on the list.")
///     .versioning_override(VersioningOverride::AutoUpgrade)
///     .time_skipping(TimeSkipping::on())
///     .timeout(secs(5))
///     .await?;
///
/// // A worker of this program takes the first task from the server's response.
/// let greeting = Greeting::start(&client, "Hello").eager().await?;
///
/// // Tomorrow, and its result.
/// let greeting = Greeting::start(&client, "Hello").start_delay(days(1)).result().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the workflow starts when this is awaited"]
pub struct StartCall<W: Startable, Q> {
    request: Request<StartRequest, Result<W::Handle, StartError>>,
    queue: PhantomData<fn() -> Q>,
}

struct StartRequest {
    start: Box<Start>,
    /// The signal that is sent along.
    signal: Option<RecordedSignal>,
}

/// The start of a workflow whose type is not known to this program.
///
/// ```no_run
/// use durably::{client::DynStart, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let start: DynStart = client.start("Greeting", ("Hello",));
/// let handle = start.id("greeting-1").task_queue("greetings").await?;
/// let greeting: String = handle.result().await?;
/// # Ok(())
/// # }
/// ```
pub type DynStart = StartCall<Untyped, NoQueue>;

/// What a start can be of: a workflow type, or [`Untyped`].
///
/// ```
/// use durably::{client::{StartCall, Startable}, prelude::*};
///
/// /// The options of every start of this program.
/// fn ours<W: Startable, Q>(start: StartCall<W, Q>) -> StartCall<W, Q> {
///     start.run_timeout(hours(1)).retry(Retry::attempts(3)).memo("team", "checkout")
/// }
/// ```
pub trait Startable: 'static {
    /// What the start gives.
    type Handle;
    #[doc(hidden)]
    fn __handle(via: FromClient) -> Self::Handle;
}

impl<W: Workflow> Startable for W {
    type Handle = Handle<W>;

    fn __handle(via: FromClient) -> Handle<W> {
        Handle::new(via)
    }
}

/// A workflow whose type is not known to this program.
///
/// ```
/// use durably::{client::{QueueSet, StartCall, Untyped}, prelude::*};
///
/// fn greeting(client: &Client, text: &str) -> StartCall<Untyped, QueueSet> {
///     client.start("Greeting", (text.to_owned(),)).task_queue("greetings")
/// }
/// ```
pub enum Untyped {}

impl Startable for Untyped {
    type Handle = DynHandle;

    fn __handle(via: FromClient) -> DynHandle {
        DynHandle::new(via)
    }
}

impl<W: Workflow, Q> StartCall<W, Q> {
    #[doc(hidden)]
    pub fn new(client: &Client, args: EncodedArgs) -> Self {
        Self::of_type(client, Cow::Borrowed(W::NAME), args)
    }

    /// A start of a workflow of this type, which a dynamic workflow runs.
    #[doc(hidden)]
    pub fn named(client: &Client, workflow: impl Text, args: EncodedArgs) -> Self {
        Self::of_type(client, Cow::Owned(workflow.into_text()), args)
    }

    fn of_type(client: &Client, workflow: Cow<'static, str>, args: EncodedArgs) -> Self {
        let mut call = Self::by_name(client, workflow, args);
        if let Some(queue) = W::TASK_QUEUE {
            call.start_mut().task_queue = queue.to_owned();
        }
        call
    }

    /// Starts the workflow and waits for its result.
    ///
    /// # Errors
    /// It could not be started, or gave no result.
    pub fn result(self) -> RunCall<Q, W::Output> {
        RunCall::new(self.retyped(), Some(W::NAME), W::__output())
    }
}

impl<Q> StartCall<Untyped, Q> {
    /// Starts the workflow and waits for its result.
    ///
    /// # Errors
    /// It could not be started, or gave no result.
    pub fn result<R: Known>(self) -> RunCall<Q, R> {
        RunCall::new(self.retyped(), None, payload())
    }
}

impl<W: Startable, Q> StartCall<W, Q> {
    pub(crate) fn by_name(client: &Client, workflow: Cow<'static, str>, args: EncodedArgs) -> Self {
        Self {
            request: Request::new(StartRequest {
                start: Box::new(Start::new(client, workflow.into_owned(), args)),
                signal: None,
            }),
            queue: PhantomData,
        }
    }

    /// The task queue of the workers that run it; by default the one that `#[workflow(task_queue = "..")]`
    /// declares. Without either the start does not compile.
    pub fn task_queue(mut self, queue: impl Text) -> StartCall<W, QueueSet> {
        self.start_mut().task_queue = queue.into_text();
        self.retyped()
    }

    /// The same start: neither type is in the request.
    fn retyped<V: Startable, P>(self) -> StartCall<V, P> {
        StartCall {
            request: Request::new(self.request.into_new()),
            queue: PhantomData,
        }
    }

    /// Runs it again and again on a cron schedule, in UTC: `"0 7 * * *"` is every day at seven, and
    /// `"CRON_TZ=Europe/Berlin 0 7 * * *"` names another time zone. The first run waits for the schedule
    /// too.
    ///
    /// An invalid expression is [`RpcError::InvalidArgument`] when the start is awaited.
    pub fn cron(mut self, expression: impl Text) -> Self {
        self.start_mut().cron = Some(expression.into_text());
        self
    }

    /// Requests the first task in the server's response, for a worker of this process that was made from the same
    /// client: it begins without a poll. Without such a worker, without a free slot, or on a server that does not
    /// support it, the start is an ordinary one, as is every start with a signal or an update, and the retry of a
    /// request that failed.
    pub fn eager(mut self) -> Self {
        self.start_mut().eager = true;
        self
    }

    /// The time from the start to the first workflow task; zero by default. A cancel request, an update
    /// or a signal-with-start ends the wait; a plain signal does not.
    pub fn start_delay(mut self, delay: impl Span) -> Self {
        self.start_mut().start_delay = Some(delay.into_duration());
        self
    }

    /// Adds a memo: a value that is kept with the workflow, and shown by `describe` and `list`.
    ///
    /// One that cannot be written is [`StartError::Data`] when the start is awaited.
    pub fn memo<T: Outgoing>(mut self, name: impl Text, note: T) -> Self {
        let name = name.into_text();
        let converter = self.start_mut().client.converter().clone();
        if let Some(note) = self.encoded(&converter, "memo", &name, &note) {
            self.start_mut().memo.insert(name, note);
        }
        self
    }

    /// Sets a search attribute, which list filters can use; it must be registered with the server.
    ///
    /// One that cannot be written is [`StartError::Data`] when the start is awaited.
    pub fn search<K: SearchKind>(mut self, key: SearchKey<K>, value: impl SearchValue<K>) -> Self {
        let (name, payload) = key.set(value).into_parts();
        let start = self.start_mut();
        match payload {
            Ok(payload) => drop(start.search_attributes.insert(name, payload)),
            Err(error) => drop(start.error.get_or_insert(error)),
        }
        self
    }

    /// A description of the workflow, which the UI and the CLI show beside it; one line.
    ///
    /// It stays as it is; what changes while the workflow runs is set by
    /// [`set_current_details`](crate::workflow::Ctx::set_current_details).
    pub fn summary(mut self, text: impl Text) -> Self {
        self.start_mut().summary = Some(text.into_text());
        self
    }

    /// A longer description of the workflow, which the UI and the CLI show; Markdown of several lines.
    pub fn details(mut self, text: impl Text) -> Self {
        self.start_mut().details = Some(text.into_text());
        self
    }

    /// What to do when a workflow of that id is running; by default the start fails with
    /// [`StartError::AlreadyStarted`].
    pub fn id_conflict_policy(mut self, policy: IdConflictPolicy) -> Self {
        self.start_mut().id_conflict = Some(policy);
        self
    }

    /// Replaces the [versioning](crate::worker::Versioning) that the workflow declares, for this run. The
    /// server refuses a version for which no worker has polled the task queue.
    pub fn versioning_override(mut self, versioning: VersioningOverride) -> Self {
        self.start_mut().versioning = Some(versioning);
        self
    }

    /// Skips the time in which the workflow only waits, whatever the server's clock does: for tests against a server that
    /// others use, too. Its children and the runs after it go on in its time.
    ///
    /// A server that does not skip the time of single workflows refuses the start, with [`RpcError::Unimplemented`]; a
    /// Temporal server does with the dynamic configuration `frontend.WorkflowTimeSkippingEnabled`.
    pub fn time_skipping(mut self, skipping: TimeSkipping) -> Self {
        self.start_mut().time_skipping = Some(skipping);
        self
    }

    /// How long to wait for the server's response, retries included; about ten seconds if not set. With
    /// [`result`](StartCall::result) set it after that, for the whole.
    ///
    /// After it the error is [`RpcError::Timeout`], and `error.is_timeout()` holds. The server may have
    /// started the workflow all the same: while that runs, another start with the same [`id`](Self::id)
    /// fails with [`StartError::AlreadyStarted`] by default.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.start_mut().timeout = Some(timeout.into_duration());
        self
    }

    setters! {
        fn id(id: impl Text) -> Self;
        fn id_reuse_policy(policy: IdReusePolicy) -> Self;
        fn execution_timeout(timeout: impl Span) -> Self;
        fn run_timeout(timeout: impl Span) -> Self;
        fn task_timeout(timeout: impl Span) -> Self;
        fn retry(retry: Retry /* as in `Retry::attempts(3)` */) -> Self;
        fn priority(priority: Priority /* as in `Priority::key(1)` */) -> Self;
    }

    fn set(&mut self, change: impl FnOnce(&mut Start)) {
        change(self.start_mut());
    }

    pub(crate) fn start_mut(&mut self) -> &mut Start {
        &mut self.request.new_mut().start
    }

    pub(crate) fn set_signal(&mut self, signal: RecordedSignal) {
        self.request.new_mut().signal = Some(signal);
    }

    pub(crate) fn into_start(self) -> Start {
        *self.request.into_new().start
    }

    fn encoded<T: Outgoing>(
        &mut self,
        converter: &Converter,
        what: &str,
        name: &str,
        content: &T,
    ) -> Option<Payload> {
        match note(what, name, content, converter) {
            Ok(payload) => Some(payload),
            Err(error) => {
                self.start_mut().error.get_or_insert(error);
                None
            }
        }
    }
}

impl<W: Startable, Q: HasQueue> Future for StartCall<W, Q> {
    type Output = Result<W::Handle, StartError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |request| Box::pin(send::<W>(request)) as _;
        self.get_mut().request.poll(cx, send)
    }
}

async fn send<W: Startable>(request: StartRequest) -> Result<W::Handle, StartError> {
    let StartRequest { mut start, signal } = request;
    let id = start.id.get_or_insert_with(id::random).clone();
    let what = || format!("response to the start of workflow `{id}`");
    within(start.timeout, what, async {
        match signal {
            None => start_alone::<W>(start).await,
            Some(signal) => signal.send_with_start::<W>(start).await,
        }
    })
    .await
}

async fn start_alone<W: Startable>(start: Box<Start>) -> Result<W::Handle, StartError> {
    let (client, patience) = (start.client.clone(), Patience::at_once(start.timeout));
    let is_eager = start.eager;
    let request = start.into_request()?;
    let interceptors = client.interceptors();
    let started = match interceptors.is_empty() {
        true => send_start(&client, request, patience, is_eager).await?,
        false => {
            let request = interceptor::StartRequest::new(request, client.converter());
            let sender = client.clone();
            let send = move |request: interceptor::StartRequest| async move {
                send_start(&sender, request.into_wire(), patience, is_eager).await
            };
            interceptors.call(request, send).await?
        }
    };
    let Started {
        workflow_id,
        run_id,
    } = started;
    let via = FromClient::started(&client, workflow_id, run_id);
    Ok(W::__handle(via))
}

async fn send_start(
    client: &Client,
    mut request: StartWorkflow,
    patience: Patience,
    is_eager: bool,
) -> Result<Started, StartError> {
    if request.time_skipping.is_some() {
        fast_forward::check_support(client, patience).await?;
    }
    let id = request.workflow_id.clone();
    let workers = client.caller().eager_starts();
    let slot = is_eager.then(|| workers.reserve(&request.task_queue, &request.workflow_type));
    let mut slot = slot.flatten();
    request.eager = slot.is_some();
    let started = match request.eager {
        false => client.caller().call(request, patience).await,
        // Retries may take as long as the caller waits; polled tasks need the slot meanwhile.
        true => {
            let release = |message: &mut _| {
                slot = None;
                StartWorkflow::leave_out_first_task(message);
            };
            let caller = client.caller();
            caller.call_once_then(request, patience, release).await
        }
    };
    match started {
        Ok(started) => {
            if let (Some(first_task), Some(take)) = (started.first_task, slot) {
                take(first_task);
            }
            Ok(Started::new(id, started.run_id))
        }
        Err(error) => Err(refused(id, error)),
    }
}

/// Why the server did not start the workflow.
pub(crate) fn refused(workflow_id: String, error: CallError) -> StartError {
    match error.reason() {
        Reason::AlreadyStarted { run_id } => WorkflowAlreadyStarted {
            workflow_id,
            run_id,
        }
        .into(),
        _ => RpcError::from(error).into(),
    }
}
