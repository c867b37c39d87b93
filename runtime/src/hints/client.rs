//! What people look for at a client or a handle and find elsewhere: the names that other SDKs give
//! things, and messages by name. Calling one does not compile, with words on where it is.

use std::future::Ready;

use crate::{
    client::{
        Call, Client, DynHandle, FromClient, History, QueryCall, RunCall, SignalCall, StartCall,
        Startable, Untyped, UpdateCall, WorkflowDescription,
    },
    definition::QueueSet,
    error::{ConnectError, HandleError},
};

/// `Client::new`: no client is one.
#[diagnostic::on_unimplemented(
    message = "a client is connected, not constructed",
    label = "write `Client::connect(\"localhost:7233\").await?`; `Client::builder` has the options"
)]
pub trait Constructed {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `start_workflow`: no client has it.
#[diagnostic::on_unimplemented(
    message = "`Client` has no `start_workflow`: a workflow type starts itself",
    label = "write `Greeting::start(&client, ..).task_queue(\"..\").await?`, or by its name `client.start(\"Greeting\", (..,))`"
)]
pub trait StartsWorkflows {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `execute_workflow`: no client has it.
#[diagnostic::on_unimplemented(
    message = "`Client` has no `execute_workflow`: a workflow type starts itself",
    label = "write `Greeting::start(&client, ..).task_queue(\"..\").result().await?`, or by its name `client.start(\"Greeting\", (..,))`"
)]
pub trait ExecutesWorkflows {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `get_workflow_handle`: no client has it.
#[diagnostic::on_unimplemented(
    message = "`Client` has no `get_workflow_handle`: a workflow type makes its handles",
    label = "write `Greeting::handle(&client, id)`, or without its type `client.handle(id)`"
)]
pub trait GetsHandles {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `tls`: an optional feature.
#[cfg(not(feature = "tls"))]
#[diagnostic::on_unimplemented(
    message = "TLS is an optional feature of `durably`",
    label = "the feature `tls` is off",
    note = "switch it on in Cargo.toml: `durably = {{ version = \"..\", features = [\"tls\"] }}`"
)]
pub trait SpeaksTls {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// Messages by name: no typed handle has them.
#[diagnostic::on_unimplemented(
    message = "signals, queries and updates are methods of a typed handle, by their own names",
    label = "write `handle.submit_greeting(..).await?`, or `handle.untyped()` before it to send by name"
)]
pub trait ByName {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// The methods of a handle: no start has them.
#[diagnostic::on_unimplemented(
    message = "a start returns its handle when it is awaited",
    label = "write `.await?` after the start, before this"
)]
pub trait ReturnsHandle {
    #[doc(hidden)]
    fn never<T>() -> T;
}

// No type has the traits. `for<'a>` lets a bound stand that is known not to hold.
#[doc(hidden)]
impl Client {
    pub fn new(_address: impl Sized) -> Ready<Result<Self, ConnectError>>
    where
        for<'a> Self: Constructed,
    {
        Self::never()
    }

    pub fn start_workflow(
        &self,
        _workflow: impl Sized,
        _args: impl Sized,
    ) -> StartCall<Untyped, QueueSet>
    where
        for<'a> Self: StartsWorkflows,
    {
        <Self as StartsWorkflows>::never()
    }

    pub fn execute_workflow<R>(
        &self,
        _workflow: impl Sized,
        _args: impl Sized,
    ) -> RunCall<QueueSet, R>
    where
        for<'a> Self: ExecutesWorkflows,
    {
        <Self as ExecutesWorkflows>::never()
    }

    pub fn get_workflow_handle(&self, _id: impl Sized) -> DynHandle
    where
        for<'a> Self: GetsHandles,
    {
        <Self as GetsHandles>::never()
    }
}

#[cfg(not(feature = "tls"))]
#[doc(hidden)]
impl crate::client::ClientBuilder {
    pub fn tls(self, _options: impl Sized) -> Self
    where
        for<'a> Self: SpeaksTls,
    {
        Self::never()
    }
}

#[doc(hidden)]
impl<W: Startable, Q> StartCall<W, Q> {
    pub fn run_id(&self) -> Option<&str>
    where
        for<'a> Self: ReturnsHandle,
    {
        Self::never()
    }

    pub fn cancel(&self) -> Call<(), HandleError>
    where
        for<'a> Self: ReturnsHandle,
    {
        Self::never()
    }

    pub fn terminate(&self, _reason: impl Sized) -> Call<(), HandleError>
    where
        for<'a> Self: ReturnsHandle,
    {
        Self::never()
    }

    pub fn describe(&self) -> Call<WorkflowDescription, HandleError>
    where
        for<'a> Self: ReturnsHandle,
    {
        Self::never()
    }

    pub fn history(&self) -> Call<History, HandleError>
    where
        for<'a> Self: ReturnsHandle,
    {
        Self::never()
    }

    pub fn untyped(&self) -> DynHandle
    where
        for<'a> Self: ReturnsHandle,
    {
        Self::never()
    }

    pub fn signal(&self, _name: impl Sized, _args: impl Sized) -> SignalCall
    where
        for<'a> Self: ReturnsHandle,
    {
        Self::never()
    }

    pub fn query<R>(&self, _name: impl Sized, _args: impl Sized) -> QueryCall<R>
    where
        for<'a> Self: ReturnsHandle,
    {
        Self::never()
    }

    pub fn update<R>(&self, _name: impl Sized, _args: impl Sized) -> UpdateCall<R>
    where
        for<'a> Self: ReturnsHandle,
    {
        Self::never()
    }
}

// Handles deref to the workflow's own methods first, so that these hide none of them.
#[doc(hidden)]
impl FromClient {
    pub fn signal(&self, _name: impl Sized, _args: impl Sized) -> SignalCall
    where
        for<'a> Self: ByName,
    {
        Self::never()
    }

    pub fn query<R>(&self, _name: impl Sized, _args: impl Sized) -> QueryCall<R>
    where
        for<'a> Self: ByName,
    {
        Self::never()
    }

    pub fn update<R>(&self, _name: impl Sized, _args: impl Sized) -> UpdateCall<R>
    where
        for<'a> Self: ByName,
    {
        Self::never()
    }

    pub fn execute_update<R>(&self, _name: impl Sized, _args: impl Sized) -> UpdateCall<R>
    where
        for<'a> Self: ByName,
    {
        Self::never()
    }
}
