//! What clients and workers measure of themselves.

mod names;
mod request;
mod worker;

pub(crate) use self::{
    request::{MeasuredRequest, RequestFacts, RequestMetrics},
    worker::{
        ActivityMetrics, PollerKind, RunEnd, SlotMetrics, TaskFailureReason, WorkerMetrics,
        WorkerType, WorkflowMetrics,
    },
};
