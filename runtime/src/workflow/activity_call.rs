//! A typed activity call.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    Activity, ActivityError, ActivityOptions, Ctx, HasTimeout, TimeoutSet, data::EncodedArgs,
};

/// One activity call; `.await` it once a timeout is known.
#[must_use = "the activity is scheduled when the call is awaited"]
pub struct ActivityCall<A, T> {
    kind: PhantomData<fn() -> (A, T)>,
}
impl<A: Activity, T> ActivityCall<A, T> {
    #[doc(hidden)]
    pub fn new(_ctx: &Ctx, _args: EncodedArgs) -> Self {
        unimplemented!()
    }
    #[doc(hidden)]
    pub fn with_options(_ctx: &Ctx, _args: EncodedArgs, _options: &ActivityOptions) -> Self {
        unimplemented!()
    }
    /// The longest one attempt may take.
    pub fn start_to_close(self, _d: Duration) -> ActivityCall<A, TimeoutSet> {
        unimplemented!()
    }
}
impl<A: Activity, T: HasTimeout> Future for ActivityCall<A, T> {
    type Output = Result<A::Output, ActivityError>;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        unimplemented!()
    }
}
