//! Interceptors: code around the calls of a client, and around what a worker runs. The page of each says what does
//! not pass it.
//!
//! - [`ClientInterceptor`] wraps the calls of a client about workflows, schedules and activities; it is given to [`Client::builder`](crate::Client::builder).
//! - [`WorkflowInterceptor`] wraps what workflows receive, and changes what they request; [`ActivityInterceptor`] wraps
//!   activities. They are given to a [`Worker`](crate::Worker).
//! - [`Headers`] are values that go with a call next to its arguments, to be read by the interceptors at the other
//!   end.
//! - `Traces`, with the feature `opentelemetry`, is an interceptor of all three kinds: spans of one trace.
//! - [`Next`], [`LocalNext`] and [`ReadNext`] are the rest of the chain.
//!
//! ```
//! use durably::{interceptor::{ClientInterceptor, Next, StartRequest, Started}, prelude::*};
//!
//! /// Logs what is started.
//! struct Log;
//!
//! impl ClientInterceptor for Log {
//!     async fn start(&self, request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
//!         tracing::info!("start of {} {}", request.workflow_type, request.workflow_id);
//!         next.run(request).await
//!     }
//! }
//! ```

mod activity;
mod client;
#[cfg(feature = "tower")]
mod layer;
mod local;
mod next;
#[cfg(feature = "opentelemetry")]
mod traces;
mod workflow;
mod workflow_chain;
mod workflow_received;
mod workflow_requests;

#[cfg(feature = "tower")]
pub(crate) use self::layer::Layered;
#[cfg(feature = "tower")]
pub use self::layer::{ActivityService, ActivityServiceError};
#[cfg(feature = "opentelemetry")]
pub use self::traces::Traces;
pub(crate) use self::{
    activity::ActivityChain, client::ClientChain, workflow_chain::WorkflowChain,
};
pub use self::{
    activity::{ActivityInterceptor, Heartbeat, ReceivedActivity},
    client::{
        ActivityOperation, ActivityOperationRequest, ActivityReport, ActivityReportRequest,
        BatchRequest, BatchRequestKind, CancelRequest, ClientInterceptor, CountRequest,
        CreateScheduleRequest, DeleteRequest, DeploymentOperation, DeploymentRequest,
        DescribeRequest, FastForwardRequest, HistoryRequest, ListRequest, Listed,
        NamespaceOperation, NamespaceRequest, PendingActivities, QueryRequest, RawRequest,
        ResetRequest, ResultRequest, ScheduleOperation, ScheduleRequest, SignalRequest,
        SignalWithStartRequest, StartBatchRequest, StartRequest, Started, TaskQueueRequest,
        TerminateRequest, UpdateOptionsRequest, UpdateRequest, UpdateResponse,
        UpdateWithStartRequest, UpdateWithStartResponse, WorkerRequest,
    },
    local::{Inbound, InboundRead, LocalNext, ReadNext},
    next::{Next, Operation},
    workflow::WorkflowInterceptor,
    workflow_received::{ReceivedQuery, ReceivedSignal, ReceivedStart, ReceivedUpdate},
    workflow_requests::{
        ActivityRequest, ChildRequest, ExternalSignalRequest, LocalActivityRequest, NextRunRequest,
        TimerRequest,
    },
};
pub use crate::data::{Headers, Output};
