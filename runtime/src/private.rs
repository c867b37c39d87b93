//! All that expansions of the macros may name. Not public API.

pub use crate::{
    activity::{Stub, forbid_in_workflow},
    data::{Args, ArgList, ArgsEncoder, EncodedArgs, encode_result, finish, reject},
    definition::{
        ActivityFn, BoxFuture, CallFn, Called, CanQuery, CanUpdate, Definition, Invocation,
        LocalBoxFuture, MethodsOf, QueryFn, Update, Via,
    },
    error::{IntoFailure, Outcome},
    workflow::{
        context::{CtxArg, ViewArg},
        state::{Lease, Root, StateCell},
    },
};
pub use serde;

/// The identity function; gives an awaited expression one span.
#[inline(always)]
pub fn id<T>(value: T) -> T {
    value
}

/// Runs the body of `#[durably::main]` on a multi-threaded runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the operating system gives the runtime its threads and its poller")
        .block_on(future)
}
