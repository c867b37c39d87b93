//! Logs, metrics and traces.
//!
//! - [`Metrics`] are metrics of your own, in workflows, activities and clients.
//! - [`Meter`] receives them, and what clients and workers measure of themselves: [`Prometheus`], [`OpenTelemetry`],
//!   or one that you implement.
//!
//! ```
//! use durably::prelude::*;
//!
//! #[activity(start_to_close = "10s")]
//! async fn pack(ctx: &ActivityCtx, parcels: u64) {
//!     ctx.metrics().counter("parcels_packed").add(parcels);
//! }
//! ```

#[cfg(any(feature = "opentelemetry", feature = "prometheus"))]
mod buckets;
pub(crate) mod current_context;
#[cfg(any(feature = "health", feature = "prometheus"))]
pub(crate) mod http_endpoint;
pub(crate) mod log;
pub(crate) mod measure;
pub(crate) mod meter;
pub(crate) mod metrics;
#[cfg(feature = "opentelemetry")]
mod opentelemetry;
#[cfg(feature = "prometheus")]
mod prometheus;
pub(crate) mod replayed;
pub(crate) mod spans;
#[cfg(feature = "opentelemetry")]
pub(crate) mod trace_context;
mod user;

#[cfg(feature = "opentelemetry")]
pub use self::opentelemetry::OpenTelemetry;
#[cfg(feature = "prometheus")]
pub use self::prometheus::{Prometheus, PrometheusEndpoint, PrometheusError};
pub use self::{
    meter::{Label, Meter, Metric, MetricError, MetricKind, Series},
    user::{Counter, Gauge, Histogram, Metrics, Number, Observation},
};
