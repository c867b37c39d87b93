//! An HTTP API and its worker in one binary: orders are placed in a database, workflows charge and announce them.
//!
//! - `api` has the routes, and the probes.
//! - `store` is the database: an order is placed together with a message in an outbox, so that no order is without a
//!   workflow, and none has two; a charge has an idempotency key.
//! - `orders` has the workflow and its activities.
//! - `relay` starts the workflows of the orders in the outbox.
//! - `service` runs all of it, and ends it in order.

pub mod api;
pub mod orders;
pub mod relay;
pub mod service;
pub mod store;
