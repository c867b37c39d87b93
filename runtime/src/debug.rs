//! `Debug` of the public types that have nothing to print but their name and what identifies them.
//!
//! Calls, contexts and handles hold payloads, connections and futures of the user's: a `Debug` of
//! their fields would print payloads, which may be secret, and would ask for `Debug` of types that
//! need not have it. They implement it because a crate that denies `missing_debug_implementations`
//! derives `Debug` on types that hold them.

use std::{fmt, future::Future};

use crate::{
    client::{
        self, Call, Client, FromClient, QueryCall, RecordedSignal, RecordedUpdate, Recorder,
        RunCall, SignalCall, StartCall, StartWithUpdate, Startable, TerminateCall, UpdateCall,
        UpdateHandle,
        schedule::{ActionCall, Every, NoTimes, ScheduleCall, TimesCall, TimesSet},
    },
    data::Output,
    definition::private::{
        Args, ArgsEncoder, Called, CauseOf, Definition, Invocation, Lease, PayloadOf, Root, Signal,
        Spelled, StateCell, Stub, Update, Value,
    },
    definition::{NoQueue, NoTimeout, QueueSet, TimeoutSet, Workflow},
    interceptor::{
        Inbound, InboundRead, LocalNext, Next, Operation, ReadNext, StartRequest, UpdateResponse,
    },
    transport::rpc::RawClient,
    worker::Worker,
    workflow::{
        Acquire, ActivityCall, ActivityHandle, BoundedJoinAll, BoundedTryJoinAll, CancelWait,
        ChildCall, ChildHandle, ChildResult, ChildStart, ChildType, Ctx, ExternalCancel,
        ExternalHandle, ExternalSignal, FromWorkflow, FutureSet, JoinAll, JoinNext,
        LocalActivityCall, RaceAll, Random, Saga, Scope, SideEffect, Sleep, Spawned, TryJoinAll,
        UntypedActivity, UntypedWorkflow, View, WaitUntil, WaitUntilTimeout,
    },
};

macro_rules! opaque {
    ($([$($generics:tt)*] $ty:ty, $name:literal;)*) => { $(
        impl<$($generics)*> fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct($name).finish_non_exhaustive()
            }
        }
    )* };
}
opaque! {
    [A, T] ActivityCall<A, T>, "ActivityCall";
    [A] ActivityHandle<A>, "ActivityHandle";
    [W] ChildCall<W>, "ChildCall";
    [W: ChildType] ChildHandle<W>, "ChildHandle";
    [W: ChildType] ChildResult<W>, "ChildResult";
    [W] ChildStart<W>, "ChildStart";
    [T, E] Call<T, E>, "Call";
    [A, T] LocalActivityCall<A, T>, "LocalActivityCall";
    [] Client, "Client";
    [] Ctx, "Ctx";
    [] ExternalCancel, "ExternalCancel";
    [W: ChildType] ExternalHandle<W>, "ExternalHandle";
    [] ExternalSignal, "ExternalSignal";
    [R] QueryCall<R>, "QueryCall";
    [] RawClient, "RawClient";
    [Q, R] RunCall<Q, R>, "RunCall";
    [] SignalCall, "SignalCall";
    [] TerminateCall, "TerminateCall";
    [W: Startable, Q] StartCall<W, Q>, "StartCall";
    [R] UpdateCall<R>, "UpdateCall";
    [R] UpdateHandle<R>, "UpdateHandle";
    [] View, "View";
    [] Worker, "Worker";
    [W, Q, T] ScheduleCall<W, Q, T>, "ScheduleCall";
    [] client::Batch, "Batch";
    [] client::BatchActivities, "BatchActivities";
    [] client::BatchActivityOptions, "BatchActivityOptions";
    [] client::BatchCall, "BatchCall";
    [] client::ResetActivitiesCall, "ResetActivitiesCall";
    [] client::UpdateOptionsCall, "UpdateOptionsCall";
    [] client::UnpauseActivitiesCall, "UnpauseActivitiesCall";
    [] client::UpdateActivityOptionsCall, "UpdateActivityOptionsCall";
    [] client::NamespaceCall, "NamespaceCall";
    [] ActionCall, "ActionCall";
    [] TimesCall, "TimesCall";

    [] Recorder, "Recorder";
    [] RecordedSignal, "RecordedSignal";
    [R] RecordedUpdate<R>, "RecordedUpdate";
    [W: Workflow, Q, R] StartWithUpdate<W, Q, R>, "StartWithUpdate";
    [] FromClient, "FromClient";
    [] FromWorkflow, "FromWorkflow";
    [] client::Untyped, "Untyped";
    [R] UntypedActivity<R>, "UntypedActivity";
    [R] UntypedWorkflow<R>, "UntypedWorkflow";

    [F: Future] JoinAll<F>, "JoinAll";
    [F: futures::TryFuture] TryJoinAll<F>, "TryJoinAll";
    [F: Future] BoundedJoinAll<F>, "BoundedJoinAll";
    [F: futures::TryFuture] BoundedTryJoinAll<F>, "BoundedTryJoinAll";
    [F] RaceAll<F>, "RaceAll";
    [F] FutureSet<F>, "FutureSet";
    [F] JoinNext<'_, F>, "JoinNext";
    [] Acquire, "Acquire";
    [F] WaitUntil<F>, "WaitUntil";
    [F] WaitUntilTimeout<F>, "WaitUntilTimeout";
    [] CancelWait, "CancelWait";
    [] Random, "Random";
    [] Saga, "Saga";
    [] Scope, "Scope";
    [F, T] SideEffect<F, T>, "SideEffect";
    [T] Spawned<T>, "Spawned";
    [] Sleep, "Sleep";

    [R: Inbound] LocalNext<R>, "LocalNext";
    [R: InboundRead] ReadNext<'_, R>, "ReadNext";
    [R: Operation] Next<R>, "Next";
    [] Output, "Output";
    [] StartRequest, "StartRequest";
    [] UpdateResponse, "UpdateResponse";

    [] NoTimeout, "NoTimeout";
    [] TimeoutSet, "TimeoutSet";
    [] NoQueue, "NoQueue";
    [] QueueSet, "QueueSet";
    [] NoTimes, "NoTimes";
    [] TimesSet, "TimesSet";
    [] Every, "Every";

    [] Args, "Args";
    [] ArgsEncoder, "ArgsEncoder";
    [] Called, "Called";
    [T] CauseOf<T>, "CauseOf";
    [W: 'static] Definition<W>, "Definition";
    [] Invocation, "Invocation";
    [W] Lease<'_, W>, "Lease";
    [T] PayloadOf<T>, "PayloadOf";
    [W] Root<'_, W>, "Root";
    [T] Spelled<T>, "Spelled";
    [W] StateCell<W>, "StateCell";
    [T] Stub<T>, "Stub";
    [W: 'static] Signal<W>, "Signal";
    [W: 'static] Update<W>, "Update";
    [T] Value<T>, "Value";
}
