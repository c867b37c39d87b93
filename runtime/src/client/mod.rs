//! Typed access to a Temporal server.

pub(crate) mod rpc;

use std::{
    future::Future,
    marker::PhantomData,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{
    Data, Error, HasQueue, Result, Text, Workflow,
    data::{ArgList, EncodedArgs},
    definition::{BoxFuture, CanQuery, CanUpdate, MethodsOf, Via},
};

/// A namespace on a server.
#[derive(Clone)]
pub struct Client {}
impl Client {
    /// Connects.
    pub async fn connect(_address: impl Text) -> Result<Self> {
        unimplemented!()
    }
    /// The RPCs, for the worker.
    #[allow(dead_code)]
    pub(crate) fn rpc(&self) -> &rpc::Rpc {
        unimplemented!()
    }
    /// The namespace this client is bound to.
    pub fn namespace(&self) -> &str {
        unimplemented!()
    }
    /// An untyped handle.
    pub fn handle(&self, _id: impl Text) -> DynHandle {
        unimplemented!()
    }
    /// Starts a workflow by the name of its type.
    pub fn start(&self, _workflow: impl Text, _args: impl ArgList) -> DynStart {
        unimplemented!()
    }
}
/// An untyped handle.
pub struct DynHandle {}
/// An untyped start.
pub struct DynStart {}

/// A workflow about to start: `.await` gives a handle, `.result().await` the result.
#[must_use = "the workflow starts when this is awaited"]
pub struct StartCall<W: Workflow, Q>(PhantomData<fn() -> (W, Q)>);
impl<W: Workflow, Q> StartCall<W, Q> {
    #[doc(hidden)]
    pub fn new(_client: &Client, _args: EncodedArgs) -> Self {
        unimplemented!()
    }
}
impl<W: Workflow, Q: HasQueue> Future for StartCall<W, Q> {
    type Output = Result<Handle<W>>;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        unimplemented!()
    }
}
/// A workflow execution; its signals, queries and updates are methods.
pub struct Handle<W: Workflow> {
    methods: W::Methods<FromClient>,
}
impl<W: Workflow> Handle<W> {
    #[doc(hidden)]
    pub fn attach(_client: &Client, _id: String) -> Self {
        Self {
            methods: MethodsOf::new(FromClient {}),
        }
    }
}
impl<W: Workflow> Deref for Handle<W> {
    type Target = W::Methods<FromClient>;
    fn deref(&self) -> &Self::Target {
        &self.methods
    }
}
/// The transport of handles at a client.
pub struct FromClient {}
impl Via for FromClient {
    type Signal = SignalCall;
    fn signal(&self, _name: &'static str, _args: EncodedArgs) -> SignalCall {
        unimplemented!()
    }
}
impl CanUpdate for FromClient {
    type Update<R> = UpdateCall<R>;
    fn update<R>(&self, _name: &'static str, _args: EncodedArgs) -> UpdateCall<R> {
        unimplemented!()
    }
}
impl CanQuery for FromClient {
    fn query<R>(&self, _name: &'static str, _args: EncodedArgs) -> QueryCall<R> {
        unimplemented!()
    }
}
/// A signal about to be sent.
#[must_use = "the signal is sent when this is awaited"]
pub struct SignalCall {}
impl IntoFuture for SignalCall {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<Result<()>>;
    fn into_future(self) -> Self::IntoFuture {
        unimplemented!()
    }
}
/// A query about to be asked.
#[must_use = "the query is asked when this is awaited"]
pub struct QueryCall<R>(PhantomData<fn() -> R>);
impl<R: Data> IntoFuture for QueryCall<R> {
    type Output = Result<R>;
    type IntoFuture = BoxFuture<Result<R>>;
    fn into_future(self) -> Self::IntoFuture {
        unimplemented!()
    }
}
/// An update about to be sent.
#[must_use = "the update is sent when this is awaited"]
pub struct UpdateCall<R>(PhantomData<fn() -> R>);
impl<R: Data> IntoFuture for UpdateCall<R> {
    type Output = Result<R, Error>;
    type IntoFuture = BoxFuture<Result<R>>;
    fn into_future(self) -> Self::IntoFuture {
        unimplemented!()
    }
}
/// An accepted update.
pub struct UpdateHandle<R>(PhantomData<fn() -> R>);
