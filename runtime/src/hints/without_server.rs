//! Names the feature that is off, where a program asks for the embedded server without it.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{client::Client, error::ConnectError};

impl Client {
    /// Needs the feature `server`.
    #[doc(hidden)]
    #[allow(missing_docs, reason = "it cannot be awaited")]
    pub fn development() -> NeedsServer<FeatureIsOff> {
        NeedsServer(PhantomData)
    }
}

/// What cannot be awaited while the feature `server` is off.
#[derive(Debug)]
pub struct NeedsServer<F>(PhantomData<fn() -> F>);

/// The feature `server` is off.
#[derive(Debug)]
pub struct FeatureIsOff;

/// Holds for no type: with the feature on, there is another `Client::development`.
#[diagnostic::on_unimplemented(
    message = "`Client::development` starts the embedded server, which is an optional feature of `durably`",
    label = "the feature `server` is off",
    note = "switch it on in Cargo.toml: `durably = {{ version = \"..\", features = [\"server\"] }}`"
)]
pub trait ServerFeature {
    #[doc(hidden)]
    fn client() -> Result<Client, ConnectError>;
}

impl<F: ServerFeature> Future for NeedsServer<F> {
    type Output = Result<Client, ConnectError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(F::client())
    }
}
