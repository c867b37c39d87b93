//! A start together with a signal or an update, as one request.

use std::{
    borrow::Cow,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use durably_proto::api::{
    enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage,
    workflowservice::v1::{
        ExecuteMultiOperationRequest, ExecuteMultiOperationResponse,
        SignalWithStartWorkflowExecutionRequest, StartWorkflowExecutionResponse,
        UpdateWorkflowExecutionResponse,
        execute_multi_operation_request::{Operation, operation::Operation as Kind},
        execute_multi_operation_response::response::Response as Answer,
    },
};
use tonic::Status;

use super::{
    Untyped,
    options::{IdConflictPolicy, Start},
    refused,
};
use crate::{
    client::{
        FromClient, Handle, StartCall, Startable, UpdateHandle,
        call::{Request, within},
        handle::target::{AT_ONCE, WAITING},
        message::update,
    },
    data::{ArgList, EncodedArgs, Text},
    definition::{CanUpdate, HasQueue, MethodsOf, Via, Workflow},
    error::{RpcError, StartError, UpdateError, UpdateWithStartError},
    time::span::Span,
    transport::id,
    wire::{
        payload,
        status::{Reason, Refusal},
    },
};

/// The transport that only writes down what would be sent; see [`StartCall::with_signal`].
#[derive(Clone)]
pub struct Recorder(());

/// A signal, written down.
pub struct RecordedSignal {
    name: Cow<'static, str>,
    args: EncodedArgs,
}

/// An update, written down.
pub struct RecordedUpdate<R> {
    name: Cow<'static, str>,
    args: EncodedArgs,
    id: Option<String>,
    result: PhantomData<fn() -> R>,
}

impl Via for Recorder {
    type Signal = RecordedSignal;
    type Update<R> = RecordedUpdate<R>;

    fn signal(&self, name: &'static str, args: EncodedArgs) -> RecordedSignal {
        RecordedSignal {
            name: Cow::Borrowed(name),
            args,
        }
    }
}

impl CanUpdate for Recorder {
    fn update<R>(&self, name: &'static str, args: EncodedArgs) -> RecordedUpdate<R> {
        RecordedUpdate {
            name: Cow::Borrowed(name),
            args,
            id: None,
            result: PhantomData,
        }
    }
}

impl<R> RecordedUpdate<R> {
    /// The id of the update; random if not set.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
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
        let methods = W::Methods::<Recorder>::new(Recorder(()));
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
        let methods = W::Methods::<Recorder>::new(Recorder(()));
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
        self.set_signal(RecordedSignal {
            name: Cow::Owned(name.into_text()),
            args: args.encode(),
        });
        self
    }
}

impl RecordedSignal {
    pub(crate) async fn send_with_start<W: Startable>(
        self,
        start: Box<Start>,
    ) -> Result<W::Handle, StartError> {
        let client = start.client.clone();
        let start = start.into_request()?;
        let id = start.workflow_id.clone();
        let request = SignalWithStartWorkflowExecutionRequest {
            signal_name: self.name.into_owned(),
            signal_input: payload::list_to_proto(self.args.0?),
            namespace: start.namespace,
            workflow_id: start.workflow_id,
            workflow_type: start.workflow_type,
            task_queue: start.task_queue,
            input: start.input,
            workflow_execution_timeout: start.workflow_execution_timeout,
            workflow_run_timeout: start.workflow_run_timeout,
            workflow_task_timeout: start.workflow_task_timeout,
            identity: start.identity,
            request_id: start.request_id,
            workflow_id_reuse_policy: start.workflow_id_reuse_policy,
            workflow_id_conflict_policy: start.workflow_id_conflict_policy,
            retry_policy: start.retry_policy,
            cron_schedule: start.cron_schedule,
            memo: start.memo,
            search_attributes: start.search_attributes,
            workflow_start_delay: start.workflow_start_delay,
            ..Default::default()
        };
        let answer = client
            .rpc()
            .signal_with_start_workflow_execution(request, AT_ONCE);
        match answer.await {
            Ok(answer) => Ok(W::__handle(FromClient::started(&client, id, answer.run_id))),
            Err(status) => Err(refused(id, status)),
        }
    }
}

/// A workflow about to start, with an update that goes with it: `.await` gives both handles as
/// soon as the update is accepted.
#[must_use = "the workflow starts when this is awaited"]
pub struct StartWithUpdate<W: Workflow, Q, R> {
    request: Request<(Start, RecordedUpdate<R>), Started<W, R>>,
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
type Started<W, R> = Result<(Handle<W>, UpdateHandle<R>), UpdateWithStartError>;

impl<W: Workflow, Q: HasQueue, R: 'static> Future for StartWithUpdate<W, Q, R> {
    type Output = Started<W, R>;

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
) -> impl Future<Output = Started<W, R>> + Send {
    let RecordedUpdate { name, args, id, .. } = update;
    async move {
        let client = start.client.clone();
        let start = start.into_request().map_err(StartError::from)?;
        let to = FromClient::attached(&client, start.workflow_id.clone(), None);
        let update_id = id.unwrap_or_else(id::random);
        let args = args.0.map_err(UpdateError::from)?;
        let update = update::request(&to, &name, args, update_id.clone(), Stage::Accepted);
        let operation = |kind| Operation {
            operation: Some(kind),
        };
        let request = ExecuteMultiOperationRequest {
            namespace: client.namespace().to_owned(),
            operations: vec![
                operation(Kind::StartWorkflow(start)),
                operation(Kind::UpdateWorkflow(update)),
            ],
            ..Default::default()
        };
        loop {
            let answer = client
                .rpc()
                .execute_multi_operation(request.clone(), WAITING);
            let answer = answer.await.map_err(|status| refused_part(&to, status))?;
            let (started, updated) = both(answer).ok_or_else(incomplete)?;
            // The server gives up waiting after a while; asking again with the same ids goes on.
            if let Some(update) = UpdateHandle::reached(&to, &name, &update_id, updated) {
                let update = update.unless_rejected().await?;
                let id = to.workflow_id().to_owned();
                let workflow = FromClient::started(&client, id, started.run_id);
                return Ok((Handle::new(workflow), update));
            }
        }
    }
}

/// The answers to both operations, in the order they were asked for.
fn both(
    answer: ExecuteMultiOperationResponse,
) -> Option<(
    StartWorkflowExecutionResponse,
    UpdateWorkflowExecutionResponse,
)> {
    let mut answers = answer.responses.into_iter();
    let mut next = || answers.next()?.response;
    match (next()?, next()?) {
        (Answer::StartWorkflow(started), Answer::UpdateWorkflow(updated)) => {
            Some((started, updated))
        }
        _ => None,
    }
}

fn incomplete() -> UpdateWithStartError {
    RpcError::Other {
        code: "incomplete answer".to_owned(),
        message: "the server did not answer both the start and the update".to_owned(),
    }
    .into()
}

/// Why one of the two operations, and so both, were refused.
fn refused_part(to: &FromClient, status: Status) -> UpdateWithStartError {
    let refusal = Refusal::from(status);
    match refusal.reason {
        Reason::Operation {
            index: 1,
            refused: update,
        } => to.refused::<UpdateError>(update.into_status()).into(),
        Reason::Operation {
            refused: operation, ..
        } => refused(to.workflow_id().to_owned(), operation.into_status()).into(),
        _ => refusal.otherwise.into(),
    }
}
