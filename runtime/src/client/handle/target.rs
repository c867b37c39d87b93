//! The execution that a client's messages go to.

use std::{borrow::Cow, sync::Arc, time::Duration};

use crate::{
    client::{
        Client, QueryCall, SignalCall, UpdateCall,
        call::{Call, within},
    },
    data::{ArgsEncoder, EncodedArgs, PayloadOf},
    definition::{CanQuery, CanUpdate, Via},
    error::{HandleError, RpcError, WorkflowNotFound},
    interceptor::{CancelRequest, HistoryRequest},
    transport::{caller::Caller, retry::Patience, rpc::Rpc},
    wire::{
        request::{Execution, Request},
        status::{CallError, Reason},
        stop::CancelWorkflow,
    },
};

/// The type parameter of a workflow's generated methods where a client sends them: which execution, on which server.
///
/// A [`Handle`](crate::client::Handle) dereferences to those methods; programs have no need to name it.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Door;
/// # #[workflow] impl Door {
/// #     #[run] async fn run(&mut self) {}
/// #     #[signal] fn knock(&mut self) {}
/// # }
/// # async fn example(handle: Handle<Door>) -> Result<()> {
/// // A method of the type that has `FromClient` as its parameter.
/// handle.knock().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FromClient(Arc<Target>);

struct Target {
    client: Client,
    workflow_id: String,
    /// The run that messages go to; without one it is the latest.
    run_id: Option<String>,
    /// The run that this handle started.
    started: Option<String>,
}

impl FromClient {
    /// Some workflow of that id.
    pub(crate) fn attached(client: &Client, workflow_id: String, run_id: Option<String>) -> Self {
        Self(Arc::new(Target {
            client: client.clone(),
            workflow_id,
            run_id,
            started: None,
        }))
    }

    /// A workflow just started. Messages go to its latest run; its result is that of the chain
    /// that began with `run_id`.
    pub(crate) fn started(client: &Client, workflow_id: String, run_id: String) -> Self {
        Self(Arc::new(Target {
            client: client.clone(),
            workflow_id,
            run_id: None,
            started: Some(run_id),
        }))
    }

    /// The same execution, or the one that an interceptor has put in its place.
    pub(crate) fn at(&self, workflow_id: &str, run_id: Option<&str>) -> Self {
        match self.0.workflow_id == workflow_id && self.0.run_id.as_deref() == run_id {
            true => self.clone(),
            false => Self::attached(
                &self.0.client,
                workflow_id.to_owned(),
                run_id.map(str::to_owned),
            ),
        }
    }

    /// The workflow whose history is requested.
    pub(crate) fn at_run(&self, request: &HistoryRequest) -> Self {
        match self.0.workflow_id == request.workflow_id {
            true => self.clone(),
            false => Self::attached(&self.0.client, request.workflow_id.clone(), None),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn caller(&self) -> &Caller {
        self.0.client.caller()
    }

    pub(crate) fn workflow_id(&self) -> &str {
        &self.0.workflow_id
    }

    /// The run this was attached to or started.
    pub(crate) fn run_id(&self) -> Option<&str> {
        self.0.run_id.as_deref().or(self.0.started.as_deref())
    }

    /// The run that messages go to; the latest one if not set.
    pub(crate) fn attached_run_id(&self) -> Option<&str> {
        self.0.run_id.as_deref()
    }

    /// The run that was started, if this is a handle of a start.
    pub(crate) fn started_run_id(&self) -> Option<&str> {
        self.0.started.as_deref()
    }

    /// Where messages go.
    pub(crate) fn execution(&self) -> Execution {
        self.execution_of_run(self.0.run_id.as_deref().unwrap_or_default())
    }

    /// One run of the workflow.
    pub(crate) fn execution_of_run(&self, run_id: &str) -> Execution {
        Execution {
            workflow_id: self.0.workflow_id.clone(),
            run_id: run_id.to_owned(),
        }
    }

    /// Reads a refusal: either the workflow is not there, or it is of the general kind.
    pub(crate) fn refused<E: From<WorkflowNotFound> + From<RpcError>>(
        &self,
        error: CallError,
    ) -> E {
        match self.missing(&error.reason()) {
            Some(missing) => missing.into(),
            None => RpcError::from(error).into(),
        }
    }

    pub(crate) fn missing(&self, reason: &Reason) -> Option<WorkflowNotFound> {
        let closed = match reason {
            Reason::NoWorkflow => false,
            Reason::WorkflowClosed => true,
            Reason::NoUpdate
            | Reason::AlreadyStarted { .. }
            | Reason::QueryFailed(_)
            | Reason::Operation { .. }
            | Reason::Unspecific => return None,
        };
        Some(WorkflowNotFound {
            workflow_id: self.0.workflow_id.clone(),
            closed,
        })
    }

    pub(crate) fn cancel(&self) -> Call<(), HandleError> {
        let to = self.clone();
        Call::new(|timeout| async move {
            let request = CancelWorkflow {
                execution: to.execution(),
                first_run_id: to.started_run_id().unwrap_or_default().to_owned(),
            };
            let what = || format!("response to the cancel request for `{}`", to.workflow_id());
            within(timeout, what, to.send_cancel(request, timeout)).await
        })
    }

    async fn send_cancel(
        &self,
        request: CancelWorkflow,
        timeout: Option<Duration>,
    ) -> Result<(), HandleError> {
        let interceptors = self.client().interceptors();
        if interceptors.is_empty() {
            return self.send(request, timeout).await;
        }
        let to = self.clone();
        let send = move |request: CancelRequest| async move {
            let to = to.at(&request.workflow_id, request.run_id.as_deref());
            to.send(request.into_wire(), timeout).await
        };
        interceptors.call(CancelRequest::new(request), send).await
    }

    /// Sends a request that the server answers at once.
    pub(crate) async fn send<R, E>(
        &self,
        request: R,
        timeout: Option<Duration>,
    ) -> Result<R::Response, E>
    where
        R: Request<Message: Rpc<Reply = R::Reply>>,
        E: From<WorkflowNotFound> + From<RpcError>,
    {
        let response = self.caller().call(request, Patience::at_once(timeout));
        response.await.map_err(|error| self.refused(error))
    }
}

impl Via for FromClient {
    type Signal = SignalCall;
    type Update<R> = UpdateCall<R>;

    fn arguments(&self) -> ArgsEncoder {
        self.client().__arguments()
    }

    fn signal(&self, name: &'static str, args: EncodedArgs) -> SignalCall {
        SignalCall::new(self.clone(), Cow::Borrowed(name), args)
    }
}

#[diagnostic::do_not_recommend]
impl CanUpdate for FromClient {
    fn update<R>(
        &self,
        name: &'static str,
        args: EncodedArgs,
        result: PayloadOf<R>,
    ) -> UpdateCall<R> {
        UpdateCall::new(self.clone(), Cow::Borrowed(name), args, result)
    }
}

#[diagnostic::do_not_recommend]
impl CanQuery for FromClient {
    fn query<R>(
        &self,
        name: &'static str,
        args: EncodedArgs,
        result: PayloadOf<R>,
    ) -> QueryCall<R> {
        QueryCall::new(self.clone(), Cow::Borrowed(name), args, result)
    }
}
