//! How signals, queries and updates reach a workflow.

use crate::{
    client::QueryCall,
    data::{ArgsEncoder, EncodedArgs, PayloadOf},
};

/// Wraps a transport into the generated methods.
pub trait MethodsOf<V> {
    #[doc(hidden)]
    fn new(via: V) -> Self;
}

/// How a message reaches a workflow: from a client, or from inside another workflow.
pub trait Via {
    /// The future of sending a signal.
    type Signal;
    /// The future of sending an update, where [`CanUpdate`] holds.
    type Update<R>;
    #[doc(hidden)]
    fn arguments(&self) -> ArgsEncoder;
    #[doc(hidden)]
    fn signal(&self, name: &'static str, args: EncodedArgs) -> Self::Signal;
}

/// A transport that can update; only a client can.
#[diagnostic::on_unimplemented(
    message = "only a client can update a workflow, and this handle is one that workflow code holds",
    label = "Temporal has no command that updates another workflow",
    note = "send a signal instead, or let an activity with a `Client` send the update"
)]
pub trait CanUpdate: Via {
    #[doc(hidden)]
    fn update<R>(
        &self,
        name: &'static str,
        args: EncodedArgs,
        result: PayloadOf<R>,
    ) -> Self::Update<R>;
}

/// A transport that can query; only a client can.
#[diagnostic::on_unimplemented(
    message = "only a client can query a workflow, and this handle is one that workflow code holds",
    label = "Temporal has no command that queries another workflow",
    note = "let the other workflow send a signal with what you need, or query it from an activity with a `Client`"
)]
pub trait CanQuery: CanUpdate {
    #[doc(hidden)]
    fn query<R>(&self, name: &'static str, args: EncodedArgs, result: PayloadOf<R>)
    -> QueryCall<R>;
}
