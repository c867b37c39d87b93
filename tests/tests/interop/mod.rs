//! Interoperation: histories of both servers compared, and the Python SDK as client and worker.

mod activity_failures;
mod async_completion;
mod bad_values;
mod children;
mod cross_language_children;
mod details;
pub(crate) mod encryption;
mod facts;
mod headers;
mod local_activities;
mod message_encodings;
mod metrics;
mod operations;
pub(crate) mod payloads;
mod python;
mod python_failures;
mod python_worker;
mod recorded_histories;
mod traces;
mod voyages;
