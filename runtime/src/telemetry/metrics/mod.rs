//! What clients and workers measure of themselves.

mod names;
mod request;
mod resources;
mod worker;

pub(crate) use self::{
    request::{MeasuredRequest, RequestFacts, RequestMetrics},
    resources::{ResourceMetrics, ResourceState},
    worker::{
        ActivityMetrics, PollerKind, RunEnd, SlotMetrics, TaskFailureReason, WorkerMetrics,
        WorkerType, WorkflowMetrics,
    },
};
